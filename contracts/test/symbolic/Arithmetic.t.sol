// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {IModelDisputes} from "../../src/interfaces/IModelDisputes.sol";
import {IModelRegistry} from "../../src/interfaces/IModelRegistry.sol";
import {IRateBook} from "../../src/interfaces/IRateBook.sol";
import {AncestorTable} from "../../src/licensing/AncestorTable.sol";
import {UsageCost} from "../../src/libraries/UsageCost.sol";
import {IRevenueRouter} from "../../src/interfaces/IRevenueRouter.sol";
import {RevenueLedger} from "../../src/revenue/RevenueLedger.sol";
import {RevenueRouter} from "../../src/revenue/RevenueRouter.sol";
import {PPM} from "../../src/types/Licensing.sol";

/// @dev The router's own waterfall on an account of the caller's choice.
contract SplitHarness is RevenueRouter {
    constructor()
        RevenueRouter(
            address(1),
            IModelRegistry(address(1)),
            IDerivativeGraph(address(1)),
            IModelDisputes(address(1)),
            address(1),
            0
        )
    {}

    function split(Account memory account, uint256 amount, Rates memory rates)
        external
        pure
        returns (Split memory, Account memory)
    {
        Split memory parts = _split(account, amount, rates);
        return (parts, account);
    }
}

/// @dev Proven by `make -C contracts halmos` for every input of the stated widths. Solvers do not finish on products of more
/// bits divided by 10^6 and 10^12, nor on all parties of the waterfall at once: there each party's step is proven alone (it takes
/// at most what is left, leaves a carry below one unit), of which the whole is a sequence; wider sums are fuzzed and invariants.
contract SymbolicArithmeticTest is Test {
    SplitHarness internal harness = new SplitHarness();

    /// @dev Split: platform's step. Nothing underflows, the parts are the amount, the carry stays below a unit.
    function check_platformTakesAtMostItsPart(uint8 amount, uint24 carry, uint24 ppm) public view {
        vm.assume(carry < PPM && ppm <= 100_000);
        RevenueLedger.Account memory account;
        account.platformCarry = carry;
        (IRevenueRouter.Split memory s, RevenueLedger.Account memory next) =
            harness.split(account, amount, RevenueLedger.Rates(ppm, 0, 0, 0));
        assert(s.platform + s.creator == amount && next.platformCarry < PPM);
        assert(s.platform * PPM + next.platformCarry == uint256(amount) * ppm + carry);
    }

    /// @dev Split: the step of a node; a vault's is the same function of its own carry.
    function check_nodeTakesAtMostWhatIsLeft(uint8 amount, uint24 carry, uint24 ppm) public view {
        vm.assume(amount < 16 && carry < PPM && ppm != 0 && ppm <= PPM);
        RevenueLedger.Account memory account;
        account.nodeCarry = carry;
        (IRevenueRouter.Split memory s, RevenueLedger.Account memory next) =
            harness.split(account, amount, RevenueLedger.Rates(0, 0, ppm, 0));
        assert(s.node + s.creator == amount && next.nodeCarry < PPM);
        assert(s.node * PPM + next.nodeCarry == uint256(amount) * ppm + carry);
    }

    /// @dev Price: a use of what has a rate is never free, at the least multiplier and the greatest discount.
    function check_aUseIsNeverFree(uint8 quantity, uint8 rate) public pure {
        vm.assume(quantity != 0 && rate != 0);
        IRateBook.RateCard memory card;
        card.rates[0] = rate;
        uint256[12] memory usage;
        usage[0] = quantity;
        assert(UsageCost.bill(card, usage, 250_000, 900_000) != 0);
    }

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
