// Outputs that are probabilities: how wrong they would be where their curve is steepest. Internal.
#pragma once

#include <vector>

#include "mintmark/model/graph.hpp"

namespace mintmark::model {

/// Of each output, whether it is what a sigmoid or a softmax gives, moved about.
[[nodiscard]] std::vector<bool> are_probabilities(const Graph& graph);

/// What the same error of the score would make of a probability of one half, apart from the
/// result's own rounding to `step`; 0 where `exact` is so close to 0 or 1 that this hides it.
[[nodiscard]] double error_at_half(double exact, double integer, double step);

}  // namespace mintmark::model
