#include "referee_commands.hpp"

#include <fmt/format.h>

#include "infer_requests.hpp"
#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/market/request.hpp"
#include "mintmark/referee/trace_file.hpp"
#include "mintmark/service/refereeing.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::app {
namespace {

struct RefereeArgs {
    std::string model, key, context, claim, trace, data, request, out, bond, challenge_bond;
    std::uint64_t window = 3600, move = 3600;
    bool waits = false;
};

struct LocalModel {
    service::ModelFolder folder;
    referee::Commitments model;
};

Result<LocalModel> local_model(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(service::ModelFolder folder, service::ModelFolder::of(app.home, args.model));
    MINTMARK_TRY(referee::Commitments model, service::referee_model(folder));
    return LocalModel{std::move(folder), std::move(model)};
}

Status make_key(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const LocalModel local, local_model(app, args));
    referee::Terms terms;
    MINTMARK_TRY(terms.bond, market::parse_amount(args.bond));
    MINTMARK_TRY(terms.challenge_bond, market::parse_amount(args.challenge_bond));
    terms.window_s = args.window;
    terms.move_period_s = args.move;
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::AdapterKeyMade made,
                 service::deploy_referee_key(market, key, local.model, terms));
    const referee::Program& program = local.model.program;
    emit(app,
         {{"key", chain::to_checksum(made.address)},
          {"program_root", to_hex(local.model.program_tree.root())},
          {"weights_root", to_hex(local.model.weights_tree.root())},
          {"steps", program.steps.size()},
          {"elements", program.elements},
          {"tx", tx_json(made.receipt)}},
         Table()
             .row("key", chain::to_checksum(made.address))
             .row("program",
                  fmt::format("{} steps, {} elements, {}", program.steps.size(),
                              grouped(program.elements), to_hex(local.model.program_tree.root())))
             .row("weights", fmt::format("{}, {}", grouped(local.model.weights.size()),
                                         to_hex(local.model.weights_tree.root())))
             .row("transaction", tx_text(made.receipt))
             .text());
    return {};
}

/// Of a request that this home has answered, or of a sample.
Result<referee::Trace> traced(const App& app, const RefereeArgs& args, const LocalModel& local) {
    if (!args.request.empty()) {
        MINTMARK_TRY(const KnownRequest known, find_request(app, args.request));
        return service::trace_input(local.model, known.stored.input);
    }
    if (args.data.empty()) return fail(ErrorCode::kInvalidArgument, "--data or --request");
    MINTMARK_TRY(const std::string text, read_text(args.data));
    MINTMARK_TRY(const model::InputFile file, model::read_input_json(text));
    if (file.samples.empty() || file.samples.front().empty()) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("{} has no input", args.data));
    }
    return service::trace_sample(local.folder, local.model, file.samples.front());
}

Status make_trace(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const LocalModel local, local_model(app, args));
    MINTMARK_TRY(const referee::Trace trace, traced(app, args, local));
    MINTMARK_CHECK(referee::write_trace(local.model.program, trace, args.out));
    emit(app, {{"trace", args.out}, {"elements", trace.defined}, {"output", trace.output}},
         Table()
             .row("trace", args.out)
             .row("elements", grouped(trace.defined))
             .row("output", fmt::format("{}", fmt::join(trace.output, " ")))
             .text());
    return {};
}

/// The claim as a proof file: settles by `mintmark infer settle` once it is final.
Status write_claim(const std::string& path, const referee::ClaimInfo& claim) {
    worker::ProofFile file;
    file.protocol = market::kRefereeSystem;
    file.context = claim.statement.context;
    file.instances = claim.statement.instances;
    file.proof = referee::settlement_proof(claim);
    return file.write(path);
}

/// Given, or of a request.
Result<Bytes32> claim_context(const App& app, const RefereeArgs& args, market::Market& market) {
    if (args.request.empty()) return bytes32_from_hex(args.context);
    MINTMARK_TRY(const KnownRequest known, find_request(app, args.request));
    return market::proof_context(market, known.stored.request);
}

Status propose(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const LocalModel local, local_model(app, args));
    MINTMARK_TRY(const referee::Trace trace, referee::read_trace(local.model.program, args.trace));
    MINTMARK_TRY(const Address referee_key, chain::parse_address(args.key));
    referee::Statement statement;
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(statement.context, claim_context(app, args, market));
    statement.instances = referee::instance_words(trace.input, trace.output);
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const referee::Side side(local.model, trace, statement);
    MINTMARK_TRY(const chain::Receipt receipt, referee::propose(market, key, referee_key, side));
    MINTMARK_TRY(const Bytes32 id, referee::claim_id(market, referee_key, statement, key.address(),
                                                     side.tree.root()));
    MINTMARK_TRY(const referee::ClaimInfo claim, referee::read_claim(market, id));
    if (!args.out.empty()) {
        MINTMARK_CHECK(write_claim(args.out, claim));
    }
    emit(app,
         {{"claim", to_hex(id)},
          {"trace_root", to_hex(side.tree.root())},
          {"until", claim.until},
          {"tx", tx_json(receipt)}},
         Table()
             .row("claim", to_hex(id))
             .row("trace root", to_hex(side.tree.root()))
             .row("final after", time_text(claim.until))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

Status challenge(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const Bytes32 id, bytes32_from_hex(args.claim));
    MINTMARK_TRY(const LocalModel local, local_model(app, args));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 service::challenge_claim(market, key, local.model, id));
    emit(app, {{"claim", to_hex(id)}, {"tx", tx_json(receipt)}},
         Table().row("claim", to_hex(id)).row("transaction", tx_text(receipt)).text());
    return {};
}

json::Json claim_json(const referee::ClaimInfo& claim) {
    return {{"claim", to_hex(claim.id)},
            {"state", std::string(referee::claim_state_name(claim.state))},
            {"stage", std::string(referee::stage_name(claim.game.stage))},
            {"final", claim.is_final},
            {"until", claim.until},
            {"key", chain::to_checksum(claim.key)},
            {"prover", chain::to_checksum(claim.prover)},
            {"challenger", chain::to_checksum(claim.challenger)},
            {"trace_root", to_hex(claim.trace_root)},
            {"bond", claim.bond.to_string()},
            {"challenge_bond", claim.challenge_bond.to_string()}};
}

std::string claim_text(const referee::ClaimInfo& claim) {
    const bool is_on = claim.state == referee::ClaimState::kChallenged;
    const bool is_challengers = referee::is_challengers_move(claim.game.stage);
    return Table()
        .row("state", std::string(referee::claim_state_name(claim.state)) +
                          (claim.is_final ? ", final" : ""))
        .row("until", time_text(claim.until))
        .row("prover", chain::to_checksum(claim.prover))
        .row("next move", is_on ? fmt::format("{}'s: {}", is_challengers ? "challenger" : "prover",
                                              referee::stage_name(claim.game.stage))
                                : "none")
        .row("bonds", fmt::format("{}, challenge {}", market::format_amount(claim.bond),
                                  market::format_amount(claim.challenge_bond)))
        .text();
}

Status play(const App& app, const RefereeArgs& args) {
    service::PlayOptions options;
    MINTMARK_TRY(options.claim, bytes32_from_hex(args.claim));
    options.waits = args.waits;
    MINTMARK_TRY(const LocalModel local, local_model(app, args));
    if (!args.trace.empty()) {
        MINTMARK_TRY(options.trace, referee::read_trace(local.model.program, args.trace));
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    json::Json moves = json::Json::array();
    MINTMARK_TRY(const referee::ClaimInfo claim,
                 service::play(market, key, local.model, options,
                               [&](const std::string& move, const chain::Receipt& receipt) {
                                   moves.push_back({{"move", move}, {"tx", tx_json(receipt)}});
                                   if (!app.is_json)
                                       fmt::print("{:<12} {}\n", move, tx_text(receipt));
                               }));
    json::Json value = claim_json(claim);
    value["moves"] = moves;
    emit(app, value, claim_text(claim));
    return {};
}

Status show(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const Bytes32 id, bytes32_from_hex(args.claim));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const referee::ClaimInfo claim, referee::read_claim(market, id));
    emit(app, claim_json(claim), claim_text(claim));
    return {};
}

Status conclude(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const Bytes32 id, bytes32_from_hex(args.claim));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const referee::ClaimInfo claim, referee::read_claim(market, id));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, referee::conclude(market, key, claim));
    emit(app, {{"claim", to_hex(id)}, {"tx", tx_json(receipt)}},
         Table().row("claim", to_hex(id)).row("transaction", tx_text(receipt)).text());
    return {};
}

Status check(const App& app, const RefereeArgs& args) {
    MINTMARK_TRY(const worker::ProofFile file, worker::ProofFile::read(args.trace));
    market::AdapterResult result{{}, file.context, file.instances};
    MINTMARK_TRY(result.key, chain::parse_address(args.key));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const bool accepted,
                 market::adapter_accepts(market, referee::kAdapter, result, file.proof));
    if (!accepted) {
        return fail(ErrorCode::kRejected, "the contract does not accept this result",
                    "its claim must be final: a whole window without a game");
    }
    emit(app, {{"accepted", true}}, "accepted");
    return {};
}

Status withdraw_from_referee(const App& app) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::U256 amount,
                 market.read_number(
                     {referee::kAdapter, "creditOf(address)", {chain::AbiValue(key.address())}}));
    MINTMARK_TRY(
        const chain::Receipt receipt,
        market.send(key,
                    {referee::kAdapter, "withdraw(address)", {chain::AbiValue(key.address())}}));
    emit(app, {{"amount", amount.to_string()}, {"tx", tx_json(receipt)}},
         Table()
             .row("withdrawn", market::format_amount(amount))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

void add_node_side(CLI::App& group, App& app, const std::shared_ptr<RefereeArgs>& args) {
    const auto of_model = [&](CLI::App* sub) {
        sub->add_option("--model", args->model, "name of the model in this home")->required();
        return sub;
    };
    const auto of_request = [&](CLI::App* sub, CLI::Option* other) {
        sub->add_option("--request", args->request, "instead: a request that was answered")
            ->excludes(other);
    };
    CLI::App* sub = of_model(command(
        group, app, "key", "fix program, weights, bonds and periods of a version, as its key",
        [&app, args] { return make_key(app, *args); }));
    sub->add_option("--bond", args->bond, "what a false claim loses")->required();
    sub->add_option("--challenge-bond", args->challenge_bond, "what a wrong challenge loses")
        ->required();
    sub->add_option("--window", args->window, "seconds to challenge a claim in [3600]");
    sub->add_option("--move", args->move, "seconds for each move of a game [3600]");
    sub = of_model(command(group, app, "trace", "run the model, keep every value in between",
                           [&app, args] { return make_trace(app, *args); }));
    of_request(sub,
               sub->add_option("-D,--data", args->data, "the sample (ezkl's input.json form)"));
    sub->add_option("-o,--out", args->out, "where to write the trace (secret)")->required();
    sub = of_model(command(group, app, "propose", "claim a trace's result, with the key's bond",
                           [&app, args] { return propose(app, *args); }));
    sub->add_option("TRACE", args->trace, "file of `mintmark referee trace`")->required();
    sub->add_option("--key", args->key, "key of `mintmark referee key`")->required();
    of_request(
        sub, sub->add_option("--context", args->context, "what the result is bound to (32 bytes)"));
    sub->add_option("-o,--out", args->out, "write what settles the claim once it is final");
    sub =
        of_model(command(group, app, "challenge", "compute a claim again; doubt it if it is wrong",
                         [&app, args] { return challenge(app, *args); }));
    sub->add_option("CLAIM", args->claim, "id of the claim")->required();
    sub = of_model(command(group, app, "play", "make the moves of a game that are yours",
                           [&app, args] { return play(app, *args); }));
    sub->add_option("CLAIM", args->claim, "id of the claim")->required();
    sub->add_option("--trace", args->trace, "the prover's trace [computed again]");
    sub->add_flag("--wait", args->waits, "for the other side, until the game is over");
}

}  // namespace

void add_referee_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand(
        "referee", "claim a result with its trace, doubt one, play it down to one multiplication");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<RefereeArgs>();
    add_node_side(*group, app, args);
    CLI::App* sub = command(*group, app, "show", "a claim and its game",
                            [&app, args] { return show(app, *args); });
    sub->add_option("CLAIM", args->claim, "id of the claim")->required();
    sub = command(*group, app, "conclude", "end what time has decided",
                  [&app, args] { return conclude(app, *args); });
    sub->add_option("CLAIM", args->claim, "id of the claim")->required();
    sub = command(*group, app, "check", "ask the contract whether a claim settles",
                  [&app, args] { return check(app, *args); });
    sub->add_option("SETTLEMENT", args->trace, "file of `mintmark referee propose --out`")
        ->required();
    sub->add_option("--key", args->key, "key of `mintmark referee key`")->required();
    command(*group, app, "withdraw", "take what bonds have brought you",
            [&app] { return withdraw_from_referee(app); });
}

}  // namespace mintmark::app
