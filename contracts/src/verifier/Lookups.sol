// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {Key} from "./KeyReader.sol";
import {LastVariables} from "./LastVariables.sol";
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
            uint256[2] memory table = _tables(s.key, point, s.run.factors.rLast);
            row = addmod(e[3], mulmod(s.beta, table[1], FR), FR);
            row = addmod(addmod(s.alpha, table[0], FR), mulmod(s.beta, row, FR), FR);
            row = mulmod(mulmod(row, e[2], FR), Fr.eq(s.rho, point, kappa), FR);
            row = mulmod(row, Program.half(s.run, s.key.nProd - kappa), FR);
        }
    }

    /// @dev tin~ and tid~ at the point r^(kappa), whose last variables' tree is given.
    function _tables(Key memory k, uint256 point, uint256 tree)
        private
        pure
        returns (uint256[2] memory sums)
    {
        unchecked {
            uint256 kappa = k.kappa;
            uint256 counters = _counters(point, kappa);
            uint256 ptr = k.tables;
            for (uint256 id = 1; id <= k.numTables; ++id) {
                uint256 record;
                assembly ("memory-safe") {
                    record := mload(ptr)
                }
                uint256 log = record >> 248;
                if (log > kappa) log = kappa;
                uint256 index = (record >> 208 & 0xffffffff) >> log;
                uint256 place = LastVariables.at(tree, point + (log << 6), kappa - log, index);
                assembly ("memory-safe") {
                    mstore(0, FR)
                    let r := mload(mload(0x60))
                    let lo := signextend(7, shr(144, record))
                    let input := add(mload(add(counters, shl(5, log))), add(mul(slt(lo, 0), r), lo))
                    mstore(sums, addmod(mload(sums), mulmod(place, input, r), r))
                    mstore(add(sums, 32), addmod(mload(add(sums, 32)), mulmod(place, id, r), r))
                }
                ptr += 32;
            }
        }
    }

    /// @dev Word i: sum of 2^j x_j over j < i, for i <= n: what counts up in tables of i variables.
    function _counters(uint256 point, uint256 n) private pure returns (uint256 words) {
        assembly ("memory-safe") {
            mstore(0, FR)
            let r := mload(mload(0x60))
            words := mload(0x40)
            let sum := 0
            let to := words
            mstore(to, 0)
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                sum := addmod(sum, mulmod(shl(i, 1), mload(add(add(point, 32), shl(6, i))), r), r)
                to := add(to, 32)
                mstore(to, sum)
            }
        }
    }

    /// @dev r^(n), the last n challenges of the product sumcheck.
    function _last(Session memory s, uint256 n) private pure returns (uint256 point) {
        unchecked {
            point = s.r + ((s.key.nProd - n) << 6);
        }
    }
}
