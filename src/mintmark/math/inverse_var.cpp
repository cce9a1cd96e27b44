#include "mintmark/math/inverse_var.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>

#include "mintmark/math/limbs.hpp"

namespace mintmark {
namespace {

__extension__ using Int128 = __int128;

constexpr unsigned kStep = 62;
constexpr std::uint64_t kMask = (std::uint64_t{1} << kStep) - 1;

/// Sum of v[i] 2^(62 i); v[0..3] in [0, 2^62), v[4] carries the sign.
using Signed62 = std::array<std::int64_t, 5>;

Signed62 to_signed62(const Limbs& v) noexcept {
    Signed62 out = {};
    for (unsigned i = 0; i < 5; ++i) {
        const unsigned bit = kStep * i, limb = bit / 64, shift = bit % 64;
        std::uint64_t word = limb < 4 ? v[limb] >> shift : 0;
        if (shift != 0 && limb + 1 < 4) word |= v[limb + 1] << (64 - shift);
        out[i] = static_cast<std::int64_t>(word & kMask);
    }
    return out;
}

/// Of a value in [0, 2^256).
Limbs to_limbs(const Signed62& v) noexcept {
    Limbs out = {};
    for (unsigned i = 0; i < 5; ++i) {
        const unsigned bit = kStep * i, limb = bit / 64, shift = bit % 64;
        const auto word = static_cast<std::uint64_t>(v[i]);
        if (limb < 4) out[limb] |= word << shift;
        if (shift > 2 && limb + 1 < 4) out[limb + 1] |= word >> (64 - shift);
    }
    return out;
}

/// 2^62 times the map (f, g) -> (u f + v g, q f + r g) / 2^62 of sixty-two division steps.
struct Transition {
    std::int64_t u, v, q, r;
};

/// The steps only read the low words of f (odd) and g. `eta` is minus the paper's delta.
Transition division_steps(std::int64_t& eta, std::uint64_t f, std::uint64_t g) noexcept {
    std::uint64_t u = 1, v = 0, q = 0, r = 1;
    unsigned left = kStep;
    while (true) {
        const auto zeros = static_cast<unsigned>(std::countr_zero(g | ~std::uint64_t{0} << left));
        g >>= zeros;
        u <<= zeros;
        v <<= zeros;
        eta -= zeros;
        left -= zeros;
        if (left == 0) break;
        if (eta < 0) {
            eta = -eta;
            f = std::exchange(g, std::uint64_t{0} - f);
            u = std::exchange(q, std::uint64_t{0} - u);
            v = std::exchange(r, std::uint64_t{0} - v);
        }
        // As long as eta is not negative the steps only add f to g: up to six of them at once, by
        // the multiple of f that clears g's low bits. f (2 - f^2) = 1/f modulo 64.
        const unsigned bits =
            std::min({static_cast<unsigned>(std::min<std::int64_t>(eta, 62)) + 1, left, 6U});
        const std::uint64_t multiple = (g * f * (f * f - 2)) & ((std::uint64_t{1} << bits) - 1);
        g += f * multiple;
        q += u * multiple;
        r += v * multiple;
    }
    return {static_cast<std::int64_t>(u), static_cast<std::int64_t>(v),
            static_cast<std::int64_t>(q), static_cast<std::int64_t>(r)};
}

/// (a x + b y) / 2^62, which is whole.
Signed62 combine(std::int64_t a, const Signed62& x, std::int64_t b, const Signed62& y) noexcept {
    Signed62 out;
    Int128 carry = Int128{a} * x[0] + Int128{b} * y[0];
    carry >>= kStep;
    for (unsigned i = 1; i < 5; ++i) {
        carry += Int128{a} * x[i] + Int128{b} * y[i];
        out[i - 1] = static_cast<std::int64_t>(static_cast<std::uint64_t>(carry) & kMask);
        carry >>= kStep;
    }
    out[4] = static_cast<std::int64_t>(carry);
    return out;
}

/// (a x + b y) / 2^62 mod p, for x and y in (-2p, p); so is the result. `ninv` = -1/p mod 2^62.
Signed62 combine_mod(std::int64_t a, const Signed62& x, std::int64_t b, const Signed62& y,
                     const Signed62& p, std::uint64_t ninv) noexcept {
    // Negative ones count as x + p, so that |a| + |b| <= 2^62 keeps the sum within (-p, p) 2^62.
    std::int64_t times = (x[4] < 0 ? a : 0) + (y[4] < 0 ? b : 0);
    const auto low = static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(x[0]) +
                     static_cast<std::uint64_t>(b) * static_cast<std::uint64_t>(y[0]) +
                     static_cast<std::uint64_t>(times) * static_cast<std::uint64_t>(p[0]);
    // Down to a multiple of 2^62: at most 2^62 - 1 times p less.
    times -= static_cast<std::int64_t>((std::uint64_t{0} - low * ninv) & kMask);
    Signed62 out;
    Int128 carry = Int128{a} * x[0] + Int128{b} * y[0] + Int128{times} * p[0];
    carry >>= kStep;
    for (unsigned i = 1; i < 5; ++i) {
        carry += Int128{a} * x[i] + Int128{b} * y[i] + Int128{times} * p[i];
        out[i - 1] = static_cast<std::int64_t>(static_cast<std::uint64_t>(carry) & kMask);
        carry >>= kStep;
    }
    out[4] = static_cast<std::int64_t>(carry);
    return out;
}

/// sign v + (p if that is negative), twice: from (-2p, p) to [0, p).
Signed62 canonical(Signed62 v, bool is_negated, const Signed62& p) noexcept {
    const auto carried = [](Signed62 w) {
        for (unsigned i = 0; i < 4; ++i) {
            w[i + 1] += w[i] >> kStep;
            w[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(w[i]) & kMask);
        }
        return w;
    };
    const auto lift = [&] {
        if (v[4] < 0)
            for (unsigned i = 0; i < 5; ++i) v[i] += p[i];
        v = carried(v);
    };
    lift();
    if (is_negated)
        for (auto& word : v) word = -word;
    v = carried(v);
    lift();
    return v;
}

bool is_zero(const Signed62& v) noexcept {
    return (v[0] | v[1] | v[2] | v[3] | v[4]) == 0;
}

}  // namespace

Limbs inverse_integer_var(const Limbs& value, const Limbs& p) noexcept {
    const Signed62 modulus = to_signed62(p);
    const std::uint64_t ninv = limbs::negative_inverse_64(p[0]) & kMask;
    Signed62 f = modulus, g = to_signed62(value), d = {}, e = {1, 0, 0, 0, 0};
    std::int64_t eta = -1;
    while (!is_zero(g)) {
        // The low 64 bits of f and g: a word has 62 of them.
        const auto low = [](const Signed62& v) {
            return static_cast<std::uint64_t>(v[0]) | static_cast<std::uint64_t>(v[1]) << kStep;
        };
        const Transition t = division_steps(eta, low(f), low(g));
        const Signed62 next_f = combine(t.u, f, t.v, g),
                       next_d = combine_mod(t.u, d, t.v, e, modulus, ninv);
        g = combine(t.q, f, t.r, g);
        e = combine_mod(t.q, d, t.r, e, modulus, ninv);
        f = next_f;
        d = next_d;
    }
    return to_limbs(canonical(d, f[4] < 0, modulus));
}

}  // namespace mintmark
