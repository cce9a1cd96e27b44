// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {RefereeTerms} from "../../src/libraries/RefereeTerms.sol";
import {
    RefereeConst,
    RefereeLimb,
    RefereeLin,
    RefereeMap,
    RefereeMapKind,
    RefereeOperand,
    RefereeProd,
    RefereeSource,
    RefereeStep
} from "../../src/types/RefereeStep.sol";

/// @dev A step over elements (i, j), i < 2, j < 3: 7 where j ≥ 1, + Σ_k w_k (k < 4), + x at the place of (i, j), + Σ_k 2·u_i·v_k,
/// + Σ_k 5·u_i·v_k (k < 2). Its ten terms are counted one by one.
contract RefereeTermsTest is Test {
    function termAt(RefereeStep memory s, uint256 element, uint256 term)
        external
        pure
        returns (RefereeTerms.Term memory)
    {
        return RefereeTerms.at(s, element, term);
    }

    function countOf(RefereeStep memory s) external pure returns (uint256) {
        return RefereeTerms.count(s);
    }

    function map(RefereeMapKind kind, uint8 p, uint8 t, uint32 dim)
        internal
        pure
        returns (RefereeMap[] memory maps)
    {
        maps = new RefereeMap[](1);
        maps[0] = RefereeMap(kind, p, t, dim, 0, 0, 0, 0);
    }

    function operand(RefereeMap[] memory maps) internal pure returns (RefereeOperand memory) {
        return RefereeOperand(RefereeSource.Weight, 0, 0, maps);
    }

    function step() internal pure returns (RefereeStep memory s) {
        s.dims = new uint32[](2);
        (s.dims[0], s.dims[1]) = (2, 3);
        s.limbs = new RefereeLimb[](0);
        s.consts = new RefereeConst[](1);
        s.consts[0] = RefereeConst(7, new uint32[](2), s.dims);
        s.consts[0].lo[1] = 1;
        s.lins = new RefereeLin[](2);
        s.lins[0] = RefereeLin(1, operand(map(RefereeMapKind.All, 0, 0, 4)));
        s.lins[1] = RefereeLin(3, operand(map(RefereeMapKind.Regroup, 0, 2, 6)));
        s.prods = new RefereeProd[](2);
        uint32[] memory contraction = new uint32[](1);
        contraction[0] = 2;
        for (uint256 i = 0; i < 2; ++i) {
            s.prods[i] = RefereeProd(
                i == 0 ? int128(2) : int128(5),
                contraction,
                operand(map(RefereeMapKind.Eq, 0, 0, 2)),
                operand(map(RefereeMapKind.Eq, 2, 0, 2))
            );
        }
    }

    function test_refereeTerms_inTheirOrder() public view {
        RefereeStep memory s = step();
        assertEq(this.countOf(s), 10);
        assertEq(this.termAt(s, 0, 0).coef, 0, "outside of the constant's box");
        assertEq(this.termAt(s, 1, 0).coef, 7);
        for (uint256 k = 0; k < 4; ++k) {
            RefereeTerms.Term memory weight = this.termAt(s, 5, 1 + k);
            assertEq(abi.encode(weight.coef, weight.factors, weight.a.index), abi.encode(1, 1, k));
        }
        for (uint256 element = 0; element < 6; ++element) {
            RefereeTerms.Term memory place = this.termAt(s, element, 5);
            assertEq(abi.encode(place.coef, place.factors, place.a.index), abi.encode(3, 1, element));
            for (uint256 k = 0; k < 4; ++k) {
                RefereeTerms.Term memory product = this.termAt(s, element, 6 + k);
                assertEq(product.coef, k < 2 ? int256(2) : int256(5));
                assertEq(
                    abi.encode(product.factors, product.a.index, product.b.index),
                    abi.encode(2, element / 3, k % 2)
                );
            }
        }
    }

    /// @dev Two operands that both read several values: every pair once, a's choice slower than b's.
    function test_refereeTerms_bothOperandsReadSeveral() public view {
        RefereeStep memory s = step();
        s.prods[1].a = operand(map(RefereeMapKind.All, 0, 0, 3));
        s.prods[1].b = operand(map(RefereeMapKind.All, 0, 0, 4));
        assertEq(this.countOf(s), 8 + 2 * 3 * 4);
        for (uint256 term = 0; term < 24; ++term) {
            RefereeTerms.Term memory product = this.termAt(s, 5, 8 + term);
            assertEq(
                abi.encode(product.coef, product.a.index, product.b.index),
                abi.encode(5, term / 4 % 3, term % 4)
            );
        }
    }

    function test_refereeTerms_noTermAndNoElementBeyondTheLast() public {
        RefereeStep memory s = step();
        vm.expectRevert(abi.encodeWithSelector(RefereeTerms.RefereeTerms_OutOfRange.selector, 10, 10));
        this.termAt(s, 0, 10);
        vm.expectRevert(abi.encodeWithSelector(RefereeTerms.RefereeTerms_OutOfRange.selector, 6, 6));
        this.termAt(s, 6, 0);
    }

    /// @dev A game of more rounds than a window lasts is none.
    function test_refereeTerms_tooManyAreRefused() public {
        RefereeStep memory s = step();
        s.prods[1].contraction = new uint32[](3);
        for (uint256 i = 0; i < 3; ++i) {
            s.prods[1].contraction[i] = type(uint32).max;
        }
        vm.expectPartialRevert(RefereeTerms.RefereeTerms_TooMany.selector);
        this.countOf(s);
    }
}
