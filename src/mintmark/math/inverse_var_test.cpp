#include "mintmark/math/inverse_var.hpp"

#include <gtest/gtest.h>

namespace mintmark {
namespace {

template <class F>
void expect_inverse(const F& value) {
    const F got = inverse_var(value);
    ASSERT_EQ(got, value.inverse());
    ASSERT_TRUE(limbs::less(inverse_integer_var(value.to_canonical(), F::kModulus), F::kModulus));
}

template <class F>
void expect_inverses_of_all_sorts() {
    SeededRng rng(7);
    for (int i = 0; i < 2000; ++i) expect_inverse(F::random(rng));
    for (std::uint64_t i = 0; i < 300; ++i) {
        expect_inverse(F::from_u64(i));
        expect_inverse(-F::from_u64(i));
        expect_inverse(F::from_u64(2).pow(i));
        expect_inverse(F::from_u64(2).pow(i) - F::one());
        expect_inverse(-F::from_u64(2).pow(i));
        expect_inverse(F::inv2() + F::from_u64(i));
    }
}

TEST(InverseVar, AgreesWithFermat) {
    expect_inverses_of_all_sorts<Fr>();
    expect_inverses_of_all_sorts<Fq>();
}

TEST(InverseVar, EveryElementOfATinyField) {
    for (std::uint64_t a = 0; a < 97; ++a) expect_inverse(F97::from_u64(a));
}

TEST(InverseVar, ZeroStaysZero) {
    EXPECT_TRUE(inverse_var(Fr::zero()).is_zero());
}

}  // namespace
}  // namespace mintmark
