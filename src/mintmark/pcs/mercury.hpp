// Mercury: opening of a multilinear polynomial, committed with univariate KZG, at one point, with a
// proof of constant size and O(m) prover time outside of the multi-scalar multiplications (ePrint
// 2025/385; here the division is checked by a pairing with [tau^b]_2, and the small polynomials are
// opened together as in ePrint 2020/081, section 4: docs/spec/protocol.md, section 6).
//
//   f      the univariate polynomial whose first m = 2^mu coefficients are the lanes
//   z      the point, z[0] belongs to the lowest bit of the lane's index
//   v      the claimed value sum_{x<m} f_x eq(z, x)
//
// Coefficients from X^m on (blinders, masks) do not enter the value.
#pragma once

#include <optional>
#include <span>

#include "mintmark/math/curve.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark {

/// 7 points and 7 scalars, 672 bytes on the wire.
struct MercuryProof {
    G1Affine h, q, g, s, d;  ///< commitments of the polynomials of section 6
    G1Affine w, w_y;         ///< quotients: of all openings, and of what is left at y
    Fr zeta_inv;             ///< 1/zeta, so that the EVM need not invert
    Fr g_z, g_zi;            ///< g at zeta and 1/zeta
    Fr h_z, h_zi;            ///< h at zeta and 1/zeta
    Fr s_z, s_zi;            ///< S at zeta and 1/zeta

    friend bool operator==(const MercuryProof&, const MercuryProof&) = default;
};

/// Opens f at z. f has at least m = 2^z.size() coefficients and no more than the SRS has points
/// (asserted); usually m + 1, the last being the combined blinder. The transcript must already bind
/// the commitment, z and the value, which the prover itself does not need. Cost: one multi-scalar
/// multiplication of f.size() points, O(f.size()) field operations, the rest O(sqrt(m) log m).
[[nodiscard]] MercuryProof mercury_open(const Srs& srs, std::span<const Fr> f,
                                        std::span<const Fr> z, Transcript& transcript);

/// True iff the proof shows that `commitment` opens to v at z; total on any proof and any z.
/// Points of the proof must be on the curve (their decoder checks it). False without the power of
/// tau that z.size() needs. Cost: one multi-scalar multiplication of 9 points and one product of
/// three pairings.
[[nodiscard]] bool mercury_verify(const G1Affine& commitment, std::span<const Fr> z, const Fr& v,
                                  const MercuryProof& proof, const TauPowers& tau,
                                  Transcript& transcript);

/// The opening's last check, e(a, [1]_2) = e(b, [tau]_2) e(q, [tau^b]_2). Several openings of
/// polynomials of one size are checked as one by adding a, b and q of each, times random numbers
/// drawn after all of them (section 6a).
struct MercuryCheck {
    G1 a, b, q;

    void add_scaled(const MercuryCheck& other, const Fr& scale);
};
/// mercury_verify up to the pairings; nothing if a scalar condition fails already.
[[nodiscard]] std::optional<MercuryCheck> mercury_reduce(const G1Affine& commitment,
                                                         std::span<const Fr> z, const Fr& v,
                                                         const MercuryProof& proof,
                                                         Transcript& transcript);
/// `num_vars`: z.size() of the openings. False without the power of tau that it needs.
[[nodiscard]] bool mercury_holds(const MercuryCheck& check, std::size_t num_vars,
                                 const TauPowers& tau);

}  // namespace mintmark
