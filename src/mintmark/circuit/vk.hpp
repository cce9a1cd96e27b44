// The verifying key: circuit, SRS digest, commitments; its canonical bytes (protocol section 8).
#pragma once

#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/curve.hpp"

namespace mintmark {

inline constexpr std::uint8_t kProofSystemId = 5;

struct VerifyingKey {
    Circuit circuit;
    Bytes32 srs_digest = {};
    std::vector<G1Affine> w;  ///< n_w commitments to the weight chunks (blinded)
    std::vector<G1Affine> t;  ///< n_t commitments to the table outputs (unblinded)
};

/// Canonical bytes of a key whose circuit passes check_circuit (asserted).
[[nodiscard]] Bytes encode(const VerifyingKey& vk);
/// Total on any bytes; every check of sections 8 and 9. encode(*decode(b)) == b.
[[nodiscard]] Result<VerifyingKey> decode_verifying_key(ByteSpan bytes);
/// keccak256(encode(vk)), the key's identity on-chain.
[[nodiscard]] Bytes32 digest(const VerifyingKey& vk);

}  // namespace mintmark
