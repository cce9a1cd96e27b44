#include "mintmark/prover/short_product.hpp"

#include <immintrin.h>

#include <algorithm>
#include <array>

#include "mintmark/base/assert.hpp"

namespace mintmark::prover {
namespace {

constexpr std::size_t kBlock = ShortProduct::kBlock;
constexpr std::size_t kMaxPiece = 96;  // pairs: a packed block of 24 KiB stays in the nearest cache
constexpr std::size_t kTogether = 4;   // rows that share what is loaded of the block

/// Sums of up to kTogether rows over a piece, kBlock each.
using Sums = std::array<std::int32_t, kTogether * kBlock>;
/// `b`: the pairs of each row of the piece.
using Rows = std::array<const std::int32_t*, kTogether>;

std::int32_t pair_of(std::int64_t low, std::int64_t high) noexcept {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(low & 0xffff) |
                                     static_cast<std::uint32_t>(high & 0xffff) << 16U);
}

// One body for three widths of vectors: target attributes do not reach into templates.
#define MINTMARK_SHORT_PRODUCT(NAME, VEC, LANES, SET, MADD, ADD)                                 \
    void NAME(const std::int32_t* block, std::size_t pairs, const Rows& b, Sums& out) noexcept { \
        for (std::size_t c = 0; c < kBlock; c += 2 * (LANES)) {                                  \
            VEC sums[kTogether][2] = {};                                                         \
            for (std::size_t k = 0; k < pairs; ++k) {                                            \
                VEC low, high;                                                                   \
                __builtin_memcpy(&low, block + k * kBlock + c, sizeof(VEC));                     \
                __builtin_memcpy(&high, block + k * kBlock + c + (LANES), sizeof(VEC));          \
                for (std::size_t j = 0; j < kTogether; ++j) {                                    \
                    const VEC factor = SET(b[j][k]);                                             \
                    sums[j][0] = ADD(sums[j][0], MADD(low, factor));                             \
                    sums[j][1] = ADD(sums[j][1], MADD(high, factor));                            \
                }                                                                                \
            }                                                                                    \
            for (std::size_t j = 0; j < kTogether; ++j)                                          \
                __builtin_memcpy(&out[j * kBlock + c], sums[j], sizeof sums[j]);                 \
        }                                                                                        \
    }

MINTMARK_SHORT_PRODUCT(multiply_sse2, __m128i, 4, _mm_set1_epi32, _mm_madd_epi16, _mm_add_epi32)
[[gnu::target("avx2")]] MINTMARK_SHORT_PRODUCT(multiply_avx2, __m256i, 8, _mm256_set1_epi32,
                                               _mm256_madd_epi16, _mm256_add_epi32)
    [[gnu::target("avx512f,avx512bw")]] MINTMARK_SHORT_PRODUCT(multiply_avx512, __m512i, 16,
                                                               _mm512_set1_epi32, _mm512_madd_epi16,
                                                               _mm512_add_epi32)
#undef MINTMARK_SHORT_PRODUCT

        using Multiply = decltype(&multiply_sse2);

Multiply widest() noexcept {
    if (__builtin_cpu_supports("avx512bw")) return multiply_avx512;
    return __builtin_cpu_supports("avx2") ? multiply_avx2 : multiply_sse2;
}

}  // namespace

ShortProduct::ShortProduct(std::span<const std::int64_t> a, std::size_t columns, int bits_a,
                           std::span<const std::int64_t> b, int bits_b)
    : a_(a), columns_(columns), depth_(a.size() / columns), pairs_((depth_ + 1) / 2) {
    MINTMARK_ASSERT(bits_a <= kMaxBits && bits_b <= kMaxBits && a.size() % columns == 0);
    MINTMARK_ASSERT(b.size() % depth_ == 0);
    rows_ = b.size() / depth_;
    piece_ = std::min(kMaxPiece, std::size_t{1} << (30 - bits_a - bits_b));
    b_.resize(rows_ * pairs_);
    for (std::size_t j = 0; j < rows_; ++j)
        for (std::size_t k = 0; k < depth_; k += 2)
            b_[j * pairs_ + k / 2] =
                pair_of(b[j * depth_ + k], k + 1 < depth_ ? b[j * depth_ + k + 1] : 0);
}

void ShortProduct::pack(std::size_t pair, std::size_t from, std::size_t width,
                        std::int32_t* to) const {
    const std::int64_t* low = &a_[2 * pair * columns_ + from];
    const bool is_whole = 2 * pair + 1 < depth_;
    for (std::size_t c = 0; c < width; ++c)
        to[c] = pair_of(low[c], is_whole ? low[columns_ + c] : 0);
    std::fill(to + width, to + kBlock, 0);
}

void ShortProduct::add_block(std::size_t from, std::size_t width,
                             std::span<std::int64_t> out) const {
    MINTMARK_ASSERT(width <= kBlock && out.size() >= rows_ * kBlock);
    static const Multiply multiply = widest();
    std::array<std::int32_t, kMaxPiece * kBlock> block;
    Sums sums;
    for (std::size_t first = 0; first < pairs_; first += piece_) {
        const std::size_t pairs = std::min(piece_, pairs_ - first);
        for (std::size_t k = 0; k < pairs; ++k) pack(first + k, from, width, &block[k * kBlock]);
        for (std::size_t j = 0; j < rows_; j += kTogether) {
            Rows rows;
            for (std::size_t i = 0; i < kTogether; ++i)
                rows[i] = &b_[std::min(j + i, rows_ - 1) * pairs_ + first];
            multiply(block.data(), pairs, rows, sums);
            const std::size_t count = std::min(kTogether, rows_ - j) * kBlock;
            for (std::size_t i = 0; i < count; ++i) out[j * kBlock + i] += sums[i];
        }
    }
}

}  // namespace mintmark::prover
