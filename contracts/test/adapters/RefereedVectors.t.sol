// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";
import {IRefereedExecution} from "../../src/interfaces/IRefereedExecution.sol";
import {RefereedExecution} from "../../src/verifier/adapters/RefereedExecution.sol";

/// @notice Games that the C++ nodes played on random small nets (src/mintmark/referee/game_test.cpp): every liar they know
/// against an honest challenger, and slanderers against an honest prover. The contract takes and refuses the same calls
/// and sees the same winner.
contract RefereedVectorsTest is Test {
    uint256 internal constant BOND = 1000;
    uint256 internal constant CHALLENGE_BOND = 100;
    uint256 internal constant PERIOD = 3600;

    struct Played {
        bytes32 id;
        bytes32 context;
        uint256[] instances;
        bytes32 root;
        bytes[] calls;
        bool[] byProver;
        bool refused;
        bool defended;
    }

    RefereedExecution internal adapter;
    address internal prover;
    address internal keyAddress;
    address internal challenger = makeAddr("challenger");

    function setUp() public {
        adapter = new RefereedExecution(makeAddr("sink"));
        vm.deal(challenger, 1 ether);
    }

    function test_refereed_contractPlaysTheGamesOfTheNodes() public {
        replayAll("test/vectors/referee.json");
    }

    function replayAll(string memory path) internal {
        string memory json = vm.readFile(path);
        prover = vm.parseJsonAddress(json, ".proverAddress");
        keyAddress = vm.parseJsonAddress(json, ".keyAddress");
        vm.deal(prover, 1 ether);
        uint256 count = vm.parseJsonUint(json, ".count");
        assertGt(count, 20);
        for (uint256 i = 0; i < count; ++i) {
            string memory at = string.concat(".games[", vm.toString(i), "]");
            vm.etch(keyAddress, abi.encodePacked(hex"00", vm.parseJsonBytes(json, string.concat(at, ".key"))));
            uint256 state = vm.snapshotState();
            replay(load(json, at), vm.parseJsonString(json, string.concat(at, ".name")));
            vm.revertToState(state);
        }
    }

    function load(string memory json, string memory at) internal pure returns (Played memory game) {
        game.id = vm.parseJsonBytes32(json, string.concat(at, ".claim"));
        game.context = vm.parseJsonBytes32(json, string.concat(at, ".context"));
        game.instances = vm.parseJsonUintArray(json, string.concat(at, ".instances"));
        game.root = vm.parseJsonBytes32(json, string.concat(at, ".root"));
        game.calls = vm.parseJsonBytesArray(json, string.concat(at, ".calls"));
        game.byProver = vm.parseJsonBoolArray(json, string.concat(at, ".prover"));
        game.refused = vm.parseJsonBool(json, string.concat(at, ".refused"));
        game.defended = vm.parseJsonBool(json, string.concat(at, ".defended"));
    }

    function replay(Played memory game, string memory name) internal {
        vm.prank(prover);
        bytes32 id = adapter.propose{value: BOND}(
            keyAddress, IRefereedExecution.Statement(game.context, game.instances), game.root
        );
        assertEq(id, game.id, name);
        for (uint256 i = 0; i < game.calls.length; ++i) {
            vm.prank(game.byProver[i] ? prover : challenger);
            (bool ok,) = address(adapter).call{value: i == 0 ? CHALLENGE_BOND : 0}(game.calls[i]);
            bool isRefused = game.refused && i + 1 == game.calls.length;
            assertEq(ok, !isRefused, string.concat(name, " call ", vm.toString(i)));
        }
        skip(PERIOD + 1);
        if (game.defended) {
            assertTrue(adapter.isFinal(id), name);
            assertEq(adapter.creditOf(prover), CHALLENGE_BOND / 2, name);
        } else {
            adapter.conclude(id);
            assertFalse(adapter.isFinal(id), name);
            assertEq(adapter.creditOf(challenger), CHALLENGE_BOND + BOND / 2, name);
        }
    }
}
