// The dispatched kernels (IFMA where the processor has it) against the portable ones.
#include "mintmark/math/kernels.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace mintmark {
namespace {

/// Random elements with zeros and -1 among them.
std::vector<Fr> mixed(std::size_t count, std::uint64_t seed) {
    SeededRng rng(seed);
    std::vector<Fr> out(count);
    for (Fr& value : out) {
        const std::uint64_t kind = rng.next() % 4;
        value = kind == 0 ? Fr::zero() : kind == 1 ? -Fr::one() : Fr::random(rng);
    }
    return out;
}

constexpr std::size_t kSizes[] = {0, 1, 7, 8, 9, 16, 63, 300, 4096};

TEST(Kernels, Products) {
    for (const std::size_t n : kSizes) {
        const auto a = mixed(n, n), b = mixed(n, n + 1);
        std::vector<Fr> got(n), want(n);
        mul_batch(got, a, b);
        portable::mul_batch(want, a, b);
        ASSERT_EQ(got, want);
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(got[i], a[i] * b[i]);
        ASSERT_EQ(dot(a, b), portable::dot(a, b));
        got = a;
        mul_batch(got, got, got);
        for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(got[i], a[i].square());
    }
}

TEST(Kernels, Inverses) {
    for (const std::size_t n : {0U, 1U, 7U, 8U, 9U, 16U, 63U, 4096U, 4104U, 9000U}) {
        const auto values = mixed(n, n);
        auto got = values, want = values;
        invert_all(got);
        portable::invert_all(want);
        ASSERT_EQ(got, want);
        for (std::size_t i = 0; i < std::min<std::size_t>(n, 20); ++i)
            ASSERT_EQ(got[i], values[i].inverse());
    }
    std::vector<Fr> zeros(64);
    invert_all(zeros);
    EXPECT_EQ(zeros, std::vector<Fr>(64));
}

TEST(Kernels, AddScaled) {
    for (const std::size_t n : kSizes) {
        const auto a = mixed(n, n);
        for (const Fr& factor : mixed(5, 3)) {
            auto got = mixed(n, n + 1), want = got;
            add_scaled(got, factor, a);
            portable::add_scaled(want, factor, a);
            ASSERT_EQ(got, want);
        }
    }
}

TEST(Kernels, Folds) {
    for (const std::size_t n : kSizes) {
        const auto in = mixed(2 * n, n);
        for (const Fr& r : mixed(5, 4)) {
            std::vector<Fr> got(n), want(n);
            fold_low(got, in, r);
            portable::fold_low(want, in, r);
            ASSERT_EQ(got, want);
        }
    }
}

TEST(Kernels, SplitEq) {
    for (const std::size_t n : kSizes) {
        for (const Fr& r : mixed(5, 5)) {
            auto low = mixed(n, n), want_low = low;
            std::vector<Fr> high(n), want_high(n);
            split_eq(low, high, r);
            portable::split_eq(want_low, want_high, r);
            ASSERT_EQ(low, want_low);
            ASSERT_EQ(high, want_high);
        }
    }
}

TEST(Kernels, PairSums) {
    for (const std::size_t n : kSizes) {
        const auto a = mixed(2 * n, n), b = mixed(2 * n, n + 1);
        for (const std::size_t num_weights : {0U, 1U, 4U, 8U, 64U, 4096U}) {
            const auto weights = mixed(num_weights, 9);
            for (const std::size_t offset : {0U, 8U, 3U}) {
                const PairSums got = pair_sums(a, b, weights, offset);
                const PairSums want = portable::pair_sums(a, b, weights, offset);
                ASSERT_EQ(got.at0, want.at0);
                ASSERT_EQ(got.at1, want.at1);
                ASSERT_EQ(got.lead, want.lead);
                for (const PairEnds& ends : {pair_ends(a, b, weights, offset),
                                             portable::pair_ends(a, b, weights, offset)}) {
                    ASSERT_EQ(ends.at0, want.at0);
                    ASSERT_EQ(ends.lead, want.lead);
                }
            }
        }
    }
}

TEST(Kernels, FoldsInPlace) {
    for (const std::size_t n : kSizes) {
        auto table = mixed(2 * n, n);
        std::vector<Fr> want(n);
        const Fr r = mixed(8, 5)[3];
        portable::fold_low(want, table, r);
        fold_low(std::span(table).first(n), table, r);
        table.resize(n);
        ASSERT_EQ(table, want);
    }
}

TEST(Kernels, ExtremeElements) {  // the largest limbs, where a missing carry shows
    const std::vector<Fr> top(4096, -Fr::from_montgomery({1, 0, 0, 0}));
    EXPECT_EQ(dot(top, top), portable::dot(top, top));
    std::vector<Fr> got(4096), want(4096);
    mul_batch(got, top, top);
    portable::mul_batch(want, top, top);
    EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace mintmark
