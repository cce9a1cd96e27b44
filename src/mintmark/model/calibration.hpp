// Ranges of every value of the float graph over sample inputs.
#pragma once

#include <span>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {

/// Element-wise minima and maxima by ValueId (empty for constants), and the inputs' ranges.
struct Calibration {
    std::vector<std::vector<double>> lo, hi;
    std::size_t runs = 0;                                ///< how many inputs the ranges come from
    std::vector<std::pair<double, double>> input_range;  ///< per input, zero included, with margin
};

/// Runs the graph on the samples, and on made-up inputs when there are few (QuantOptions).
[[nodiscard]] Result<Calibration> calibrate(const Graph& graph, std::span<const Sample> samples,
                                            const QuantOptions& options);

}  // namespace mintmark::model
