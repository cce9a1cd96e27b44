// `mintmark governance propose`: what the DAO can do, as proposals.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/governance.hpp"

namespace mintmark::app {
namespace {

using chain::AbiValue;

struct ProposeArgs {
    std::uint64_t model = 0, version = 0, review = 0, samples = 0, right = 0, gate = 0, quota = 0;
    std::uint64_t heartbeat = 86'400, decimals = 0;
    std::int64_t low = 0, high = 0, floor = 0;
    std::string text, to, amount, token, hash, feed, guardian;
    std::vector<std::string> accounts;
    bool is_removal = false, is_upheld = false, is_proven = false;
};

using Body = Result<market::ContractCall> (*)(const App&, const ProposeArgs&);

AbiValue model_of(const ProposeArgs& args) {
    return AbiValue(args.model);
}

Result<market::ContractCall> canonical(const App& /*app*/, const ProposeArgs& args) {
    if (args.is_proven == (args.review != 0)) {
        return fail(ErrorCode::kInvalidArgument, "either --review ID or --proven",
                    "the gate wants a review that passed, or an accuracy proof");
    }
    if (args.is_proven) {
        return market::ContractCall{"VersionGate",
                                    "acceptByAccuracy(uint256,uint256)",
                                    {model_of(args), AbiValue(args.version)}};
    }
    return market::ContractCall{"VersionGate",
                                "acceptByReview(uint256,uint256,uint256)",
                                {model_of(args), AbiValue(args.version), AbiValue(args.review)}};
}

Result<market::ContractCall> key(const App& /*app*/, const ProposeArgs& args) {
    MINTMARK_TRY(const Bytes32 hash, bytes32_from_hex(args.hash));
    return market::ContractCall{
        "AccuracyProofs",
        "approveKey(uint256,uint256,bytes32,uint32)",
        {model_of(args), AbiValue(args.version), AbiValue(hash), AbiValue(args.samples)}};
}

Result<market::ContractCall> standard(const App& /*app*/, const ProposeArgs& args) {
    MINTMARK_TRY(const Bytes32 suite, bytes32_from_hex(args.hash));
    return market::ContractCall{
        "ReviewBoard",
        "setStandard(uint256,bytes32,uint32,uint32)",
        {model_of(args), AbiValue(suite), AbiValue(args.samples), AbiValue(args.right)}};
}

Result<market::ContractCall> admit(const App& app, const ProposeArgs& args) {
    MINTMARK_TRY(const Address reviewer, parse_account(app, args.to));
    return market::ContractCall{
        "ReviewBoard", "admit(address,bool)", {AbiValue(reviewer), AbiValue(!args.is_removal)}};
}

Result<market::ContractCall> decide(const App& app, const ProposeArgs& args) {
    MINTMARK_TRY(const Address reviewer, parse_account(app, args.to));
    return market::ContractCall{
        "ReviewBoard",
        "decide(uint256,address,bool)",
        {AbiValue(args.review), AbiValue(reviewer), AbiValue(args.is_upheld)}};
}

Result<market::ContractCall> benchmark(const App& /*app*/, const ProposeArgs& args) {
    MINTMARK_TRY(const Address feed, chain::parse_address(args.feed));
    const AbiValue source({AbiValue(feed), AbiValue(args.heartbeat), AbiValue(args.decimals),
                           AbiValue(args.low), AbiValue(args.high), AbiValue(args.floor)});
    return market::ContractCall{
        "BenchmarkOracle",
        "setSource(uint256,uint256,(address,uint32,uint8,int256,int256,int256))",
        {model_of(args), AbiValue(args.version), source}};
}

Result<market::ContractCall> spend(const App& app, const ProposeArgs& args) {
    MINTMARK_TRY(const Address to, parse_account(app, args.to));
    if (!args.token.empty()) {
        MINTMARK_TRY(const chain::U256 amount, chain::U256::parse(args.amount));
        return market::ContractCall{
            args.token, "transfer(address,uint256)", {AbiValue(to), AbiValue(amount)}};
    }
    MINTMARK_TRY(const chain::U256 amount, market::parse_amount(args.amount));
    return market::ContractCall{"", "", {AbiValue(to)}, amount};
}

Result<market::ContractCall> access(const App& app, const ProposeArgs& args) {
    std::vector<AbiValue> accounts;
    for (const std::string& text : args.accounts) {
        MINTMARK_TRY(const Address account, parse_account(app, text));
        accounts.emplace_back(account);
    }
    return market::ContractCall{
        "Allowlist",
        "grant(uint256,address[],uint64)",
        {AbiValue(args.gate), AbiValue(std::move(accounts)), AbiValue(args.quota)}};
}

Result<market::ContractCall> guardian(const App& app, const ProposeArgs& args) {
    MINTMARK_TRY(const Address account, parse_account(app, args.to));
    return market::ContractCall{"MintGovernor", "setGuardian(address)", {AbiValue(account)}};
}

/// A payment of native currency has no contract: its receiver is the target.
Result<market::Action> proposed_action(market::Market& market, const market::ContractCall& call) {
    if (!call.contract.empty()) return market::action_of(market, call);
    market::Action out;
    MINTMARK_TRY(out.target, call.arguments[0].as_address());
    out.value = call.value;
    return out;
}

Status propose(const App& app, const ProposeArgs& args, Body body) {
    MINTMARK_TRY(const market::ContractCall call, body(app, args));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::Action action, proposed_action(market, call));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::Proposal proposal,
                 market::propose(market, key, {action}, args.text));
    emit(app,
         {{"id", proposal.id.to_string()},
          {"state", market::state_name(proposal.state)},
          {"vote_start", proposal.vote_start},
          {"vote_end", proposal.vote_end}},
         Table()
             .row("proposal", proposal.id.to_string())
             .row("vote", fmt::format("{} to {}", time_text(proposal.vote_start),
                                      time_text(proposal.vote_end)))
             .text());
    return {};
}

}  // namespace

void add_propose_commands(CLI::App& governance, App& app) {
    CLI::App* group = governance.add_subcommand("propose", "put something to the vote");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<ProposeArgs>();
    const auto add = [&](const char* name, const char* help, Body body) {
        CLI::App* sub = command(*group, app, name, help,
                                [&app, args, body] { return propose(app, *args, body); });
        sub->add_option("--why", args->text, "description that voters read")->required();
        return sub;
    };
    const auto of_version = [&](CLI::App* sub) {
        sub->add_option("--model", args->model, "model id")->required();
        sub->add_option("--version-id", args->version, "version")->required();
        return sub;
    };
    CLI::App* sub = of_version(add("canonical", "make a version the canonical one", canonical));
    sub->add_option("--review", args->review, "the review that passed");
    sub->add_flag("--proven", args->is_proven, "an accuracy proof is the evidence");
    sub = of_version(add("key", "approve a key that accuracy is proven under", key));
    sub->add_option("--key-hash", args->hash, "Keccak-256 of the key")->required();
    sub->add_option("--samples", args->samples, "samples of its test set")->required();
    sub = add("standard", "what versions of a model must reach", standard);
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--suite", args->hash, "hash of the test set's commitment")->required();
    sub->add_option("--samples", args->samples, "samples of the test set")->required();
    sub->add_option("--right", args->right, "right answers needed")->required();
    sub = add("admit", "admit a reviewer", admit);
    sub->add_option("--reviewer", args->to, "address or wallet")->required();
    sub->add_flag("--remove", args->is_removal, "dismiss him instead");
    sub = add("decide", "decide a challenge of a reviewer's score", decide);
    sub->add_option("--review", args->review, "review")->required();
    sub->add_option("--reviewer", args->to, "whose score")->required();
    sub->add_flag("--upheld", args->is_upheld, "the challenger is right [the reviewer is]");
    sub = of_version(add("benchmark", "a feed that must say enough of a version", benchmark));
    sub->add_option("--feed", args->feed, "AggregatorV3Interface; zero address: none")->required();
    sub->add_option("--heartbeat", args->heartbeat, "seconds until an answer is stale [86400]");
    sub->add_option("--decimals", args->decimals, "of the feed");
    sub->add_option("--min", args->low, "lowest sane answer");
    sub->add_option("--max", args->high, "highest sane answer");
    sub->add_option("--floor", args->floor, "answer that is enough");
    sub = add("spend", "pay out of the treasury", spend);
    sub->add_option("--to", args->to, "address or wallet")->required();
    sub->add_option("--amount", args->amount, "1ETH, or smallest units of the token")->required();
    sub->add_option("--token", args->token, "ERC-20 [the native currency]");
    sub = add("access", "quotas by name at a gate of the allowlist", access);
    sub->add_option("--gate", args->gate, "gate whose predicate is the allowlist")->required();
    sub->add_option("--account", args->accounts, "addresses or wallets")->required();
    sub->add_option("--quota", args->quota, "units per epoch; 0 takes them off")->required();
    sub = add("guardian", "replace the guardian", guardian);
    sub->add_option("--to", args->to, "address or wallet")->required();
}

}  // namespace mintmark::app
