// 256-bit integers as four little-endian 64-bit limbs, and Montgomery products over them.
// All functions are constexpr, total and free of secret-dependent branches unless named `_var`.
// limbs::portable holds the portable arithmetic; limbs:: picks the x86-64 version at run time.
#pragma once

#include <cstdint>

#include "mintmark/math/limbs_x86.hpp"
#include "mintmark/math/modulus.hpp"

namespace mintmark {

namespace limbs {

/// a + b + carry; carry (0 or 1) is updated.
[[gnu::always_inline]] constexpr std::uint64_t add_carry(std::uint64_t a, std::uint64_t b,
                                                         std::uint64_t& carry) noexcept {
    const Uint128 sum = Uint128{a} + b + carry;
    carry = static_cast<std::uint64_t>(sum >> 64U);
    return static_cast<std::uint64_t>(sum);
}

/// a - b - borrow; borrow (0 or 1) is updated.
[[gnu::always_inline]] constexpr std::uint64_t sub_borrow(std::uint64_t a, std::uint64_t b,
                                                          std::uint64_t& borrow) noexcept {
    const Uint128 difference = Uint128{a} - b - borrow;
    borrow = static_cast<std::uint64_t>(difference >> 64U) & 1U;
    return static_cast<std::uint64_t>(difference);
}

/// a * b + c + carry; carry becomes the high limb. Never overflows.
[[gnu::always_inline]] constexpr std::uint64_t mul_add(std::uint64_t a, std::uint64_t b,
                                                       std::uint64_t c,
                                                       std::uint64_t& carry) noexcept {
    const Uint128 t = Uint128{a} * b + c + carry;
    carry = static_cast<std::uint64_t>(t >> 64U);
    return static_cast<std::uint64_t>(t);
}

/// a < b.
constexpr bool less(const Limbs& a, const Limbs& b) noexcept {
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) sub_borrow(a[i], b[i], borrow);
    return borrow != 0;
}

/// a - p when a >= p, else a (branch-free).
[[gnu::always_inline]] constexpr Limbs reduce_once(const Limbs& a, const Limbs& p) noexcept {
    std::uint64_t borrow = 0;
    const std::uint64_t d0 = sub_borrow(a[0], p[0], borrow);
    const std::uint64_t d1 = sub_borrow(a[1], p[1], borrow);
    const std::uint64_t d2 = sub_borrow(a[2], p[2], borrow);
    const std::uint64_t d3 = sub_borrow(a[3], p[3], borrow);
    const std::uint64_t keep = std::uint64_t{0} - borrow;
    return {d0 ^ ((d0 ^ a[0]) & keep), d1 ^ ((d1 ^ a[1]) & keep), d2 ^ ((d2 ^ a[2]) & keep),
            d3 ^ ((d3 ^ a[3]) & keep)};
}

namespace portable {

/// (a + b) mod p for a, b < p < 2^255.
[[gnu::always_inline]] constexpr Limbs add_mod(const Limbs& a, const Limbs& b,
                                               const Limbs& p) noexcept {
    std::uint64_t carry = 0;
    const std::uint64_t s0 = add_carry(a[0], b[0], carry);
    const std::uint64_t s1 = add_carry(a[1], b[1], carry);
    const std::uint64_t s2 = add_carry(a[2], b[2], carry);
    const std::uint64_t s3 = add_carry(a[3], b[3], carry);
    return reduce_once({s0, s1, s2, s3}, p);
}

/// (a - b) mod p for a, b < p.
[[gnu::always_inline]] constexpr Limbs sub_mod(const Limbs& a, const Limbs& b,
                                               const Limbs& p) noexcept {
    std::uint64_t borrow = 0;
    const std::uint64_t d0 = sub_borrow(a[0], b[0], borrow);
    const std::uint64_t d1 = sub_borrow(a[1], b[1], borrow);
    const std::uint64_t d2 = sub_borrow(a[2], b[2], borrow);
    const std::uint64_t d3 = sub_borrow(a[3], b[3], borrow);
    const std::uint64_t mask = std::uint64_t{0} - borrow;
    std::uint64_t carry = 0;
    const std::uint64_t r0 = add_carry(d0, p[0] & mask, carry);
    const std::uint64_t r1 = add_carry(d1, p[1] & mask, carry);
    const std::uint64_t r2 = add_carry(d2, p[2] & mask, carry);
    const std::uint64_t r3 = add_carry(d3, p[3] & mask, carry);
    return {r0, r1, r2, r3};
}

/// Montgomery product a b 2^-256 mod p, reduced. a: any 256-bit integer, b < p. Coarsely
/// integrated operand scanning; as p < 2^255 the running value stays below 2p and needs no fifth
/// limb between rounds.
[[gnu::always_inline]] constexpr Limbs mont_mul(const Limbs& a, const Limbs& b,
                                                const Modulus& m) noexcept {
    std::uint64_t t0 = 0, t1 = 0, t2 = 0, t3 = 0;
    const auto round = [&](std::uint64_t ai) __attribute__((always_inline)) {
        std::uint64_t hi_a = 0;
        const std::uint64_t u0 = mul_add(ai, b[0], t0, hi_a);
        const std::uint64_t q = u0 * m.ninv;
        std::uint64_t hi_p = 0;
        mul_add(q, m.p[0], u0, hi_p);
        const std::uint64_t u1 = mul_add(ai, b[1], t1, hi_a);
        t0 = mul_add(q, m.p[1], u1, hi_p);
        const std::uint64_t u2 = mul_add(ai, b[2], t2, hi_a);
        t1 = mul_add(q, m.p[2], u2, hi_p);
        const std::uint64_t u3 = mul_add(ai, b[3], t3, hi_a);
        t2 = mul_add(q, m.p[3], u3, hi_p);
        t3 = hi_a + hi_p;
    };
    round(a[0]);
    round(a[1]);
    round(a[2]);
    round(a[3]);
    return reduce_once({t0, t1, t2, t3}, m.p);
}

/// mont_mul out of line, for processors without ADX.
[[gnu::noinline, gnu::cold]] inline Limbs mont_mul_call(const Limbs& a, const Limbs& b,
                                                        const Modulus& m) noexcept {
    return mont_mul(a, b, m);
}

}  // namespace portable

/// (a + b) mod p for a, b < p < 2^255.
[[gnu::always_inline]] constexpr Limbs add_mod(const Limbs& a, const Limbs& b,
                                               const Limbs& p) noexcept {
#ifdef MINTMARK_X86_ASM
    if !consteval {
        return x86::add_mod(a, b, p);
    }
#endif
    return portable::add_mod(a, b, p);
}

/// (a - b) mod p for a, b < p.
[[gnu::always_inline]] constexpr Limbs sub_mod(const Limbs& a, const Limbs& b,
                                               const Limbs& p) noexcept {
#ifdef MINTMARK_X86_ASM
    if !consteval {
        return x86::sub_mod(a, b, p);
    }
#endif
    return portable::sub_mod(a, b, p);
}

/// Montgomery product a b 2^-256 mod p, reduced. a: any 256-bit integer, b < p.
[[gnu::always_inline]] constexpr Limbs mont_mul(const Limbs& a, const Limbs& b,
                                                const Modulus& m) noexcept {
#ifdef MINTMARK_X86_ASM
    if !consteval {
        if (x86::has_adx) [[likely]]
            return x86::mont_mul(a, b, m);
        return portable::mont_mul_call(a, b, m);
    }
#endif
    return portable::mont_mul(a, b, m);
}

/// -p^-1 mod 2^64 for odd p (Newton: each step doubles the number of right bits).
constexpr std::uint64_t negative_inverse_64(std::uint64_t p) noexcept {
    std::uint64_t inverse = 1;
    for (int i = 0; i < 6; ++i) inverse *= 2 - p * inverse;
    return std::uint64_t{0} - inverse;
}

/// 2^exponent mod p by doublings, p < 2^255.
constexpr Limbs power_of_two_mod(unsigned exponent, const Limbs& p) noexcept {
    Limbs value = reduce_once({1, 0, 0, 0}, p);
    for (unsigned i = 0; i < exponent; ++i) value = add_mod(value, value, p);
    return value;
}

/// Bit i of a 256-bit integer.
constexpr bool bit(const Limbs& a, unsigned i) noexcept {
    return ((a[i / 64] >> (i % 64)) & 1U) != 0;
}

/// Number of bits: 0 for 0.
constexpr unsigned bit_length(const Limbs& a) noexcept {
    for (unsigned i = 256; i > 0; --i) {
        if (bit(a, i - 1)) return i;
    }
    return 0;
}

}  // namespace limbs
}  // namespace mintmark
