// The dispatched folds (IFMA where the processor has it) against the portable ones, and those
// against plain field arithmetic.
#include "mintmark/math/small_fold.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace mintmark {
namespace {

std::vector<Fr> random_factors(std::size_t count, std::uint64_t seed) {
    SeededRng rng(seed);
    std::vector<Fr> out(count);
    for (Fr& value : out) {
        const std::uint64_t kind = rng.next() % 8;
        value = kind == 0 ? Fr::zero() : kind == 1 ? -Fr::one() : Fr::random(rng);
    }
    return out;
}

/// Values of `bits` bits, signed, with the extremes among them.
template <class Int>
std::vector<Int> random_values(std::size_t count, unsigned bits, std::uint64_t seed) {
    SeededRng rng(seed);
    std::vector<Int> out(count);
    const std::int64_t top = (std::int64_t{1} << (bits - 1)) - 1;
    for (Int& value : out) {
        const std::uint64_t kind = rng.next() % 8;
        const auto any = static_cast<std::int64_t>(rng.next()) >> (64 - bits);
        value = static_cast<Int>(kind == 0 ? 0 : kind == 1 ? top : kind == 2 ? -top - 1 : any);
    }
    return out;
}

struct Shape {
    std::size_t rows, columns;
};
constexpr Shape kShapes[] = {{0, 5},  {1, 16},  {2, 15},  {3, 16},    {7, 40},   {33, 64},
                             {64, 7}, {5, 100}, {40, 33}, {4097, 16}, {3, 40000}};

template <class Int>
void check(unsigned bits) {
    for (const auto [rows, columns] : kShapes) {
        const auto values = random_values<Int>(rows * columns, bits, rows + columns);
        std::vector<const Int*> pointers;
        for (std::size_t k = 0; k < rows; ++k) pointers.push_back(&values[k * columns]);
        const auto factors = random_factors(rows, rows), start = random_factors(columns, 2);
        auto got = start, want = start;
        add_small_rows<Int>(got, factors, pointers);
        portable::add_small_rows<Int>(want, factors, pointers);
        ASSERT_EQ(got, want) << rows << " rows of " << columns;

        const auto along = random_factors(columns, columns), sums = random_factors(rows, 3);
        got = want = sums;
        add_small_dots<Int>(got, along, values.data(), columns);
        portable::add_small_dots<Int>(want, along, values.data(), columns);
        ASSERT_EQ(got, want) << rows << " dots of " << columns;
        for (std::size_t k = 0; k < std::min<std::size_t>(rows, 3); ++k) {
            Fr sum = sums[k];
            for (std::size_t i = 0; i < columns; ++i)
                sum += along[i] * Fr::from_i64(values[k * columns + i]);
            ASSERT_EQ(got[k], sum);
        }
    }
}

TEST(SmallFold, Int16) {
    check<std::int16_t>(8);
    check<std::int16_t>(16);
}
TEST(SmallFold, Int32) {
    check<std::int32_t>(20);
    check<std::int32_t>(21);
    check<std::int32_t>(32);
}
TEST(SmallFold, Int64) {
    check<std::int64_t>(12);
    check<std::int64_t>(20);
    check<std::int64_t>(21);
    check<std::int64_t>(63);
}

TEST(SmallFold, ToField) {
    for (const std::size_t count : {0U, 1U, 15U, 16U, 100U}) {
        for (const unsigned bits : {2U, 20U, 21U, 63U}) {
            const auto values = random_values<std::int64_t>(count, bits, count);
            std::vector<Fr> got = random_factors(count, 1);
            to_field(got, values);
            for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(got[i], Fr::from_i64(values[i]));
        }
    }
}

TEST(SmallFold, ExtremesEverywhere) {  // the largest sums, where a missing carry shows
    const std::vector<Fr> top(4096, -Fr::from_montgomery({1, 0, 0, 0}));
    for (const std::int64_t value :
         {(std::int64_t{1} << 19) - 1, -(std::int64_t{1} << 19), std::int64_t{1} << 19,
          std::numeric_limits<std::int64_t>::min()}) {
        const std::vector<std::int64_t> values(4096 * 16, value);
        std::vector<const std::int64_t*> rows;
        for (std::size_t k = 0; k < 4096; ++k) rows.push_back(&values[16 * k]);
        std::vector<Fr> got(16), want(16, Fr::from_u64(4096) * top[0] * Fr::from_i64(value));
        add_small_rows<std::int64_t>(got, top, rows);
        ASSERT_EQ(got, want);
        got.assign(16, Fr::zero());
        add_small_dots<std::int64_t>(got, top, values.data(), 4096);
        ASSERT_EQ(got, want);
    }
}

}  // namespace
}  // namespace mintmark
