// Double-precision evaluation of one node: the oracle, the calibrator and the constant folder.
#pragma once

#include <span>
#include <vector>

#include "mintmark/model/graph.hpp"

namespace mintmark::model {

/// An operand: its shape and elements.
struct FloatTensor {
    const Shape* shape = nullptr;
    std::span<const double> data;
};

/// Output elements of `op`. Shapes must fit (the importer has checked them).
[[nodiscard]] std::vector<double> evaluate(const Op& op, std::span<const FloatTensor> inputs,
                                           const Shape& out_shape);

/// The same where the first operand is not needed any more: `first` holds its elements,
/// inputs[0] refers to them, no other input does. Element-wise operators write over them.
[[nodiscard]] std::vector<double> evaluate_onto(std::vector<double> first, const Op& op,
                                                std::span<const FloatTensor> inputs,
                                                const Shape& out_shape);

/// Elements of every value of the graph, by ValueId (empty for values that nothing computes).
/// `inputs` must fit the graph's inputs.
[[nodiscard]] std::vector<std::vector<double>> evaluate_all(
    const Graph& graph, std::span<const std::vector<double>> inputs);

}  // namespace mintmark::model
