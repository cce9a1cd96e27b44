#include "mintmark/service/adapter_version.hpp"

#include <fmt/format.h>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/referee/claims.hpp"
#include "mintmark/service/proving.hpp"
#include "mintmark/service/refereeing.hpp"

namespace mintmark::service {
namespace {

/// The inner key that decides under a wrapped system is this circuit's.
Status check_inner(market::Market& market, const market::AdapterKeyHead& head, ByteSpan vk_bytes) {
    MINTMARK_TRY(const Address universal, market.deployment().contract("UniversalVerifier"));
    MINTMARK_TRY(const Bytes inner, market::adapter_key_bytes(market, head.inner_key));
    if (head.verifier == universal && keccak256(inner) == keccak256(vk_bytes)) return {};
    return fail(ErrorCode::kRejected, "the key's inner key is not this model's",
                "deploy the model's with `mintmark model key`");
}

Status check_system(const market::AdapterKeyHead& head, const market::VersionCommitment& version) {
    if (head.system.name != version.proof_system) {
        return fail(ErrorCode::kRejected, fmt::format("the key is of {}, not {}", head.system.name,
                                                      version.proof_system));
    }
    return {};
}

}  // namespace

Bytes32 circuit_hash(const VerifyingKey& vk, ByteSpan bytes) {
    const std::size_t commitments = 64 * (vk.w.size() + vk.t.size());
    return keccak256(bytes.first(bytes.size() - commitments));
}

Status check_adapter_key(market::Market& market, const ModelFolder& folder,
                         const market::VersionCommitment& version) {
    MINTMARK_TRY(const auto head, market::read_adapter_key(market, version.verifying_key));
    MINTMARK_CHECK(check_system(head, version));
    if (head.hash != version.vk_hash)
        return fail(ErrorCode::kRejected, "the key is not the one that was published");
    if (head.system.is_wrapped) {
        MINTMARK_TRY(const Bytes vk, read_file(folder.verifying_key()));
        return check_inner(market, head, vk);
    }
    if (head.system.name != market::kRefereeSystem) return {};
    MINTMARK_TRY(const referee::Commitments model, referee_model(folder));
    MINTMARK_TRY(const Bytes key, market::adapter_key_bytes(market, version.verifying_key));
    MINTMARK_CHECK(referee::check_key(key, model));
    return {};
}

Status use_adapter_key(market::Market& market, const ModelFolder& folder, const Address& key,
                       PublishState& state) {
    MINTMARK_TRY(const auto head, market::read_adapter_key(market, key));
    market::VersionCommitment& version = state.commitment;
    MINTMARK_CHECK(check_system(head, version));
    version.verifying_key = key;
    version.vk_hash = head.hash;
    if (head.system.is_foreign) version.circuit_hash = head.hash;
    state.is_key_deployed = true;
    return check_adapter_key(market, folder, version);
}

Status check_served_key(market::Market& market, const market::VersionCommitment& version,
                        const VerifyingKey& vk, ByteSpan bytes) {
    const auto refused = [] {
        return fail(ErrorCode::kRejected,
                    "the node serves another key than the one that is registered on-chain",
                    "do not use this node for this model");
    };
    if (version.proof_system == market::kProofSystemName) {
        if (keccak256(bytes) != version.vk_hash) return refused();
        return {};
    }
    if (circuit_hash(vk, bytes) != version.circuit_hash) return refused();
    MINTMARK_TRY(const auto head, market::read_adapter_key(market, version.verifying_key));
    if (head.system.is_wrapped && !check_inner(market, head, bytes)) return refused();
    return {};
}

bool is_input_committed(std::string_view proof_system, const Circuit& circuit) {
    return circuit.input == Visibility::kCommitted && proof_system != market::kRefereeSystem;
}

Result<std::vector<Bytes32>> request_words(std::string_view proof_system, const Circuit& circuit,
                                           const Srs& srs, std::span<const std::int64_t> input,
                                           std::span<const Fr> blinders) {
    if (proof_system != market::kRefereeSystem) return input_words(circuit, srs, input, blinders);
    const Tensor* tensor = prover::find_tensor(circuit, Column::kIn);
    if (tensor != nullptr && input.size() == prover::num_values(tensor->axes) && blinders.empty())
        return referee::instance_words(input, {});
    return fail(ErrorCode::kInvalidArgument, "the input is not of the model's size");
}

Result<worker::ProofFile> statement_of(market::Market& market, const std::filesystem::path& home,
                                       const std::filesystem::path& srs,
                                       const StoredRequest& request) {
    MINTMARK_TRY(const ModelFolder folder,
                 ModelFolder::find(home, market.deployment().chain_id, request.request.version));
    MINTMARK_TRY(const PublishState state, folder.state());
    MINTMARK_TRY(const VerifyingKey vk, worker::read_verifying_key(folder.verifying_key()));
    const std::string& system = state.commitment.proof_system;
    if (vk.circuit.output != Visibility::kPublic) {
        return fail(ErrorCode::kUnsupported, "the circuit hides its output: only a proof states it",
                    "prove the request with `mintmark infer prove`");
    }
    if (request.output.empty()) return fail(ErrorCode::kNotFound, "the request has no answer yet");
    MINTMARK_TRY(const Srs loaded, worker::load_srs(srs, vk.circuit.mu));
    worker::ProofFile out;
    out.protocol = system;
    out.vk_digest = digest(vk);
    MINTMARK_TRY(out.context, market::proof_context(market, request.request));
    MINTMARK_TRY(out.instances,
                 request_words(system, vk.circuit, loaded, request.input, request.blinders));
    for (const std::int64_t value : request.output)
        out.instances.push_back(Bytes32(Fr::from_i64(value).to_bytes()));
    return out;
}

}  // namespace mintmark::service
