// Results signed inside an enclave: admitted signers, signatures (docs/spec/contracts.md §17).
#pragma once

#include <cstdint>

#include "mintmark/market/adapter_keys.hpp"

namespace mintmark::market {

/// TeeVerifier.Key.
struct TeeTerms {
    std::uint64_t input_words = 0;
    Bytes32 measurement = {};     ///< of the enclave's program
    std::uint64_t max_age_s = 0;  ///< seconds that a result counts
};
[[nodiscard]] Result<AdapterKeyMade> deploy_tee_key(Market& market, const chain::PrivateKey& key,
                                                    const TeeTerms& terms);

struct TeeAttestation {
    Address signer = {};
    Bytes32 measurement = {};
    std::uint64_t valid_until = 0;  ///< seconds since 1970
    Bytes32 evidence_hash = {};     ///< of the attestation report
};
/// Role OPERATOR; kRejected for others.
[[nodiscard]] Result<chain::Receipt> attest_signer(Market& market, const chain::PrivateKey& key,
                                                   const TeeAttestation& attestation);
/// Role GUARDIAN, final.
[[nodiscard]] Result<chain::Receipt> revoke_signer(Market& market, const chain::PrivateKey& key,
                                                   const Address& signer);
/// Until when the signer's results count for this measurement; 0: not at all.
[[nodiscard]] Result<std::uint64_t> signer_valid_until(Market& market, const Address& signer,
                                                       const Bytes32& measurement);

/// What settles the result: issuedAt (8 bytes) | signature (65 bytes), by the enclave's key, dated
/// with the chain's time.
[[nodiscard]] Result<Bytes> sign_result(Market& market, const chain::PrivateKey& enclave,
                                        const AdapterResult& result);

}  // namespace mintmark::market
