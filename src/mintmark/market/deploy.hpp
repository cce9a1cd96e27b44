// Deployment of all contracts in their order, with their roles, as contracts/script/plan.json says
// (docs/spec/contracts.md). Addresses depend on the parameters alone, and what is there already is
// not done again: a deployment that was cut short goes on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "mintmark/chain/deployment.hpp"
#include "mintmark/chain/sender.hpp"
#include "mintmark/market/deploy_plan.hpp"

namespace mintmark::market {

/// anvil's and hardhat's usual chain ids: an insecure SRS is allowed there and nowhere else.
[[nodiscard]] constexpr bool is_local_chain(std::uint64_t chain_id) noexcept {
    return chain_id == 31337 || chain_id == 1337;
}

struct DeployOptions {
    std::filesystem::path artifacts;  ///< forge's `out` folder
    Bytes tau_powers;                 ///< encode_tau_powers of the SRS that proofs are checked with
    Address admin = {};
    Address guardian = {};
    Address operator_ = {};
    Address arbiter = {};  ///< decides disputes about models
    Address treasury = {};
    Address sequencer_feed = {};       ///< Chainlink's uptime feed of an L2; zero without one
    std::uint32_t admin_delay = 0;     ///< seconds
    std::uint32_t operator_delay = 0;  ///< seconds
    std::uint32_t platform_ppm = 25'000;
    std::uint64_t min_commit_age = 60;  ///< seconds between commitVersion and publishVersion
    std::uint64_t dispute_bond = 100'000'000'000'000'000;  ///< wei: 0.1 of the native currency
    std::uint64_t thaw_period = 259'200;  ///< seconds a withdrawal from a payment channel waits
    std::uint64_t price_notice = 86'400;  ///< seconds before a higher price holds
    std::string salt = {};                ///< empty: the plan's; another one gives other addresses
};

/// Told of each transaction that was mined: what it did, and its receipt.
using DeployProgress = std::function<void(const std::string& what, const chain::Receipt& receipt)>;

/// Told of the deployment as far as it has come, after each contract; an error stops it.
using DeployKeeper = std::function<Status(const chain::Deployment& so_far)>;

/// Who follows a plan.
struct PlanRun {
    chain::Sender& sender;
    const std::filesystem::path& artifacts;
    const DeployProgress& progress;
    const DeployKeeper& keep;
    Bytes32 salt;
};

/// Makes every step of the list that is not done yet, and adds contracts and records to `out`.
[[nodiscard]] Status follow_plan(const PlanRun& run, const std::vector<PlanStep>& steps,
                                 std::map<std::string, chain::AbiValue> parameters,
                                 chain::Deployment& out);

/// The contract folder: $MINTMARK_CONTRACTS, else contracts/out below a parent of the working
/// folder or of this program; kNotFound.
[[nodiscard]] Result<std::filesystem::path> find_artifacts();

/// Deploys everything and hands the deployer's rights over. `out`: what an earlier run has kept, or
/// nothing; chain id, node and SRS path are the caller's to fill in.
[[nodiscard]] Status deploy_contracts(chain::Sender& sender, const DeployOptions& options,
                                      const DeployProgress& progress, const DeployKeeper& keep,
                                      chain::Deployment& out);

}  // namespace mintmark::market
