// From an input to the whole execution trace, in exact integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/prover/int_columns.hpp"

namespace mintmark::prover {

/// One execution. Secret as far as the input, the output or the weights are.
struct Witness {
    std::vector<std::int64_t> f, g;           ///< columns F and G, n_f * m and n_g * m lanes
    std::vector<std::int64_t> input, output;  ///< logical row-major values
};

/// Runs the steps in order. `weights`: the W column, n_w * m lanes; `input`: logical row-major.
/// kInvalidArgument for wrong lengths, kOutOfRange when a value leaves its step's tables (the input
/// is outside of the calibrated range), naming the step. Cost: one multiplication per multiply-
/// accumulate of the model.
[[nodiscard]] Result<Witness> fill_witness(const Circuit& circuit,
                                           std::span<const std::int64_t> weights,
                                           std::span<const std::int64_t> input);

}  // namespace mintmark::prover
