// The creator's side of a stored request: its proof.
#pragma once

#include <string>

#include "mintmark/service/model_folder.hpp"
#include "mintmark/service/request_store.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::service {

struct ProveOptions {
    std::filesystem::path home = {};  ///< the creator's: models and requests
    std::filesystem::path srs = {};
    std::string request_id;
};

struct ProvedRequest {
    worker::ProofFile proof;
    double load_ms = 0;   ///< reading model, key and SRS
    double prove_ms = 0;  ///< witness, proof and check
};

/// Proves a stored request under its on-chain context. kNotFound when this home does not hold the
/// model, kRejected when the stored answer is not the model's.
[[nodiscard]] Result<ProvedRequest> prove_request(market::Market& market,
                                                  const ProveOptions& options);

/// The input part of the instances: commitments under the blinders, or the values.
[[nodiscard]] Result<std::vector<Bytes32>> input_words(const Circuit& circuit, const Srs& srs,
                                                       std::span<const std::int64_t> input,
                                                       std::span<const Fr> blinders);

}  // namespace mintmark::service
