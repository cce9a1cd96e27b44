#include "mintmark/market/governance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/chain/address.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kGovernor = "MintGovernor";
constexpr std::string_view kToken = "MintToken";
constexpr std::uint64_t kGatekeeperRole = 4;
constexpr std::string_view kCreated =
    "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)";
constexpr std::string_view kCreatedData =
    "(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)";
constexpr std::array<std::string_view, 8> kStates = {"pending",   "active", "canceled", "defeated",
                                                     "succeeded", "queued", "expired",  "executed"};
constexpr std::array<std::string_view, 3> kVotes = {"against", "for", "abstain"};

/// The name of a contract of the deployment, or its address.
std::string name_of(const Market& market, const Address& target) {
    for (const auto& [name, address] : market.deployment().contracts) {
        if (address == target) return name;
    }
    return chain::to_checksum(target);
}

/// targets, values, calldatas as the governor takes them.
std::vector<AbiValue> lists_of(const std::vector<Action>& actions) {
    std::vector<AbiValue> targets;
    std::vector<AbiValue> values;
    std::vector<AbiValue> calls;
    for (const Action& action : actions) {
        targets.emplace_back(action.target);
        values.emplace_back(action.value);
        calls.emplace_back(action.data);
    }
    return {AbiValue(std::move(targets)), AbiValue(std::move(values)), AbiValue(std::move(calls))};
}

/// The same with the description's hash, which names a proposal.
std::vector<AbiValue> named(const std::vector<Action>& actions, const std::string& description) {
    std::vector<AbiValue> out = lists_of(actions);
    out.emplace_back(keccak256(as_bytes(description)));
    return out;
}

Result<std::vector<Action>> actions_from(const Market& market, const AbiValue& targets,
                                         const AbiValue& values, const AbiValue& calls) {
    MINTMARK_TRY(const auto to, targets.as_items());
    MINTMARK_TRY(const auto value, values.as_items());
    MINTMARK_TRY(const auto data, calls.as_items());
    if (value.size() != to.size() || data.size() != to.size()) {
        return fail(ErrorCode::kMalformed, "a proposal's lists differ in length");
    }
    std::vector<Action> out(to.size());
    for (std::size_t i = 0; i < to.size(); ++i) {
        MINTMARK_TRY(out[i].target, to[i].as_address());
        MINTMARK_TRY(out[i].value, value[i].as_u256());
        MINTMARK_TRY(out[i].data, data[i].as_bytes());
        out[i].contract = name_of(market, out[i].target);
    }
    return out;
}

Result<Proposal> announced(const Market& market, const chain::Log& log) {
    MINTMARK_TRY(const auto fields, chain::decode_values(kCreatedData, log.data));
    Proposal out;
    MINTMARK_TRY(out.id, fields[0].as_u256());
    MINTMARK_TRY(out.proposer, fields[1].as_address());
    MINTMARK_TRY(out.actions, actions_from(market, fields[2], fields[3], fields[5]));
    MINTMARK_TRY(out.vote_start, fields[6].as_u64());
    MINTMARK_TRY(out.vote_end, fields[7].as_u64());
    MINTMARK_TRY(out.description, fields[8].as_text());
    return out;
}

/// What the governor says of it now.
Status complete(Market& market, Proposal& proposal) {
    const std::vector<AbiValue> id = {AbiValue(proposal.id)};
    MINTMARK_TRY(const U256 state, market.read_number({kGovernor, "state(uint256)", id}));
    MINTMARK_TRY(const std::uint64_t number, AbiValue(state).as_u64());
    proposal.state = static_cast<ProposalState>(std::min<std::uint64_t>(number, 7));
    MINTMARK_TRY(const auto votes, market.read({kGovernor, "proposalVotes(uint256)", id},
                                               "(uint256,uint256,uint256)"));
    MINTMARK_TRY(proposal.tally.against, votes[0].as_u256());
    MINTMARK_TRY(proposal.tally.in_favour, votes[1].as_u256());
    MINTMARK_TRY(proposal.tally.abstain, votes[2].as_u256());
    MINTMARK_TRY(const U256 deadline,
                 market.read_number({kGovernor, "proposalDeadline(uint256)", id}));
    MINTMARK_TRY(proposal.vote_end, AbiValue(deadline).as_u64());
    MINTMARK_TRY(const U256 eta, market.read_number({kGovernor, "proposalEta(uint256)", id}));
    MINTMARK_TRY(proposal.executable_at, AbiValue(eta).as_u64());
    return {};
}

}  // namespace

std::string_view state_name(ProposalState state) noexcept {
    const auto index = static_cast<std::size_t>(state);
    return index < kStates.size() ? kStates[index] : "unknown";
}

Result<Vote> parse_vote(std::string_view text) {
    const auto found = std::find(kVotes.begin(), kVotes.end(), text);
    if (found != kVotes.end()) return static_cast<Vote>(found - kVotes.begin());
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no vote", text),
                "one of for, against, abstain");
}

Result<Action> action_of(Market& market, const ContractCall& call) {
    Action out;
    out.contract = call.contract;
    if (call.contract.starts_with("0x")) {
        MINTMARK_TRY(out.target, chain::parse_address(call.contract));
    } else {
        MINTMARK_TRY(out.target, market.deployment().contract(call.contract));
    }
    out.value = call.value;
    if (call.signature.empty()) return out;  // native currency only
    MINTMARK_TRY(out.data, chain::encode_call(call.signature, call.arguments));
    return out;
}

Result<std::vector<Proposal>> list_proposals(Market& market) {
    MINTMARK_TRY(const auto logs, market.logs(kGovernor, kCreated));
    std::vector<Proposal> out;
    for (const chain::Log& log : logs) {
        MINTMARK_TRY(Proposal proposal, announced(market, log));
        MINTMARK_CHECK(complete(market, proposal));
        out.push_back(std::move(proposal));
    }
    return out;
}

Result<Proposal> get_proposal(Market& market, std::string_view id) {
    MINTMARK_TRY(const auto logs, market.logs(kGovernor, kCreated));
    std::vector<Proposal> found;
    for (const chain::Log& log : logs) {
        MINTMARK_TRY(Proposal proposal, announced(market, log));
        if (!id.empty() && proposal.id.to_string().starts_with(id)) found.push_back(proposal);
    }
    if (found.empty()) {
        return fail(ErrorCode::kNotFound, fmt::format("there is no proposal {}", id),
                    "look with `mintmark governance list`");
    }
    if (found.size() > 1) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} proposals begin with {}", found.size(), id),
                    "write more of its digits");
    }
    MINTMARK_CHECK(complete(market, found.front()));
    return std::move(found.front());
}

Result<Proposal> propose(Market& market, const chain::PrivateKey& key,
                         const std::vector<Action>& actions, const std::string& description) {
    std::vector<AbiValue> arguments = lists_of(actions);
    arguments.emplace_back(description);
    MINTMARK_CHECK(
        market.send(key, {kGovernor, "propose(address[],uint256[],bytes[],string)", arguments}));
    MINTMARK_TRY(const U256 id,
                 market.read_number({kGovernor, "hashProposal(address[],uint256[],bytes[],bytes32)",
                                     named(actions, description)}));
    return get_proposal(market, id.to_string());
}

Result<chain::Receipt> cast_vote(Market& market, const chain::PrivateKey& key, const U256& id,
                                 Vote vote) {
    return market.send(key, {kGovernor,
                             "castVote(uint256,uint8)",
                             {AbiValue(id), AbiValue(static_cast<unsigned>(vote))}});
}

Result<chain::Receipt> move_proposal(Market& market, const chain::PrivateKey& key,
                                     const Proposal& proposal, Step step) {
    constexpr std::array<std::string_view, 3> kCalls = {
        "queue(address[],uint256[],bytes[],bytes32)",
        "execute(address[],uint256[],bytes[],bytes32)",
        "cancel(address[],uint256[],bytes[],bytes32)"};
    return market.send(key, {kGovernor, kCalls[static_cast<std::size_t>(step)],
                             named(proposal.actions, proposal.description)});
}

Result<chain::Receipt> delegate_votes(Market& market, const chain::PrivateKey& key,
                                      const Address& to) {
    return market.send(key, {kToken, "delegate(address)", {AbiValue(to)}});
}

Result<U256> votes_of(Market& market, const Address& account) {
    return market.read_number({kToken, "getVotes(address)", {AbiValue(account)}});
}

Result<chain::Receipt> adopt_gate(Market& market, const chain::PrivateKey& key,
                                  std::uint64_t model) {
    MINTMARK_TRY(const Address gate, market.deployment().contract("VersionGate"));
    return market.send(
        key, {"ModelRegistry", "setCurator(uint256,address)", {AbiValue(model), AbiValue(gate)}});
}

Result<chain::Receipt> hand_over_allowlists(Market& market, const chain::PrivateKey& key) {
    MINTMARK_TRY(const Address timelock, market.deployment().contract("TimelockController"));
    return market.send(
        key, {"AccessManager",
              "grantRole(uint64,address,uint32)",
              {AbiValue(kGatekeeperRole), AbiValue(timelock), AbiValue(std::uint64_t{0})}});
}

}  // namespace mintmark::market
