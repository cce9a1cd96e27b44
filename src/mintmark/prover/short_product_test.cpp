// Against plain sums, at the edges of the 32-bit lanes too.
#include "mintmark/prover/short_product.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "mintmark/base/rng.hpp"

namespace mintmark::prover {
namespace {

using Matrix = std::vector<std::int64_t>;

Matrix random_matrix(std::size_t size, std::int64_t limit, SeededRng& rng) {
    Matrix out(size);
    for (auto& x : out)
        x = static_cast<std::int64_t>(rng.next() % static_cast<std::uint64_t>(2 * limit + 1)) -
            limit;
    return out;
}

int bits_of(std::int64_t limit) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(limit)));
}

/// All of the product, rows x columns.
Matrix multiply(const ShortProduct& product, std::size_t columns) {
    constexpr std::size_t kBlock = ShortProduct::kBlock;
    Matrix out(product.rows() * columns);
    for (std::size_t from = 0; from < columns; from += kBlock) {
        const std::size_t width = std::min(kBlock, columns - from);
        Matrix block(product.rows() * kBlock, 5);  // it adds
        product.add_block(from, width, block);
        for (std::size_t j = 0; j < product.rows(); ++j)
            for (std::size_t c = 0; c < width; ++c)
                out[j * columns + from + c] = block[j * kBlock + c] - 5;
    }
    return out;
}

Matrix plain(const Matrix& a, std::size_t columns, const Matrix& b, std::size_t depth) {
    const std::size_t rows = b.size() / depth;
    Matrix out(rows * columns);
    for (std::size_t j = 0; j < rows; ++j)
        for (std::size_t k = 0; k < depth; ++k)
            for (std::size_t c = 0; c < columns; ++c)
                out[j * columns + c] += b[j * depth + k] * a[k * columns + c];
    return out;
}

TEST(ShortProduct, EqualsPlainSums) {
    SeededRng rng(1);
    for (const std::int64_t limit : {1, 127, 4095, 32767})
        for (const std::size_t depth : {1U, 2U, 7U, 193U, 600U})
            for (const std::size_t columns : {1U, 16U, 63U, 64U, 65U, 200U})
                for (const std::size_t rows : {1U, 3U, 4U, 9U}) {
                    const Matrix a = random_matrix(depth * columns, limit, rng);
                    const Matrix b = random_matrix(rows * depth, limit, rng);
                    const ShortProduct product(a, columns, bits_of(limit), b, bits_of(limit));
                    ASSERT_EQ(product.rows(), rows);
                    ASSERT_EQ(multiply(product, columns), plain(a, columns, b, depth))
                        << limit << ' ' << depth << ' ' << columns << ' ' << rows;
                }
}

// Every product of the largest size and of one sign: no lane may wrap.
TEST(ShortProduct, LargestSums) {
    for (const std::int64_t limit : {255, 4095, 32767})
        for (const std::int64_t sign : {-1, 1}) {
            const std::size_t depth = 3001, columns = 70;
            const Matrix a(depth * columns, sign * limit), b(5 * depth, limit);
            const ShortProduct product(a, columns, bits_of(limit), b, bits_of(limit));
            for (const std::int64_t sum : multiply(product, columns))
                ASSERT_EQ(sum, sign * limit * limit * static_cast<std::int64_t>(depth));
        }
}

}  // namespace
}  // namespace mintmark::prover
