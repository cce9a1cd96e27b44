// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDerivativeGraph} from "../../src/interfaces/IDerivativeGraph.sol";
import {ILicenseTerms} from "../../src/interfaces/ILicenseTerms.sol";
import {AncestorTable} from "../../src/licensing/AncestorTable.sol";
import {ModelId} from "../../src/types/Ids.sol";
import {LicensingBase} from "../utils/LicensingBase.sol";

/// @dev Tables are sorted by id, and a model's ancestor may be younger than the model: it was registered before it was linked.
contract AncestorTableTest is LicensingBase {
    function test_anAncestorYoungerThanItsDescendantIsPaid() public {
        ModelId older = unborn(tuner);
        ModelId younger = born(creator);
        assertGt(ModelId.unwrap(younger), ModelId.unwrap(older));
        linkTo(older, give(younger, absolute(100_000), tuner));
        activate(older);
        ModelId child = childOf(older, stranger, absolute(200_000));

        IDerivativeGraph.Ancestor[] memory ancestors = graph.ancestorsOf(child);
        assertEq(ancestors.length, 2);
        assertEq(ModelId.unwrap(ancestors[0].modelId), ModelId.unwrap(older), "sorted by id");
        assertEq(ModelId.unwrap(ancestors[1].modelId), ModelId.unwrap(younger), "sorted by id");
        assertEq(graph.royaltyPpm(child, older), 200_000);
        assertEq(graph.royaltyPpm(child, younger), 100_000);

        setPlatform(0);
        payUsdc(child, 1_000_000);
        assertEq(revenueRouter.collectRoyalty(child, older, address(usdc)), 200_000);
        assertEq(revenueRouter.collectRoyalty(child, younger, address(usdc)), 100_000);
    }

    function test_aYoungerAncestorTakesItsPartOfARelativeShare() public {
        ModelId older = unborn(tuner);
        ModelId younger = born(creator);
        linkTo(older, give(younger, relative(300_000), tuner));
        activate(older);
        ModelId child = childOf(older, stranger, relative(200_000));
        assertEq(graph.royaltyPpm(child, older), 140_000);
        assertEq(graph.royaltyPpm(child, younger), 60_000);
    }

    /// @dev Against a plain search: every row is there, in order, with what it must take. 10,000 runs of this take a minute.
    /// forge-config: default.fuzz.runs = 500
    /// forge-config: long.fuzz.runs = 20000
    function testFuzz_inheritIsSortedAndExact(uint256 seed, uint256 parent, uint256 rows, bool isAbsolute)
        public
        pure
    {
        rows = bound(rows, 0, 63);
        parent = bound(parent, 1, 200);
        uint256[] memory table = tableOf(seed, parent, rows);
        uint256 share = uint256(keccak256(abi.encode(seed, "share"))) % 500_001;
        uint256[] memory out = AncestorTable.inherit(
            table, parent, share, isAbsolute ? ILicenseTerms.Policy.Absolute : ILicenseTerms.Policy.Relative
        );

        assertEq(out.length, rows + 1);
        uint256 left = share;
        for (uint256 i = 0; i < rows; ++i) {
            (uint256 absolutePpm, uint256 relativePpm) = (uint32(table[i] >> 32), uint32(table[i]));
            uint256 moved = share * relativePpm / 1_000_000;
            left -= moved;
            (uint256 newAbsolute, uint256 newRelative) = rowOf(out, table[i] >> 64);
            assertEq(newAbsolute, absolutePpm + (isAbsolute ? moved : 0));
            assertEq(newRelative, isAbsolute ? 0 : moved);
        }
        (uint256 own, uint256 ownRelative) = rowOf(out, parent);
        assertEq(own, isAbsolute ? left : 0);
        assertEq(ownRelative, isAbsolute ? 0 : left);
        for (uint256 i = 1; i < out.length; ++i) {
            assertLt(out[i - 1] >> 64, out[i] >> 64, "sorted, each once");
        }
    }

    /// @dev Rows with ids between 1 and 200, none of them `parent`; relative parts of at most the whole together.
    function tableOf(uint256 seed, uint256 parent, uint256 rows)
        private
        pure
        returns (uint256[] memory table)
    {
        table = new uint256[](rows);
        uint256 id;
        for (uint256 i = 0; i < rows; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            id += 1 + random % 3;
            if (id == parent) ++id;
            table[i] = (id << 64) | ((random >> 32) % 7000 << 32) | (random >> 64) % (1_000_000 / 64);
        }
    }

    function rowOf(uint256[] memory table, uint256 id) private pure returns (uint256, uint256) {
        for (uint256 i = 0; i < table.length; ++i) {
            if (table[i] >> 64 == id) return (uint32(table[i] >> 32), uint32(table[i]));
        }
        revert("not in the table");
    }
}
