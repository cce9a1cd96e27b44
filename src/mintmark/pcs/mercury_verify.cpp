#include <array>
#include <utility>

#include "mintmark/math/msm.hpp"
#include "mintmark/math/pairing.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/pcs/mercury_shape.hpp"

namespace mintmark {
namespace {

struct Challenges {
    Fr a, gamma, zeta, nu, y;
};

Challenges replay(const MercuryProof& proof, Transcript& transcript) {
    Challenges c;
    c.a = mercury::after_h(transcript, proof);
    c.gamma = mercury::after_qg(transcript, proof);
    c.zeta = mercury::after_sd(transcript, proof);
    c.nu = mercury::after_evals(transcript, proof);
    c.y = mercury::after_w(transcript, proof);
    mercury::finish(transcript, proof);
    return c;
}

/// h(a) as the constant term of the Laurent identity of step 3 demands it.
Fr expected_h_at_a(const MercuryProof& p, const mercury::Shape& shape, const Challenges& c,
                   const Fr& v) {
    const Fr g_part =
        p.g_z * mercury::eval_p(shape.u1, p.zeta_inv) + p.g_zi * mercury::eval_p(shape.u1, c.zeta);
    const Fr h_part =
        p.h_z * mercury::eval_p(shape.u2, p.zeta_inv) + p.h_zi * mercury::eval_p(shape.u2, c.zeta);
    const Fr s_part = c.zeta * p.s_z + p.zeta_inv * p.s_zi;
    return Fr::inv2() * (g_part + c.gamma * h_part - s_part) - c.gamma * v;
}

/// Sum of the polynomials' interpolants at y, weighted as the polynomials are: what the opened
/// values contribute. `h_a` and `d_z` are the values that follow from the others.
Fr interpolated(const MercuryProof& p, const mercury::Distances& at,
                const mercury::Weights& weights, const Fr& nu, const Fr& h_a, const Fr& d_z) {
    const Fr a_product = at.a_z * at.a_zi;
    const Fr h_line_y = p.h_z * at.y_zi - p.h_zi * at.y_z;  // times `between`, as all lines here
    const Fr h_line_a = p.h_z * at.a_zi - p.h_zi * at.a_z;
    const Fr h = a_product * h_line_y + at.y_z * at.y_zi * (at.between * h_a - h_line_a);
    const Fr g_and_s = (p.g_z + nu * p.s_z) * at.y_zi - (p.g_zi + nu * p.s_zi) * at.y_z;
    return nu * (h + nu * at.y_a * a_product * g_and_s) + weights.d * d_z;
}

}  // namespace

std::optional<MercuryCheck> mercury_reduce(const G1Affine& commitment, std::span<const Fr> z,
                                           const Fr& v, const MercuryProof& proof,
                                           Transcript& transcript) {
    const mercury::Shape shape(z);
    const MercuryProof& p = proof;
    const Challenges c = replay(proof, transcript);
    if (c.zeta * p.zeta_inv != Fr::one()) return std::nullopt;

    const mercury::Distances at(c.a, c.zeta, p.zeta_inv, c.y);
    const mercury::Weights weights(at, c.nu);
    const Fr d_z = mercury::pow_two_power(c.zeta, shape.mu1) * p.zeta_inv * p.g_zi;
    const Fr h_a = expected_h_at_a(p, shape, c, v);
    const Fr values = interpolated(p, at, weights, c.nu, h_a, d_z);
    const std::array bases = {commitment,           p.q, p.h, p.g, p.d, p.s, p.w, p.w_y,
                              G1Affine::generator()};
    const std::array scalars = {Fr::one(), c.a,       weights.h, weights.g - Fr::one(),
                                weights.d, weights.s, weights.w, c.y,
                                -values};
    return MercuryCheck{.a = msm(bases, scalars), .b = G1(p.w_y), .q = G1(p.q)};
}

void MercuryCheck::add_scaled(const MercuryCheck& other, const Fr& scale) {
    a += other.a.mul(scale);
    b += other.b.mul(scale);
    q += other.q.mul(scale);
}

bool mercury_holds(const MercuryCheck& check, std::size_t num_vars, const TauPowers& tau) {
    const std::size_t log_b = mercury::num_low_vars(num_vars);
    if (log_b >= tau.g2.size()) return false;
    return pairing_product_is_one(std::array{
        std::pair{check.a.neg().to_affine(), G2Affine::generator()},
        std::pair{check.b.to_affine(), tau.g2[0]},
        std::pair{check.q.to_affine(), tau.g2[log_b]},
    });
}

bool mercury_verify(const G1Affine& commitment, std::span<const Fr> z, const Fr& v,
                    const MercuryProof& proof, const TauPowers& tau, Transcript& transcript) {
    const auto check = mercury_reduce(commitment, z, v, proof, transcript);
    return check && mercury_holds(*check, z.size(), tau);
}

}  // namespace mintmark
