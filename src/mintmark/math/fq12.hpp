// The tower over Fq2 in which the pairing takes its values:
// Fq6 = Fq2[v]/(v^3 - xi), Fq12 = Fq6[w]/(w^2 - v), xi = 9 + u; so w^6 = xi.
#pragma once

#include "mintmark/math/fq2.hpp"

namespace mintmark {

/// c0 + c1 v + c2 v^2.
class Fq6 {
  public:
    [[nodiscard]] static constexpr Fq6 zero() noexcept { return {}; }
    [[nodiscard]] static constexpr Fq6 one() noexcept { return {Fq2::one(), {}, {}}; }
    [[nodiscard]] static Fq6 random(Rng& rng) {
        return {Fq2::random(rng), Fq2::random(rng), Fq2::random(rng)};
    }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == zero(); }
    friend constexpr bool operator==(const Fq6& a, const Fq6& b) noexcept = default;

    [[nodiscard]] friend constexpr Fq6 operator+(const Fq6& a, const Fq6& b) noexcept {
        return {a.c0 + b.c0, a.c1 + b.c1, a.c2 + b.c2};
    }
    [[nodiscard]] friend constexpr Fq6 operator-(const Fq6& a, const Fq6& b) noexcept {
        return {a.c0 - b.c0, a.c1 - b.c1, a.c2 - b.c2};
    }
    [[nodiscard]] constexpr Fq6 operator-() const noexcept { return {-c0, -c1, -c2}; }
    /// Karatsuba: six products in Fq2.
    [[nodiscard]] friend constexpr Fq6 operator*(const Fq6& a, const Fq6& b) noexcept {
        const Fq2 v0 = a.c0 * b.c0;
        const Fq2 v1 = a.c1 * b.c1;
        const Fq2 v2 = a.c2 * b.c2;
        const Fq2 t12 = (a.c1 + a.c2) * (b.c1 + b.c2) - v1 - v2;
        const Fq2 t01 = (a.c0 + a.c1) * (b.c0 + b.c1) - v0 - v1;
        const Fq2 t02 = (a.c0 + a.c2) * (b.c0 + b.c2) - v0 - v2;
        return {v0 + t12.mul_by_xi(), t01 + v2.mul_by_xi(), t02 + v1};
    }
    [[nodiscard]] constexpr Fq6 square() const noexcept { return *this * *this; }
    /// Product with d0 + d1 v: five products in Fq2.
    [[nodiscard]] constexpr Fq6 mul_sparse(const Fq2& d0, const Fq2& d1) const noexcept {
        const Fq2 v0 = c0 * d0;
        const Fq2 v1 = c1 * d1;
        const Fq2 t01 = (c0 + c1) * (d0 + d1) - v0 - v1;
        return {v0 + (c2 * d1).mul_by_xi(), t01, c2 * d0 + v1};
    }
    [[nodiscard]] constexpr Fq6 mul_by_v() const noexcept { return {c2.mul_by_xi(), c0, c1}; }
    /// 1/this by the adjoint; 0 for 0.
    [[nodiscard]] constexpr Fq6 inverse() const noexcept {
        const Fq2 t0 = c0.square() - (c1 * c2).mul_by_xi();
        const Fq2 t1 = c2.square().mul_by_xi() - c0 * c1;
        const Fq2 t2 = c1.square() - c0 * c2;
        const Fq2 norm = c0 * t0 + (c2 * t1 + c1 * t2).mul_by_xi();
        const Fq2 factor = norm.inverse();
        return {t0 * factor, t1 * factor, t2 * factor};
    }

    Fq2 c0;
    Fq2 c1;
    Fq2 c2;
};

/// c0 + c1 w. As a polynomial in w its coefficients are c0.c0, c1.c0, c0.c1, c1.c1, c0.c2, c1.c2.
class Fq12 {
  public:
    [[nodiscard]] static constexpr Fq12 zero() noexcept { return {}; }
    [[nodiscard]] static constexpr Fq12 one() noexcept { return {Fq6::one(), {}}; }
    [[nodiscard]] static Fq12 random(Rng& rng) { return {Fq6::random(rng), Fq6::random(rng)}; }
    [[nodiscard]] constexpr bool is_zero() const noexcept { return *this == zero(); }
    friend constexpr bool operator==(const Fq12& a, const Fq12& b) noexcept = default;

    [[nodiscard]] friend constexpr Fq12 operator+(const Fq12& a, const Fq12& b) noexcept {
        return {a.c0 + b.c0, a.c1 + b.c1};
    }
    [[nodiscard]] friend constexpr Fq12 operator-(const Fq12& a, const Fq12& b) noexcept {
        return {a.c0 - b.c0, a.c1 - b.c1};
    }
    [[nodiscard]] constexpr Fq12 operator-() const noexcept { return {-c0, -c1}; }
    [[nodiscard]] friend constexpr Fq12 operator*(const Fq12& a, const Fq12& b) noexcept {
        const Fq6 v0 = a.c0 * b.c0;
        const Fq6 v1 = a.c1 * b.c1;
        return {v0 + v1.mul_by_v(), (a.c0 + a.c1) * (b.c0 + b.c1) - v0 - v1};
    }
    /// Complex squaring: two products in Fq6.
    [[nodiscard]] constexpr Fq12 square() const noexcept {
        const Fq6 product = c0 * c1;
        return {(c0 + c1) * (c0 + c1.mul_by_v()) - product - product.mul_by_v(), product + product};
    }
    /// Product with the line l0 + l1 w + l3 w^3.
    [[nodiscard]] constexpr Fq12 mul_by_line(const Fq2& l0, const Fq2& l1,
                                             const Fq2& l3) const noexcept {
        const Fq6 v0{c0.c0 * l0, c0.c1 * l0, c0.c2 * l0};
        const Fq6 v1 = c1.mul_sparse(l1, l3);
        return {v0 + v1.mul_by_v(), (c0 + c1).mul_sparse(l0 + l1, l3) - v0 - v1};
    }
    /// c0 - c1 w, which is the q^6-th power (the inverse, for elements of norm 1).
    [[nodiscard]] constexpr Fq12 conjugate() const noexcept { return {c0, -c1}; }
    /// 1/this; 0 for 0.
    [[nodiscard]] constexpr Fq12 inverse() const noexcept {
        const Fq6 factor = (c0.square() - c1.square().mul_by_v()).inverse();
        return {c0 * factor, -(c1 * factor)};
    }
    /// this^exponent.
    [[nodiscard]] constexpr Fq12 pow(std::uint64_t exponent) const noexcept {
        Fq12 result = one();
        for (unsigned i = 64; i > 0; --i) {
            result = result.square();
            if (((exponent >> (i - 1)) & 1U) != 0) result = result * *this;
        }
        return result;
    }

    Fq6 c0;
    Fq6 c1;
};

}  // namespace mintmark
