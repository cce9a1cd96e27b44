// Prime fields: BN254's scalar field Fr and base field Fq, and the toy field F97 for exhaustive
// tests.
//
// Vocabulary: p the modulus; R = 2^256; an element a is held in Montgomery form a R mod p, four
// little-endian limbs, always reduced. Every operation is constexpr, noexcept and total (the
// inverse of zero is zero). Nothing branches on values, except functions named `_var`.
//
// Constants: BN254 has the parameter x = 4965661367192848881; then
// q = 36x^4 + 36x^3 + 24x^2 + 6x + 1 and r = 36x^4 + 36x^3 + 18x^2 + 6x + 1. The tests rederive
// both; R, R^2 and -p^-1 mod 2^64 are computed here at compile time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/math/limbs.hpp"

namespace mintmark {

/// Parameters of BN254's scalar field (order of G1 and G2).
struct FrParams {
    static constexpr Limbs kModulus = {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d,
                                       0x30644e72e131a029};
};
/// Parameters of BN254's base field (coordinates).
struct FqParams {
    static constexpr Limbs kModulus = {0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d,
                                       0x30644e72e131a029};
};
/// A toy prime for exhaustive tests.
struct F97Params {
    static constexpr Limbs kModulus = {97, 0, 0, 0};
};

/// Integers modulo an odd prime Params::kModulus < 2^255.
template <class Params>
class Field {
  public:
    static constexpr Limbs kModulus = Params::kModulus;
    static constexpr Modulus kMontgomery = {kModulus, limbs::negative_inverse_64(kModulus[0])};
    static constexpr unsigned kBits = limbs::bit_length(kModulus);
    static_assert((kModulus[0] & 1U) == 1U && kBits <= 255);

    /// Zero.
    constexpr Field() noexcept : limbs_{} {}

    [[nodiscard]] static constexpr Field zero() noexcept { return {}; }
    [[nodiscard]] static constexpr Field one() noexcept { return Field(kR); }
    /// 1/2.
    [[nodiscard]] static constexpr Field inv2() noexcept { return from_integer(kHalf); }

    [[nodiscard]] static constexpr Field from_u64(std::uint64_t value) noexcept {
        return from_integer({value, 0, 0, 0});
    }
    /// value mod p; negative integers become p - |value|.
    [[nodiscard]] static constexpr Field from_i64(std::int64_t value) noexcept {
        const auto bits = static_cast<std::uint64_t>(value);
        return value < 0 ? -from_u64(std::uint64_t{0} - bits) : from_u64(bits);
    }
    /// The two's complement integer hi 2^64 + lo, mod p.
    [[nodiscard]] static constexpr Field from_i128(std::int64_t hi, std::uint64_t lo) noexcept {
        const auto high = static_cast<std::uint64_t>(hi);
        if (hi >= 0) return from_integer({lo, high, 0, 0});
        return -from_integer({std::uint64_t{0} - lo, ~high + (lo == 0 ? 1U : 0U), 0, 0});
    }
    /// Any 256-bit integer (little-endian limbs, canonical form) mod p.
    [[nodiscard]] static constexpr Field from_integer(const Limbs& value) noexcept {
        return Field(limbs::mont_mul(value, kR2, kMontgomery));
    }
    /// Raw Montgomery limbs, which must be < p (array kernels, tables).
    [[nodiscard]] static constexpr Field from_montgomery(const Limbs& limbs) noexcept {
        return Field(limbs);
    }
    /// 32 bytes big-endian; nullopt when the integer is not < p.
    [[nodiscard]] static constexpr std::optional<Field> from_bytes(
        std::span<const std::uint8_t, 32> bytes) noexcept {
        const Limbs value = load_big_endian(bytes);
        if (!limbs::less(value, kModulus)) return std::nullopt;
        return from_integer(value);
    }
    /// 32 bytes big-endian, any integer, mod p (challenges).
    [[nodiscard]] static constexpr Field from_bytes_reduce(
        std::span<const std::uint8_t, 32> bytes) noexcept {
        return from_integer(load_big_endian(bytes));
    }
    /// Uniform element by rejection; secret when the source is.
    [[nodiscard]] static Field random(Rng& rng) {
        constexpr unsigned kTopBits = kBits % 64;
        while (true) {
            std::array<std::uint8_t, 32> bytes;
            rng.fill(bytes);
            Limbs value = load_big_endian(bytes);
            for (unsigned i = 0; i < 4; ++i) {
                if (i > kBits / 64) value[i] = 0;
                if (i == kBits / 64) value[i] &= (std::uint64_t{1} << kTopBits) - 1;
            }
            if (limbs::less(value, kModulus)) return from_integer(value);
        }
    }

    /// Canonical integer < p, little-endian limbs.
    [[nodiscard]] constexpr Limbs to_canonical() const noexcept {
        return limbs::mont_mul({1, 0, 0, 0}, limbs_, kMontgomery);
    }
    /// Montgomery limbs, little-endian.
    [[nodiscard]] constexpr const Limbs& montgomery() const noexcept { return limbs_; }
    /// Canonical, 32 bytes big-endian.
    [[nodiscard]] constexpr Bytes32 to_bytes() const noexcept {
        const Limbs value = to_canonical();
        Bytes32 out = {};
        for (std::size_t i = 0; i < 32; ++i) {
            out[31 - i] = static_cast<std::uint8_t>(value[i / 8] >> (8 * (i % 8)));
        }
        return out;
    }

    [[nodiscard]] constexpr bool is_zero() const noexcept {
        return (limbs_[0] | limbs_[1] | limbs_[2] | limbs_[3]) == 0;
    }
    friend constexpr bool operator==(const Field& a, const Field& b) noexcept {
        return ((a.limbs_[0] ^ b.limbs_[0]) | (a.limbs_[1] ^ b.limbs_[1]) |
                (a.limbs_[2] ^ b.limbs_[2]) | (a.limbs_[3] ^ b.limbs_[3])) == 0;
    }

    [[nodiscard, gnu::always_inline]] friend constexpr Field operator+(const Field& a,
                                                                       const Field& b) noexcept {
        return Field(limbs::add_mod(a.limbs_, b.limbs_, kModulus));
    }
    [[nodiscard, gnu::always_inline]] friend constexpr Field operator-(const Field& a,
                                                                       const Field& b) noexcept {
        return Field(limbs::sub_mod(a.limbs_, b.limbs_, kModulus));
    }
    [[nodiscard, gnu::always_inline]] friend constexpr Field operator*(const Field& a,
                                                                       const Field& b) noexcept {
        return Field(limbs::mont_mul(a.limbs_, b.limbs_, kMontgomery));
    }
    [[nodiscard]] constexpr Field operator-() const noexcept { return zero() - *this; }
    constexpr Field& operator+=(const Field& other) noexcept { return *this = *this + other; }
    constexpr Field& operator-=(const Field& other) noexcept { return *this = *this - other; }
    constexpr Field& operator*=(const Field& other) noexcept { return *this = *this * other; }

    [[nodiscard]] constexpr Field square() const noexcept { return *this * *this; }
    [[nodiscard]] constexpr Field double_() const noexcept { return *this + *this; }

    /// this^exponent, exponent little-endian limbs; 0^0 = 1. Branches on the exponent only.
    [[nodiscard]] constexpr Field pow(std::span<const std::uint64_t, 4> exponent) const noexcept {
        Field result = one();
        for (unsigned i = 256; i > 0; --i) {
            result = result.square();
            if (((exponent[(i - 1) / 64] >> ((i - 1) % 64)) & 1U) != 0) result *= *this;
        }
        return result;
    }
    [[nodiscard]] constexpr Field pow(std::uint64_t exponent) const noexcept {
        Field result = one();
        for (unsigned i = 64; i > 0; --i) {
            result = result.square();
            if (((exponent >> (i - 1)) & 1U) != 0) result *= *this;
        }
        return result;
    }
    /// 1/this by Fermat's little theorem; 0 for 0. About 380 multiplications.
    [[nodiscard]] constexpr Field inverse() const noexcept {
        std::uint64_t borrow = 0;
        Limbs exponent = kModulus;
        exponent[0] = limbs::sub_borrow(exponent[0], 2, borrow);
        for (std::size_t i = 1; i < 4; ++i) {
            exponent[i] = limbs::sub_borrow(exponent[i], 0, borrow);
        }
        return pow(exponent);
    }

  private:
    static constexpr Limbs kR = limbs::power_of_two_mod(256, kModulus);
    static constexpr Limbs kR2 = limbs::power_of_two_mod(512, kModulus);

    static constexpr Limbs half_of_successor() noexcept {  // (p + 1) / 2, p + 1 < 2^256
        Limbs v = kModulus;
        std::uint64_t carry = 1;
        for (auto& limb : v) limb = limbs::add_carry(limb, 0, carry);
        for (std::size_t i = 0; i < 4; ++i) {
            v[i] = (v[i] >> 1U) | (i < 3 ? v[i + 1] << 63U : 0);
        }
        return v;
    }
    static constexpr Limbs kHalf = half_of_successor();

    static constexpr Limbs load_big_endian(std::span<const std::uint8_t, 32> bytes) noexcept {
        Limbs value = {};
        for (std::size_t i = 0; i < 32; ++i) {
            value[i / 8] |= std::uint64_t{bytes[31 - i]} << (8 * (i % 8));
        }
        return value;
    }

    constexpr explicit Field(const Limbs& limbs) noexcept : limbs_(limbs) {}

    Limbs limbs_;
};

using Fr = Field<FrParams>;
using Fq = Field<FqParams>;
using F97 = Field<F97Params>;

/// Replaces every element by its inverse; zeros stay zero. One inversion and 3 n multiplications.
template <class F>
void batch_inverse(std::span<F> values) {
    std::vector<F> prefix(values.size());
    F product = F::one();
    for (std::size_t i = 0; i < values.size(); ++i) {
        prefix[i] = product;
        if (!values[i].is_zero()) product = product * values[i];
    }
    F inverse = product.inverse();
    for (std::size_t i = values.size(); i > 0; --i) {
        F& value = values[i - 1];
        if (value.is_zero()) continue;
        const F next = inverse * value;
        value = inverse * prefix[i - 1];
        inverse = next;
    }
}
/// As the template; here so that a std::vector<Fr> converts.
inline void batch_inverse(std::span<Fr> values) {
    batch_inverse<Fr>(values);
}

}  // namespace mintmark
