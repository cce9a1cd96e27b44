// `mintmark tee`: results that an attested enclave signed.
#include <fmt/format.h>

#include "audit_commands.hpp"
#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/proof_systems.hpp"
#include "mintmark/market/tee.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::app {
namespace {

struct TeeArgs {
    std::string measurement, key, signer, statement, out, report;
    std::uint64_t words = 0, max_age = 3600, valid = 30 * 86'400;
};

Status make_key(const App& app, const TeeArgs& args) {
    market::TeeTerms terms{.input_words = args.words, .max_age_s = args.max_age};
    MINTMARK_TRY(terms.measurement, bytes32_from_hex(args.measurement));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::AdapterKeyMade made, market::deploy_tee_key(market, key, terms));
    report_tx(app, {{"key", chain::to_checksum(made.address)}},
              Table().row("key", chain::to_checksum(made.address)), made.receipt);
    return {};
}

Status attest(const App& app, const TeeArgs& args) {
    market::TeeAttestation attestation;
    MINTMARK_TRY(attestation.signer, parse_account(app, args.signer));
    MINTMARK_TRY(attestation.measurement, bytes32_from_hex(args.measurement));
    MINTMARK_TRY(const Bytes evidence, read_file(args.report));
    attestation.evidence_hash = keccak256(evidence);
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::BlockHeader block, market.client().latest_block());
    attestation.valid_until = block.timestamp + args.valid;
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::attest_signer(market, key, attestation));
    report_tx(app,
              {{"signer", chain::to_checksum(attestation.signer)},
               {"valid_until", attestation.valid_until},
               {"evidence", to_hex(attestation.evidence_hash)}},
              Table()
                  .row("signer", chain::to_checksum(attestation.signer))
                  .row("valid until", time_text(attestation.valid_until)),
              receipt);
    return {};
}

Status revoke(const App& app, const TeeArgs& args) {
    MINTMARK_TRY(const Address signer, parse_account(app, args.signer));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::revoke_signer(market, key, signer));
    report_tx(app, {{"signer", chain::to_checksum(signer)}},
              Table().row("revoked", chain::to_checksum(signer)), receipt);
    return {};
}

Status show(const App& app, const TeeArgs& args) {
    MINTMARK_TRY(const Address signer, parse_account(app, args.signer));
    MINTMARK_TRY(const Bytes32 measurement, bytes32_from_hex(args.measurement));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const std::uint64_t until,
                 market::signer_valid_until(market, signer, measurement));
    emit(app, {{"signer", chain::to_checksum(signer)}, {"valid_until", until}},
         Table()
             .row("signer", chain::to_checksum(signer))
             .row("valid until", until == 0 ? "not admitted, or revoked" : time_text(until))
             .text());
    return {};
}

Result<market::AdapterResult> result_of(const TeeArgs& args, const worker::ProofFile& file) {
    market::AdapterResult out{{}, file.context, file.instances};
    MINTMARK_TRY(out.key, chain::parse_address(args.key));
    return out;
}

Status sign(const App& app, const TeeArgs& args) {
    MINTMARK_TRY(worker::ProofFile file, worker::ProofFile::read(args.statement));
    MINTMARK_TRY(const market::AdapterResult result, result_of(args, file));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey enclave, unlock_wallet(app));
    file.protocol = market::kTeeSystem;
    MINTMARK_TRY(file.proof, market::sign_result(market, enclave, result));
    MINTMARK_CHECK(file.write(args.out));
    emit(app, {{"proof_path", args.out}, {"signer", chain::to_checksum(enclave.address())}},
         Table()
             .row("signed by", chain::to_checksum(enclave.address()))
             .row("proof", args.out)
             .text());
    return {};
}

Status check(const App& app, const TeeArgs& args) {
    MINTMARK_TRY(const worker::ProofFile file, worker::ProofFile::read(args.statement));
    MINTMARK_TRY(const market::AdapterResult result, result_of(args, file));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const bool accepted,
                 market::adapter_accepts(market, "TeeVerifier", result, file.proof));
    if (!accepted) {
        return fail(ErrorCode::kRejected, "the contract does not accept the signature",
                    "an admitted signer, this key's measurement, this statement, not too old?");
    }
    emit(app, {{"accepted", true}}, "accepted");
    return {};
}

}  // namespace

void add_tee_commands(CLI::App& root, App& app) {
    CLI::App* group =
        root.add_subcommand("tee", "results signed in an enclave; who may sign for which program");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<TeeArgs>();
    const auto measured = [&args](CLI::App* sub) {
        sub->add_option("--measurement", args->measurement, "of the enclave's program (32 bytes)")
            ->required();
        return sub;
    };
    const auto of_signer = [&args](CLI::App* sub) {
        sub->add_option("SIGNER", args->signer, "account or wallet name of the enclave's key")
            ->required();
        return sub;
    };
    CLI::App* sub = measured(command(*group, app, "key", "fix the program of a version, as its key",
                                     [&app, args] { return make_key(app, *args); }));
    sub->add_option("--input-words", args->words, "words of the input part")->required();
    sub->add_option("--max-age", args->max_age, "seconds that a result counts [3600]");
    sub = measured(of_signer(command(*group, app, "attest", "admit an enclave's key (OPERATOR)",
                                     [&app, args] { return attest(app, *args); })));
    sub->add_option("--report", args->report, "attestation report that was checked")->required();
    sub->add_option("--valid", args->valid, "seconds from now [2592000]");
    of_signer(command(*group, app, "revoke", "end an enclave's key for ever (GUARDIAN)",
                      [&app, args] { return revoke(app, *args); }));
    measured(of_signer(command(*group, app, "show", "until when an enclave's key counts",
                               [&app, args] { return show(app, *args); })));
    const auto of_statement = [&args](CLI::App* command) {
        command->add_option("STATEMENT", args->statement, "proof.json: context and instances")
            ->required();
        command->add_option("--key", args->key, "key of `mintmark tee key`")->required();
        return command;
    };
    sub = of_statement(command(*group, app, "sign", "sign a result with this wallet (the enclave)",
                               [&app, args] { return sign(app, *args); }));
    sub->add_option("-o,--out", args->out, "where to write what settles it")->required();
    of_statement(command(*group, app, "check", "ask the contract whether a signed result counts",
                         [&app, args] { return check(app, *args); }));
}

}  // namespace mintmark::app
