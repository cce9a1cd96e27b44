#include "mintmark/math/curve.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace mintmark {
namespace {

template <class P>
class GroupLaws : public testing::Test {};
using Groups = testing::Types<G1, G2>;
TYPED_TEST_SUITE(GroupLaws, Groups);

TYPED_TEST(GroupLaws, EveryPairOfCases) {
    using P = TypeParam;
    SeededRng rng(1);
    const P g = P::generator();
    const P a = g.mul(Fr::random(rng)), b = g.mul(Fr::random(rng));
    const std::vector<P> cases = {P::identity(), g, g.neg(), g.double_(), a, a.neg(), b, a.add(b)};
    for (const P& x : cases) {
        EXPECT_EQ(x + P::identity(), x);
        EXPECT_TRUE((x - x).is_identity());
        EXPECT_EQ(x + x, x.double_());
        EXPECT_EQ(P(x.to_affine()), x);
        EXPECT_TRUE(x.to_affine().is_on_curve());
        for (const P& y : cases) {
            EXPECT_EQ(x + y, y + x);
            EXPECT_EQ(x.add(y.to_affine()), x + y);
            for (const P& z : cases) EXPECT_EQ((x + y) + z, x + (y + z));
        }
    }
}

TYPED_TEST(GroupLaws, ScalarsActLinearly) {
    using P = TypeParam;
    SeededRng rng(2);
    const P g = P::generator();
    for (int i = 0; i < 5; ++i) {
        const Fr a = Fr::random(rng), b = Fr::random(rng);
        EXPECT_EQ(g.mul(a) + g.mul(b), g.mul(a + b));
        EXPECT_EQ(g.mul(a).mul(b), g.mul(a * b));
        EXPECT_EQ(g.mul(-a), g.mul(a).neg());
    }
    P sum;
    for (std::uint64_t k = 0; k < 40; ++k) {
        EXPECT_EQ(g.mul(Fr::from_u64(k)), sum);
        EXPECT_EQ(P::identity().mul(Fr::from_u64(k)), P::identity());
        sum += g;
    }
    EXPECT_TRUE(g.mul_integer(Fr::kModulus).is_identity());
    EXPECT_EQ(
        g.mul_integer({~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}}),
        g.mul(Fr::from_integer(
            {~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0}})));
}

TYPED_TEST(GroupLaws, BatchToAffine) {
    using P = TypeParam;
    SeededRng rng(3);
    std::vector<P> points;
    EXPECT_TRUE(batch_to_affine(std::span<const P>(points)).empty());
    for (int i = 0; i < 9; ++i) {
        points.push_back(i % 3 == 1 ? P::identity() : P::generator().mul(Fr::random(rng)));
    }
    const auto affine = batch_to_affine(std::span<const P>(points));
    for (std::size_t i = 0; i < points.size(); ++i) EXPECT_EQ(affine[i], points[i].to_affine());
}

TYPED_TEST(GroupLaws, BytesRoundTripAndRejectWhatIsOffTheCurve) {
    using P = TypeParam;
    using Affine = typename P::Affine;
    SeededRng rng(4);
    const Affine point = P::generator().mul(Fr::random(rng)).to_affine();
    auto bytes = point.to_bytes();
    EXPECT_EQ(Affine::from_bytes(bytes), point);
    const std::array<std::uint8_t, Affine::kBytes> zeros = {};
    EXPECT_EQ(Affine::identity().to_bytes(), zeros);
    EXPECT_EQ(Affine::from_bytes(zeros), Affine::identity());
    for (std::size_t i = 0; i < bytes.size(); ++i) {  // any flipped bit leaves the curve
        bytes[i] ^= 1U;
        EXPECT_FALSE(Affine::from_bytes(bytes).has_value()) << i;
        bytes[i] ^= 1U;
    }
}

TYPED_TEST(GroupLaws, CoordinatesMustBeCanonical) {
    using P = TypeParam;
    using Affine = typename P::Affine;
    Bytes32 modulus = (-Fq::one()).to_bytes();
    modulus[31] = static_cast<std::uint8_t>(modulus[31] + 1);  // q is odd: no carry
    auto bytes = Affine::identity().to_bytes();
    for (std::size_t word = 0; word < bytes.size(); word += 32) {  // q as an alias of zero
        auto alias = bytes;
        std::copy(modulus.begin(), modulus.end(), alias.begin() + static_cast<long>(word));
        EXPECT_FALSE(Affine::from_bytes(alias).has_value());
    }
}

TEST(Constants, CurveAndGenerators) {
    EXPECT_TRUE(G1Affine::generator().is_on_curve());
    EXPECT_TRUE(G2Affine::generator().is_on_curve());
    EXPECT_EQ(G2Params::b().mul_by_xi(), Fq2::from_u64(3));
    EXPECT_TRUE(in_subgroup(G2Affine::generator()));
    EXPECT_TRUE(in_subgroup(G2Affine::identity()));
    EXPECT_FALSE(G1Affine::generator() == G1Affine::identity());
}

TEST(Subgroup, RejectsPointsOfTheTwistOutsideIt) {
    // Walk x = k + u until x^3 + b is a square: such a point lies outside the subgroup, as the
    // cofactor of the twist is 2q - r.
    int found = 0;
    for (std::uint64_t k = 0; found < 2 && k < 100; ++k) {
        const Fq2 x{Fq::from_u64(k), Fq::one()};
        const Fq2 yy = x.square() * x + G2Params::b();
        // Square root in Fq2 for q = 3 mod 4 by the norm: |yy| = n^2, re^2 = (yy.re + n) / 2.
        Limbs exponent = Fq::kModulus;  // (q + 1) / 4
        exponent[0] += 1;
        for (std::size_t i = 0; i < 4; ++i) {
            exponent[i] = (exponent[i] >> 2U) | (i < 3 ? exponent[i + 1] << 62U : 0);
        }
        const Fq norm = (yy.re.square() + yy.im.square()).pow(exponent);
        for (const Fq& n : {norm, -norm}) {
            const Fq re = ((yy.re + n) * Fq::inv2()).pow(exponent);
            const G2Affine point{x, Fq2{re, yy.im * (re + re).inverse()}, false};
            if (!point.is_on_curve()) continue;
            EXPECT_FALSE(in_subgroup(point));
            EXPECT_TRUE(G2Affine::from_bytes(point.to_bytes()).has_value());
            ++found;
            break;
        }
    }
    EXPECT_EQ(found, 2);
}

// ---- known answers: inputs and outputs of the Ethereum precompiles 0x06 and 0x07 (EIP-196) ----

G1Affine point(std::string_view hex) {
    const Bytes bytes = from_hex(hex).value();
    return G1Affine::from_bytes(std::span<const std::uint8_t, 64>(bytes.data(), 64)).value();
}
struct Vector {
    std::string_view left, right, result;
};

TEST(Eip196, Additions) {
    const Vector vectors[] = {{"18b18acfb4c2c30276db5411368e7185b311dd124691610c5d3b74034e093dc9"
                               "063c909c4720840cb5134cb9f59fa749755796819658d32efc0d288198f37266",
                               "07c2b7f58a84bd6145f00c9c2bc0bb1a187f20ff2c92963a88019e7c6a014eed"
                               "06614e20c147e940f2d70da3f74c9a17df361706a4485c742bd6788478fa17d7",
                               "2243525c5efd4b9c3d3c45ac0ca3fe4dd85e830a4ce6b65fa1eeaee202839703"
                               "301d1d33be6da8e509df21cc35964723180eed7532537db9ae5e7d48f195c915"},
                              {"2243525c5efd4b9c3d3c45ac0ca3fe4dd85e830a4ce6b65fa1eeaee202839703"
                               "301d1d33be6da8e509df21cc35964723180eed7532537db9ae5e7d48f195c915",
                               "18b18acfb4c2c30276db5411368e7185b311dd124691610c5d3b74034e093dc9"
                               "063c909c4720840cb5134cb9f59fa749755796819658d32efc0d288198f37266",
                               "2bd3e6d0f3b142924f5ca7b49ce5b9d54c4703d7ae5648e61d02268b1a0a9fb7"
                               "21611ce0a6af85915e2f1d70300909ce2e49dfad4a4619c8390cae66cefdb204"},
                              {"0000000000000000000000000000000000000000000000000000000000000001"
                               "0000000000000000000000000000000000000000000000000000000000000002",
                               "0000000000000000000000000000000000000000000000000000000000000001"
                               "0000000000000000000000000000000000000000000000000000000000000002",
                               "030644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd3"
                               "15ed738c0e0a7c92e7845f96b2ae9c0a68a6a449e3538fc7ff3ebf7a5a18a2c4"},
                              {"17c139df0efee0f766bc0204762b774362e4ded88953a39ce849a8a7fa163fa9"
                               "01e0559bacb160664764a357af8a9fe70baa9258e0b959273ffc5718c6d4cc7c",
                               "039730ea8dff1254c0fee9c0ea777d29a9c710b7e616683f194f18c43b43b869"
                               "073a5ffcc6fc7a28c30723d6e58ce577356982d65b833a5a5c15bf9024b43d98",
                               "15bf2bb17880144b5d1cd2b1f46eff9d617bffd1ca57c37fb5a49bd84e53cf66"
                               "049c797f9ce0d17083deb32b5e36f2ea2a212ee036598dd7624c168993d1355f"},
                              {"17c139df0efee0f766bc0204762b774362e4ded88953a39ce849a8a7fa163fa9"
                               "01e0559bacb160664764a357af8a9fe70baa9258e0b959273ffc5718c6d4cc7c",
                               "17c139df0efee0f766bc0204762b774362e4ded88953a39ce849a8a7fa163fa9"
                               "2e83f8d734803fc370eba25ed1f6b8768bd6d83887b87165fc2434fe11a830cb",
                               "0000000000000000000000000000000000000000000000000000000000000000"
                               "0000000000000000000000000000000000000000000000000000000000000000"}};
    for (const Vector& v : vectors) {
        const G1 sum = G1(point(v.left)).add(point(v.right));
        EXPECT_EQ(sum.to_affine(), point(v.result));
        const auto bytes = sum.to_affine().to_bytes();
        EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), from_hex(v.result).value());
    }
}

TEST(Eip196, ScalarProducts) {
    const Vector vectors[] = {{"2bd3e6d0f3b142924f5ca7b49ce5b9d54c4703d7ae5648e61d02268b1a0a9fb7"
                               "21611ce0a6af85915e2f1d70300909ce2e49dfad4a4619c8390cae66cefdb204",
                               "00000000000000000000000000000000000000000000000011138ce750fa15c2",
                               "070a8d6a982153cae4be29d434e8faef8a47b274a053f5a4ee2a6c9c13c31e5c"
                               "031b8ce914eba3a9ffb989f9cdd5b0f01943074bf4f0f315690ec3cec6981afc"},
                              {"070a8d6a982153cae4be29d434e8faef8a47b274a053f5a4ee2a6c9c13c31e5c"
                               "031b8ce914eba3a9ffb989f9cdd5b0f01943074bf4f0f315690ec3cec6981afc",
                               "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd46",
                               "025a6f4181d2b4ea8b724290ffb40156eb0adb514c688556eb79cdea0752c2bb"
                               "2eff3f31dea215f1eb86023a133a996eb6300b44da664d64251d05381bb8a02e"},
                              {"025a6f4181d2b4ea8b724290ffb40156eb0adb514c688556eb79cdea0752c2bb"
                               "2eff3f31dea215f1eb86023a133a996eb6300b44da664d64251d05381bb8a02e",
                               "183227397098d014dc2822db40c0ac2ecbc0b548b438e5469e10460b6c3e7ea3",
                               "14789d0d4a730b354403b5fac948113739e276c23e0258d8596ee72f9cd9d323"
                               "0af18a63153e0ec25ff9f2951dd3fa90ed0197bfef6e2a1a62b5095b9d2b4a27"},
                              {"1a87b0584ce92f4593d161480614f2989035225609f08058ccfa3d0f940febe3"
                               "1a2f3c951f6dadcc7ee9007dff81504b0fcd6d7cf59996efdc33d92bf7f9f8f6",
                               "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                               "2cde5879ba6f13c0b5aa4ef627f159a3347df9722efce88a9afbb20b763b4c41"
                               "1aa7e43076f6aee272755a7f9b84832e71559ba0d2e0b17d5f9f01755e5b0d11"},
                              {"1a87b0584ce92f4593d161480614f2989035225609f08058ccfa3d0f940febe3"
                               "1a2f3c951f6dadcc7ee9007dff81504b0fcd6d7cf59996efdc33d92bf7f9f8f6",
                               "0000000000000000000000000000000100000000000000000000000000000000",
                               "1051acb0700ec6d42a88215852d582efbaef31529b6fcbc3277b5c1b300f5cf0"
                               "135b2394bb45ab04b8bd7611bd2dfe1de6a4e6e2ccea1ea1955f577cd66af85b"},
                              {"17c139df0efee0f766bc0204762b774362e4ded88953a39ce849a8a7fa163fa9"
                               "01e0559bacb160664764a357af8a9fe70baa9258e0b959273ffc5718c6d4cc7c",
                               "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000000",
                               "17c139df0efee0f766bc0204762b774362e4ded88953a39ce849a8a7fa163fa9"
                               "2e83f8d734803fc370eba25ed1f6b8768bd6d83887b87165fc2434fe11a830cb"}};
    for (const Vector& v : vectors) {
        const Fr scalar = Fr::from_bytes_reduce(bytes32_from_hex(v.right).value());
        EXPECT_EQ(G1(point(v.left)).mul(scalar).to_affine(), point(v.result));
    }
}

}  // namespace
}  // namespace mintmark
