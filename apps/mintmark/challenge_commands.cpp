// `mintmark challenge`: results that stand unless somebody challenges them.
#include "challenge_commands.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/challenges.hpp"
#include "mintmark/market/request.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::app {
namespace {

struct ChallengeArgs {
    std::string verifier = "UniversalVerifier", inner_key, bond, challenge_bond, key, proof, claim;
    std::uint64_t words = 0, gas = 10'000'000, window = 3600, answer = 86'400;
};

Status make_key(const App& app, const ChallengeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    market::OptimisticTerms terms;
    MINTMARK_TRY(terms.verifier, parse_contract(market, args.verifier));
    MINTMARK_TRY(terms.inner_key, chain::parse_address(args.inner_key));
    MINTMARK_TRY(terms.bond, market::parse_amount(args.bond));
    MINTMARK_TRY(terms.challenge_bond, market::parse_amount(args.challenge_bond));
    terms.input_words = args.words;
    terms.gas_limit = args.gas;
    terms.window_s = args.window;
    terms.answer_period_s = args.answer;
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::AdapterKeyMade made,
                 market::deploy_optimistic_key(market, key, terms));
    report_tx(app, {{"key", chain::to_checksum(made.address)}},
              Table().row("key", chain::to_checksum(made.address)), made.receipt);
    return {};
}

/// The statement of a proof file under the given key.
Result<market::ClaimStatement> claimed(const ChallengeArgs& args, const worker::ProofFile& file) {
    market::ClaimStatement out;
    MINTMARK_TRY(out.key, chain::parse_address(args.key));
    out.context = file.context;
    out.instances = file.instances;
    return out;
}

void report(const App& app, const Bytes32& id, const chain::Receipt& receipt) {
    emit(app, {{"claim", to_hex(id)}, {"tx", tx_json(receipt)}},
         Table().row("claim", to_hex(id)).row("transaction", tx_text(receipt)).text());
}

Status propose(const App& app, const ChallengeArgs& args) {
    MINTMARK_TRY(const worker::ProofFile file, worker::ProofFile::read(args.proof));
    MINTMARK_TRY(const market::ClaimStatement claim, claimed(args, file));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const Bytes32 id, market::claim_id(market, claim));
    MINTMARK_TRY(const chain::Receipt receipt, market::propose_claim(market, key, claim));
    report(app, id, receipt);
    return {};
}

Status answer(const App& app, const ChallengeArgs& args) {
    MINTMARK_TRY(const worker::ProofFile file, worker::ProofFile::read(args.proof));
    MINTMARK_TRY(const market::ClaimStatement claim, claimed(args, file));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const Bytes32 id, market::claim_id(market, claim));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::answer_challenge(market, key, claim, file.proof));
    report(app, id, receipt);
    return {};
}

Status act(const App& app, const ChallengeArgs& args,
           Result<chain::Receipt> (*body)(market::Market&, const chain::PrivateKey&,
                                          const Bytes32&)) {
    MINTMARK_TRY(const Bytes32 id, bytes32_from_hex(args.claim));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, body(market, key, id));
    report(app, id, receipt);
    return {};
}

Status show(const App& app, const ChallengeArgs& args) {
    MINTMARK_TRY(const Bytes32 id, bytes32_from_hex(args.claim));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::ClaimInfo claim, market::read_claim(market, id));
    const std::string state(market::claim_state_name(claim.state));
    emit(app,
         {{"claim", to_hex(id)},
          {"state", state},
          {"final", claim.is_final},
          {"until", claim.until},
          {"proposer", chain::to_checksum(claim.proposer)},
          {"challenger", chain::to_checksum(claim.challenger)},
          {"bond", claim.bond.to_string()},
          {"challenge_bond", claim.challenge_bond.to_string()}},
         Table()
             .row("state", state + (claim.is_final ? ", final" : ""))
             .row("until", time_text(claim.until))
             .row("proposer", chain::to_checksum(claim.proposer))
             .row("bonds", fmt::format("{}, challenge {}", market::format_amount(claim.bond),
                                       market::format_amount(claim.challenge_bond)))
             .text());
    return {};
}

Status withdraw_from_optimistic(const App& app) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::U256 amount, market::bond_credit(market, key.address()));
    MINTMARK_TRY(const chain::Receipt receipt, market::withdraw_bonds(market, key));
    emit(app, {{"amount", amount.to_string()}, {"tx", tx_json(receipt)}},
         Table()
             .row("withdrawn", market::format_amount(amount))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

}  // namespace

void add_challenge_commands(CLI::App& root, App& app) {
    CLI::App* group =
        root.add_subcommand("challenge", "claim a result with a bond, doubt one, prove one");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<ChallengeArgs>();
    CLI::App* sub = command(*group, app, "key", "fix bonds and windows of a version, as its key",
                            [&app, args] { return make_key(app, *args); });
    sub->add_option("--inner-key", args->inner_key, "key contract of the proofs")->required();
    sub->add_option("--verifier", args->verifier,
                    "contract that checks them, or its name [UniversalVerifier]");
    sub->add_option("--input-words", args->words, "words of the input part")->required();
    sub->add_option("--bond", args->bond, "what a false claim loses")->required();
    sub->add_option("--challenge-bond", args->challenge_bond, "what a needless challenge pays")
        ->required();
    sub->add_option("--window", args->window, "seconds to challenge a claim in [3600]");
    sub->add_option("--answer", args->answer, "seconds to prove a challenged claim in [86400]");
    sub->add_option("--gas", args->gas, "gas of a check, at most [10000000]");
    const auto statement = [&args](CLI::App* command) {
        command->add_option("STATEMENT", args->proof, "proof.json: context and instances")
            ->required();
        command->add_option("--key", args->key, "key of `mintmark challenge key`")->required();
    };
    statement(command(*group, app, "propose", "claim a result, with the key's bond",
                      [&app, args] { return propose(app, *args); }));
    statement(command(*group, app, "answer", "prove a challenged claim",
                      [&app, args] { return answer(app, *args); }));
    const auto of_claim = [&args](CLI::App* command) {
        command->add_option("CLAIM", args->claim, "id of the claim")->required();
    };
    of_claim(command(*group, app, "open", "doubt a claim, with the challenge bond",
                     [&app, args] { return act(app, *args, market::challenge_claim); }));
    of_claim(command(*group, app, "conclude", "end a claim whose time is up",
                     [&app, args] { return act(app, *args, market::conclude_claim); }));
    of_claim(command(*group, app, "show", "a claim and its bonds",
                     [&app, args] { return show(app, *args); }));
    command(*group, app, "withdraw", "take what bonds have brought you",
            [&app] { return withdraw_from_optimistic(app); });
}

}  // namespace mintmark::app
