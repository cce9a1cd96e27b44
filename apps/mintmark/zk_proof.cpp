// setup, gen-witness, mock, prove, verify.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/prover/mock.hpp"
#include "mintmark/prover/witness.hpp"
#include "prove_request.hpp"
#include "zk_flags.hpp"

namespace mintmark::app {
namespace {

Status setup(const App& app, const ZkFlags& flags) {
    warn_ignored(app, flags);
    MINTMARK_TRY(const worker::CompiledModel model, worker::CompiledModel::read(flags.compiled));
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    MINTMARK_TRY(const Srs srs, worker::load_srs(flags.srs, compiled.circuit.mu));
    if (srs.insecure) notice(app, "the SRS is insecure: for development only");
    Bytes32 seed = {};
    if (!model.exposure.public_weights) system_rng().fill(seed);
    const Stopwatch watch;
    MINTMARK_TRY(prover::ProvingKey key,
                 prover::setup(compiled.circuit, compiled.weights, srs, seed));
    const double ms = watch.ms();
    const Bytes vk = encode(key.vk);
    const worker::KeyFile file{.seed = seed, .vk = std::move(key.vk)};
    MINTMARK_CHECK(write_file(flags.vk, vk));
    MINTMARK_CHECK(file.write(flags.pk));
    emit(app,
         {{"vk_path", flags.vk},
          {"pk_path", flags.pk},
          {"vk_bytes", vk.size()},
          {"vk_digest", to_hex(keccak256(vk))},
          {"setup_ms", ms}},
         Table()
             .row("verifying key", fmt::format("{} ({})", flags.vk, human_bytes(vk.size())))
             .row("key digest", to_hex(keccak256(vk)))
             .row("proving key", flags.pk + (model.exposure.public_weights
                                                 ? " (weights are public: its seed is zero)"
                                                 : " (secret: it holds the blinding seed)"))
             .row("time", human_ms(ms))
             .text());
    return {};
}

Status gen_witness(const App& app, const ZkFlags& flags) {
    MINTMARK_TRY(const worker::CompiledModel model, worker::CompiledModel::read(flags.compiled));
    MINTMARK_TRY(const std::string text, read_text(flags.data));
    MINTMARK_TRY(const model::InputFile file, model::read_input_json(text));
    MINTMARK_TRY(const model::Sample sample, worker::first_sample(model, file));
    MINTMARK_TRY(const worker::WitnessFile witness, worker::run_model(model, sample, system_rng()));
    const std::string path = flags.output.empty() ? flags.witness : flags.output;
    MINTMARK_CHECK(witness.write(path));
    Table table;
    table.row("witness", path + " (secret)");
    for (std::size_t p = 0; p < witness.output_values.size(); ++p) {
        const auto& values = witness.output_values[p];
        const std::size_t shown = std::min<std::size_t>(values.size(), 12);
        table.row(model.graph.output_ports[p].name,
                  fmt::format("{:.4f}{}",
                              fmt::join(values.begin(),
                                        values.begin() + static_cast<std::ptrdiff_t>(shown), "  "),
                              shown < values.size() ? "  …" : ""));
    }
    emit(app, {{"witness", path}, {"output", witness.output_values}}, table.text());
    return {};
}

Status mock(const App& app, const ZkFlags& flags) {
    MINTMARK_TRY(const worker::CompiledModel model, worker::CompiledModel::read(flags.compiled));
    MINTMARK_TRY(const worker::WitnessFile witness, worker::WitnessFile::read(flags.witness));
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    MINTMARK_TRY(const prover::Witness trace,
                 prover::fill_witness(compiled.circuit, compiled.weights, witness.input));
    MINTMARK_CHECK(prover::mock(compiled.circuit, compiled.weights, trace));
    if (trace.output != witness.output) {
        return fail(ErrorCode::kRejected, "the circuit's output differs from the witness's",
                    "make the witness again with: mintmark zk gen-witness");
    }
    emit(app, {{"ok", true}, {"steps", compiled.circuit.steps.size()}},
         fmt::format("ok: {} steps and every look-up hold", compiled.circuit.steps.size()));
    return {};
}

Result<Bytes32> context_of(const ZkFlags& flags) {
    if (flags.context.empty()) return Bytes32{};
    return bytes32_from_hex(flags.context);
}

Status prove(const App& app, const ZkFlags& flags) {
    warn_ignored(app, flags);
    if (!flags.request.empty()) {
        const bool is_default_srs = flags.srs == ZkFlags().srs;
        return prove_request(app, {flags.request, flags.proof, is_default_srs ? "" : flags.srs});
    }
    MINTMARK_TRY(const Bytes32 context, context_of(flags));
    MINTMARK_TRY(worker::CompiledModel model, worker::CompiledModel::read(flags.compiled));
    MINTMARK_TRY(const worker::KeyFile key, worker::KeyFile::read(flags.pk));
    MINTMARK_TRY(const worker::WitnessFile witness, worker::WitnessFile::read(flags.witness));
    MINTMARK_TRY(const Srs srs, worker::load_srs(flags.srs, key.vk.circuit.mu));
    const Stopwatch watch;
    MINTMARK_TRY(const worker::ProofFile proof,
                 worker::prove_file(std::move(model), key, srs, witness, context, system_rng()));
    const double ms = watch.ms();
    MINTMARK_CHECK(proof.write(flags.proof));
    emit(app, {{"proof_path", flags.proof}, {"proof_bytes", proof.proof.size()}, {"prove_ms", ms}},
         Table()
             .row("proof", fmt::format("{} ({})", flags.proof, human_bytes(proof.proof.size())))
             .row("time", human_ms(ms) + " (witness, proof and check)")
             .text());
    return {};
}

Status verify(const App& app, const ZkFlags& flags) {
    MINTMARK_TRY(const worker::ProofFile proof, worker::ProofFile::read(flags.proof));
    MINTMARK_TRY(const VerifyingKey vk, worker::read_verifying_key(flags.vk));
    MINTMARK_TRY(const Srs srs, worker::load_verifier_srs(flags.srs, vk.srs_digest));
    const Stopwatch watch;
    MINTMARK_CHECK(worker::verify_file(vk, srs, proof));
    const double ms = watch.ms();
    emit(app, {{"verified", true}, {"verify_ms", ms}}, fmt::format("verified in {}", human_ms(ms)));
    return {};
}

}  // namespace

void add_zk_proof_commands(CLI::App& zk, App& app) {
    const auto flags = std::make_shared<ZkFlags>();
    CLI::App* sub = command(zk, app, "setup", "commit the weights, write vk.key and pk.key",
                            [&app, flags] { return setup(app, *flags); });
    sub->add_option("-M,--compiled-circuit", flags->compiled, "compiled model");
    sub->add_option("--srs-path", flags->srs, "SRS file");
    sub->add_option("--vk-path", flags->vk, "verifying key to write");
    sub->add_option("--pk-path", flags->pk, "proving key to write");
    add_ignored_logrows(*sub, *flags);

    sub = command(zk, app, "gen-witness", "run the model on an input",
                  [&app, flags] { return gen_witness(app, *flags); });
    sub->add_option("-D,--data", flags->data, "input.json");
    sub->add_option("-M,--compiled-circuit", flags->compiled, "compiled model");
    sub->add_option("-O,--output,-W,--witness", flags->witness, "witness to write");

    sub = command(zk, app, "mock", "check the circuit on a witness without cryptography",
                  [&app, flags] { return mock(app, *flags); });
    sub->add_option("-W,--witness", flags->witness, "witness");
    sub->add_option("-M,--compiled-circuit", flags->compiled, "compiled model");

    sub =
        command(zk, app, "prove", "prove a witness", [&app, flags] { return prove(app, *flags); });
    sub->add_option("-W,--witness", flags->witness, "witness");
    sub->add_option("-M,--compiled-circuit", flags->compiled, "compiled model");
    sub->add_option("--pk-path", flags->pk, "proving key");
    sub->add_option("--proof-path", flags->proof, "proof to write");
    sub->add_option("--srs-path", flags->srs, "SRS file");
    sub->add_option("--request", flags->request,
                    "instead of a witness: a request of the node, by its id or 'last'");
    sub->add_option("--context", flags->context, "32 bytes (hex) that the proof is bound to");
    add_ignored_logrows(*sub, *flags);

    sub =
        command(zk, app, "verify", "check a proof", [&app, flags] { return verify(app, *flags); });
    sub->add_option("--proof-path", flags->proof, "proof");
    sub->add_option("-S,--settings-path", flags->settings, "accepted for ezkl's sake, not needed");
    sub->add_option("--vk-path", flags->vk, "verifying key");
    sub->add_option("--srs-path", flags->srs, "SRS file");
    add_ignored_logrows(*sub, *flags);
}

}  // namespace mintmark::app
