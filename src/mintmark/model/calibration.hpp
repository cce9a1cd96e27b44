// Ranges of every value of the float graph over sample inputs.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {

/// Element-wise minima and maxima of a tensor; empty: nothing seen.
struct Range {
    std::vector<double> lo, hi;
};

/// Element-wise minima and maxima by ValueId (empty for constants), and the inputs' ranges.
struct Calibration {
    std::vector<std::vector<double>> lo, hi;
    std::size_t runs = 0;                                ///< how many inputs the ranges come from
    std::vector<std::pair<double, double>> input_range;  ///< per input, zero included, with margin
    /// Per input: element-wise ranges over every second given sample, and over the others.
    std::vector<std::array<Range, 2>> input_halves;
    std::size_t samples = 0;  ///< given ones
    /// Per input: the largest power of two of which every given sample's elements are multiples; 0
    /// if there are no samples.
    std::vector<double> input_grid;
    std::vector<double> seen;  ///< by ValueId: largest magnitude on the given samples; or empty
};

/// Runs the graph on the samples, and on made-up inputs when there are few (QuantOptions).
[[nodiscard]] Result<Calibration> calibrate(const Graph& graph, std::span<const Sample> samples,
                                            const QuantOptions& options);

}  // namespace mintmark::model
