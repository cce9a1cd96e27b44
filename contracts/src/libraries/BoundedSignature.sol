// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {BoundedCall} from "./BoundedCall.sol";

/// @title Signatures in a batch
/// @notice A wallet contract that burns gas or answers megabytes costs its own item only.
library BoundedSignature {
    /// @dev Gas that a wallet contract may spend on one signature.
    uint256 internal constant WALLET_GAS = 150_000;

    /// @dev The key that made a 65-byte signature with a low s; zero for anything else.
    function signer(bytes32 digest, bytes calldata signature) internal pure returns (address recovered) {
        ECDSA.RecoverError failure;
        (recovered, failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure != ECDSA.RecoverError.NoError) return address(0);
    }

    /// @dev Whether the account, a contract, accepts the signature (ERC-1271).
    function acceptedBy(address account, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        if (account.code.length == 0) return false;
        (bool ok, uint256 answer) = BoundedCall.word(
            account, WALLET_GAS, abi.encodeCall(IERC1271.isValidSignature, (digest, signature))
        );
        return ok && answer == uint256(bytes32(IERC1271.isValidSignature.selector));
    }
}
