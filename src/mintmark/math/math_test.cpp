#include <gtest/gtest.h>

#include "mintmark/math/msm.hpp"
#include "mintmark/math/pairing.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

TEST(Smoke, Field) {
    SeededRng rng(1);
    for (int i = 0; i < 100; ++i) {
        const Fr a = Fr::random(rng), b = Fr::random(rng), c = Fr::random(rng);
        EXPECT_EQ((a + b) * c, a * c + b * c);
        EXPECT_EQ(a * a.inverse(), Fr::one());
        EXPECT_EQ(Fr::from_bytes(a.to_bytes()), a);
    }
    EXPECT_EQ(Fr::inv2() * Fr::from_u64(2), Fr::one());
    EXPECT_EQ(Fr::from_i128(-1, ~std::uint64_t{0}), -Fr::one());
}

TEST(Smoke, CurveAndPairing) {
    SeededRng rng(1);
    EXPECT_TRUE(G1Affine::generator().is_on_curve());
    EXPECT_TRUE(G2Affine::generator().is_on_curve());
    EXPECT_TRUE(in_subgroup(G2Affine::generator()));
    const Fr a = Fr::random(rng), b = Fr::random(rng);
    const G1 g = G1::generator();
    const G2 h = G2::generator();
    EXPECT_EQ(g.mul(a) + g.mul(b), g.mul(a + b));
    std::vector<std::pair<G1Affine, G2Affine>> pairs = {
        {g.mul(a).to_affine(), h.mul(b).to_affine()},
        {g.mul(-(a * b)).to_affine(), G2Affine::generator()}};
    EXPECT_TRUE(pairing_product_is_one(pairs));
    pairs[0].first = G1Affine::generator();
    EXPECT_FALSE(pairing_product_is_one(pairs));
}

TEST(Smoke, Msm) {
    SeededRng rng(1);
    for (const std::size_t n : {0U, 1U, 2U, 50U, 300U}) {
        std::vector<G1Affine> bases;
        std::vector<Fr> scalars, smalls;
        std::vector<std::int64_t> small;
        G1 want, want_small;
        for (std::size_t i = 0; i < n; ++i) {
            bases.push_back(G1::generator().mul(Fr::random(rng)).to_affine());
            scalars.push_back(Fr::random(rng));
            small.push_back(static_cast<std::int64_t>(rng.next()) >> (rng.next() % 64));
            want += G1(bases[i]).mul(scalars[i]);
            want_small += G1(bases[i]).mul(Fr::from_i64(small[i]));
        }
        EXPECT_EQ(msm(bases, scalars), want);
        EXPECT_EQ(msm_small(bases, small), want_small);
    }
}

TEST(Smoke, Poly) {
    SeededRng rng(1);
    std::vector<Fr> a;
    for (int i = 0; i < 4; ++i) a.push_back(Fr::random(rng));
    const auto table = eq_table(a);
    Fr sum;
    for (std::uint64_t j = 0; j < 16; ++j) {
        EXPECT_EQ(lt_eval(j, a), sum);
        EXPECT_EQ(table[j], eq_index(a, j));
        sum += table[j];
    }
    EXPECT_EQ(lt_eval(16, a), Fr::one());
    EXPECT_EQ(sum, Fr::one());
    EXPECT_EQ(mle_eval(table, a), eq_eval(a, a));
}

}  // namespace
}  // namespace mintmark
