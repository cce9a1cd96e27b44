// The DAO: its contracts, proposals, votes (docs/spec/contracts.md §16).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/market/deploy.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// Rules of the DAO, fixed at its deployment (but for what a proposal can change). Times in
/// seconds.
struct GovernanceOptions {
    std::filesystem::path artifacts;  ///< forge's `out` folder
    Address holder = {};              ///< gets all votes
    Address guardian = {};            ///< may cancel, and nothing else; zero for nobody
    chain::U256 supply;               ///< votes, 18 decimals
    chain::U256 threshold;            ///< votes that a proposer needs
    std::uint64_t timelock_delay = 172'800;
    std::uint64_t voting_delay = 86'400;
    std::uint64_t voting_period = 604'800;
    std::uint64_t quorum_percent = 4;
    std::uint64_t late_quorum_extension = 172'800;
    chain::U256 review_bond;     ///< wei
    chain::U256 challenge_bond;  ///< wei
    std::uint64_t commit_period = 432'000;
    std::uint64_t reveal_period = 172'800;
    std::uint64_t challenge_period = 432'000;
    std::uint64_t decision_period = 2'592'000;
    std::uint64_t review_quorum = 3;
    std::uint64_t seats = 7;
};

/// Deploys the DAO beside the economy of `deployment` and adds its contracts to it. In the end
/// nobody but the governor has a role in the timelock.
[[nodiscard]] Status deploy_governance(chain::Sender& sender, const GovernanceOptions& options,
                                       chain::Deployment& deployment,
                                       const DeployProgress& progress);

/// One action of a proposal: a call that the timelock makes.
struct Action {
    std::string contract;  ///< name in the deployment, or "0x…"
    Address target = {};
    chain::U256 value;  ///< wei, out of the treasury
    Bytes data;
};

/// What the timelock will do when `call` passes.
[[nodiscard]] Result<Action> action_of(Market& market, const ContractCall& call);

/// OpenZeppelin's order of states.
enum class ProposalState : std::uint8_t {
    kPending,
    kActive,
    kCanceled,
    kDefeated,
    kSucceeded,
    kQueued,
    kExpired,
    kExecuted
};
[[nodiscard]] std::string_view state_name(ProposalState state) noexcept;

/// Votes, 18 decimals.
struct Tally {
    chain::U256 against;
    chain::U256 in_favour;
    chain::U256 abstain;
};

struct Proposal {
    chain::U256 id;
    Address proposer = {};
    std::vector<Action> actions;  ///< `contract` is set where the deployment knows the target
    std::uint64_t vote_start = 0;
    std::uint64_t vote_end = 0;  ///< as announced; a late quorum may move it
    std::string description;
    ProposalState state = ProposalState::kPending;
    Tally tally;
    std::uint64_t executable_at = 0;  ///< 0 while it is not queued
};

/// Every proposal, oldest first.
[[nodiscard]] Result<std::vector<Proposal>> list_proposals(Market& market);
/// By id or an unambiguous beginning of its decimal digits; kNotFound, kInvalidArgument.
[[nodiscard]] Result<Proposal> get_proposal(Market& market, std::string_view id);

/// Makes a proposal; the wallet needs the threshold in delegated votes.
[[nodiscard]] Result<Proposal> propose(Market& market, const chain::PrivateKey& key,
                                       const std::vector<Action>& actions,
                                       const std::string& description);

enum class Vote : std::uint8_t { kAgainst, kFor, kAbstain };
/// "for", "against", "abstain"; kInvalidArgument.
[[nodiscard]] Result<Vote> parse_vote(std::string_view text);

[[nodiscard]] Result<chain::Receipt> cast_vote(Market& market, const chain::PrivateKey& key,
                                               const chain::U256& id, Vote vote);

/// What moves a proposal on: everybody queues and executes what passed; the guardian, or the
/// proposer while it is pending, cancels.
enum class Step : std::uint8_t { kQueue, kExecute, kCancel };
[[nodiscard]] Result<chain::Receipt> move_proposal(Market& market, const chain::PrivateKey& key,
                                                   const Proposal& proposal, Step step);

/// Votes count for whom their holder names; himself, to begin with.
[[nodiscard]] Result<chain::Receipt> delegate_votes(Market& market, const chain::PrivateKey& key,
                                                    const Address& to);
/// Votes that count for an account now.
[[nodiscard]] Result<chain::U256> votes_of(Market& market, const Address& account);

/// Names the DAO's gate as curator of the wallet's model: it may move the canonical pointer, with
/// evidence, and nothing else.
[[nodiscard]] Result<chain::Receipt> adopt_gate(Market& market, const chain::PrivateKey& key,
                                                std::uint64_t model);
/// Gives the timelock the role that keeps allowlists; the wallet is ADMIN.
[[nodiscard]] Result<chain::Receipt> hand_over_allowlists(Market& market,
                                                          const chain::PrivateKey& key);

}  // namespace mintmark::market
