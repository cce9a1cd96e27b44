// `mintmark governance sign-vote | sign-delegation | carry`: votes of people without gas.
#include "signed_vote_commands.hpp"

#include "market_context.hpp"
#include "mintmark/market/signed_votes.hpp"

namespace mintmark::app {
namespace {

struct SignVoteArgs {
    std::string proposal, word, to, out, file;
    std::uint64_t hours = 24;
};

Status keep(const App& app, const std::string& path, const json::Json& value) {
    MINTMARK_CHECK(json::write(path, value));
    emit(app, value, Table().row("signed", path + " (for `mintmark governance carry`)").text());
    return {};
}

Status sign_vote(const App& app, const SignVoteArgs& args) {
    MINTMARK_TRY(const market::Vote choice, market::parse_vote(args.word));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::Proposal proposal, market::get_proposal(market, args.proposal));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const auto made, market::sign_ballot(market, key, proposal.id, choice));
    return keep(app, args.out, market::to_json(made));
}

Status sign_delegation(const App& app, const SignVoteArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address to = key.address();
    if (!args.to.empty()) {
        MINTMARK_TRY(to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const std::uint64_t now, market.now());
    MINTMARK_TRY(const auto made,
                 market::sign_delegation(market, key, to, now + args.hours * 3600));
    return keep(app, args.out, market::to_json(made));
}

Status carry(const App& app, const SignVoteArgs& args) {
    MINTMARK_TRY(const json::Json file, json::read(args.file));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::carry_signed(market, key, file));
    report_tx(app, {{"carried", args.file}}, Table().row("carried", args.file), receipt);
    return {};
}

}  // namespace

void add_signed_vote_commands(CLI::App& group, App& app) {
    const auto args = std::make_shared<SignVoteArgs>();
    CLI::App* sub = command(group, app, "sign-vote", "vote by signature; somebody else carries it",
                            [&app, args] { return sign_vote(app, *args); });
    sub->add_option("ID", args->proposal, "proposal")->required();
    sub->add_option("VOTE", args->word, "for, against or abstain")->required();
    sub->add_option("-o,--out", args->out, "where to write it")->required();
    sub = command(group, app, "sign-delegation", "delegate by signature",
                  [&app, args] { return sign_delegation(app, *args); });
    sub->add_option("--to", args->to, "address or wallet [you]");
    sub->add_option("--hours", args->hours, "how long it can be carried [24]");
    sub->add_option("-o,--out", args->out, "where to write it")->required();
    sub = command(group, app, "carry", "send a signed vote or delegation, and pay its gas",
                  [&app, args] { return carry(app, *args); });
    sub->add_option("FILE", args->file, "of sign-vote or sign-delegation")->required();
}

}  // namespace mintmark::app
