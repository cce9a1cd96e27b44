// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FlatKeyReader} from "../../src/verifier/FlatKeyReader.sol";

/// @dev Accepts `seal ‖ anything`, where the seal binds key, context and instances: many proofs of one statement.
contract MockProofVerifier is FlatKeyReader {
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
