// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBatchVerifier} from "../../src/interfaces/IBatchVerifier.sol";
import {FlatKeyReader} from "../../src/verifier/FlatKeyReader.sol";

/// @dev Accepts `seal ‖ anything`, where the seal binds key, context and instances: many proofs of one statement.
contract MockProofVerifier is FlatKeyReader, IBatchVerifier {
    function verifyBatch(
        address key,
        bytes32[] calldata contexts,
        uint256[][] calldata instances,
        bytes[] calldata proofs
    ) external view returns (bool) {
        for (uint256 i = 0; i < proofs.length; ++i) {
            if (!this.verify(key, contexts[i], instances[i], proofs[i])) {
                return false;
            }
        }
        return true;
    }

    function verify(address key, bytes32 context, uint256[] calldata instances, bytes calldata proof)
        external
        view
        returns (bool)
    {
        return proof.length >= 32 && bytes32(proof[:32]) == seal(key, context, instances);
    }

    function seal(address key, bytes32 context, uint256[] memory instances) public view returns (bytes32) {
        return keccak256(abi.encode(key.codehash, context, instances));
    }
}

/// @dev A verifier that accepts everything.
contract YesVerifier is FlatKeyReader {
    function verify(address, bytes32, uint256[] calldata, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @dev A verifier that reverts, or burns all the gas it gets.
contract AngryVerifier is FlatKeyReader {
    bool private immutable _burns;

    constructor(bool burns) {
        _burns = burns;
    }

    function verify(address, bytes32, uint256[] calldata, bytes calldata) external view returns (bool) {
        if (_burns) while (true) {}
        revert("no");
    }
}
