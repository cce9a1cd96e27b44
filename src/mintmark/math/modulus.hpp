// The types of limb arithmetic.
#pragma once

#include <array>
#include <cstdint>

namespace mintmark {

/// A 256-bit integer: limb 0 is the least significant.
using Limbs = std::array<std::uint64_t, 4>;

__extension__ using Uint128 = unsigned __int128;

/// An odd modulus p < 2^255 with the constant of Montgomery reduction.
struct Modulus {
    Limbs p;
    std::uint64_t ninv;  ///< -p^-1 mod 2^64
};

}  // namespace mintmark
