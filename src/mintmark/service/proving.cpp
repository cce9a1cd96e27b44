#include "mintmark/service/proving.hpp"

#include <fmt/format.h>

#include <chrono>

namespace mintmark::service {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

Result<std::vector<Bytes32>> input_words(const Circuit& circuit, const Srs& srs,
                                         std::span<const std::int64_t> input,
                                         std::span<const Fr> blinders) {
    const Tensor* tensor = prover::find_tensor(circuit, Column::kIn);
    if (tensor == nullptr) return fail(ErrorCode::kMalformed, "the key has no input");
    if (input.size() != prover::num_values(tensor->axes) || blinders.size() != circuit.n_in) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("the input has {} values and {} blinders, the model wants {} and {}",
                        input.size(), blinders.size(), prover::num_values(tensor->axes),
                        circuit.n_in));
    }
    Instances instances;
    if (circuit.input == Visibility::kCommitted) {
        instances.input_commitments = prover::commit_box(circuit, srs, *tensor, input, blinders);
    } else {
        for (const std::int64_t value : input) instances.input.push_back(Fr::from_i64(value));
    }
    return to_words(instances);
}

Result<ProvedRequest> prove_request(market::Market& market, const ProveOptions& options) {
    const auto begin = Clock::now();
    const RequestStore store(options.home);
    MINTMARK_TRY(const StoredRequest stored, store.get(options.request_id));
    MINTMARK_TRY(
        const ModelFolder folder,
        ModelFolder::find(options.home, market.deployment().chain_id, stored.request.version));
    MINTMARK_TRY(worker::CompiledModel model, worker::CompiledModel::read(folder.compiled()));
    MINTMARK_TRY(const worker::KeyFile key, worker::KeyFile::read(folder.proving_key()));
    MINTMARK_TRY(const Srs srs, worker::load_srs(options.srs, key.vk.circuit.mu));
    MINTMARK_TRY(const Bytes32 context, market::proof_context(market, stored.request));
    ProvedRequest out;
    out.load_ms = ms_since(begin);

    const auto started = Clock::now();
    prover::Openings openings = prover::random_openings(key.vk.circuit, system_rng());
    openings.input = stored.blinders;
    MINTMARK_TRY(const worker::WitnessFile witness,
                 worker::run_model(model, stored.input, std::move(openings)));
    if (witness.output != stored.output) {
        return fail(ErrorCode::kRejected, "the stored answer is not the model's",
                    "the model's files have changed since the request was answered");
    }
    MINTMARK_TRY(out.proof,
                 worker::prove_file(std::move(model), key, srs, witness, context, system_rng()));
    out.prove_ms = ms_since(started);
    return out;
}

}  // namespace mintmark::service
