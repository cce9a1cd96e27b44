// `mintmark governance`: the DAO's contracts, votes, proposals; what is proposed is in
// propose_commands.cpp.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/governance.hpp"
#include "signed_vote_commands.hpp"

namespace mintmark::app {
namespace {

struct FoundArgs {
    market::GovernanceOptions options;
    std::string supply = "1000000000", threshold = "1000000", guardian, holder;
    std::string bond = "1ETH", challenge_bond = "0.5ETH", contracts;
};

Status found(const App& app, FoundArgs args) {
    market::GovernanceOptions& options = args.options;
    MINTMARK_TRY(options.supply, chain::parse_units(args.supply, 18));
    MINTMARK_TRY(options.threshold, chain::parse_units(args.threshold, 18));
    MINTMARK_TRY(options.review_bond, market::parse_amount(args.bond));
    MINTMARK_TRY(options.challenge_bond, market::parse_amount(args.challenge_bond));
    options.artifacts = args.contracts;
    if (args.contracts.empty()) {
        MINTMARK_TRY(options.artifacts, market::find_artifacts());
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    chain::Deployment deployment = market.deployment();
    if (deployment.contract("MintGovernor")) {
        return fail(ErrorCode::kAlreadyExists, "the deployment has a DAO already");
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    options.holder = options.guardian = key.address();
    if (!args.holder.empty()) {
        MINTMARK_TRY(options.holder, parse_account(app, args.holder));
    }
    if (!args.guardian.empty()) {
        MINTMARK_TRY(options.guardian, parse_account(app, args.guardian));
    }
    chain::Sender sender = market.sender(key);
    MINTMARK_CHECK(market::deploy_governance(
        sender, options, deployment,
        [&app](const std::string& what, const chain::Receipt& receipt) {
            notice(app, fmt::format("{:<44} gas {:>10}", what, grouped(receipt.gas_used)));
        }));
    MINTMARK_CHECK(deployment.write(app.deployment_path()));
    json::Json contracts = json::Json::object();
    Table table;
    for (const char* name : {"MintToken", "TimelockController", "MintGovernor", "AccuracyProofs",
                             "ReviewBoard", "BenchmarkOracle", "VersionGate"}) {
        MINTMARK_TRY(const Address address, deployment.contract(name));
        contracts[name] = chain::to_checksum(address);
        table.row(name, chain::to_checksum(address));
    }
    emit(app, {{"contracts", contracts}}, table.text());
    return {};
}

std::string votes_text(const chain::U256& votes) {
    return chain::format_units(votes, 18);
}

json::Json proposal_json(const market::Proposal& proposal) {
    json::Json actions = json::Json::array();
    for (const market::Action& action : proposal.actions) {
        actions.push_back({{"contract", action.contract},
                           {"target", chain::to_checksum(action.target)},
                           {"value", action.value.to_string()},
                           {"data", to_hex(action.data)}});
    }
    return {{"id", proposal.id.to_string()},
            {"state", market::state_name(proposal.state)},
            {"description", proposal.description},
            {"proposer", chain::to_checksum(proposal.proposer)},
            {"actions", actions},
            {"vote_start", proposal.vote_start},
            {"vote_end", proposal.vote_end},
            {"executable_at", proposal.executable_at},
            {"for", proposal.tally.in_favour.to_string()},
            {"against", proposal.tally.against.to_string()},
            {"abstain", proposal.tally.abstain.to_string()}};
}

std::string proposal_text(const market::Proposal& proposal) {
    Table table;
    table.row("proposal", proposal.id.to_string())
        .row("what", proposal.description)
        .row("state", std::string(market::state_name(proposal.state)))
        .row("vote",
             fmt::format("{} to {}", time_text(proposal.vote_start), time_text(proposal.vote_end)))
        .row("for / against / abstain",
             fmt::format("{} / {} / {}", votes_text(proposal.tally.in_favour),
                         votes_text(proposal.tally.against), votes_text(proposal.tally.abstain)));
    if (proposal.executable_at != 0) table.row("executable", time_text(proposal.executable_at));
    for (const market::Action& action : proposal.actions) {
        table.row("  calls",
                  fmt::format(
                      "{} with {}{}", action.contract, to_hex(action.data),
                      action.value.is_zero() ? "" : " and " + market::format_amount(action.value)));
    }
    return table.text();
}

Status list_proposals(const App& app) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const auto proposals, market::list_proposals(market));
    json::Json rows = json::Json::array();
    std::string text;
    for (const market::Proposal& proposal : proposals) {
        rows.push_back(proposal_json(proposal));
        text +=
            fmt::format("{}{:.12}  {:<10} {}", text.empty() ? "" : "\n", proposal.id.to_string(),
                        market::state_name(proposal.state), proposal.description);
    }
    emit(app, {{"proposals", rows}}, proposals.empty() ? "no proposals" : text);
    return {};
}

Status show(const App& app, const std::string& id) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::Proposal proposal, market::get_proposal(market, id));
    emit(app, proposal_json(proposal), proposal_text(proposal));
    return {};
}

Status emit_after(const App& app, market::Market& market, const std::string& id,
                  const chain::Receipt& receipt) {
    MINTMARK_TRY(const market::Proposal proposal, market::get_proposal(market, id));
    json::Json value = proposal_json(proposal);
    value["tx"] = tx_json(receipt);
    emit(app, value,
         proposal_text(proposal) + "\n" + Table().row("transaction", tx_text(receipt)).text());
    return {};
}

Status vote(const App& app, const std::string& id, const std::string& word) {
    MINTMARK_TRY(const market::Vote choice, market::parse_vote(word));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::Proposal proposal, market::get_proposal(market, id));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::cast_vote(market, key, proposal.id, choice));
    return emit_after(app, market, id, receipt);
}

Status move(const App& app, const std::string& id, market::Step step) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::Proposal proposal, market::get_proposal(market, id));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::move_proposal(market, key, proposal, step));
    return emit_after(app, market, id, receipt);
}

Status delegate(const App& app, const std::string& to) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address account = key.address();
    if (!to.empty()) {
        MINTMARK_TRY(account, parse_account(app, to));
    }
    MINTMARK_TRY(const chain::Receipt receipt, market::delegate_votes(market, key, account));
    MINTMARK_TRY(const chain::U256 votes, market::votes_of(market, account));
    emit(app,
         {{"to", chain::to_checksum(account)},
          {"votes", votes.to_string()},
          {"tx", tx_json(receipt)}},
         Table()
             .row("votes",
                  fmt::format("{} count for {}", votes_text(votes), chain::to_checksum(account)))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

Status adopt(const App& app, std::uint64_t model) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::adopt_gate(market, key, model));
    emit(app, {{"model", model}, {"tx", tx_json(receipt)}},
         Table().row("transaction", tx_text(receipt)).text());
    return {};
}

Status take_allowlists(const App& app) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::hand_over_allowlists(market, key));
    emit(app, {{"tx", tx_json(receipt)}}, Table().row("transaction", tx_text(receipt)).text());
    return {};
}

void add_found_command(CLI::App& group, App& app) {
    const auto args = std::make_shared<FoundArgs>();
    market::GovernanceOptions& options = args->options;
    CLI::App* sub = command(group, app, "deploy", "deploy the DAO beside the deployed market, once",
                            [&app, args] { return found(app, *args); });
    sub->add_option("--supply", args->supply, "votes in all [1000000000]");
    sub->add_option("--holder", args->holder, "who gets them [you]");
    sub->add_option("--guardian", args->guardian, "may cancel, and nothing else [you]");
    sub->add_option("--threshold", args->threshold, "votes that a proposer needs [1000000]");
    sub->add_option("--quorum", options.quorum_percent, "percent of the votes [4]");
    sub->add_option("--voting-delay", options.voting_delay, "seconds [86400]");
    sub->add_option("--voting-period", options.voting_period, "seconds [604800]");
    sub->add_option("--late-quorum", options.late_quorum_extension, "seconds [172800]");
    sub->add_option("--timelock-delay", options.timelock_delay, "seconds [172800]");
    sub->add_option("--review-bond", args->bond, "of each reviewer, for each review [1ETH]");
    sub->add_option("--challenge-bond", args->challenge_bond, "[0.5ETH]");
    sub->add_option("--commit-period", options.commit_period, "seconds [432000]");
    sub->add_option("--reveal-period", options.reveal_period, "seconds [172800]");
    sub->add_option("--challenge-period", options.challenge_period, "seconds [432000]");
    sub->add_option("--decision-period", options.decision_period, "seconds [2592000]");
    sub->add_option("--review-quorum", options.review_quorum, "passing scores needed [3]");
    sub->add_option("--seats", options.seats, "reviewers in a review [7]");
    sub->add_option("--contracts", args->contracts, "forge's output folder [$MINTMARK_CONTRACTS]");
}

}  // namespace

void add_governance_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("governance", "the DAO: propose, vote, execute");
    group->require_subcommand(1);
    group->fallthrough();
    add_found_command(*group, app);
    add_propose_commands(*group, app);
    add_signed_vote_commands(*group, app);
    const auto id = std::make_shared<std::string>();
    const auto word = std::make_shared<std::string>();
    const auto model = std::make_shared<std::uint64_t>(0);
    command(*group, app, "list", "every proposal", [&app] { return list_proposals(app); });
    command(*group, app, "show", "one proposal", [&app, id] { return show(app, *id); })
        ->add_option("ID", *id, "its number, or the first digits of it")
        ->required();
    CLI::App* sub = command(*group, app, "vote", "vote while a proposal is active",
                            [&app, id, word] { return vote(app, *id, *word); });
    sub->add_option("ID", *id, "proposal")->required();
    sub->add_option("VOTE", *word, "for, against or abstain")->required();
    const auto step = [&](const char* name, const char* help, market::Step what) {
        command(*group, app, name, help, [&app, id, what] { return move(app, *id, what); })
            ->add_option("ID", *id, "proposal")
            ->required();
    };
    step("queue", "put what has passed into the timelock", market::Step::kQueue);
    step("execute", "carry out what has waited", market::Step::kExecute);
    step("cancel", "as the guardian, or as the proposer before the vote", market::Step::kCancel);
    command(*group, app, "delegate", "say for whom your votes count", [&app, word] {
        return delegate(app, *word);
    })->add_option("--to", *word, "address or wallet [you]");
    command(*group, app, "adopt", "let the DAO's gate move your model's canonical pointer",
            [&app, model] { return adopt(app, *model); })
        ->add_option("--model", *model, "model id")
        ->required();
    command(*group, app, "take-allowlists", "as the admin: let the DAO keep allowlists",
            [&app] { return take_allowlists(app); });
}

}  // namespace mintmark::app
