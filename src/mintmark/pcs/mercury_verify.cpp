#include <array>
#include <utility>

#include "mintmark/math/msm.hpp"
#include "mintmark/math/pairing.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/pcs/mercury_shape.hpp"

namespace mintmark {
namespace {

struct Challenges {
    Fr a, gamma, zeta, nu, epsilon;
};

Challenges replay(const MercuryProof& proof, Transcript& transcript) {
    Challenges c;
    c.a = mercury::after_h(transcript, proof);
    c.gamma = mercury::after_qg(transcript, proof);
    c.zeta = mercury::after_sd(transcript, proof);
    c.nu = mercury::after_evals(transcript, proof);
    c.epsilon = mercury::after_quotients(transcript, proof);
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

}  // namespace

std::optional<MercuryCheck> mercury_reduce(const G1Affine& commitment, std::span<const Fr> z,
                                           const Fr& v, const MercuryProof& proof,
                                           Transcript& transcript) {
    const mercury::Shape shape(z);
    const MercuryProof& p = proof;
    const Challenges c = replay(proof, transcript);
    if (c.zeta * p.zeta_inv != Fr::one()) return std::nullopt;

    const Fr zeta_b = mercury::pow_two_power(c.zeta, shape.mu1);
    const Fr d_z = zeta_b * p.zeta_inv * p.g_zi;
    const Fr h_a = expected_h_at_a(p, shape, c, v);
    const Fr nu2 = c.nu.square();
    const Fr nu3 = nu2 * c.nu;
    const Fr nu4 = nu2.square();
    const Fr eps = c.epsilon;
    const Fr eps2 = eps.square();
    const Fr y = p.g_z + c.nu * p.h_z + nu2 * p.g_z + nu3 * d_z + nu4 * p.s_z +
                 eps * (p.h_zi + c.nu * p.g_zi + nu2 * p.s_zi) + eps2 * h_a;

    const std::array bases = {commitment, p.q,  p.h, p.g, p.d, p.s, G1Affine::generator(),
                              p.w1,       p.w2, p.w3};
    const std::array scalars = {
        Fr::one(), c.a - zeta_b, c.nu + eps + eps2, nu2 + eps * c.nu, nu3, nu4 + eps * nu2,
        -y,        c.zeta,       eps * p.zeta_inv,  eps2 * c.a};
    return MercuryCheck{
        .a = msm(bases, scalars),
        .b = msm(std::span(bases).last<3>(), std::array{Fr::one(), eps, eps2}),
    };
}

bool mercury_holds(const MercuryCheck& check, const G2Affine& tau_g2) {
    return pairing_product_is_one(std::array{
        std::pair{check.a.to_affine(), G2Affine::generator()},
        std::pair{check.b.neg().to_affine(), tau_g2},
    });
}

bool mercury_verify(const G1Affine& commitment, std::span<const Fr> z, const Fr& v,
                    const MercuryProof& proof, const G2Affine& tau_g2, Transcript& transcript) {
    const auto check = mercury_reduce(commitment, z, v, proof, transcript);
    return check && mercury_holds(*check, tau_g2);
}

}  // namespace mintmark
