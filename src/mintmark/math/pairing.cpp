#include "mintmark/math/pairing.hpp"

#include <array>
#include <vector>

#include "mintmark/math/fq12.hpp"
#include "mintmark/math/pairing_steps.hpp"

// Q of the twist y^2 = x^3 + b/xi is the point (x w^2, y w^3) of the curve over Fq12. A line
// through such points, at P = (xP, yP), has the form l0 yP + l1 xP w + l3 w^3 up to a factor in
// Fq2, which the final exponentiation removes. Point formulas: homogeneous projective, Costello,
// Lange, Naehrig, "Faster pairing computations on curves with high-degree twists" (PKC 2010),
// section 5.

namespace mintmark {
namespace {

constexpr std::uint64_t kX = 4965661367192848881;  // the parameter of BN254
/// 6x + 2 has 65 bits; the top one is implied.
constexpr std::uint64_t kLoopLow64 = 6 * kX + 2;

/// xi^(i (q - 1) / 6), i = 0 .. 5: w^i to the power q is this times w^i.
std::array<Fq2, 6> make_frobenius_factors() noexcept {
    Limbs exponent = Fq::kModulus;  // (q - 1) / 6, by schoolbook division
    exponent[0] -= 1;
    std::uint64_t remainder = 0;
    for (std::size_t i = 4; i > 0; --i) {
        const Uint128 value = (Uint128{remainder} << 64U) | exponent[i - 1];
        exponent[i - 1] = static_cast<std::uint64_t>(value / 6);
        remainder = static_cast<std::uint64_t>(value % 6);
    }
    std::array<Fq2, 6> factors;
    factors[0] = Fq2::one();
    const Fq2 base = Fq2::one().mul_by_xi().pow(exponent);
    for (std::size_t i = 1; i < 6; ++i) factors[i] = factors[i - 1] * base;
    return factors;
}

const std::array<Fq2, 6>& frobenius_factors() noexcept {
    static const std::array<Fq2, 6> factors = make_frobenius_factors();
    return factors;
}

struct Line {
    Fq2 l0, l1, l3;
};

/// A point of the twist, homogeneous: x = X/Z, y = Y/Z.
struct Walker {
    Fq2 x, y, z;

    /// T <- 2T; the tangent at T.
    Line double_step() noexcept {
        const Fq2 a = (x * y) * Fq::inv2();
        const Fq2 b = y.square();
        const Fq2 c = z.square();
        const Fq2 e = G2Params::b() * (c.double_() + c);
        const Fq2 f = e.double_() + e;
        const Fq2 g = (b + f) * Fq::inv2();
        const Fq2 h = (y + z).square() - b - c;
        const Fq2 xx = x.square();
        const Fq2 ee = e.square();
        const Line line{-h, xx.double_() + xx, e - b};
        x = a * (b - f);
        y = g.square() - (ee.double_() + ee);
        z = b * h;
        return line;
    }
    /// T <- T + q; the line through both.
    Line add_step(const Fq2& qx, const Fq2& qy) noexcept {
        const Fq2 o = y - qy * z;
        const Fq2 l = x - qx * z;
        const Fq2 c = o.square();
        const Fq2 d = l.square();
        const Fq2 e = l * d;
        const Fq2 g = x * d;
        const Fq2 h = e + z * c - g.double_();
        const Line line{l, -o, qx * o - l * qy};
        y = (g - h) * o - y * e;
        x = l * h;
        z = e * z;
        return line;
    }
};

struct Pair {
    G1Affine p;
    G2Affine q;
    Walker t;
};

void multiply(Fq12& f, const Line& line, const G1Affine& p) noexcept {
    f = f.mul_by_line(line.l0 * p.y, line.l1 * p.x, line.l3);
}

/// f^x for f of norm 1.
Fq12 pow_x(const Fq12& f) noexcept {
    return f.pow(kX);
}

}  // namespace

Fq12 frobenius(const Fq12& a) noexcept {
    const auto& factor = frobenius_factors();
    return {{a.c0.c0.conjugate(), a.c0.c1.conjugate() * factor[2], a.c0.c2.conjugate() * factor[4]},
            {a.c1.c0.conjugate() * factor[1], a.c1.c1.conjugate() * factor[3],
             a.c1.c2.conjugate() * factor[5]}};
}

Fq12 miller_loop(std::span<const std::pair<G1Affine, G2Affine>> pairs) {
    std::vector<Pair> work;
    for (const auto& [p, q] : pairs) {
        if (!p.infinity && !q.infinity) work.push_back({p, q, {q.x, q.y, Fq2::one()}});
    }
    Fq12 f = Fq12::one();
    for (unsigned i = 64; i > 0; --i) {
        f = f.square();
        for (Pair& w : work) multiply(f, w.t.double_step(), w.p);
        if (((kLoopLow64 >> (i - 1)) & 1U) == 0) continue;
        for (Pair& w : work) multiply(f, w.t.add_step(w.q.x, w.q.y), w.p);
    }
    const auto& factor = frobenius_factors();
    for (Pair& w : work) {
        const Fq2 x1 = w.q.x.conjugate() * factor[2];  // pi(Q)
        const Fq2 y1 = w.q.y.conjugate() * factor[3];
        const Fq2 x2 = x1.conjugate() * factor[2];  // pi^2(Q)
        const Fq2 y2 = y1.conjugate() * factor[3];
        multiply(f, w.t.add_step(x1, y1), w.p);
        multiply(f, w.t.add_step(x2, -y2), w.p);
    }
    return f;
}

// Easy part (q^6 - 1)(q^2 + 1), then the hard part by Fuentes-Castaneda, Knapp and
// Rodriguez-Henriquez, "Faster hashing to G2" (SAC 2011), section 5: the exponent is
// 2x (6x^2 + 3x + 1) (q^4 - q^2 + 1) / r, and r divides neither factor before it.
Fq12 final_exponentiation(const Fq12& value) noexcept {
    Fq12 f = value.conjugate() * value.inverse();
    f = frobenius(frobenius(f)) * f;
    const Fq12 a = pow_x(f).conjugate();
    const Fq12 b = a.square();
    const Fq12 c = b.square();
    const Fq12 d = c * b;
    const Fq12 e = pow_x(d).conjugate();
    const Fq12 g = pow_x(e.square()).conjugate();
    const Fq12 j = g.conjugate() * e;
    const Fq12 k = j * d.conjugate();
    const Fq12 l = k * b;
    const Fq12 n = k * e * f;
    const Fq12 p = frobenius(l) * n;
    const Fq12 q = frobenius(frobenius(k)) * p;
    const Fq12 t = f.conjugate() * l;
    return frobenius(frobenius(frobenius(t))) * q;
}

bool pairing_product_is_one(std::span<const std::pair<G1Affine, G2Affine>> pairs) noexcept {
    return final_exponentiation(miller_loop(pairs)) == Fq12::one();
}

}  // namespace mintmark
