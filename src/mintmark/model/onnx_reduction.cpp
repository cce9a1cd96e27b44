// Importers of the reductions.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

/// The axes of a Reduce operator, from attribute or input (input 1 since `since`).
Result<std::vector<std::uint32_t>> reduced_axes(const NodeView& node, std::size_t rank, int since) {
    MINTMARK_TRY(const std::optional<Ints> given, node.ints_either("axes", 1, since));
    MINTMARK_TRY(const std::int64_t empty_is_none, node.int_attribute("noop_with_empty_axes", 0));
    std::set<std::uint32_t> axes;
    if (given) {
        for (const std::int64_t axis : *given) {
            MINTMARK_TRY(const std::uint32_t one, normalise_axis(node, axis, rank));
            axes.insert(one);
        }
    }
    if (axes.empty() && empty_is_none == 0)
        for (std::uint32_t axis = 0; axis < rank; ++axis) axes.insert(axis);
    return std::vector<std::uint32_t>(axes.begin(), axes.end());
}

Result<ValueId> without_axes(const NodeView& node, ValueId x,
                             const std::vector<std::uint32_t>& axes) {
    MINTMARK_TRY(const std::int64_t keep, node.int_attribute("keepdims", 1));
    if (keep != 0) return x;
    const Shape in = node.shape(x);
    Shape out;
    for (std::uint32_t axis = 0; axis < in.size(); ++axis)
        if (std::ranges::find(axes, axis) == axes.end()) out.push_back(in[axis]);
    return reshaped(node, x, out);
}

/// ReduceSum's axes are an input since opset 13, those of the others since 18.
template <Reduction Kind, int Since>
Result<ValueId> import_reduce(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const auto axes, reduced_axes(node, node.shape(x).size(), Since));
    MINTMARK_TRY(const ValueId y, reduced(node, x, axes, Kind));
    return without_axes(node, y, axes);
}

Result<ValueId> import_reduce_sum_square(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const auto axes, reduced_axes(node, node.shape(x).size(), 18));
    MINTMARK_TRY(const ValueId y, sum_of_squares(node, x, axes));
    return without_axes(node, y, axes);
}

Result<ValueId> import_reduce_l2(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const auto axes, reduced_axes(node, node.shape(x).size(), 18));
    MINTMARK_TRY(const ValueId sum, sum_of_squares(node, x, axes));
    MINTMARK_TRY(const ValueId y, applied(node, Pointwise::kSqrt, sum));
    return without_axes(node, y, axes);
}

Result<ValueId> import_reduce_log_sum(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const auto axes, reduced_axes(node, node.shape(x).size(), 18));
    MINTMARK_TRY(const ValueId sum, reduced(node, x, axes, Reduction::kSum));
    MINTMARK_TRY(const ValueId y, applied(node, Pointwise::kLog, sum));
    return without_axes(node, y, axes);
}

/// The reduced axes become the last one of a softmax' logarithm.
Result<ValueId> import_reduce_log_sum_exp(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(const auto axes, reduced_axes(node, in.size(), 18));
    std::vector<std::uint32_t> perm;
    Shape out = in;
    std::uint32_t length = 1;
    for (std::uint32_t axis = 0; axis < in.size(); ++axis)
        if (std::ranges::find(axes, axis) == axes.end()) perm.push_back(axis);
    for (const std::uint32_t axis : axes) {
        perm.push_back(axis);
        length *= in[axis];
        out[axis] = 1;
    }
    if (length == 0) return node.malformed("reduces an axis without entries");
    if (length == 1) return without_axes(node, x, axes);
    const auto rows = static_cast<std::uint32_t>(element_count(in) / length);
    MINTMARK_TRY(const ValueId turned, transposed(node, x, perm));
    MINTMARK_TRY(const ValueId flat, reshaped(node, turned, {rows, length}));
    MINTMARK_TRY(const ValueId sums, softmax(node, flat, SoftmaxKind::kLogSum));
    MINTMARK_TRY(const ValueId y, reshaped(node, sums, out));
    return without_axes(node, y, axes);
}

/// |x| = relu(x) + relu(-x).
Result<ValueId> import_reduce_l1(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const auto axes, reduced_axes(node, node.shape(x).size(), 18));
    MINTMARK_TRY(const ValueId turned, scaled(node, x, -1));
    MINTMARK_TRY(const ValueId above, applied(node, Pointwise::kRelu, x));
    MINTMARK_TRY(const ValueId below, applied(node, Pointwise::kRelu, turned));
    MINTMARK_TRY(const ValueId magnitude, combined(node, Binary::kAdd, above, below));
    MINTMARK_TRY(const ValueId y, reduced(node, magnitude, axes, Reduction::kSum));
    return without_axes(node, y, axes);
}

Result<ValueId> import_global_max_pool(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    std::vector<std::uint32_t> axes;
    for (std::uint32_t axis = 2; axis < node.shape(x).size(); ++axis) axes.push_back(axis);
    if (axes.empty()) return node.malformed("input has no spatial axis");
    return reduced(node, x, axes, Reduction::kMax);
}

}  // namespace

void add_reduction_importers(ImporterMap& map) {
    map["ReduceSum"] = import_reduce<Reduction::kSum, 13>;
    map["ReduceMean"] = import_reduce<Reduction::kMean, 18>;
    map["ReduceMax"] = import_reduce<Reduction::kMax, 18>;
    map["ReduceMin"] = import_reduce<Reduction::kMin, 18>;
    map["ReduceProd"] = import_reduce<Reduction::kProd, 18>;
    map["ReduceSumSquare"] = import_reduce_sum_square;
    map["ReduceL1"] = import_reduce_l1;
    map["ReduceL2"] = import_reduce_l2;
    map["ReduceLogSum"] = import_reduce_log_sum;
    map["ReduceLogSumExp"] = import_reduce_log_sum_exp;
    map["GlobalMaxPool"] = import_global_max_pool;
}

}  // namespace mintmark::model
