// Mercury (docs/spec/protocol.md, section 6) over any field, in the exponent: a commitment is the
// polynomial's value at tau. Schoolbook arithmetic; shares no code with src/mintmark/pcs.
#pragma once

#include <array>

#include "tiny_sumcheck.hpp"

namespace mintmark::tiny {

template <class F>
struct OpeningChallenges {
    F a, gamma, zeta, nu, tau;
};

/// The numbers of an opening; those named after polynomials are values at tau.
template <class F>
struct Opening {
    F h, q, g, s, d, w1, w2, w3;
    F g_z, g_zi, h_z, h_zi, s_z, s_zi;
};

template <class F>
F power(const F& x, std::size_t n) {
    return x.pow(std::uint64_t{n});
}

template <class F>
std::vector<F> eq_coefficients(std::span<const F> u) {
    std::vector<F> out{F::one()};
    for (std::size_t i = u.size(); i-- > 0;) {
        std::vector<F> next;
        for (const F& v : out) {
            next.push_back(v * (F::one() - u[i]));
            next.push_back(v * u[i]);
        }
        out = std::move(next);
    }
    return out;
}

/// sum += factor * T, T being the powers above X^0 of p(X) e(1/X) + p(1/X) e(X), divided by X.
template <class F>
void add_symmetric(Poly<F>& sum, const Poly<F>& p, const Poly<F>& e, const F& factor) {
    if (sum.size() < std::max(p.size(), e.size())) sum.resize(std::max(p.size(), e.size()));
    for (std::size_t i = 0; i < p.size(); ++i)
        for (std::size_t j = 0; j < e.size(); ++j)
            if (i != j) sum[(i > j ? i - j : j - i) - 1] += factor * p[i] * e[j];
}

/// Everything that an honest prover sends for f at z.
template <class F>
Opening<F> open(const Poly<F>& f, std::span<const F> z, const OpeningChallenges<F>& ch) {
    const std::size_t mu1 = (z.size() + 1) / 2, b = std::size_t{1} << mu1;
    const auto e1 = eq_coefficients(z.first(mu1)), e2 = eq_coefficients(z.subspan(mu1));
    Poly<F> h((f.size() + b - 1) / b), g = f, q(f.size() - b), s;
    for (std::size_t x = 0; x < f.size(); ++x) h[x / b] += f[x] * e1[x % b];
    for (std::size_t i = q.size(); i-- > 0;) {
        q[i] = g[i + b];
        g[i] += ch.a * q[i];
    }
    g.resize(b);
    add_symmetric(s, g, e1, F::one());
    add_symmetric(s, h, e2, ch.gamma);
    const Poly<F> d(g.rbegin(), g.rend());

    Opening<F> out;
    const F zi = ch.zeta.inverse();
    out.h = eval(h, ch.tau);
    out.q = eval(q, ch.tau);
    out.g = eval(g, ch.tau);
    out.s = eval(s, ch.tau);
    out.d = eval(d, ch.tau);
    out.g_z = eval(g, ch.zeta);
    out.g_zi = eval(g, zi);
    out.h_z = eval(h, ch.zeta);
    out.h_zi = eval(h, zi);
    out.s_z = eval(s, ch.zeta);
    out.s_zi = eval(s, zi);
    const F q_factor = power(ch.zeta, b) - ch.a;
    const auto at = [&](const F& x) {  // f - (zeta^b - a) q + nu h + ...
        const Poly<F> terms{eval(f, x) - q_factor * eval(q, x), eval(h, x), eval(g, x), eval(d, x),
                            eval(s, x)};
        return eval(terms, ch.nu);
    };
    const auto at_inverse = [&](const F& x) {
        return eval(Poly<F>{eval(h, x), eval(g, x), eval(s, x)}, ch.nu);
    };
    out.w1 = (at(ch.tau) - at(ch.zeta)) * (ch.tau - ch.zeta).inverse();
    out.w2 = (at_inverse(ch.tau) - at_inverse(zi)) * (ch.tau - zi).inverse();
    out.w3 = (out.h - eval(h, ch.a)) * (ch.tau - ch.a).inverse();
    return out;
}

/// Fills in q, w1, w2, w3 as the verifier's equations demand them, for a commitment to something
/// that has the value v at z: the simulator's last step.
template <class F>
void complete(Opening<F>& o, const F& commitment, std::span<const F> z, const F& v,
              const OpeningChallenges<F>& ch) {
    const std::size_t mu1 = (z.size() + 1) / 2, b = std::size_t{1} << mu1;
    const auto e1 = eq_coefficients(z.first(mu1)), e2 = eq_coefficients(z.subspan(mu1));
    const F zi = ch.zeta.inverse(), zeta_b = power(ch.zeta, b);
    o.q = (commitment - o.g) * (power(ch.tau, b) - ch.a).inverse();
    const F h_a = F::inv2() * (o.g_z * eval(e1, zi) + o.g_zi * eval(e1, ch.zeta) +
                               ch.gamma * (o.h_z * eval(e2, zi) + o.h_zi * eval(e2, ch.zeta)) -
                               ch.zeta * o.s_z - zi * o.s_zi) -
                  ch.gamma * v;
    const Poly<F> at_tau{commitment - (zeta_b - ch.a) * o.q, o.h, o.g, o.d, o.s};
    const Poly<F> at_zeta{o.g_z, o.h_z, o.g_z, zeta_b * zi * o.g_zi, o.s_z};
    o.w1 = (eval(at_tau, ch.nu) - eval(at_zeta, ch.nu)) * (ch.tau - ch.zeta).inverse();
    const Poly<F> two_tau{o.h, o.g, o.s}, two_zi{o.h_zi, o.g_zi, o.s_zi};
    o.w2 = (eval(two_tau, ch.nu) - eval(two_zi, ch.nu)) * (ch.tau - zi).inverse();
    o.w3 = (o.h - h_a) * (ch.tau - ch.a).inverse();
}

}  // namespace mintmark::tiny
