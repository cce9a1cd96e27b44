// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bn254} from "./Bn254.sol";
import {FR} from "./Fr.sol";
import {COLUMN_F, COLUMN_H, COLUMN_IN, COLUMN_OUT, COLUMN_T, COLUMN_W, COLUMN_Z, Key} from "./KeyReader.sol";
import {Mercury} from "./Mercury.sol";
import {Program, Run} from "./Program.sol";
import {Sections, Session} from "./Session.sol";
import {Transcript} from "./Transcript.sol";
import {Verdict} from "./Verdict.sol";

/// @notice What the proofs of one call add up to.
struct Total {
    uint256 a; // accumulator of A, without the key's commitments and [1]_1
    uint256 b; // accumulator of B
    uint256 q; // of the quotients by X^b - a
    uint256 weights; // address of the coefficients of the key's chunks of W
    uint256 tables; // of T
    uint256 value; // coefficient of -[1]_1
    uint256 t; // transcript of the batch
}

/// @title One pairing for the openings of all proofs of a call (docs/spec/protocol.md §6a)
/// @notice Commitments of the key are multiplied once, by the sum of their coefficients.
library Totals {
    using Transcript for uint256;

    function start() internal pure returns (Total memory total) {
        total.a = Bn254.accumulator();
        total.b = Bn254.accumulator();
        total.q = Bn254.accumulator();
        total.t = Transcript.startWithRoom(32);
    }

    /// @notice Adds a proof whose coefficients are all there and whose opening claims `value`. The first one's are kept
    ///         where they are: its memory must stay.
    function add(Total memory total, Session memory s, uint256 value) internal view {
        Sections memory pos = s.sections;
        uint256 t = Transcript.resume(s.t.state(), Mercury.MAX_ABSORBED);
        Mercury.Reduced memory reduced = Mercury.reduce(Mercury.Opening(s.z, s.key.mu, value, pos.opening), t);
        uint256 scale = _draw(total.t, t);
        bool first = total.weights == 0;
        if (first) {
            (total.weights,) = Program.column(s.run, COLUMN_W);
            (total.tables,) = Program.column(s.run, COLUMN_T);
            total.value = reduced.value;
        } else {
            _scale(total, s, reduced, scale);
        }
        _addSent(total.a, s);
        Mercury.add(pos.opening, reduced.coefs, total.a, total.b, total.q, first);
    }

    /// @notice Ends the call with `false` unless the openings of all proofs hold.
    function check(Total memory total, Key memory k, address tauPowers) internal view {
        uint256 work;
        uint256 counts = k.counts;
        uint256 n;
        uint256 nT;
        uint256 value = total.value;
        assembly ("memory-safe") {
            n := mload(counts)
            nT := mload(add(counts, 256))
            work := mload(0x40)
            mstore(0x40, add(work, 96))
            mstore(work, 1)
            mstore(add(work, 32), 2)
            mstore(add(work, 64), addmod(0, sub(FR, value), FR))
        }
        unchecked {
            Bn254.addFromMemory(total.a, k.commitments, total.weights, n);
            Bn254.addFromMemory(total.a, k.commitments + (n << 6), total.tables, nT);
            Bn254.addFromMemory(total.a, work, work + 64, 1);
        }
        unchecked {
            uint256 power = (k.mu + 1) >> 1;
            if (!Bn254.pairingHolds(total.a, total.b, total.q, tauPowers, power)) Verdict.reject();
        }
    }

    /// @dev The coefficient of a proof whose transcript is `t`: it hangs on all proofs so far, this one included.
    function _draw(uint256 batch, uint256 t) private pure returns (uint256 scale) {
        batch.absorbWord("batch", bytes32(t.challenge("batch")));
        scale = batch.challenge("scale");
    }

    /// @dev Multiplies everything of a proof by its coefficient.
    function _scale(Total memory total, Session memory s, Mercury.Reduced memory reduced, uint256 scale)
        private
        pure
    {
        (uint256 begin, uint256 n) = Program.column(s.run, COLUMN_W);
        _addScaled(total.weights, begin, n, scale);
        uint256 end;
        unchecked {
            begin += n << 5;
            (end, n) = Program.column(s.run, COLUMN_T);
            _addScaled(total.tables, end, n, scale);
            _multiply(begin, (end - begin) >> 5, scale); // IN, OUT, F, G, M, H, HT
            (begin,) = Program.column(s.run, COLUMN_Z);
            _multiply(begin, 2, scale);
            _multiply(reduced.coefs, 8, scale);
        }
        total.value = addmod(total.value, mulmod(scale, reduced.value, FR), FR);
    }

    function _addScaled(uint256 to, uint256 from, uint256 n, uint256 scale) private pure {
        assembly ("memory-safe") {
            for { let end := add(to, shl(5, n)) } lt(to, end) { to := add(to, 32) } {
                mstore(to, addmod(mload(to), mulmod(mload(from), scale, FR), FR))
                from := add(from, 32)
            }
        }
    }

    function _multiply(uint256 at, uint256 n, uint256 scale) private pure {
        assembly ("memory-safe") {
            for { let end := add(at, shl(5, n)) } lt(at, end) { at := add(at, 32) } {
                mstore(at, mulmod(mload(at), scale, FR))
            }
        }
    }

    /// @dev Adds the commitments that the proof and its statement bring.
    function _addSent(uint256 acc, Session memory s) private view {
        unchecked {
            Run memory run = s.run;
            uint256 coefs;
            uint256 n;
            (coefs, n) = Program.column(run, COLUMN_IN);
            Bn254.addFromCalldata(acc, s.instances, coefs, n);
            (coefs, n) = Program.column(run, COLUMN_OUT);
            Bn254.addFromCalldata(acc, s.outInstances, coefs, n);
            // F, G, M; Z, R; H, HT lie side by side in the proof, and so do their coefficients
            Sections memory pos = s.sections;
            (coefs,) = Program.column(run, COLUMN_F);
            Bn254.addFromCalldata(acc, pos.trace, coefs, (pos.masks - pos.trace) >> 6);
            (coefs,) = Program.column(run, COLUMN_Z);
            Bn254.addFromCalldata(acc, pos.masks, coefs, 2);
            (coefs,) = Program.column(run, COLUMN_H);
            Bn254.addFromCalldata(acc, pos.inverses, coefs, (pos.sum - pos.inverses) >> 6);
        }
    }
}
