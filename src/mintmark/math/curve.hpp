// The groups G1 and G2 of BN254 (alt_bn128, EIP-196/197): y^2 = x^3 + b, a = 0.
//
// G1: over Fq, b = 3, generator (1, 2), order r, cofactor 1.
// G2: over Fq2, b = 3/(9 + u), generator of EIP-197, order r (a subgroup: check with in_subgroup).
//
// Vocabulary: affine = (x, y) or infinity; a CurvePoint is held as XYZZ (x = X/ZZ, y = Y/ZZZ,
// ZZ^3 = ZZZ^2, infinity has ZZ = 0; formulas "xyzz" of the Explicit-Formulas Database). Additions
// are complete: every case (infinity, equal, opposite) gives the right answer, by branches, so
// nothing here is constant time.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "mintmark/math/field.hpp"
#include "mintmark/math/fq2.hpp"

namespace mintmark {

using Bytes64 = std::array<std::uint8_t, 64>;
using Bytes128 = std::array<std::uint8_t, 128>;

/// G1's coordinates, coefficient, generator and bytes (64: x, y big-endian).
struct G1Params {
    using Coordinate = Fq;
    static constexpr std::size_t kCoordinateBytes = 32;
    static constexpr Fq b() noexcept { return Fq::from_u64(3); }
    static constexpr Fq generator_x() noexcept { return Fq::one(); }
    static constexpr Fq generator_y() noexcept { return Fq::from_u64(2); }
    static constexpr void store(const Fq& a, std::span<std::uint8_t, 32> out) noexcept {
        const Bytes32 bytes = a.to_bytes();
        std::copy(bytes.begin(), bytes.end(), out.begin());
    }
    static constexpr std::optional<Fq> load(std::span<const std::uint8_t, 32> in) noexcept {
        return Fq::from_bytes(in);
    }
};

/// G2's coordinates, coefficient, generator (EIP-197) and bytes (128: x_im, x_re, y_im, y_re).
struct G2Params {
    using Coordinate = Fq2;
    static constexpr std::size_t kCoordinateBytes = 64;
    static constexpr Fq2 b() noexcept;
    static constexpr Fq2 generator_x() noexcept;
    static constexpr Fq2 generator_y() noexcept;
    static constexpr void store(const Fq2& a, std::span<std::uint8_t, 64> out) noexcept {
        G1Params::store(a.im, out.first<32>());
        G1Params::store(a.re, out.last<32>());
    }
    static constexpr std::optional<Fq2> load(std::span<const std::uint8_t, 64> in) noexcept {
        const auto im = Fq::from_bytes(in.first<32>());
        const auto re = Fq::from_bytes(in.last<32>());
        if (!im || !re) return std::nullopt;
        return Fq2(*re, *im);
    }
};

/// A point (x, y), or infinity (then x and y are ignored; ours have them zero).
template <class Params>
struct AffinePoint {
    using Coordinate = typename Params::Coordinate;
    static constexpr std::size_t kBytes = 2 * Params::kCoordinateBytes;

    Coordinate x;
    Coordinate y;
    bool infinity = true;

    [[nodiscard]] static constexpr AffinePoint identity() noexcept { return {}; }
    [[nodiscard]] static constexpr AffinePoint generator() noexcept {
        return {Params::generator_x(), Params::generator_y(), false};
    }
    /// y^2 = x^3 + b, or infinity. Says nothing of the subgroup.
    [[nodiscard]] constexpr bool is_on_curve() const noexcept {
        return infinity || y.square() == x.square() * x + Params::b();
    }
    [[nodiscard]] constexpr AffinePoint operator-() const noexcept { return {x, -y, infinity}; }
    /// EIP-196/197 encoding: x then y, big-endian; infinity is all zero bytes.
    [[nodiscard]] constexpr std::array<std::uint8_t, kBytes> to_bytes() const noexcept {
        std::array<std::uint8_t, kBytes> out = {};
        if (infinity) return out;
        constexpr std::size_t kHalf = Params::kCoordinateBytes;
        Params::store(x, std::span<std::uint8_t, kHalf>(out.data(), kHalf));
        Params::store(y, std::span<std::uint8_t, kHalf>(out.data() + kHalf, kHalf));
        return out;
    }
    /// nullopt unless both coordinates are canonical and the point is on the curve. Does not check
    /// the subgroup (nothing to check in G1).
    [[nodiscard]] static constexpr std::optional<AffinePoint> from_bytes(
        std::span<const std::uint8_t, kBytes> bytes) noexcept {
        const auto x = Params::load(bytes.template first<Params::kCoordinateBytes>());
        const auto y = Params::load(bytes.template last<Params::kCoordinateBytes>());
        if (!x || !y) return std::nullopt;
        if (x->is_zero() && y->is_zero()) return identity();
        const AffinePoint point{*x, *y, false};
        if (!point.is_on_curve()) return std::nullopt;
        return point;
    }
    friend constexpr bool operator==(const AffinePoint& a, const AffinePoint& b) noexcept {
        if (a.infinity || b.infinity) return a.infinity == b.infinity;
        return a.x == b.x && a.y == b.y;
    }
};

/// A group element in XYZZ coordinates; the default is the identity.
template <class Params>
class CurvePoint {
  public:
    using Coordinate = typename Params::Coordinate;
    using Affine = AffinePoint<Params>;

    constexpr CurvePoint() noexcept = default;
    constexpr explicit CurvePoint(const Affine& p) noexcept { *this = from_affine(p); }

    [[nodiscard]] static constexpr CurvePoint identity() noexcept { return {}; }
    [[nodiscard]] static constexpr CurvePoint generator() noexcept {
        return from_affine(Affine::generator());
    }
    [[nodiscard]] static constexpr CurvePoint from_affine(const Affine& p) noexcept {
        if (p.infinity) return {};
        return CurvePoint(p.x, p.y, Coordinate::one(), Coordinate::one());
    }
    /// x/zz and y/zzz, given zz^3 = zzz^2 (not checked); zz = 0: the identity.
    [[nodiscard]] static constexpr CurvePoint from_xyzz(const Coordinate& x, const Coordinate& y,
                                                        const Coordinate& zz,
                                                        const Coordinate& zzz) noexcept {
        return CurvePoint(x, y, zz, zzz);
    }
    [[nodiscard]] constexpr bool is_identity() const noexcept { return zz_.is_zero(); }

    /// 2 this: 6 M + 3 S.
    [[nodiscard]] constexpr CurvePoint double_() const noexcept {
        if (is_identity()) return {};
        return doubled(x_, y_, zz_, zzz_);
    }
    /// this + other: 12 M + 2 S.
    [[nodiscard]] constexpr CurvePoint add(const CurvePoint& other) const noexcept {
        if (is_identity()) return other;
        if (other.is_identity()) return *this;
        const Coordinate u1 = x_ * other.zz_;
        const Coordinate s1 = y_ * other.zzz_;
        const Coordinate p = other.x_ * zz_ - u1;
        const Coordinate r = other.y_ * zzz_ - s1;
        if (p.is_zero()) return r.is_zero() ? double_() : identity();
        const Coordinate pp = p.square();
        const Coordinate ppp = p * pp;
        const Coordinate q = u1 * pp;
        const Coordinate x3 = r.square() - ppp - q.double_();
        return CurvePoint(x3, r * (q - x3) - s1 * ppp, zz_ * other.zz_ * pp,
                          zzz_ * other.zzz_ * ppp);
    }
    /// this + other: 8 M + 2 S.
    [[nodiscard]] constexpr CurvePoint add(const Affine& other) const noexcept {
        if (other.infinity) return *this;
        if (is_identity()) return from_affine(other);
        const Coordinate p = other.x * zz_ - x_;
        const Coordinate r = other.y * zzz_ - y_;
        if (p.is_zero()) {
            if (!r.is_zero()) return identity();
            return doubled(other.x, other.y, Coordinate::one(), Coordinate::one());
        }
        const Coordinate pp = p.square();
        const Coordinate ppp = p * pp;
        const Coordinate q = x_ * pp;
        const Coordinate x3 = r.square() - ppp - q.double_();
        return CurvePoint(x3, r * (q - x3) - y_ * ppp, zz_ * pp, zzz_ * ppp);
    }
    [[nodiscard]] constexpr CurvePoint neg() const noexcept {
        return CurvePoint(x_, -y_, zz_, zzz_);
    }
    /// scalar * this by a signed window of 4 bits; not constant time.
    [[nodiscard]] constexpr CurvePoint mul(const Fr& scalar) const noexcept {
        return mul_integer(scalar.to_canonical());
    }
    /// integer * this for any 256-bit integer (not reduced modulo r); not constant time.
    [[nodiscard]] constexpr CurvePoint mul_integer(const Limbs& integer) const noexcept {
        std::array<CurvePoint, 16> multiples;
        for (std::size_t i = 1; i < 16; ++i) multiples[i] = multiples[i - 1].add(*this);
        CurvePoint result;
        for (unsigned digit = 64; digit > 0; --digit) {
            for (int i = 0; i < 4; ++i) result = result.double_();
            const unsigned shift = 4 * ((digit - 1) % 16);
            result = result.add(multiples[(integer[(digit - 1) / 16] >> shift) & 15U]);
        }
        return result;
    }
    /// One inversion.
    [[nodiscard]] constexpr Affine to_affine() const noexcept {
        return to_affine_with(zzz_.inverse());
    }
    /// As to_affine when the inverse of zzz() is known (batch_to_affine).
    [[nodiscard]] constexpr Affine to_affine_with(const Coordinate& zzz_inverse) const noexcept {
        if (is_identity()) return Affine::identity();
        const Coordinate z_inverse = zz_ * zzz_inverse;
        return {x_ * z_inverse.square(), y_ * zzz_inverse, false};
    }
    [[nodiscard]] constexpr const Coordinate& zzz() const noexcept { return zzz_; }

    friend constexpr bool operator==(const CurvePoint& a, const CurvePoint& b) noexcept {
        if (a.is_identity() || b.is_identity()) return a.is_identity() == b.is_identity();
        return a.x_ * b.zz_ == b.x_ * a.zz_ && a.y_ * b.zzz_ == b.y_ * a.zzz_;
    }
    [[nodiscard]] friend constexpr CurvePoint operator+(const CurvePoint& a,
                                                        const CurvePoint& b) noexcept {
        return a.add(b);
    }
    [[nodiscard]] friend constexpr CurvePoint operator-(const CurvePoint& a,
                                                        const CurvePoint& b) noexcept {
        return a.add(b.neg());
    }
    [[nodiscard]] constexpr CurvePoint operator-() const noexcept { return neg(); }
    constexpr CurvePoint& operator+=(const CurvePoint& other) noexcept {
        return *this = add(other);
    }
    constexpr CurvePoint& operator+=(const Affine& other) noexcept { return *this = add(other); }

  private:
    constexpr CurvePoint(const Coordinate& x, const Coordinate& y, const Coordinate& zz,
                         const Coordinate& zzz) noexcept
        : x_(x), y_(y), zz_(zz), zzz_(zzz) {}

    static constexpr CurvePoint doubled(const Coordinate& x, const Coordinate& y,
                                        const Coordinate& zz, const Coordinate& zzz) noexcept {
        const Coordinate u = y.double_();  // y = 0 (order 2) gives zz = 0: the identity
        const Coordinate v = u.square();
        const Coordinate w = u * v;
        const Coordinate s = x * v;
        const Coordinate xx = x.square();
        const Coordinate m = xx.double_() + xx;
        const Coordinate x3 = m.square() - s.double_();
        return CurvePoint(x3, m * (s - x3) - w * y, v * zz, w * zzz);
    }

    Coordinate x_;
    Coordinate y_;
    Coordinate zz_;
    Coordinate zzz_;
};

using G1Affine = AffinePoint<G1Params>;
using G2Affine = AffinePoint<G2Params>;
using G1 = CurvePoint<G1Params>;
using G2 = CurvePoint<G2Params>;

/// All points to affine form with one inversion; same order and length.
[[nodiscard]] std::vector<G1Affine> batch_to_affine(std::span<const G1> points);
[[nodiscard]] std::vector<G2Affine> batch_to_affine(std::span<const G2> points);

/// r * point = infinity. The point must be on the curve. About 1 ms.
[[nodiscard]] bool in_subgroup(const G2Affine& point) noexcept;

constexpr Fq2 G2Params::b() noexcept {  // 3 / (9 + u); the tests check b * (9 + u) = 3
    return {Fq::from_integer(
                {0x3267e6dc24a138e5, 0xb5b4c5e559dbefa3, 0x81be18991be06ac3, 0x2b149d40ceb8aaae}),
            Fq::from_integer(
                {0xe4a2bd0685c315d2, 0xa74fa084e52d1852, 0xcd2cafadeed8fdf4, 0x009713b03af0fed4})};
}
constexpr Fq2 G2Params::generator_x() noexcept {
    return {Fq::from_integer(
                {0x46debd5cd992f6ed, 0x674322d4f75edadd, 0x426a00665e5c4479, 0x1800deef121f1e76}),
            Fq::from_integer(
                {0x97e485b7aef312c2, 0xf1aa493335a9e712, 0x7260bfb731fb5d25, 0x198e9393920d483a})};
}
constexpr Fq2 G2Params::generator_y() noexcept {
    return {Fq::from_integer(
                {0x4ce6cc0166fa7daa, 0xe3d1e7690c43d37b, 0x4aab71808dcb408f, 0x12c85ea5db8c6deb}),
            Fq::from_integer(
                {0x55acdadcd122975b, 0xbc4b313370b38ef3, 0xec9e99ad690c3395, 0x090689d0585ff075})};
}

}  // namespace mintmark
