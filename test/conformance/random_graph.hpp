// Graphs that nobody designed: a few nodes of any kind over small shapes, from a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/model/model.hpp"

namespace mintmark {

/// Every operation of the float graph that is continuous, with computed and constant operands on
/// either side, broadcast, shared and reshaped. All values stay moderate.
[[nodiscard]] model::Graph random_graph(std::uint64_t seed);

/// Inputs in [-2, 2].
[[nodiscard]] std::vector<model::Sample> random_samples(const model::Graph& graph,
                                                        std::uint64_t seed, std::size_t count);

}  // namespace mintmark
