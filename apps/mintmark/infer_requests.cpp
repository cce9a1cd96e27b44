#include "infer_requests.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/answers.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/service/adapter_version.hpp"
#include "mintmark/service/buyer.hpp"
#include "prove_request.hpp"

namespace mintmark::app {
namespace {

Status list_requests(const App& app) {
    const service::RequestStore store(app.home);
    json::Json rows = json::Json::array();
    std::string text;
    for (const std::string& id : store.ids()) {
        MINTMARK_TRY(const service::StoredRequest stored, store.get(id));
        const char* state = !stored.settled_tx.empty() ? "settled"
                            : stored.output.empty()    ? "no answer"
                                                       : "answered";
        rows.push_back({{"request", id},
                        {"model", stored.request.version.model},
                        {"pass", stored.request.pass},
                        {"state", state}});
        text += fmt::format("{}{}  model {}  pass {}  {}  {}", text.empty() ? "" : "\n", id,
                            stored.request.version.model, stored.request.pass,
                            time_text(stored.created_at), state);
    }
    emit(app, {{"requests", rows}}, text.empty() ? "no requests" : text);
    return {};
}

struct SignArgs {
    service::InferOptions options;
    std::string words, out;
};

/// One word: "0x…" of 32 bytes, or an integer; negative ones stand for field elements.
Result<Bytes32> parse_word(const json::Json& value) {
    if (value.is_number_integer())
        return Bytes32(Fr::from_i64(value.get<std::int64_t>()).to_bytes());
    if (value.is_string()) return bytes32_from_hex(value.get<std::string>());
    return fail(ErrorCode::kMalformed, "an input word is an integer or 0x and 64 digits");
}

/// For models whose input is made into words by another program: ezkl, a guest of RISC Zero.
Status sign(const App& app, SignArgs args) {
    MINTMARK_TRY(const json::Json list, json::read(args.words));
    if (!list.is_array() || list.empty())
        return fail(ErrorCode::kMalformed, "the input words are a JSON array");
    std::vector<Bytes32> words;
    for (const json::Json& entry : list) {
        MINTMARK_TRY(const Bytes32 word, parse_word(entry));
        words.push_back(word);
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, args.options.pass));
    args.options.version = pass.version;
    args.options.home = app.home;
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const std::string id, service::sign_words(market, key, args.options, words));
    const service::RequestStore store(app.home);
    MINTMARK_TRY(const service::StoredRequest stored, store.get(id));
    MINTMARK_TRY(const Bytes32 context, market::proof_context(market, stored.request));
    if (!args.out.empty()) MINTMARK_CHECK(json::write(args.out, stored.to_json()));
    emit(app, {{"request", id}, {"context", to_hex(context)}, {"model", pass.version.model}},
         Table()
             .row("request", id)
             .row("context", to_hex(context) + " (what a proof is bound to)")
             .text());
    return {};
}

struct StatementArgs {
    std::string request = "last", out, srs;
};

Status statement(const App& app, const StatementArgs& args) {
    MINTMARK_TRY(const KnownRequest known, find_request(app, args.request));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const std::filesystem::path srs, srs_path(app, args.srs));
    MINTMARK_TRY(const worker::ProofFile file,
                 service::statement_of(market, app.home, srs, known.stored));
    MINTMARK_CHECK(file.write(args.out));
    emit(app,
         {{"request", known.id},
          {"context", to_hex(file.context)},
          {"proof_system", file.protocol},
          {"statement", args.out}},
         Table()
             .row("request", known.id)
             .row("context", to_hex(file.context))
             .row("statement", args.out)
             .text());
    return {};
}

struct SettleArgs {
    std::string request = "last";
    std::string proof;
};

/// The contract that the version's verifier is, by its name in the deployment.
std::string verifier_name(const std::string& proof_system) {
    const auto system = market::find_proof_system(proof_system);
    return system ? std::string(system->contract) : proof_system;
}

Status settle(const App& app, const SettleArgs& args) {
    const service::RequestStore store(app.home);
    MINTMARK_TRY(KnownRequest known, find_request(app, args.request));
    auto& [id, stored] = known;
    const std::filesystem::path path =
        args.proof.empty() ? store.proof_path(id) : std::filesystem::path(args.proof);
    MINTMARK_TRY(worker::ProofFile proof, worker::ProofFile::read(path));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::VersionInfo version,
                 market::get_version(market, stored.request.version));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const Stopwatch watch;
    MINTMARK_TRY(const market::Settled settled,
                 market::settle(market, key,
                                {stored.request, stored.signature, std::move(proof.instances),
                                 std::move(proof.proof)}));
    stored.settled_tx = to_hex(settled.receipt.transaction_hash);
    MINTMARK_CHECK(store.put(id, stored));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, stored.request.pass));
    const bool is_ours = version.commitment.proof_system == market::kProofSystemName;
    const std::string verifier =
        is_ours ? "the universal verifier" : verifier_name(version.commitment.proof_system);
    emit(app,
         {{"request", id},
          {"proof_system", version.commitment.proof_system},
          {"earned", settled.earned.to_string()},
          {"calls_left", pass.calls_left},
          {"escrow", pass.escrow.to_string()},
          {"tx", tx_json(settled.receipt)}},
         Table()
             .row("settled", id)
             .row("proof", fmt::format("accepted by {}", verifier))
             .row("earned", market::format_amount(settled.earned))
             .row("pass", fmt::format("{}: {} calls and {} left", pass.id, pass.calls_left,
                                      market::format_amount(pass.escrow)))
             .row("transaction", tx_text(settled.receipt))
             .row("time", human_ms(watch.ms()))
             .text());
    return {};
}

/// The wallet that signed a settled request takes its answer as a token.
Status mint(const App& app, const SettleArgs& args) {
    MINTMARK_TRY(const KnownRequest known, find_request(app, args.request));
    MINTMARK_TRY(worker::ProofFile proof, worker::ProofFile::read(args.proof));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const market::Settlement answer{known.stored.request, known.stored.signature,
                                    std::move(proof.instances), std::move(proof.proof)};
    MINTMARK_TRY(const market::AnswerToken minted, market::mint_answer(market, key, answer));
    MINTMARK_TRY(const bool is_valid, market::verify_answer(market, answer));
    MINTMARK_TRY(const Address owner, market::answer_owner(market, answer.request));
    report_tx(app,
              {{"request", known.id},
               {"token", to_hex(minted.id)},
               {"owner", chain::to_checksum(owner)},
               {"verifies", is_valid}},
              Table()
                  .row("request", known.id)
                  .row("token", to_hex(minted.id))
                  .row("owner", chain::to_checksum(owner)),
              minted.receipt);
    return {};
}

/// A stored request, with the proof that lies beside it.
struct Due {
    std::string id;
    service::StoredRequest stored;
    market::Settlement settlement;
};

Result<std::vector<Due>> due_requests(const service::RequestStore& store,
                                      const std::vector<std::string>& names) {
    std::vector<Due> out;
    for (const std::string& name : names) {
        Due due;
        MINTMARK_TRY(due.id, store.resolve(name));
        MINTMARK_TRY(due.stored, store.get(due.id));
        MINTMARK_TRY(worker::ProofFile proof, worker::ProofFile::read(store.proof_path(due.id)));
        due.settlement = {due.stored.request, due.stored.signature, std::move(proof.instances),
                          std::move(proof.proof)};
        out.push_back(std::move(due));
    }
    return out;
}

/// Several requests of one version in one transaction: one pairing for all of their proofs.
Status settle_batch(const App& app, const std::vector<std::string>& names) {
    const service::RequestStore store(app.home);
    MINTMARK_TRY(auto dues, due_requests(store, names));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    std::vector<market::Settlement> settlements;
    for (const Due& due : dues) settlements.push_back(due.settlement);
    MINTMARK_TRY(const auto settled, market::settle_batch(market, key, settlements));
    json::Json rows = json::Json::array();
    Table table;
    for (std::size_t i = 0; i < dues.size(); ++i) {
        dues[i].stored.settled_tx = to_hex(settled.receipt.transaction_hash);
        MINTMARK_CHECK(store.put(dues[i].id, dues[i].stored));
        rows.push_back({{"request", dues[i].id}, {"earned", settled.earned[i].to_string()}});
        table.row("settled",
                  fmt::format("{} for {}", dues[i].id, market::format_amount(settled.earned[i])));
    }
    const std::uint64_t each = settled.receipt.gas_used / dues.size();
    emit(app, {{"requests", rows}, {"gas_each", each}, {"tx", tx_json(settled.receipt)}},
         table.row("proofs", "accepted by the universal verifier, together")
             .row("gas each", grouped(each))
             .row("transaction", tx_text(settled.receipt))
             .text());
    return {};
}

void add_statement_commands(CLI::App& group, App& app) {
    const auto args = std::make_shared<SignArgs>();
    CLI::App* sub =
        command(group, app, "sign", "sign a request over input words that another program made",
                [&app, args] { return sign(app, *args); });
    sub->add_option("--pass", args->options.pass, "pass id")->required();
    sub->add_option("--words", args->words, "JSON array of integers or 32-byte words")->required();
    sub->add_option("--valid", args->options.valid_s,
                    "seconds that the request may settle [86400]");
    sub->add_option("-o,--out", args->out, "write the signed request, for the node");
    const auto what = std::make_shared<StatementArgs>();
    sub = command(group, app, "statement",
                  "write an answer's context and words: what is claimed, audited or attested",
                  [&app, what] { return statement(app, *what); });
    sub->add_option("--request", what->request, "id, its first digits, or last")->required();
    sub->add_option("-o,--out", what->out, "where to write it")->required();
    sub->add_option("--srs-path", what->srs, "SRS [the deployment's]");
}

}  // namespace

Result<KnownRequest> find_request(const App& app, const std::string& text) {
    KnownRequest out;
    if (text.ends_with(".json")) {
        MINTMARK_TRY(const json::Json value, json::read(text));
        MINTMARK_TRY(out.stored, service::StoredRequest::from_json(value));
        MINTMARK_TRY(const chain::Deployment deployment,
                     chain::Deployment::read(app.deployment_path()));
        MINTMARK_TRY(const Bytes32 digest, out.stored.request.digest(deployment));
        out.id = to_hex(digest);
        return out;
    }
    const service::RequestStore store(app.home);
    MINTMARK_TRY(out.id, store.resolve(text));
    MINTMARK_TRY(out.stored, store.get(out.id));
    return out;
}

void add_request_commands(CLI::App& group, App& app) {
    command(group, app, "list", "requests of this home", [&app] { return list_requests(app); });
    add_statement_commands(group, app);
    const auto prove = std::make_shared<ProveRequestArgs>();
    CLI::App* sub = command(group, app, "prove", "prove a request's answer (the creator)",
                            [&app, prove] { return prove_request(app, *prove); });
    sub->add_option("--request", prove->request, "id, its first digits, or last")->required();
    sub->add_option("--proof-path", prove->proof, "where to write [requests/ID.proof.json]");
    sub->add_option("--srs-path", prove->srs, "SRS [the deployment's]");
    const auto what = std::make_shared<SettleArgs>();
    sub = command(group, app, "settle", "have a proof checked on-chain and the call paid",
                  [&app, what] { return settle(app, *what); });
    sub->add_option("--request", what->request,
                    "id, its first digits, last, or a file of `infer sign`")
        ->required();
    sub->add_option("--proof", what->proof, "proof [requests/ID.proof.json]");
    const auto minted = std::make_shared<SettleArgs>();
    sub = command(group, app, "mint", "take a settled answer as an ERC-7007 token (the buyer)",
                  [&app, minted] { return mint(app, *minted); });
    sub->add_option("--request", minted->request,
                    "id, its first digits, last, or a file of `infer sign`")
        ->required();
    sub->add_option("--proof", minted->proof, "the proof that settled it")->required();
    const auto names = std::make_shared<std::vector<std::string>>();
    sub = command(group, app, "settle-batch",
                  "settle several requests of one version in one transaction, for less gas each",
                  [&app, names] { return settle_batch(app, *names); });
    sub->add_option("REQUEST", *names, "ids, or their first digits; proofs: requests/ID.proof.json")
        ->required();
}

}  // namespace mintmark::app
