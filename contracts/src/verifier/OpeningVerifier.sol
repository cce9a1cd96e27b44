// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {Mercury} from "./Mercury.sol";
import {Transcript} from "./Transcript.sol";
import {Verifier_InvalidTau} from "./Verdict.sol";

/// @title The last part of every verification: the opening of the combined commitment (docs/spec/protocol.md §6)
/// @notice Apart from the rest only because of the limit on a contract's code. Whoever calls it decides what is opened.
contract OpeningVerifier {
    uint256 private constant ARGUMENTS = 164;

    uint256 private immutable TAU_X_IM;
    uint256 private immutable TAU_X_RE;
    uint256 private immutable TAU_Y_IM;
    uint256 private immutable TAU_Y_RE;

    /// @param tauG2 [tau]_2 as x_im, x_re, y_im, y_re
    constructor(uint256[4] memory tauG2) {
        if (!Bn254.isG2Element(tauG2)) revert Verifier_InvalidTau();
        (TAU_X_IM, TAU_X_RE, TAU_Y_IM, TAU_Y_RE) = (tauG2[0], tauG2[1], tauG2[2], tauG2[3]);
    }

    /// @notice Whether the polynomial in the commitment (x, y) has the value `value` at the point. Behind the arguments
    ///         the calldata has the point, `mu` canonical pairs (1 - z_i, z_i), then the opening's 736 bytes.
    /// @param state the transcript's
    function check(bytes32 state, uint256 value, uint256 x, uint256 y, uint256 mu)
        external
        view
        returns (bool)
    {
        Mercury.Opening memory o;
        o.commitment = Bn254.accumulator();
        uint256 commitment = o.commitment;
        uint256 z;
        unchecked {
            assembly ("memory-safe") {
                mstore(commitment, x)
                mstore(add(commitment, 32), y)
                z := mload(0x40)
                mstore(0x40, add(z, shl(6, mu)))
                calldatacopy(z, ARGUMENTS, shl(6, mu))
            }
            (o.z, o.mu, o.v, o.proof) = (z, mu, value, ARGUMENTS + (mu << 6));
        }
        o.tauG2 = [TAU_X_IM, TAU_X_RE, TAU_Y_IM, TAU_Y_RE];
        Mercury.verify(o, Transcript.resume(state, Mercury.MAX_ABSORBED));
        return true;
    }
}
