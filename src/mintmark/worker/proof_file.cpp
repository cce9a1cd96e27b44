#include "mintmark/worker/proof_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/file.hpp"
#include "mintmark/base/memory.hpp"
#include "mintmark/prover/memory.hpp"
#include "mintmark/prover/witness.hpp"
#include "mintmark/verifier/verifier.hpp"
#include "mintmark/worker/hint.hpp"

namespace mintmark::worker {
namespace {

constexpr std::string_view kProtocol = "mintmark-flat-v5";

json::Json fr_list(const std::vector<Fr>& values) {
    json::Json out = json::Json::array();
    for (const Fr& v : values) out.push_back(to_hex(v.to_bytes()));
    return out;
}

Result<std::vector<Fr>> read_fr_list(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const json::Json list, json::get_array(value, key));
    std::vector<Fr> out;
    for (const json::Json& entry : list) {
        if (!entry.is_string()) return fail(ErrorCode::kMalformed, fmt::format("{}: no hex", key));
        MINTMARK_TRY(const Bytes32 bytes, bytes32_from_hex(entry.get<std::string>()));
        const auto fr = Fr::from_bytes(bytes);
        if (!fr) return fail(ErrorCode::kMalformed, fmt::format("{}: not a field element", key));
        out.push_back(*fr);
    }
    return out;
}

Result<std::vector<std::int64_t>> read_ints(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const json::Json list, json::get_array(value, key));
    std::vector<std::int64_t> out;
    for (const json::Json& entry : list) {
        if (!entry.is_number_integer()) {
            return fail(ErrorCode::kMalformed, fmt::format("{}: not an integer", key));
        }
        out.push_back(entry.get<std::int64_t>());
    }
    return out;
}

/// False where it is not there: files of before there were private parts.
Result<bool> read_flag(const json::Json& value, std::string_view key) {
    const json::Json* flag = json::find(value, key);
    if (flag == nullptr) return false;
    if (!flag->is_boolean()) return fail(ErrorCode::kMalformed, fmt::format("{}: not a flag", key));
    return flag->get<bool>();
}

/// The witness's blinders, and fresh ones for what is private; kInvalidArgument.
Result<prover::Openings> openings_of(const Circuit& circuit, const WitnessFile& witness, Rng& rng) {
    prover::Openings fresh = prover::random_openings(circuit, rng);
    prover::Openings out = witness.openings;
    const bool is_odd = (witness.private_input && !out.input.empty()) ||
                        (witness.private_output && !out.output.empty());
    if (witness.private_input) out.input = std::move(fresh.input);
    if (witness.private_output) out.output = std::move(fresh.output);
    if (is_odd || out.input.size() != circuit.n_in || out.output.size() != circuit.n_out)
        return fail(ErrorCode::kInvalidArgument, "the witness has a wrong number of blinders");
    return out;
}

Result<Bytes> hex_member(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(value, key));
    return from_hex(text);
}

Result<Bytes32> word_member(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(value, key));
    return bytes32_from_hex(text);
}

}  // namespace

json::Json WitnessFile::to_json() const {
    return {{"mintmark_witness", 1},
            {"input", input},
            {"output", output},
            {"output_values", output_values},
            {"input_blinders", fr_list(openings.input)},
            {"output_blinders", fr_list(openings.output)},
            {"private_input", private_input},
            {"private_output", private_output}};
}

Result<WitnessFile> WitnessFile::from_json(const json::Json& value) {
    if (!json::get_u64(value, "mintmark_witness")) {
        return fail(ErrorCode::kMalformed, "not a Mintmark witness file",
                    "write one with: mintmark zk gen-witness");
    }
    WitnessFile out;
    MINTMARK_TRY(out.input, read_ints(value, "input"));
    MINTMARK_TRY(out.output, read_ints(value, "output"));
    MINTMARK_TRY(out.openings.input, read_fr_list(value, "input_blinders"));
    MINTMARK_TRY(out.openings.output, read_fr_list(value, "output_blinders"));
    MINTMARK_TRY(out.private_input, read_flag(value, "private_input"));
    MINTMARK_TRY(out.private_output, read_flag(value, "private_output"));
    return out;
}

Result<WitnessFile> WitnessFile::read(const std::filesystem::path& path) {
    const Result<json::Json> value = json::read(path);
    if (!value) return made_by(value.error(), "mintmark zk gen-witness");
    return from_json(*value);
}

Status WitnessFile::write(const std::filesystem::path& path) const {
    return write_text(path, json::compact(to_json()) + "\n", FileMode::kSecret);
}

json::Json ProofFile::to_json() const {
    json::Json words = json::Json::array();
    for (const Bytes32& word : instances) words.push_back(to_hex(word));
    json::Json out = {{"protocol", protocol},
                      {"vk_digest", to_hex(vk_digest)},
                      {"context", to_hex(context)},
                      {"instances", std::move(words)},
                      {"proof", to_hex(proof)}};
    if (protocol != kProtocol) return out;
    out["proof_system"] = kProofSystemId;
    out["zero_knowledge"] = true;
    return out;
}

Result<ProofFile> ProofFile::from_json(const json::Json& value) {
    ProofFile out;
    MINTMARK_TRY(out.protocol, json::get_string(value, "protocol"));
    MINTMARK_TRY(out.vk_digest, word_member(value, "vk_digest"));
    MINTMARK_TRY(out.context, word_member(value, "context"));
    MINTMARK_TRY(out.proof, hex_member(value, "proof"));
    MINTMARK_TRY(const json::Json words, json::get_array(value, "instances"));
    for (const json::Json& word : words) {
        if (!word.is_string()) return fail(ErrorCode::kMalformed, "instances: not hex");
        MINTMARK_TRY(const Bytes32 bytes, bytes32_from_hex(word.get<std::string>()));
        out.instances.push_back(bytes);
    }
    return out;
}

Result<ProofFile> ProofFile::read(const std::filesystem::path& path) {
    const Result<json::Json> value = json::read(path, std::uint64_t{1} << 26U);
    if (!value) return made_by(value.error(), "mintmark zk prove");
    return from_json(*value);
}

Status ProofFile::write(const std::filesystem::path& path) const {
    return json::write(path, to_json());
}

Result<WitnessFile> run_model(const CompiledModel& model, std::vector<std::int64_t> input,
                              prover::Openings openings) {
    WitnessFile out;
    MINTMARK_TRY(out.output, model::execute(model.graph, input));
    out.input = std::move(input);
    out.output_values = model::dequantise_output(model.graph, out.output);
    out.openings = std::move(openings);
    return out;
}

Result<WitnessFile> run_model(const CompiledModel& model, const model::Sample& sample, Rng& rng) {
    MINTMARK_TRY(std::vector<std::int64_t> input, model::quantise_input(model.graph, sample));
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    prover::Openings openings = prover::random_openings(compiled.circuit, rng);
    if (model.exposure.private_input) openings.input.clear();
    if (model.exposure.private_output) openings.output.clear();
    MINTMARK_TRY(WitnessFile out, run_model(model, std::move(input), std::move(openings)));
    out.private_input = model.exposure.private_input;
    out.private_output = model.exposure.private_output;
    return out;
}

Result<ProofFile> prove_file(CompiledModel model, const KeyFile& key, const Srs& srs,
                             const WitnessFile& witness, const Bytes32& context, Rng& rng) {
    MINTMARK_TRY(const prover::ProvingKey pk, proving_key(model, key));
    model = {};
    const Circuit& circuit = pk.vk.circuit;
    MINTMARK_CHECK(check_memory("this proof", prover::memory_needed(circuit)));
    MINTMARK_TRY(prover::Witness trace, prover::fill_witness(circuit, pk.weights, witness.input));
    if (trace.output != witness.output) {
        return fail(ErrorCode::kRejected, "the witness is not a run of this model",
                    "make it again with: mintmark zk gen-witness");
    }
    MINTMARK_TRY(const prover::Openings openings, openings_of(circuit, witness, rng));
    const prover::Statement statement{
        .context = context,
        .instances = prover::make_instances(circuit, srs, trace, openings),
        .openings = openings};
    ProofFile out{.vk_digest = digest(pk.vk),
                  .context = context,
                  .instances = to_words(statement.instances),
                  .proof = {}};
    MINTMARK_TRY(out.proof, prover::prove(pk, srs, statement, std::move(trace), rng));
    MINTMARK_CHECK(verify_file(pk.vk, srs, out));
    return out;
}

Status verify_file(const VerifyingKey& vk, const Srs& srs, const ProofFile& file) {
    if (file.protocol != kProtocol) {
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("a proof of '{}' is checked by its contract, not here", file.protocol));
    }
    if (digest(vk) != file.vk_digest) {
        return fail(ErrorCode::kRejected, "the proof is of another verifying key");
    }
    MINTMARK_TRY(const Instances instances, instances_from_words(vk.circuit, file.instances));
    return verify(vk, srs.tau, file.context, instances, file.proof);
}

}  // namespace mintmark::worker
