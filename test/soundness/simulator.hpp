// The simulator of docs/spec/security-proofs.md, section 7: proofs made without a witness, from the
// secret of the SRS. That it exists is what "zero-knowledge" means; that it needs tau is soundness.
#pragma once

#include "mintmark/base/rng.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/proof/instances.hpp"

namespace mintmark::testing {

/// All that a verifier knows before it sees the proof.
struct PublicStatement {
    const VerifyingKey& vk;
    const Bytes32& context;
    const Instances& instances;
};

/// The bytes of a proof of `statement`, true or false, made from [tau]_2's logarithm.
/// Straight-line: the transcript is the real one and nothing is ever rewound. With another tau the
/// proof is rejected.
[[nodiscard]] Bytes simulate(const PublicStatement& statement, const Fr& tau, Rng& rng);

/// What is opened: a commitment, and the value claimed for it at the point.
struct OpeningClaim {
    G1Affine commitment;
    std::vector<Fr> z;
    Fr value;
};
/// Mercury's part alone: an opening of any commitment to any value. The transcript must bind the
/// claim, as for mercury_open.
[[nodiscard]] MercuryProof forge_opening(const OpeningClaim& claim, const Fr& tau,
                                         Transcript& transcript, Rng& rng);

}  // namespace mintmark::testing
