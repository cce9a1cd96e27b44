// From real numbers to integers: the step of every element, and the rounding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {

/// The step of each element of a tensor of that shape: `step`, or along `axis` those of `channels`
/// (none: `step` for all).
[[nodiscard]] std::vector<double> element_steps(const Shape& shape, double step,
                                                std::span<const double> channels,
                                                std::uint32_t axis);
[[nodiscard]] std::vector<double> element_steps(const QTensor& tensor);
/// The integer of a real number: x / step rounded (halves up), held within [lo, hi].
[[nodiscard]] std::int64_t to_step(double x, double step, std::int64_t lo,
                                   std::int64_t hi) noexcept;

}  // namespace mintmark::model
