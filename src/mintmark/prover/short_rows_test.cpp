// Against plain sums, at the edges of the 32-bit lanes too.
#include "mintmark/prover/short_rows.hpp"

#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"

namespace mintmark::prover {
namespace {

std::int64_t plain(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

TEST(ShortRows, EqualPlainSums) {
    SeededRng rng(1);
    for (const std::int64_t limit : {1, 127, 4096, 32767}) {
        for (const std::size_t depth : {1U, 7U, 8U, 9U, 31U, 4608U}) {
            std::vector<std::int64_t> a(3 * depth), b(2 * depth);
            for (auto* v : {&a, &b})
                for (auto& x : *v)
                    x = static_cast<std::int64_t>(rng.next() %
                                                  static_cast<std::uint64_t>(2 * limit + 1)) -
                        limit;
            const auto rows = ShortRows::make(a, depth), columns = ShortRows::make(b, depth);
            ASSERT_TRUE(rows && columns);
            for (std::size_t i = 0; i < 3; ++i)
                for (std::size_t j = 0; j < 2; ++j)
                    EXPECT_EQ(rows->dot(i, *columns, j),
                              plain(std::span(a).subspan(i * depth, depth),
                                    std::span(b).subspan(j * depth, depth)));
        }
    }
}

// Every product of the largest size and of one sign: no lane may wrap.
TEST(ShortRows, LargestSums) {
    for (const std::int64_t limit : {255, 4095, 32767}) {
        constexpr std::size_t kDepth = std::size_t{1} << 17U;
        const std::vector<std::int64_t> up(kDepth, limit), down(kDepth, -limit);
        const auto a = ShortRows::make(up, kDepth), b = ShortRows::make(down, kDepth);
        ASSERT_TRUE(a && b);
        const auto expected = limit * limit * static_cast<std::int64_t>(kDepth);
        EXPECT_EQ(a->dot(0, *a, 0), expected);
        EXPECT_EQ(b->dot(0, *b, 0), expected);
        EXPECT_EQ(a->dot(0, *b, 0), -expected);
    }
}

TEST(ShortRows, RefusesLargerIntegers) {
    for (const std::int64_t value :
         {std::int64_t{32768}, std::int64_t{-32768}, INT64_MIN, INT64_MAX})
        EXPECT_FALSE(ShortRows::make(std::vector<std::int64_t>{0, value}, 2).has_value());
}

}  // namespace
}  // namespace mintmark::prover
