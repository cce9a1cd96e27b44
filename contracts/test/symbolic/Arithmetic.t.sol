// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {AncestorTable} from "../../src/licensing/AncestorTable.sol";
import {PPM} from "../../src/types/Licensing.sol";

/// @dev Proven by `make -C contracts halmos` for every input of the stated widths. Solvers do not finish on the split and
/// the price (256-bit products divided by 10^6 and 10^12): those are fuzzed, and checked as invariants.
contract SymbolicArithmeticTest is Test {
    /// @dev Royalty: a lifetime part only grows, so claims commute and a claim never owes anything back.
    function check_royaltyOnlyGrows(uint8 base, uint8 more, uint24 ppm) public pure {
        vm.assume(ppm <= 500_000);
        assert(uint256(base) * ppm / PPM <= (uint256(base) + more) * ppm / PPM);
    }

    /// @dev Ancestors: what a child inherits is the parent's absolute rows and exactly its own share, under both policies.
    function check_inheritanceKeepsTheSum(
        uint24 share,
        uint24 absolutePpm,
        uint24 relativePpm,
        bool isAbsolute
    ) public pure {
        vm.assume(share <= 500_000 && absolutePpm <= 500_000 && relativePpm <= 500_000);
        uint256[] memory table = new uint256[](1);
        table[0] = (uint256(3) << 64) | (uint256(absolutePpm) << 32) | relativePpm;
        uint256[] memory out = AncestorTable.inherit(
            table, 5, share, isAbsolute ? ILicenseTerms.Policy.Absolute : ILicenseTerms.Policy.Relative
        );
        assert(AncestorTable.stack(out) == uint256(absolutePpm) + share);
    }
}
