#include "mintmark/math/poly.hpp"

#include <gtest/gtest.h>

namespace mintmark {
namespace {

std::vector<Fr> random_values(std::size_t count, std::uint64_t seed) {
    SeededRng rng(seed);
    std::vector<Fr> out(count);
    for (Fr& value : out) value = Fr::random(rng);
    return out;
}

/// eq(a, bits of j) by the definition.
Fr eq_by_definition(std::span<const Fr> a, std::uint64_t j) {
    Fr product = Fr::one();
    for (std::size_t i = 0; i < a.size(); ++i) {
        const Fr bit = Fr::from_u64((j >> i) & 1U);
        product *= a[i] * bit + (Fr::one() - a[i]) * (Fr::one() - bit);
    }
    return product;
}

TEST(Eq, TableMatchesDefinition) {
    for (std::size_t n = 0; n <= 12; ++n) {
        const auto a = random_values(n, n);
        const auto table = eq_table(a);
        const auto scaled = eq_table(a, Fr::from_u64(7));
        ASSERT_EQ(table.size(), std::size_t{1} << n);
        for (std::uint64_t j = 0; j < table.size(); ++j) {
            ASSERT_EQ(table[j], eq_by_definition(a, j));
            ASSERT_EQ(eq_index(a, j), table[j]);
            ASSERT_EQ(scaled[j], table[j] * Fr::from_u64(7));
        }
        EXPECT_EQ(eq_index(a, table.size()), Fr::zero());
    }
}

TEST(Eq, EvalExtendsTheIndicator) {
    const auto a = random_values(5, 1), b = random_values(5, 2);
    const auto ta = eq_table(a), tb = eq_table(b);
    Fr sum;
    for (std::size_t j = 0; j < ta.size(); ++j) sum += ta[j] * tb[j];
    EXPECT_EQ(eq_eval(a, b), sum);
    EXPECT_EQ(eq_eval({}, {}), Fr::one());
}

TEST(Eq, IndexOfManyVariables) {
    std::vector<Fr> ones(70, Fr::one());
    EXPECT_EQ(eq_index(ones, ~std::uint64_t{0}), Fr::zero());
    std::fill(ones.begin() + 64, ones.end(), Fr::zero());
    EXPECT_EQ(eq_index(ones, ~std::uint64_t{0}), Fr::one());
}

TEST(Mle, OfIntegersIsThatOfTheirFieldElements) {
    for (std::size_t n = 0; n <= 13; ++n) {
        const auto point = random_values(n, 40 + n);
        for (const std::size_t missing :
             {std::size_t{0}, std::size_t{1}, std::size_t{1} << n / 2}) {
            std::vector<std::int64_t> ints((std::size_t{1} << n) -
                                           std::min(missing, std::size_t{1} << n));
            for (std::size_t i = 0; i < ints.size(); ++i)
                ints[i] = static_cast<std::int64_t>(i * i * 7919 % 100003) - 50000 +
                          (i % 5 == 0 ? std::int64_t{1} << 40 : 0);
            std::vector<Fr> fields(std::size_t{1} << n);
            for (std::size_t i = 0; i < ints.size(); ++i) fields[i] = Fr::from_i64(ints[i]);
            ASSERT_EQ(mle_eval_ints(ints, point), mle_eval(fields, point)) << n << ' ' << missing;
        }
    }
}

TEST(Lt, MatchesTheSumForEveryBound) {
    for (std::size_t n = 0; n <= 8; ++n) {
        const auto a = random_values(n, 10 + n);
        Fr sum;
        for (std::uint64_t bound = 0; bound <= (std::uint64_t{1} << n); ++bound) {
            ASSERT_EQ(lt_eval(bound, a), sum) << n << ' ' << bound;
            if (bound >> n == 0) sum += eq_by_definition(a, bound);
        }
        EXPECT_EQ(lt_eval((std::uint64_t{1} << n) + 3, a), Fr::one());
    }
}

TEST(Lt, ManyVariables) {
    const auto a = random_values(70, 1);
    EXPECT_EQ(lt_eval(0, a), Fr::zero());
    EXPECT_EQ(lt_eval(1, a), eq_index(a, 0));
    EXPECT_EQ(lt_eval(std::uint64_t{1} << 63U, a) + eq_index(a, std::uint64_t{1} << 63U),
              lt_eval((std::uint64_t{1} << 63U) + 1, a));
}

TEST(Mle, AgreesWithEqTableAndWithBinding) {
    for (std::size_t n = 0; n <= 13; ++n) {
        const auto point = random_values(n, n);
        const auto table = random_values(std::size_t{1} << n, 100 + n);
        const auto weights = eq_table(point);
        Fr want;
        for (std::size_t j = 0; j < table.size(); ++j) want += weights[j] * table[j];
        ASSERT_EQ(mle_eval(table, point), want);
        auto folded = table;
        for (const Fr& r : point) bind_low(folded, r);
        ASSERT_EQ(folded.size(), 1U);
        ASSERT_EQ(folded[0], want);
    }
}

TEST(Mle, BindLowFixesVariableZero) {
    auto table = random_values(4, 1);
    const auto before = table;
    const Fr r = Fr::from_u64(5);
    bind_low(table, r);
    ASSERT_EQ(table.size(), 2U);
    EXPECT_EQ(table[0], before[0] + r * (before[1] - before[0]));
    EXPECT_EQ(table[1], before[2] + r * (before[3] - before[2]));
}

TEST(Horner, SmallCases) {
    const Fr x = Fr::from_u64(10);
    EXPECT_EQ(horner({}, x), Fr::zero());
    const std::vector<Fr> digits = {Fr::from_u64(3), Fr::from_u64(2), Fr::from_u64(1)};
    EXPECT_EQ(horner(digits, x), Fr::from_u64(123));
}

}  // namespace
}  // namespace mintmark
