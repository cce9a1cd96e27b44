// What mercury_open and mercury_verify share: how a point is split, and the transcript's order.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "mintmark/math/field.hpp"
#include "mintmark/pcs/mercury.hpp"

namespace mintmark::mercury {

/// mu1, log2 of the number b of columns.
[[nodiscard]] constexpr std::size_t num_low_vars(std::size_t mu) noexcept {
    return (mu + 1) / 2;
}

/// mu1 = ceil(mu/2) low variables (columns, b = 2^mu1 of them), mu2 = mu - mu1 high ones (rows).
struct Shape {
    std::size_t mu1;
    std::span<const Fr> u1;
    std::span<const Fr> u2;

    explicit Shape(std::span<const Fr> z) noexcept
        : mu1(num_low_vars(z.size())), u1(z.first(mu1)), u2(z.subspan(mu1)) {}
};

/// P_u(x) = prod_i (1 - u_i + u_i x^(2^i)), whose coefficients are eq(u, .).
[[nodiscard]] inline Fr eval_p(std::span<const Fr> u, Fr x) noexcept {
    Fr product = Fr::one();
    for (const Fr& u_i : u) {
        product *= Fr::one() - u_i + u_i * x;
        x = x.square();
    }
    return product;
}

/// x^(2^n).
[[nodiscard]] inline Fr pow_two_power(Fr x, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) x = x.square();
    return x;
}

// One function per message: absorbs it and draws the challenge that follows.
[[nodiscard]] inline Fr after_h(Transcript& transcript, const MercuryProof& proof) {
    transcript.absorb_points("m.h", std::array{proof.h});
    return transcript.challenge("m.a");
}
[[nodiscard]] inline Fr after_qg(Transcript& transcript, const MercuryProof& proof) {
    transcript.absorb_points("m.qg", std::array{proof.q, proof.g});
    return transcript.challenge("m.gamma");
}
[[nodiscard]] inline Fr after_sd(Transcript& transcript, const MercuryProof& proof) {
    transcript.absorb_points("m.sd", std::array{proof.s, proof.d});
    return transcript.challenge("m.zeta");
}
[[nodiscard]] inline Fr after_evals(Transcript& transcript, const MercuryProof& proof) {
    transcript.absorb_fr("m.ev", std::array{proof.zeta_inv, proof.g_z, proof.g_zi, proof.h_z,
                                            proof.h_zi, proof.s_z, proof.s_zi});
    return transcript.challenge("m.nu");
}
[[nodiscard]] inline Fr after_w(Transcript& transcript, const MercuryProof& proof) {
    transcript.absorb_points("m.w", std::array{proof.w});
    return transcript.challenge("m.y");
}
/// The last message; what follows in the transcript of a batch hangs on it.
inline void finish(Transcript& transcript, const MercuryProof& proof) {
    transcript.absorb_points("m.wy", std::array{proof.w_y});
}

/// The points of the openings, zeta, 1/zeta and a, seen from each other and from y.
struct Distances {
    Fr between;      ///< zeta - 1/zeta
    Fr a_z, a_zi;    ///< a - zeta, a - 1/zeta
    Fr y_z, y_zi;    ///< y - zeta, y - 1/zeta
    Fr y_a;          ///< y - a
    Fr denominator;  ///< product of the first three: what makes interpolation free of division

    Distances(const Fr& a, const Fr& zeta, const Fr& zeta_inv, const Fr& y) noexcept
        : between(zeta - zeta_inv),
          a_z(a - zeta),
          a_zi(a - zeta_inv),
          y_z(y - zeta),
          y_zi(y - zeta_inv),
          y_a(y - a),
          denominator(between * a_z * a_zi) {}
};

/// What h, g, S, d and W are multiplied by in the last quotient's dividend (section 6, step 6).
struct Weights {
    Fr h, g, s, d, w;

    Weights(const Distances& at, const Fr& nu) noexcept
        : h(at.denominator * nu),
          g(h * nu * at.y_a),
          s(g * nu),
          d(s * nu * at.y_zi),
          w(-(at.denominator * at.y_z * at.y_zi * at.y_a)) {}
};

}  // namespace mintmark::mercury
