// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FR, Fr} from "./Fr.sol";
import {
    COLUMN_F,
    COLUMN_G,
    COLUMN_H,
    COLUMN_HT,
    COLUMN_M,
    COLUMN_R,
    COLUMN_T,
    COLUMN_Z
} from "./KeyReader.sol";
import {Masks} from "./Masks.sol";
import {Program, Run} from "./Program.sol";
import {Session} from "./Session.sol";
import {Verdict} from "./Verdict.sol";

/// @title Coefficients that do not come from the program: whole columns, masks (docs/spec/protocol.md §5, steps 7 and 8)
library Columns {
    /// @notice The claims on whole columns: sums and M at rho (in the first one), h, q, then ht, t.
    function addWhole(Session memory s) internal pure {
        Run memory run = s.run;
        uint256 table;
        assembly ("memory-safe") {
            table := mload(0x40)
        }
        uint256 delta2 = mulmod(s.delta, s.delta, FR);
        uint256 delta3 = mulmod(delta2, s.delta, FR);
        unchecked {
            Fr.eqTable(table, s.rho + (s.key.mu << 6), s.key.kappa - s.key.mu);
        }
        Program.addColumn(run, COLUMN_M, table, mulmod(delta2, Program.prefix(run), FR), 0);
        uint256 weight = mulmod(s.lambda, s.lambda, FR);
        uint256 third = mulmod(weight, weight, FR);
        third = mulmod(third, _columnTable(table, s, _last(s, s.key.kappa), s.key.kappa), FR);
        Program.addColumn(run, COLUMN_HT, table, third, FR - delta3);
        Program.addColumn(run, COLUMN_T, table, mulmod(third, s.lambda, FR), 0);
        weight = mulmod(weight, _columnTable(table, s, _last(s, s.key.nu), s.key.nu), FR);
        Program.addColumn(run, COLUMN_H, table, weight, delta3);
        weight = mulmod(weight, s.lambda, FR);
        Program.addColumn(run, COLUMN_F, table, weight, 0);
        Program.addColumn(run, COLUMN_G, table, mulmod(weight, s.beta, FR), 0);
    }

    /// @dev r^(n), the last n challenges of the product sumcheck.
    function _last(Session memory s, uint256 n) private pure returns (uint256 point) {
        unchecked {
            point = s.r + ((s.key.nProd - n) << 6);
        }
    }

    /// @dev For a point of n variables: writes eq(high part, chunk) for every chunk; returns eq(low part, z).
    function _columnTable(uint256 table, Session memory s, uint256 point, uint256 n)
        private
        pure
        returns (uint256)
    {
        unchecked {
            uint256 mu = s.key.mu;
            Fr.eqTable(table, point + (mu << 6), n - mu);
            return Fr.eq(point, s.z, mu);
        }
    }

    /// @notice The one chunk of Z and of R; a proof without them is refused.
    function addMasks(Session memory s) internal pure {
        uint256 masks = s.sections.masks;
        bool unmasked;
        assembly ("memory-safe") {
            unmasked := iszero(or(calldataload(masks), calldataload(add(masks, 32))))
            unmasked := or(unmasked, iszero(or(calldataload(add(masks, 64)), calldataload(add(masks, 96)))))
        }
        if (unmasked) Verdict.reject();
        Masks.Input memory i;
        (i.mu, i.rounds, i.r, i.z) = (s.key.mu, s.key.nProd, s.r, s.z);
        (i.lambda, i.claimPower, i.products) = (s.lambda, s.run.lambdaPower, s.run.numClaims);
        (uint256 coefZ, uint256 coefR) = Masks.coefficients(i);
        (uint256 atZ,) = Program.column(s.run, COLUMN_Z);
        (uint256 atR,) = Program.column(s.run, COLUMN_R);
        assembly ("memory-safe") {
            mstore(atZ, coefZ)
            mstore(atR, coefR)
        }
    }
}
