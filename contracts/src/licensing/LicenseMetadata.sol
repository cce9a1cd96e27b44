// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {ILicenseTerms} from "../interfaces/ILicenseTerms.sol";
import {ILicenseToken} from "../interfaces/ILicenseToken.sol";

/// @title A licence's token metadata
library LicenseMetadata {
    using Strings for uint256;

    /// @dev JSON in a data URI; every value is a number or a fixed word, so nothing needs escaping.
    function dataURI(uint256 tokenId, ILicenseToken.License memory license, ILicenseTerms.Terms memory terms)
        internal
        pure
        returns (string memory)
    {
        bool weights = terms.right == ILicenseTerms.Right.Weights;
        bytes memory json = abi.encodePacked(
            '{"name":"Mintmark license ',
            tokenId.toString(),
            '","attributes":[{"trait_type":"right","value":"',
            weights ? "weights" : "fine-tune",
            '"},{"trait_type":"model","value":"',
            uint256(license.modelId).toString(),
            '"},{"trait_type":"used by","value":"',
            uint256(license.usedBy).toString(),
            '"},{"trait_type":"share (ppm)","value":"',
            uint256(terms.sharePpm).toString(),
            '"},{"display_type":"date","trait_type":"expires","value":',
            uint256(license.expires).toString(),
            "}]}"
        );
        return string.concat("data:application/json;base64,", Base64.encode(json));
    }
}
