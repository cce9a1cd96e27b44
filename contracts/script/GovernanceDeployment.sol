// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {AccuracyProofs} from "../src/governance/AccuracyProofs.sol";
import {BenchmarkOracle} from "../src/governance/BenchmarkOracle.sol";
import {MintGovernor} from "../src/governance/MintGovernor.sol";
import {MintToken} from "../src/governance/MintToken.sol";
import {ReviewBoard} from "../src/governance/ReviewBoard.sol";
import {VersionGate} from "../src/governance/VersionGate.sol";
import {IModelRegistry} from "../src/interfaces/IModelRegistry.sol";
import {IReviewBoard} from "../src/interfaces/IReviewBoard.sol";
import {IVerifierRouter} from "../src/interfaces/IVerifierRouter.sol";

/// @notice The DAO's contracts beside a deployed economy. Nobody keeps a role in the timelock but the governor.
library GovernanceDeployment {
    struct Config {
        IModelRegistry registry;
        IVerifierRouter router;
        address holder; // gets the whole supply
        uint256 supply;
        uint256 timelockDelay;
        MintGovernor.Settings settings;
        IReviewBoard.Rules rules;
    }

    struct Contracts {
        MintToken token;
        TimelockController timelock;
        MintGovernor governor;
        AccuracyProofs proofs;
        ReviewBoard board;
        BenchmarkOracle oracle;
        VersionGate gate;
    }

    /// @param deployer who sends the transactions; the timelock's admin until the last of them
    function deploy(Config memory config, address deployer) internal returns (Contracts memory c) {
        c.token = new MintToken("Mintmark", "MINT", config.holder, config.supply);
        c.timelock =
            new TimelockController(config.timelockDelay, new address[](0), new address[](0), deployer);
        c.governor = new MintGovernor(c.token, c.timelock, config.settings);
        c.timelock.grantRole(c.timelock.PROPOSER_ROLE(), address(c.governor));
        c.timelock.grantRole(c.timelock.EXECUTOR_ROLE(), address(c.governor));
        c.timelock.grantRole(c.timelock.CANCELLER_ROLE(), address(c.governor));
        c.timelock.renounceRole(c.timelock.DEFAULT_ADMIN_ROLE(), deployer);
        address timelock = address(c.timelock);
        c.proofs = new AccuracyProofs(config.registry, config.router, timelock);
        c.board = new ReviewBoard(config.registry, c.proofs, timelock, config.rules);
        c.oracle = new BenchmarkOracle(timelock);
        c.gate = new VersionGate(config.registry, c.board, c.proofs, c.oracle, timelock);
    }
}
