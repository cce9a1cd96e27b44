// Test only: Mercury's prover once more, from schoolbook polynomial arithmetic and the formulas of
// docs/spec/protocol.md section 6, with a hook by which a test lies. Shares no code with
// mercury_open.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark::naive {

using Poly = std::vector<Fr>;  // lowest coefficient first

inline const Srs& test_srs() {
    static const Srs srs = [] {
        SeededRng rng(20251123);
        return generate_insecure_srs(srs_points_for_chunk(4096), rng);
    }();
    return srs;
}

inline Poly random_poly(std::size_t size, Rng& rng) {
    Poly p(size);
    for (Fr& c : p) c = Fr::random(rng);
    return p;
}

inline Fr eval(const Poly& p, const Fr& x) {
    Fr sum;
    Fr power = Fr::one();
    for (const Fr& c : p) {
        sum += c * power;
        power *= x;
    }
    return sum;
}

/// sum_j p_j tau^j by single multiplications.
inline G1Affine commit(const Srs& srs, const Poly& p) {
    G1 sum;
    for (std::size_t i = 0; i < p.size(); ++i) sum += G1(srs.g1[i]).mul(p[i]);
    return sum.to_affine();
}

inline Fr eq(std::span<const Fr> u, std::size_t index) {
    Fr product = Fr::one();
    for (std::size_t i = 0; i < u.size(); ++i)
        product *= ((index >> i) & 1U) != 0 ? u[i] : Fr::one() - u[i];
    return product;
}

/// sum_{x < 2^n} f_x eq(z, x).
inline Fr multilinear(const Poly& f, std::span<const Fr> z) {
    Fr sum;
    for (std::size_t x = 0; x < std::size_t{1} << z.size(); ++x) sum += f[x] * eq(z, x);
    return sum;
}

inline Poly eq_coefficients(std::span<const Fr> u) {
    Poly p(std::size_t{1} << u.size());
    for (std::size_t i = 0; i < p.size(); ++i) p[i] = eq(u, i);
    return p;
}

inline void add_to(Poly& sum, const Poly& p, const Fr& factor) {
    if (sum.size() < p.size()) sum.resize(p.size());
    for (std::size_t i = 0; i < p.size(); ++i) sum[i] += factor * p[i];
}

/// Schoolbook division by a monic polynomial; leaves the remainder in p.
inline Poly divide(Poly& p, const Poly& monic) {
    const std::size_t degree = monic.size() - 1;
    Poly quotient(p.size() > degree ? p.size() - degree : 0);
    for (std::size_t i = quotient.size(); i-- > 0;) {
        quotient[i] = p[i + degree];
        for (std::size_t j = 0; j <= degree; ++j) p[i + j] -= quotient[i] * monic[j];
    }
    p.resize(std::min(p.size(), degree));
    return quotient;
}

/// Adds factor times the positive powers, shifted down by one, of a(X) b(1/X) + a(1/X) b(X).
inline void add_symmetric(Poly& s, const Poly& a, const Poly& b, const Fr& factor) {
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (std::size_t j = 0; j < b.size(); ++j) {
            if (i == j) continue;
            const std::size_t power = (i > j ? i - j : j - i) - 1;
            if (s.size() <= power) s.resize(power + 1);
            s[power] += factor * a[i] * b[j];
        }
    }
}

enum class Stage { kFolded, kDivided, kBatched, kEvaluated, kOpened, kLast };

/// All that the prover knows; a hook may change anything before it is committed to and sent.
struct Prover {
    Poly f, h, q, g, s, d, w;
    std::vector<Fr> u1, u2;
    Fr a, gamma, zeta, nu, y;
    MercuryProof proof;
};
using Hook = std::function<void(Stage, Prover&)>;

/// Product of X - x.
inline Poly vanishing(const std::vector<Fr>& points) {
    Poly out = {Fr::one()};
    for (const Fr& x : points) {
        Poly next(out.size() + 1);
        for (std::size_t i = 0; i < out.size(); ++i) {
            next[i + 1] += out[i];
            next[i] -= x * out[i];
        }
        out = std::move(next);
    }
    return out;
}

/// The polynomials with what they are opened at, in the order of the powers of nu from nu on.
inline std::vector<std::pair<const Poly*, std::vector<Fr>>> opened(const Prover& p) {
    const Fr zi = p.proof.zeta_inv;
    return {
        {&p.h, {p.zeta, zi, p.a}}, {&p.g, {p.zeta, zi}}, {&p.s, {p.zeta, zi}}, {&p.d, {p.zeta}}};
}

inline void quotient_of_all(Prover& p) {
    p.w.clear();
    Fr factor = p.nu;
    for (const auto& [poly, points] : opened(p)) {
        Poly rest = *poly;
        add_to(p.w, divide(rest, vanishing(points)), factor);
        factor *= p.nu;
    }
}

/// The quotient by X - y of sum nu^i Z_{T-S_i}(y) (p_i - r_i(y)) - Z_T(y) w, all times what makes
/// the verifier's interpolation free of division.
inline Poly quotient_at_y(const Prover& p) {
    const Fr zi = p.proof.zeta_inv;
    const Poly all = vanishing({p.zeta, zi, p.a});
    const Fr denominator = (p.zeta - zi) * (p.a - p.zeta) * (p.a - zi);
    Poly sum;
    Fr factor = p.nu * denominator;
    for (const auto& [poly, points] : opened(p)) {
        add_to(sum, *poly, factor * eval(all, p.y) * eval(vanishing(points), p.y).inverse());
        factor *= p.nu;
    }
    add_to(sum, p.w, -(denominator * eval(all, p.y)));
    return divide(sum, {-p.y, Fr::one()});
}

/// The steps of section 6 in order; the hook is called before each message.
inline Prover prove(
    const Srs& srs, const Poly& f, std::span<const Fr> z, Transcript& transcript,
    const Hook& hook = [](Stage, Prover&) {}) {
    Prover p;
    MercuryProof& e = p.proof;
    p.f = f;
    const auto mu1 = static_cast<std::ptrdiff_t>((z.size() + 1) / 2);
    p.u1.assign(z.begin(), z.begin() + mu1);
    p.u2.assign(z.begin() + mu1, z.end());
    const std::size_t b = std::size_t{1} << mu1;

    for (std::size_t x = 0; x < f.size(); ++x) {
        if (x % b == 0) p.h.push_back(Fr::zero());
        p.h.back() += f[x] * eq(p.u1, x % b);
    }
    hook(Stage::kFolded, p);
    e.h = commit(srs, p.h);
    transcript.absorb_points("m.h", std::vector{e.h});
    p.a = transcript.challenge("m.a");

    Poly binomial(b + 1);
    binomial[0] = -p.a;
    binomial[b] = Fr::one();
    p.g = f;
    p.q = divide(p.g, binomial);
    hook(Stage::kDivided, p);
    e.q = commit(srs, p.q);
    e.g = commit(srs, p.g);
    transcript.absorb_points("m.qg", std::vector{e.q, e.g});
    p.gamma = transcript.challenge("m.gamma");

    add_symmetric(p.s, p.g, eq_coefficients(p.u1), Fr::one());
    add_symmetric(p.s, p.h, eq_coefficients(p.u2), p.gamma);
    for (std::size_t i = 0; i < b; ++i) p.d.push_back(p.g[b - 1 - i]);
    hook(Stage::kBatched, p);
    e.s = commit(srs, p.s);
    e.d = commit(srs, p.d);
    transcript.absorb_points("m.sd", std::vector{e.s, e.d});
    p.zeta = transcript.challenge("m.zeta");

    e.zeta_inv = p.zeta.inverse();
    e.g_z = eval(p.g, p.zeta);
    e.g_zi = eval(p.g, e.zeta_inv);
    e.h_z = eval(p.h, p.zeta);
    e.h_zi = eval(p.h, e.zeta_inv);
    e.s_z = eval(p.s, p.zeta);
    e.s_zi = eval(p.s, e.zeta_inv);
    hook(Stage::kEvaluated, p);
    transcript.absorb_fr("m.ev",
                         std::vector{e.zeta_inv, e.g_z, e.g_zi, e.h_z, e.h_zi, e.s_z, e.s_zi});
    p.nu = transcript.challenge("m.nu");

    quotient_of_all(p);
    hook(Stage::kOpened, p);
    e.w = commit(srs, p.w);
    transcript.absorb_points("m.w", std::vector{e.w});
    p.y = transcript.challenge("m.y");
    e.w_y = commit(srs, quotient_at_y(p));
    hook(Stage::kLast, p);
    transcript.absorb_points("m.wy", std::vector{e.w_y});
    return p;
}

}  // namespace mintmark::naive
