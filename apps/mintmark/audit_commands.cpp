// `mintmark audit`: batches of results of which random ones are proven.
#include "audit_commands.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/audits.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::app {
namespace {

constexpr std::string_view kAdapter = "AuditedVerifier";

struct AuditArgs {
    std::string verifier = "UniversalVerifier", inner_key, bond, key, out;
    std::vector<std::string> statements;
    std::uint64_t words = 0, gas = 10'000'000, samples = 2, answer = 86'400, batch = 0, index = 0;
};

Status make_key(const App& app, const AuditArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    market::AuditTerms terms;
    MINTMARK_TRY(terms.verifier, parse_contract(market, args.verifier));
    MINTMARK_TRY(terms.inner_key, chain::parse_address(args.inner_key));
    MINTMARK_TRY(terms.bond_per_result, market::parse_amount(args.bond));
    terms.input_words = args.words;
    terms.gas_limit = args.gas;
    terms.samples = args.samples;
    terms.answer_period_s = args.answer;
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::AdapterKeyMade made, market::deploy_audit_key(market, key, terms));
    report_tx(app, {{"key", chain::to_checksum(made.address)}},
              Table().row("key", chain::to_checksum(made.address)), made.receipt);
    return {};
}

struct Statements {
    std::vector<worker::ProofFile> files;
    std::vector<market::AuditedResult> results;
};

Result<Statements> read_statements(const AuditArgs& args) {
    Statements out;
    for (const std::string& path : args.statements) {
        MINTMARK_TRY(worker::ProofFile file, worker::ProofFile::read(path));
        out.results.push_back({file.context, file.instances});
        out.files.push_back(std::move(file));
    }
    return out;
}

Status commit(const App& app, const AuditArgs& args) {
    MINTMARK_TRY(const Statements batch, read_statements(args));
    MINTMARK_TRY(const Address audit_key, chain::parse_address(args.key));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::CommittedBatch made,
                 market::commit_batch(market, key, audit_key, batch.results));
    emit(app,
         {{"batch", made.id}, {"results", batch.results.size()}, {"tx", tx_json(made.receipt)}},
         Table()
             .row("batch", fmt::format("{}, {} results", made.id, batch.results.size()))
             .row("transaction", tx_text(made.receipt))
             .text());
    return {};
}

Status prove(const App& app, const AuditArgs& args) {
    MINTMARK_TRY(const Statements batch, read_statements(args));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::BatchInfo info, market::read_batch(market, args.batch));
    if (info.drawn.empty()) {
        return fail(ErrorCode::kRejected, "the batch is not drawn yet",
                    "draw it with `mintmark audit draw`");
    }
    market::SampleProof sample;
    sample.batch = args.batch;
    MINTMARK_TRY(sample.audit_key, chain::parse_address(args.key));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    json::Json sent = json::Json::array();
    for (; sample.sample < info.drawn.size(); ++sample.sample) {
        if ((info.proven >> sample.sample & 1) != 0) continue;
        const std::uint64_t index = info.drawn[sample.sample];
        sample.proof = index < batch.files.size() ? batch.files[index].proof : Bytes{};
        MINTMARK_TRY(const chain::Receipt receipt,
                     market::prove_sample(market, key, sample, batch.results));
        sent.push_back({{"sample", sample.sample}, {"index", index}, {"tx", tx_json(receipt)}});
        if (!app.is_json)
            fmt::print("sample {} (result {}): {}\n", sample.sample, index, tx_text(receipt));
    }
    MINTMARK_TRY(const market::BatchInfo after, market::read_batch(market, args.batch));
    const std::string state(market::batch_state_name(after.state));
    emit(app, {{"batch", args.batch}, {"state", state}, {"proven", sent}},
         Table().row("state", state).text());
    return {};
}

Status act(const App& app, const AuditArgs& args,
           Result<chain::Receipt> (*body)(market::Market&, const chain::PrivateKey&,
                                          std::uint64_t)) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, body(market, key, args.batch));
    emit(app, {{"batch", args.batch}, {"tx", tx_json(receipt)}},
         Table().row("transaction", tx_text(receipt)).text());
    return {};
}

Status show(const App& app, const AuditArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::BatchInfo batch, market::read_batch(market, args.batch));
    const std::string state(market::batch_state_name(batch.state));
    emit(app,
         {{"batch", args.batch},
          {"state", state},
          {"results", batch.count},
          {"draw_block", batch.draw_block},
          {"until", batch.until},
          {"drawn", batch.drawn},
          {"proven", batch.proven},
          {"node", chain::to_checksum(batch.node)},
          {"bond", batch.bond.to_string()},
          {"root", to_hex(batch.root)}},
         Table()
             .row("state", state)
             .row("results", grouped(batch.count))
             .row("drawn", batch.drawn.empty()
                               ? fmt::format("from block {} on", batch.draw_block + 1)
                               : fmt::format("results {}", fmt::join(batch.drawn, ", ")))
             .row("node", chain::to_checksum(batch.node))
             .row("bond", market::format_amount(batch.bond))
             .text());
    return {};
}

/// The file that settles one result of a batch that passed.
Status settlement(const App& app, const AuditArgs& args) {
    MINTMARK_TRY(const Statements batch, read_statements(args));
    if (args.index >= batch.files.size()) {
        return fail(ErrorCode::kInvalidArgument, "the batch has no result of this number");
    }
    worker::ProofFile file = batch.files[args.index];
    file.protocol = market::kAuditSystem;
    file.proof = market::audit_proof(args.batch, args.index, batch.results);
    MINTMARK_CHECK(file.write(args.out));
    emit(app, {{"proof_path", args.out}, {"index", args.index}},
         Table().row("proof", args.out).text());
    return {};
}

Status check(const App& app, const AuditArgs& args) {
    MINTMARK_TRY(const Statements one, read_statements(args));
    market::AdapterResult result{{}, one.files[0].context, one.files[0].instances};
    MINTMARK_TRY(result.key, chain::parse_address(args.key));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const bool accepted,
                 market::adapter_accepts(market, kAdapter, result, one.files[0].proof));
    if (!accepted) {
        return fail(ErrorCode::kRejected, "the contract does not accept this result",
                    "its batch must have passed");
    }
    emit(app, {{"accepted", true}}, "accepted");
    return {};
}

Status withdraw_from_audit(const App& app) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const chain::AbiValue owner(key.address());
    MINTMARK_TRY(const chain::U256 amount,
                 market.read_number({kAdapter, "creditOf(address)", {owner}}));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market.send(key, {kAdapter, "withdraw(address)", {owner}}));
    emit(app, {{"amount", amount.to_string()}, {"tx", tx_json(receipt)}},
         Table()
             .row("withdrawn", market::format_amount(amount))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

void add_batch_commands(CLI::App& group, App& app, const std::shared_ptr<AuditArgs>& args) {
    const auto of_batch = [&args](CLI::App* sub) {
        sub->add_option("BATCH", args->batch, "number of the batch")->required();
        return sub;
    };
    const auto with_statements = [&args](CLI::App* sub) {
        sub->add_option("STATEMENTS", args->statements,
                        "proof.json files of the batch's results, in their order")
            ->required();
    };
    of_batch(command(group, app, "draw", "let a block's hash choose the samples",
                     [&app, args] { return act(app, *args, market::draw_batch); }));
    CLI::App* sub = of_batch(command(group, app, "prove", "prove the samples that were drawn",
                                     [&app, args] { return prove(app, *args); }));
    sub->add_option("--key", args->key, "key of `mintmark audit key`")->required();
    with_statements(sub);
    of_batch(command(group, app, "fail", "end a batch that was not drawn or proven in time",
                     [&app, args] { return act(app, *args, market::fail_batch); }));
    of_batch(command(group, app, "show", "a batch, its samples and its bond",
                     [&app, args] { return show(app, *args); }));
    sub = of_batch(command(group, app, "settlement", "write what settles one result of a batch",
                           [&app, args] { return settlement(app, *args); }));
    sub->add_option("--index", args->index, "which result, from 0")->required();
    sub->add_option("-o,--out", args->out, "where to write it")->required();
    with_statements(sub);
    sub = command(group, app, "check", "ask the contract whether a settlement counts",
                  [&app, args] { return check(app, *args); });
    sub->add_option("SETTLEMENT", args->statements, "file of `mintmark audit settlement`")
        ->required()
        ->expected(1);
    sub->add_option("--key", args->key, "key of `mintmark audit key`")->required();
}

}  // namespace

void add_audit_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand(
        "audit", "commit to a batch of results; random ones of it must be proven");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<AuditArgs>();
    CLI::App* sub = command(*group, app, "key", "fix bond and samples of a version, as its key",
                            [&app, args] { return make_key(app, *args); });
    sub->add_option("--inner-key", args->inner_key, "key contract of the proofs")->required();
    sub->add_option("--verifier", args->verifier,
                    "contract that checks them, or its name [UniversalVerifier]");
    sub->add_option("--input-words", args->words, "words of the input part")->required();
    sub->add_option("--bond", args->bond, "what each result of a batch puts at stake")->required();
    sub->add_option("--samples", args->samples, "results to prove, 1 to 8 [2]");
    sub->add_option("--answer", args->answer, "seconds to prove them in [86400]");
    sub->add_option("--gas", args->gas, "gas of a check, at most [10000000]");
    sub = command(*group, app, "commit", "commit to a batch, with the key's bond for each result",
                  [&app, args] { return commit(app, *args); });
    sub->add_option("STATEMENTS", args->statements, "proof.json files: contexts and instances")
        ->required();
    sub->add_option("--key", args->key, "key of `mintmark audit key`")->required();
    add_batch_commands(*group, app, args);
    command(*group, app, "withdraw", "take what bonds have brought you",
            [&app] { return withdraw_from_audit(app); });
}

}  // namespace mintmark::app
