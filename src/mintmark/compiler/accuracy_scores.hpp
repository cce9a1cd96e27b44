// What a model's circuit says about its input and its class scores.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark::compiler {

/// kUnsupported: "no accuracy proof for this model: " and what stands in the way.
[[nodiscard]] std::unexpected<Error> no_accuracy(std::string_view what);

/// Inclusive.
struct Bounds {
    std::int64_t lo = 0, hi = 0;
};
/// What the first step of the model accepts as input.
[[nodiscard]] Bounds input_bounds(const Circuit& model);

/// The model's scores: a sum of operands on one out axis of more than one entry.
struct Scores {
    std::vector<LinTerm> terms;
    std::uint8_t axis = 0;  ///< of the model's output
    std::uint32_t classes = 0;
    Bounds bounds;
};
/// kUnsupported unless the output is one list of 2 to 255 scores.
[[nodiscard]] Result<Scores> scores_of(const Circuit& model);

}  // namespace mintmark::compiler
