// Mercury (docs/spec/protocol.md, section 6) over any field, in the exponent: a commitment is the
// polynomial's value at tau. Schoolbook arithmetic; shares no code with src/mintmark/pcs.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "tiny_sumcheck.hpp"

namespace mintmark::tiny {

template <class F>
struct OpeningChallenges {
    F a, gamma, zeta, nu, y, tau;
};

/// The numbers of an opening; those named after polynomials are values at tau.
template <class F>
struct Opening {
    F h, q, g, s, d, w, w_y;
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

/// The polynomial of least degree through the points, at x.
template <class F>
F interpolate(const std::vector<std::pair<F, F>>& points, const F& x) {
    F sum = F::zero();
    for (const auto& [at, value] : points) {
        F term = value;
        for (const auto& other : points)
            if (!(other.first == at)) term *= (x - other.first) * (at - other.first).inverse();
        sum += term;
    }
    return sum;
}

/// A polynomial's value at tau, and the points that it is opened at with its values there.
template <class F>
struct Opened {
    F at_tau;
    std::vector<std::pair<F, F>> points;
};

/// Fills in the quotients w and w_y, of h, g, S and d in this order (ePrint 2020/081, section 4).
template <class F>
void fill_quotients(Opening<F>& o, const std::array<Opened<F>, 4>& all,
                    const OpeningChallenges<F>& ch) {
    const F zi = ch.zeta.inverse();
    const auto vanishing = [&](const std::vector<std::pair<F, F>>& points, const F& x) {
        F product = F::one();
        for (const auto& point : points) product *= x - point.first;
        return product;
    };
    const F everywhere_at_y = vanishing(all[0].points, ch.y);
    const F scale = (ch.zeta - zi) * (ch.a - ch.zeta) * (ch.a - zi);
    F factor = ch.nu, rest = F::zero();
    o.w = F::zero();
    for (const Opened<F>& p : all) {
        o.w += factor * (p.at_tau - interpolate(p.points, ch.tau)) *
               vanishing(p.points, ch.tau).inverse();
        F others = F::one();
        for (const auto& point : all[0].points)
            if (std::ranges::find(p.points, point.first, &std::pair<F, F>::first) == p.points.end())
                others *= ch.y - point.first;
        rest += factor * others * (p.at_tau - interpolate(p.points, ch.y));
        factor *= ch.nu;
    }
    o.w_y = scale * (rest - everywhere_at_y * o.w) * (ch.tau - ch.y).inverse();
}

/// The same of what an opening shows; h is opened first, so its points are all there are.
template <class F>
void fill_quotients(Opening<F>& o, const F& h_a, const F& d_z, const OpeningChallenges<F>& ch) {
    const F zi = ch.zeta.inverse();
    fill_quotients<F>(
        o,
        {Opened<F>{o.h, {{ch.zeta, o.h_z}, {zi, o.h_zi}, {ch.a, h_a}}},
         Opened<F>{o.g, {{ch.zeta, o.g_z}, {zi, o.g_zi}}},
         Opened<F>{o.s, {{ch.zeta, o.s_z}, {zi, o.s_zi}}}, Opened<F>{o.d, {{ch.zeta, d_z}}}},
        ch);
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
    fill_quotients<F>(out, eval(h, ch.a), eval(d, ch.zeta), ch);
    return out;
}

/// Fills in q, w, w_y as the verifier's equations demand them, for a commitment to something
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
    fill_quotients<F>(o, h_a, zeta_b * zi * o.g_zi, ch);
}

}  // namespace mintmark::tiny
