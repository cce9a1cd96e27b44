// Fq2 = Fq[u]/(u^2 + 1): coordinates of G2.
#pragma once

#include "mintmark/math/field.hpp"

namespace mintmark {

/// re + im u with u^2 = -1. Total, constexpr, as Field.
class Fq2 {
  public:
    constexpr Fq2() noexcept = default;
    constexpr Fq2(const Fq& real, const Fq& imaginary) noexcept : re(real), im(imaginary) {}

    [[nodiscard]] static constexpr Fq2 zero() noexcept { return {}; }
    [[nodiscard]] static constexpr Fq2 one() noexcept { return {Fq::one(), Fq::zero()}; }
    [[nodiscard]] static constexpr Fq2 from_u64(std::uint64_t value) noexcept {
        return {Fq::from_u64(value), Fq::zero()};
    }
    [[nodiscard]] static Fq2 random(Rng& rng) {
        const Fq real = Fq::random(rng);
        return {real, Fq::random(rng)};
    }

    [[nodiscard]] constexpr bool is_zero() const noexcept { return re.is_zero() && im.is_zero(); }
    friend constexpr bool operator==(const Fq2& a, const Fq2& b) noexcept = default;

    [[nodiscard]] friend constexpr Fq2 operator+(const Fq2& a, const Fq2& b) noexcept {
        return {a.re + b.re, a.im + b.im};
    }
    [[nodiscard]] friend constexpr Fq2 operator-(const Fq2& a, const Fq2& b) noexcept {
        return {a.re - b.re, a.im - b.im};
    }
    /// Karatsuba: three products in Fq.
    [[nodiscard]] friend constexpr Fq2 operator*(const Fq2& a, const Fq2& b) noexcept {
        const Fq low = a.re * b.re;
        const Fq high = a.im * b.im;
        const Fq cross = (a.re + a.im) * (b.re + b.im);
        return {low - high, cross - low - high};
    }
    [[nodiscard]] friend constexpr Fq2 operator*(const Fq2& a, const Fq& b) noexcept {
        return {a.re * b, a.im * b};
    }
    [[nodiscard]] constexpr Fq2 operator-() const noexcept { return {-re, -im}; }
    constexpr Fq2& operator+=(const Fq2& other) noexcept { return *this = *this + other; }
    constexpr Fq2& operator-=(const Fq2& other) noexcept { return *this = *this - other; }
    constexpr Fq2& operator*=(const Fq2& other) noexcept { return *this = *this * other; }

    [[nodiscard]] constexpr Fq2 square() const noexcept {
        const Fq product = re * im;
        return {(re + im) * (re - im), product + product};
    }
    [[nodiscard]] constexpr Fq2 double_() const noexcept { return *this + *this; }
    /// re - im u, which is also the q-th power.
    [[nodiscard]] constexpr Fq2 conjugate() const noexcept { return {re, -im}; }
    /// 1/this; 0 for 0.
    [[nodiscard]] constexpr Fq2 inverse() const noexcept {
        const Fq norm_inverse = (re.square() + im.square()).inverse();
        return {re * norm_inverse, -(im * norm_inverse)};
    }
    /// this^exponent, little-endian limbs; 0^0 = 1. Branches on the exponent only.
    [[nodiscard]] constexpr Fq2 pow(std::span<const std::uint64_t, 4> exponent) const noexcept {
        Fq2 result = one();
        for (unsigned i = 256; i > 0; --i) {
            result = result.square();
            if (((exponent[(i - 1) / 64] >> ((i - 1) % 64)) & 1U) != 0) result *= *this;
        }
        return result;
    }
    /// Product with xi = 9 + u, the non-residue of the tower above.
    [[nodiscard]] constexpr Fq2 mul_by_xi() const noexcept {
        const auto times9 = [](const Fq& a) { return a.double_().double_().double_() + a; };
        return {times9(re) - im, times9(im) + re};
    }

    Fq re;
    Fq im;
};

}  // namespace mintmark
