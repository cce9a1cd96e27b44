// 128-bit signed integers for coefficients and exact accumulators, and their way into the field.
#pragma once

#include <cstdint>

#include "mintmark/math/field.hpp"

namespace mintmark {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

/// v mod r.
[[nodiscard]] inline Fr to_fr(Int128 v) noexcept {
    return Fr::from_i128(static_cast<std::int64_t>(v >> 64), static_cast<std::uint64_t>(v));
}

}  // namespace mintmark
