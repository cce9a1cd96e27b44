// Where the error of a quantised model comes from, layer by layer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "mintmark/model/model.hpp"

namespace mintmark::model {

/// Compares every computed tensor with the float model's on the samples and takes the final error
/// apart: a layer's own error is what its integers differ from the exact result on its (already
/// inexact) inputs; its share is how much the output moves when that error alone is left out.
/// At most `max_samples` are used, fewer for large models. kInvalidArgument as execute.
[[nodiscard]] Result<std::vector<LayerError>> explain(const Graph& graph,
                                                      const QuantGraph& quantised,
                                                      std::span<const Sample> samples,
                                                      std::size_t max_samples = 4);

/// A plot of the layers as an SVG document: bars for the shares, a line for the SQNR.
[[nodiscard]] std::string plot_svg(std::span<const LayerError> layers);

}  // namespace mintmark::model
