// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signature by either holder of a pass
library HolderSignature {
    /// @dev ECDSA first, also for an account with code (EIP-7702 delegates), then ERC-1271. `user` may be zero.
    function isBy(address owner, address user, bytes32 digest, bytes calldata signature)
        internal
        view
        returns (bool)
    {
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && (signer == owner || signer == user)) return true;
        return _isValid1271(user, digest, signature) || _isValid1271(owner, digest, signature);
    }

    function _isValid1271(address account, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool)
    {
        return account.code.length != 0
            && SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature);
    }
}
