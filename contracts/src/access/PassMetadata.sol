// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IAccessPass} from "../interfaces/IAccessPass.sol";

/// @title A pass as token metadata
/// @notice Only numbers from the pass itself, so nothing needs escaping.
library PassMetadata {
    using Strings for uint256;

    function dataURI(uint256 passId, IAccessPass.Pass memory pass) internal pure returns (string memory) {
        bytes memory json = abi.encodePacked(
            '{"name":"Mintmark access pass #',
            passId.toString(),
            '","description":"Prepaid use of one version of a model","attributes":[',
            _attribute("model", pass.modelId),
            ",",
            _attribute("version", pass.versionId),
            ",",
            _attribute("units left", pass.callsLeft),
            ",",
            _attribute("expires", pass.expires),
            "]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }

    function _attribute(string memory name, uint256 value) private pure returns (string memory) {
        return string.concat('{"trait_type":"', name, '","value":', value.toString(), "}");
    }
}
