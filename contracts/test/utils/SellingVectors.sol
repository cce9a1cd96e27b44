// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {stdJson} from "forge-std/StdJson.sol";
import {SellingPasses} from "./SellingPasses.sol";

/// @dev Reads test/vectors/selling/*.json, which a Python program has computed and the C++ and TypeScript tests read, too.
abstract contract SellingVectors is SellingPasses {
    using stdJson for string;

    uint256 internal constant DIGESTS = 10;
    uint256 internal constant SUMS = 40;

    string internal json;

    function setUp() public virtual override {
        super.setUp();
        json = vm.readFile(string.concat("test/vectors/selling/", vectors(), ".json"));
        vm.chainId(json.readUint(".chainId"));
    }

    function vectors() internal pure virtual returns (string memory);

    function at(string memory name) internal view returns (address) {
        return json.readAddress(string.concat(".contracts.", name));
    }

    function field(string memory kind, uint256 i, string memory name) internal pure returns (string memory) {
        return string.concat(".", kind, "[", vm.toString(i), "].", name);
    }

    function number(string memory kind, uint256 i, string memory name) internal view returns (uint256) {
        return json.readUint(field(kind, i, name));
    }

    function word(string memory kind, uint256 i, string memory name) internal view returns (bytes32) {
        return json.readBytes32(field(kind, i, name));
    }

    function account(string memory kind, uint256 i, string memory name) internal view returns (address) {
        return json.readAddress(field(kind, i, name));
    }
}
