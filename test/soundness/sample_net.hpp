// Convolutional nets as circuits, built by hand, for tests and benches that need a chosen size.
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark::testing {

/// A circuit with weights and an input that fit it.
struct Sample {
    Circuit circuit;
    std::vector<std::int64_t> weights;  ///< the W column
    std::vector<std::int64_t> input;    ///< logical row-major
};

/// convolution, sum pool, convolution, sum pool, three dense layers.
struct NetShape {
    std::uint32_t image, kernel, channels1, channels2, dense1, dense2, scores;
    std::int32_t padding1, padding2;
    std::uint8_t pixel_bits, shift, relu_bits;  ///< activations have pixel_bits bits
    std::uint32_t weight_max;
};
inline constexpr NetShape kTinyNet{6, 3, 3, 5, 6, 5, 3, 1, 1, 4, 4, 8, 7};
/// A key of more bytes than one contract's code has, with small chunks.
inline constexpr NetShape kWideNet{6, 3, 3, 5, 512, 128, 3, 1, 1, 4, 6, 10, 3};
inline constexpr NetShape kLeNet{28, 5, 6, 16, 120, 84, 10, 2, 0, 8, 10, 12, 63};

struct NetOptions {
    std::uint8_t mu = 0;
    Visibility input = Visibility::kPublic;
    Visibility output = Visibility::kPublic;
    std::uint64_t seed = 1;  ///< of the weights and the input
};

[[nodiscard]] Sample sample_net(const NetShape& shape, const NetOptions& options);

}  // namespace mintmark::testing
