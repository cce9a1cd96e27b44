// `mintmark ezkl` and `mintmark risc-zero`: keys of versions under other provers, and their proofs.
#include <fmt/format.h>

#include "audit_commands.hpp"
#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/foreign_keys.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::app {
namespace {

struct ForeignArgs {
    market::EzklTerms ezkl;
    market::RiscZeroTerms risc_zero;
    std::string verifier, image, key, context, proof, journal, seal, out;
};

void report_key(const App& app, const market::AdapterKeyMade& made) {
    report_tx(app, {{"key", chain::to_checksum(made.address)}},
              Table().row("key", chain::to_checksum(made.address)), made.receipt);
}

Status ezkl_key(const App& app, ForeignArgs args) {
    MINTMARK_TRY(args.ezkl.verifier, chain::parse_address(args.verifier));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const auto made, market::deploy_ezkl_key(market, key, args.ezkl));
    report_key(app, made);
    return {};
}

Status risc_zero_key(const App& app, ForeignArgs args) {
    MINTMARK_TRY(args.risc_zero.verifier, chain::parse_address(args.verifier));
    MINTMARK_TRY(args.risc_zero.image_id, bytes32_from_hex(args.image));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const auto made, market::deploy_risc_zero_key(market, key, args.risc_zero));
    report_key(app, made);
    return {};
}

/// Writes what `mintmark infer settle --proof` takes, and says whether the contract accepts it.
Status write_proof(const App& app, market::Market& market, const ForeignArgs& args,
                   const market::ProofSystem& system, market::ForeignProof made) {
    worker::ProofFile file;
    file.protocol = system.name;
    MINTMARK_TRY(file.context, bytes32_from_hex(args.context));
    file.instances = std::move(made.instances);
    file.proof = std::move(made.proof);
    market::AdapterResult result{{}, file.context, file.instances};
    MINTMARK_TRY(result.key, chain::parse_address(args.key));
    const auto accepted = market::adapter_accepts(market, system.contract, result, file.proof);
    // A foreign verifier may refuse by reverting.
    const bool is_reverted = !accepted && accepted.error().code == ErrorCode::kChain;
    if (!accepted && !is_reverted) return std::unexpected(accepted.error());
    if (is_reverted || !*accepted)
        return fail(ErrorCode::kRejected, "the contract does not accept this proof",
                    is_reverted ? accepted.error().message : "");
    MINTMARK_CHECK(file.write(args.out));
    emit(app, {{"proof_path", args.out}, {"accepted", true}},
         Table().row("proof", args.out + ", accepted by " + std::string(system.contract)).text());
    return {};
}

Status ezkl_proof(const App& app, const ForeignArgs& args) {
    MINTMARK_TRY(const json::Json file, json::read(args.proof));
    MINTMARK_TRY(const Address key, chain::parse_address(args.key));
    MINTMARK_TRY(const Bytes32 context, bytes32_from_hex(args.context));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::EzklTerms terms, market::read_ezkl_key(market, key));
    MINTMARK_TRY(market::ForeignProof made, market::from_ezkl(file, terms, context));
    MINTMARK_TRY(const auto system, market::find_proof_system(market::kEzklSystem));
    return write_proof(app, market, args, system, std::move(made));
}

Status risc_zero_proof(const App& app, const ForeignArgs& args) {
    MINTMARK_TRY(const Bytes journal, read_file(args.journal));
    MINTMARK_TRY(const Bytes seal, read_file(args.seal));
    MINTMARK_TRY(const Address key, chain::parse_address(args.key));
    MINTMARK_TRY(const Bytes32 context, bytes32_from_hex(args.context));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::RiscZeroTerms terms, market::read_risc_zero_key(market, key));
    MINTMARK_TRY(market::ForeignProof made, market::from_risc_zero(journal, seal, terms, context));
    MINTMARK_TRY(const auto system, market::find_proof_system(market::kRiscZeroSystem));
    return write_proof(app, market, args, system, std::move(made));
}

void add_proof_options(CLI::App& sub, ForeignArgs& args) {
    sub.add_option("--key", args.key, "the version's key contract")->required();
    sub.add_option("--context", args.context, "the request's (`mintmark infer sign`)")->required();
    sub.add_option("-o,--out", args.out, "what `mintmark infer settle --proof` takes")->required();
}

void add_ezkl_commands(CLI::App& root, App& app, const std::shared_ptr<ForeignArgs>& args) {
    CLI::App* group = root.add_subcommand("ezkl", "sell a circuit of ezkl: its key, its proofs");
    group->require_subcommand(1);
    group->fallthrough();
    CLI::App* sub = command(*group, app, "key", "fix ezkl's verifier of a version, as its key",
                            [&app, args] { return ezkl_key(app, *args); });
    sub->add_option("--verifier", args->verifier, "ezkl's Halo2Verifier of the circuit")
        ->required();
    sub->add_option("--input-words", args->ezkl.input_words, "instances of the input part")
        ->required();
    sub->add_option("--context-at", args->ezkl.context_at,
                    "where the context stands among the instances [the circuit has none]");
    sub->add_option("--echo-at", args->ezkl.echo_at, "where the circuit puts it out again");
    sub = command(*group, app, "proof", "turn ezkl's proof.json into what settles a request",
                  [&app, args] { return ezkl_proof(app, *args); });
    sub->add_option("PROOF", args->proof, "ezkl's proof.json")->required();
    add_proof_options(*sub, *args);
}

void add_risc_zero_commands(CLI::App& root, App& app, const std::shared_ptr<ForeignArgs>& args) {
    CLI::App* group =
        root.add_subcommand("risc-zero", "sell a guest of RISC Zero: its key, its receipts");
    group->require_subcommand(1);
    group->fallthrough();
    CLI::App* sub = command(*group, app, "key", "fix the guest of a version, as its key",
                            [&app, args] { return risc_zero_key(app, *args); });
    sub->add_option("--verifier", args->verifier, "RISC Zero's verifier or router")->required();
    sub->add_option("--image-id", args->image, "the guest program's (32 bytes)")->required();
    sub->add_option("--input-words", args->risc_zero.input_words, "words of the input part")
        ->required();
    sub->add_option("--journal-bytes", args->risc_zero.journal_bytes,
                    "bytes of the journal, without the context")
        ->required();
    sub->add_flag("--bound", args->risc_zero.is_bound, "the journal begins with the context");
    sub = command(*group, app, "proof", "turn a receipt into what settles a request",
                  [&app, args] { return risc_zero_proof(app, *args); });
    sub->add_option("--journal", args->journal, "file with the journal's bytes")->required();
    sub->add_option("--seal", args->seal, "file with the seal's bytes")->required();
    add_proof_options(*sub, *args);
}

}  // namespace

void add_foreign_commands(CLI::App& root, App& app) {
    const auto args = std::make_shared<ForeignArgs>();
    add_ezkl_commands(root, app, args);
    add_risc_zero_commands(root, app, args);
}

}  // namespace mintmark::app
