// The portable limb arithmetic and the x86-64 one agree.
#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {
namespace {

template <class F>
class LimbKernels : public testing::Test {};
using PrimeFields = testing::Types<F97, Fr, Fq>;
TYPED_TEST_SUITE(LimbKernels, PrimeFields);

TYPED_TEST(LimbKernels, DispatchedEqualsPortable) {
    using F = TypeParam;
    constexpr Limbs kP = F::kModulus;
    constexpr Modulus kM = F::kMontgomery;
    SeededRng rng(1);
    for (int i = 0; i < 20'000; ++i) {
        Limbs any;
        for (auto& limb : any) limb = rng.next() % 3 == 0 ? ~std::uint64_t{0} : rng.next();
        const Limbs a = i == 0 ? Limbs{} : F::random(rng).montgomery();
        const Limbs b = i % 7 == 1 ? (-F::one()).montgomery() : F::random(rng).montgomery();
        ASSERT_EQ(limbs::add_mod(a, b, kP), limbs::portable::add_mod(a, b, kP));
        ASSERT_EQ(limbs::sub_mod(a, b, kP), limbs::portable::sub_mod(a, b, kP));
        ASSERT_EQ(limbs::mont_mul(any, b, kM), limbs::portable::mont_mul(any, b, kM));
        ASSERT_EQ(limbs::portable::mont_mul_call(a, b, kM), limbs::portable::mont_mul(a, b, kM));
    }
}

TEST(Limbs, BitsAndComparison) {
    EXPECT_EQ(limbs::bit_length({}), 0U);
    EXPECT_EQ(limbs::bit_length({1, 0, 0, 0}), 1U);
    EXPECT_EQ(limbs::bit_length({0, 0, 0, std::uint64_t{1} << 63U}), 256U);
    EXPECT_EQ(limbs::bit_length(Fr::kModulus), 254U);
    EXPECT_TRUE(limbs::less({5, 0, 0, 0}, {0, 1, 0, 0}));
    EXPECT_FALSE(limbs::less({5, 0, 0, 0}, {5, 0, 0, 0}));
    EXPECT_TRUE(limbs::bit({0, 2, 0, 0}, 65));
    EXPECT_FALSE(limbs::bit({0, 2, 0, 0}, 64));
}

}  // namespace
}  // namespace mintmark
