// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {Key} from "./KeyReader.sol";
import {Program} from "./Program.sol";
import {Session} from "./Session.sol";

/// @title The look-up instances of the product sumcheck (docs/spec/protocol.md §5, steps 5 and 6)
library Lookups {
    /// @notice The two look-up instances at their points, over delta.
    function value(Session memory s) internal pure returns (uint256 sum) {
        uint256[4] memory e; // h q ht t
        uint256 evals = s.sections.evals;
        assembly ("memory-safe") {
            calldatacopy(e, evals, 128)
        }
        sum = addmod(_laneInstance(s, e), mulmod(s.delta, _rowInstance(s, e), FR), FR);
    }

    /// @dev L1 at r^(nu).
    function _laneInstance(Session memory s, uint256[4] memory e) private pure returns (uint256 lane) {
        unchecked {
            uint256 nu = s.key.nu;
            lane = mulmod(mulmod(s.beta, s.beta, FR), Program.ids(s.run), FR);
            lane = addmod(addmod(s.alpha, e[1], FR), lane, FR);
            lane = mulmod(mulmod(lane, e[0], FR), Fr.eq(s.rho, _last(s, nu), nu), FR);
            lane = mulmod(lane, Program.half(s.run, s.key.nProd - nu), FR);
        }
    }

    /// @dev L2 at r^(kappa).
    function _rowInstance(Session memory s, uint256[4] memory e) private pure returns (uint256 row) {
        unchecked {
            uint256 kappa = s.key.kappa;
            uint256 point = s.r + ((s.key.nProd - kappa) << 6);
            uint256[2] memory table = _tables(s.key, point);
            row = addmod(e[3], mulmod(s.beta, table[1], FR), FR);
            row = addmod(addmod(s.alpha, table[0], FR), mulmod(s.beta, row, FR), FR);
            row = mulmod(mulmod(row, e[2], FR), Fr.eq(s.rho, point, kappa), FR);
            row = mulmod(row, Program.half(s.run, s.key.nProd - kappa), FR);
        }
    }

    /// @dev tin~ and tid~ at the point r^(kappa).
    function _tables(Key memory k, uint256 point) private pure returns (uint256[2] memory sums) {
        unchecked {
            uint256 tin;
            uint256 tid;
            uint256 ptr = k.tables;
            for (uint256 id = 1; id <= k.numTables; ++id) {
                uint256 record;
                assembly ("memory-safe") {
                    record := mload(ptr)
                }
                uint256 log = record >> 248;
                uint256 offset = record >> 208 & 0xffffffff;
                if (log > k.kappa) log = k.kappa;
                uint256 place = Fr.eqIndex(point + (log << 6), k.kappa - log, offset >> log);
                tid = addmod(tid, mulmod(id, place, FR), FR);
                tin = addmod(tin, mulmod(place, _tableInput(record, point, log), FR), FR);
                ptr += 32;
            }
            (sums[0], sums[1]) = (tin, tid);
        }
    }

    /// @dev lo + sum of 2^i x_i: the table's inputs count up.
    function _tableInput(uint256 record, uint256 point, uint256 log) private pure returns (uint256 x) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            for { let i := log } i {} {
                i := sub(i, 1)
                x := addmod(add(x, x), mload(add(add(point, 32), shl(6, i))), r)
            }
            let lo := signextend(7, shr(144, record))
            x := addmod(x, add(mul(slt(lo, 0), r), lo), r)
        }
    }

    /// @dev r^(n), the last n challenges of the product sumcheck.
    function _last(Session memory s, uint256 n) private pure returns (uint256 point) {
        unchecked {
            point = s.r + ((s.key.nProd - n) << 6);
        }
    }
}
