// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRateBook} from "../interfaces/IRateBook.sol";

/// @title EIP-712 structure of a quote
library QuoteHash {
    bytes32 internal constant TYPEHASH = keccak256(
        "Quote(uint256 modelId,uint256 versionId,address buyer,address token,uint256 amount,uint8 unit,uint256 units,uint256 numDays,uint256 nonce,uint256 deadline)"
    );

    /// @dev EIP-712 `hashStruct`. Every member is one word, in the order of the type.
    function structHash(IRateBook.Quote calldata quote) internal pure returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, quote));
    }
}
