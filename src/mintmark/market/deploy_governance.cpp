// The DAO's contracts beside a deployed economy: the second list of contracts/script/plan.json.
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/governance.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;

std::map<std::string, AbiValue> parameters_of(const GovernanceOptions& options) {
    return {{"holder", AbiValue(options.holder)},
            {"guardian", AbiValue(options.guardian)},
            {"supply", AbiValue(options.supply)},
            {"timelockDelay", AbiValue(options.timelock_delay)},
            {"votingDelay", AbiValue(options.voting_delay)},
            {"votingPeriod", AbiValue(options.voting_period)},
            {"proposalThreshold", AbiValue(options.threshold)},
            {"quorumPercent", AbiValue(options.quorum_percent)},
            {"lateQuorumExtension", AbiValue(options.late_quorum_extension)},
            {"reviewBond", AbiValue(options.review_bond)},
            {"challengeBond", AbiValue(options.challenge_bond)},
            {"commitPeriod", AbiValue(options.commit_period)},
            {"revealPeriod", AbiValue(options.reveal_period)},
            {"challengePeriod", AbiValue(options.challenge_period)},
            {"decisionPeriod", AbiValue(options.decision_period)},
            {"reviewQuorum", AbiValue(options.review_quorum)},
            {"seats", AbiValue(options.seats)}};
}

}  // namespace

Status deploy_governance(chain::Sender& sender, const GovernanceOptions& options,
                         chain::Deployment& deployment, const DeployProgress& progress) {
    MINTMARK_TRY(const DeployPlan plan, DeployPlan::beside(options.artifacts));
    const DeployKeeper keep = [](const chain::Deployment&) { return Status{}; };
    const PlanRun run{sender, options.artifacts, progress, keep, keccak256(as_bytes(plan.salt))};
    return follow_plan(run, plan.governance, parameters_of(options), deployment);
}

}  // namespace mintmark::market
