// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifierRouter} from "../interfaces/IVerifierRouter.sol";

/// @title EIP-712 structure of a request
library InferenceRequest {
    bytes32 internal constant TYPEHASH = keccak256(
        "Request(uint256 modelId,uint256 versionId,uint256 passId,bytes32 inputCommitment,uint256 nonce,uint256 deadline)"
    );

    /// @dev EIP-712 `hashStruct`.
    function structHash(IVerifierRouter.Request calldata request) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                TYPEHASH,
                request.modelId,
                request.versionId,
                request.passId,
                request.inputCommitment,
                request.nonce,
                request.deadline
            )
        );
    }
}
