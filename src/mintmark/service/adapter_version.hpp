// Versions under another proof system than our own: the key, and what a request and an answer are
// as its words (docs/spec/contracts.md §17).
#pragma once

#include <span>
#include <string_view>

#include "mintmark/market/proof_systems.hpp"
#include "mintmark/proof/instances.hpp"
#include "mintmark/service/model_folder.hpp"
#include "mintmark/service/request_store.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::service {

/// Keccak-256 of the key's bytes before its commitments: what is computed, without the weights.
[[nodiscard]] Bytes32 circuit_hash(const VerifyingKey& vk, ByteSpan bytes);

/// kRejected unless the key is of this system and of this folder's model: a wrapped system's inner
/// key is vk.key under the universal verifier, a referee's roots are the model's. A key of a
/// foreign system or of an enclave names a program that is not here: only its system is checked.
[[nodiscard]] Status check_adapter_key(market::Market& market, const ModelFolder& folder,
                                       const market::VersionCommitment& version);

/// Fills the version's verifier, key, hash and (foreign systems) circuit hash from an adapter's
/// key.
[[nodiscard]] Status use_adapter_key(market::Market& market, const ModelFolder& folder,
                                     const Address& key, PublishState& state);

/// Is this circuit's key the one that the registered version stands for? kRejected if not.
[[nodiscard]] Status check_served_key(market::Market& market,
                                      const market::VersionCommitment& version,
                                      const VerifyingKey& vk, ByteSpan bytes);

/// Does a request under this system carry a commitment to its input, not the input?
[[nodiscard]] bool is_input_committed(std::string_view proof_system, const Circuit& circuit);

/// Input words of a request: commitments or field elements as the circuit says; under the referee
/// always the integers. kInvalidArgument for wrong sizes.
[[nodiscard]] Result<std::vector<Bytes32>> request_words(std::string_view proof_system,
                                                         const Circuit& circuit, const Srs& srs,
                                                         std::span<const std::int64_t> input,
                                                         std::span<const Fr> blinders);

/// Context and instances of an answered request, without a proof: what a bond, a batch or an
/// enclave's signature stands for. kUnsupported when the circuit hides its output.
[[nodiscard]] Result<worker::ProofFile> statement_of(market::Market& market,
                                                     const std::filesystem::path& home,
                                                     const std::filesystem::path& srs,
                                                     const StoredRequest& request);

}  // namespace mintmark::service
