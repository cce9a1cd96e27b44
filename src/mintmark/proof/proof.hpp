// A proof and its bytes (protocol section 7).
#pragma once

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/math/curve.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/pcs/mercury.hpp"

namespace mintmark {

/// Masked values at the point of the product sumcheck, in the order of the bytes.
struct ProductEvals {
    Fr h = Fr::zero();                        ///< of H(r^(nu))
    Fr q = Fr::zero();                        ///< of (F + beta G)(r^(nu))
    Fr ht = Fr::zero();                       ///< of HT(r^(kappa))
    Fr t = Fr::zero();                        ///< T(r^(kappa)), public
    std::vector<std::pair<Fr, Fr>> products;  ///< of (A_i, B_i)(r), product terms in order
};

struct Proof {
    std::vector<G1Affine> f, g, m;                  ///< n_f, n_g, n_t commitments
    G1Affine z, r;                                  ///< of the masks
    std::vector<G1Affine> h, ht;                    ///< n_f, n_t
    Fr sum = Fr::zero();                            ///< c
    std::vector<std::array<Fr, 3>> product_rounds;  ///< c0, c2, c3; N - 1 rounds
    std::array<Fr, 5> last_product_round{};         ///< c0, c2, c3, c4, c5
    ProductEvals evals;
    std::vector<std::array<Fr, 2>> merge_rounds;  ///< c0, c2
    MercuryProof opening;
};

/// Length of every proof for a circuit, in bytes.
[[nodiscard]] std::size_t proof_size(const Circuit& circuit) noexcept;
/// The bytes; vectors must have the lengths that the circuit gives (proof_size).
[[nodiscard]] Bytes encode(const Proof& proof);
/// Total: exact length, canonical scalars, points on the curve, those of the masks not at
/// infinity; kMalformed otherwise.
[[nodiscard]] Result<Proof> decode_proof(const VerifyingKey& vk, ByteSpan bytes);

/// The evaluations as absorbed and encoded: h, q, ht, t, a_1, b_1, ...
[[nodiscard]] std::vector<Fr> to_scalars(const ProductEvals& evals);

}  // namespace mintmark
