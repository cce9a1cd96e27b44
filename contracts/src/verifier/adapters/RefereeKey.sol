// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AdapterKey} from "./AdapterKey.sol";
import {IRefereedExecution} from "../../interfaces/IRefereedExecution.sol";

/// @title The key of a version under refereed execution: its program, its weights and the terms of the game
/// @notice Everything but the bonds and periods can be derived again by who has the model and its seed.
library RefereeKey {
    bytes32 internal constant SYSTEM = keccak256("refereed-v1");
    uint256 internal constant MIN_PERIOD = 10 minutes;
    uint256 internal constant MAX_PERIOD = 30 days;
    uint256 internal constant MAX_INSTANCES = 3584; // they must fit into a transaction
    uint256 internal constant MAX_COUNT = 1 << 40;
    uint256 private constant KEY_WORDS = 15;

    struct Key {
        bytes32 system;
        uint256 inputWords;
        uint256 outputWords;
        uint256 steps; // of the program, the output's included
        uint256 elements; // of the trace
        uint256 weights;
        uint256 rows; // of the tables
        bytes32 programRoot;
        bytes32 weightsRoot;
        bytes32 tablesRoot;
        bytes32 saltsRoot; // one salt per element
        uint256 bond; // wei, not zero: what a prover loses
        uint256 challengeBond; // wei, not zero: what a challenger loses
        uint256 window; // seconds in which a claim can be challenged
        uint256 movePeriod; // seconds for each move
    }

    /// @dev Reverts for terms out of range, so that no version with such a key can be published.
    function load(address key) internal view returns (Key memory k) {
        k = abi.decode(AdapterKey.load(key, SYSTEM, KEY_WORDS), (Key));
        bool fits = k.bond != 0 && k.bond <= type(uint128).max && k.challengeBond != 0
            && k.challengeBond <= type(uint128).max && k.window >= MIN_PERIOD && k.window <= MAX_PERIOD
            && k.movePeriod >= MIN_PERIOD && k.movePeriod <= MAX_PERIOD;
        bool sized = k.inputWords <= MAX_INSTANCES && k.outputWords <= MAX_INSTANCES && k.outputWords != 0
            && k.inputWords + k.outputWords <= MAX_INSTANCES && k.steps != 0 && k.steps <= type(uint16).max
            && k.elements != 0 && k.elements <= MAX_COUNT && k.weights <= MAX_COUNT && k.rows <= MAX_COUNT;
        if (!fits || !sized) revert IRefereedExecution.Refereed_TermsOutOfRange(key);
    }
}
