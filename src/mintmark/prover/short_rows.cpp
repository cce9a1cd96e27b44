#include "mintmark/prover/short_rows.hpp"

#include <immintrin.h>

#include <algorithm>
#include <bit>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"

namespace mintmark::prover {
namespace {

constexpr std::size_t kLanes = 8;   // 16-bit integers in a vector
constexpr int kMaxBits = 15;        // of a magnitude
constexpr std::size_t kGrain = 16;  // rows

std::int64_t sum_of_lanes(__m128i sums) {
    alignas(16) std::int32_t lanes[4];
    _mm_store_si128(reinterpret_cast<__m128i*>(lanes), sums);
    return std::int64_t{lanes[0]} + lanes[1] + lanes[2] + lanes[3];
}

__m128i load(const std::int16_t* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}

}  // namespace

std::optional<ShortRows> ShortRows::make(std::span<const std::int64_t> values, std::size_t depth) {
    MINTMARK_ASSERT(depth > 0 && values.size() % depth == 0);
    std::uint64_t all = 0;
    for (const std::int64_t v : values)
        all |= v < 0 ? -static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
    ShortRows out;
    out.bits_ = static_cast<int>(std::bit_width(all));
    if (out.bits_ > kMaxBits) return std::nullopt;
    out.depth_ = (depth + kLanes - 1) / kLanes * kLanes;
    const std::size_t rows = values.size() / depth;
    out.values_.resize(rows * out.depth_);
    parallel_for(rows, kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row)
            for (std::size_t k = 0; k < depth; ++k)
                out.values_[row * out.depth_ + k] =
                    static_cast<std::int16_t>(values[row * depth + k]);
    });
    return out;
}

std::int64_t ShortRows::dot(std::size_t row, const ShortRows& other, std::size_t other_row) const {
    MINTMARK_ASSERT(depth_ == other.depth_);
    const std::int16_t* a = &values_[row * depth_];
    const std::int16_t* b = &other.values_[other_row * depth_];
    // Each step adds two products of at most bits_ + other.bits_ bits to a lane of 32 bits.
    const std::size_t steps = std::size_t{1} << (2 * kMaxBits - bits_ - other.bits_);
    std::int64_t total = 0;
    for (std::size_t from = 0; from < depth_;) {
        const std::size_t end = std::min(depth_, from + steps * kLanes);
        __m128i sums = _mm_setzero_si128();
        for (; from < end; from += kLanes)
            sums = _mm_add_epi32(sums, _mm_madd_epi16(load(a + from), load(b + from)));
        total += sum_of_lanes(sums);
    }
    return total;
}

}  // namespace mintmark::prover
