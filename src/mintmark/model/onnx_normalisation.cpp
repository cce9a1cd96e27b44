// Importers of normalisations, norms and pools of powers: means, sums of squares, one looked-up
// root of each, products.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

using Axes = std::vector<std::uint32_t>;

Axes axes_from(std::uint32_t first, std::size_t rank) {
    Axes out;
    for (auto axis = first; axis < rank; ++axis) out.push_back(axis);
    return out;
}

struct Deviation {
    ValueId mean, difference;
};

Result<Deviation> deviation(const NodeView& node, ValueId x, const Axes& axes) {
    MINTMARK_TRY(const ValueId mean, reduced(node, x, axes, Reduction::kMean));
    MINTMARK_TRY(const auto exact, centred(node, x, mean));
    if (exact) return Deviation{mean, *exact};
    MINTMARK_TRY(const ValueId difference, combined(node, Binary::kSub, x, mean));
    return Deviation{mean, difference};
}

/// 1 / sqrt(mean x² + epsilon) over `axes`.
Result<ValueId> inverse_root(const NodeView& node, ValueId x, const Axes& axes, double epsilon) {
    MINTMARK_TRY(const ValueId sum, sum_of_squares(node, x, axes));
    const double count = static_cast<double>(element_count(node.shape(x))) /
                         static_cast<double>(element_count(node.shape(sum)));
    MINTMARK_TRY(const ValueId mean, scaled(node, sum, 1 / count));
    MINTMARK_TRY(const ValueId moved, combined(node, Binary::kAdd, mean, node.scalar(epsilon)));
    return applied(node, Pointwise::kRsqrt, moved);
}

/// x · scale + bias with inputs `scale` and `bias` (each optional), reshaped to `shape`.
Result<ValueId> scaled_and_moved(const NodeView& node, ValueId x, std::size_t scale,
                                 std::size_t bias, const Shape& shape) {
    for (const std::size_t i : {scale, bias}) {
        if (!node.has_input(i)) continue;
        MINTMARK_TRY(ValueId c, node.real_input(i));
        if (element_count(node.shape(c)) == element_count(shape)) {
            MINTMARK_TRY(c, reshaped(node, c, shape));
        }
        MINTMARK_TRY(x, combined(node, i == scale ? Binary::kMul : Binary::kAdd, x, c));
    }
    return x;
}

enum class Centre : std::uint8_t { kMean, kNone };

/// Layer and RMS normalisation; outputs 1 and 2 (mean and inverse deviation) on request.
template <Centre Kind>
Result<ValueId> import_layer_norm(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape shape = node.shape(x);
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", -1));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, shape.size()));
    MINTMARK_TRY(const double epsilon, node.float_attribute("epsilon", static_cast<double>(1e-5F)));
    const Axes axes = axes_from(axis, shape.size());
    Deviation parts{x, x};
    if (Kind == Centre::kMean) {
        MINTMARK_TRY(parts, deviation(node, x, axes));
    }
    MINTMARK_TRY(const ValueId root, inverse_root(node, parts.difference, axes, epsilon));
    MINTMARK_TRY(const ValueId y, combined(node, Binary::kMul, parts.difference, root));
    const int deviation_output = Kind == Centre::kMean ? 2 : 1;
    if (Kind == Centre::kMean && node.has_output(1))
        MINTMARK_CHECK(node.bind_output(1, parts.mean));
    if (node.has_output(deviation_output)) MINTMARK_CHECK(node.bind_output(deviation_output, root));
    const Shape tail(shape.begin() + axis, shape.end());
    return scaled_and_moved(node, y, 1, Kind == Centre::kMean ? 2 : 99, tail);
}

Result<ValueId> import_instance_norm(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape shape = node.shape(x);
    if (shape.size() < 3) return node.malformed("input has no spatial axis");
    MINTMARK_TRY(const double epsilon, node.float_attribute("epsilon", static_cast<double>(1e-5F)));
    const Axes axes = axes_from(2, shape.size());
    MINTMARK_TRY(const Deviation parts, deviation(node, x, axes));
    MINTMARK_TRY(const ValueId root, inverse_root(node, parts.difference, axes, epsilon));
    MINTMARK_TRY(const ValueId y, combined(node, Binary::kMul, parts.difference, root));
    Shape per_channel(shape.size() - 1, 1);
    per_channel[0] = shape[1];
    return scaled_and_moved(node, y, 1, 2, per_channel);
}

/// Scale and bias have one entry for each channel (since opset 21) or each group.
Result<ValueId> import_group_norm(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape shape = node.shape(x);
    MINTMARK_TRY(const std::int64_t groups, node.int_attribute("num_groups", 0));
    if (shape.size() < 2 || groups < 1 || shape[1] % groups != 0)
        return node.malformed(fmt::format("{} groups do not fit the channels", groups));
    MINTMARK_TRY(const double epsilon, node.float_attribute("epsilon", static_cast<double>(1e-5F)));
    const auto count = static_cast<std::uint32_t>(groups);
    const auto size = static_cast<std::uint32_t>(element_count(shape) / shape[0] / count);
    MINTMARK_TRY(ValueId y, reshaped(node, x, {shape[0], count, size}));
    MINTMARK_TRY(const Deviation parts, deviation(node, y, {2}));
    MINTMARK_TRY(const ValueId root, inverse_root(node, parts.difference, {2}, epsilon));
    MINTMARK_TRY(y, combined(node, Binary::kMul, parts.difference, root));
    if (node.has_input(1)) {
        MINTMARK_TRY(const ValueId scale, node.real_input(1));
        if (element_count(node.shape(scale)) == count && count != shape[1]) {
            MINTMARK_TRY(y, scaled_and_moved(node, y, 1, 2, {count, 1}));
            return reshaped(node, y, shape);
        }
    }
    MINTMARK_TRY(y, reshaped(node, y, shape));
    Shape per_channel(shape.size() - 1, 1);
    per_channel[0] = shape[1];
    return scaled_and_moved(node, y, 1, 2, per_channel);
}

Result<ValueId> import_mean_variance(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const Ints given, node.ints_attribute("axes", {0, 2, 3}));
    Axes axes;
    for (const std::int64_t one : given) {
        MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, one, node.shape(x).size()));
        axes.push_back(axis);
    }
    std::ranges::sort(axes);
    MINTMARK_TRY(const Deviation parts, deviation(node, x, axes));
    // ONNX divides by the deviation + 1e-9.
    MINTMARK_TRY(const ValueId root, inverse_root(node, parts.difference, axes, 1e-18));
    return combined(node, Binary::kMul, parts.difference, root);
}

/// Σ |x|^p over `axes` for p 1 or 2.
Result<ValueId> sum_of_powers(const NodeView& node, ValueId x, const Axes& axes, double p) {
    if (p == 2) return sum_of_squares(node, x, axes);
    MINTMARK_TRY(const ValueId magnitude, applied(node, Pointwise::kAbs, x));
    return reduced(node, magnitude, axes, Reduction::kSum);
}

Result<ValueId> import_lp_normalization(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", -1));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, node.shape(x).size()));
    MINTMARK_TRY(const std::int64_t p, node.int_attribute("p", 2));
    if (p != 1 && p != 2) return node.malformed("p must be 1 or 2");
    MINTMARK_TRY(const ValueId sum, sum_of_powers(node, x, {axis}, static_cast<double>(p)));
    MINTMARK_TRY(const ValueId inverse,
                 applied(node, p == 2 ? Pointwise::kRsqrt : Pointwise::kReciprocal, sum));
    return combined(node, Binary::kMul, x, inverse);
}

// ---- pools ------------------------------------------------------------------------------------

/// (Σ over windows of |x|^p)^(1/p).
Result<ValueId> import_lp_pool(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const std::int64_t p, node.int_attribute("p", 2));
    if (p != 1 && p != 2) return node.unsupported(fmt::format("p = {} (1 or 2)", p));
    MINTMARK_TRY(const ValueId power,
                 p == 2 ? combined(node, Binary::kMul, x, x) : applied(node, Pointwise::kAbs, x));
    MINTMARK_TRY(const ValueId sum, window_sum(node, power));
    return p == 2 ? applied(node, Pointwise::kSqrt, sum) : Result<ValueId>(sum);
}

Result<ValueId> import_global_lp_pool(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const std::int64_t p, node.int_attribute("p", 2));
    if (p != 1 && p != 2) return node.unsupported(fmt::format("p = {} (1 or 2)", p));
    const Axes axes = axes_from(2, node.shape(x).size());
    if (axes.empty()) return node.malformed("input has no spatial axis");
    MINTMARK_TRY(const ValueId sum, sum_of_powers(node, x, axes, static_cast<double>(p)));
    return p == 2 ? applied(node, Pointwise::kSqrt, sum) : Result<ValueId>(sum);
}

/// x / (bias + alpha/size · Σ x² over `size` channels)^beta.
Result<ValueId> import_lrn(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape shape = node.shape(x);
    if (shape.size() < 2) return node.malformed("input has no channel axis");
    MINTMARK_TRY(const double alpha, node.float_attribute("alpha", 1e-4));
    MINTMARK_TRY(const double beta, node.float_attribute("beta", 0.75));
    MINTMARK_TRY(const double bias, node.float_attribute("bias", 1));
    MINTMARK_TRY(const std::int64_t size, node.int_attribute("size", 0));
    if (size < 1 || size > 65535) return node.malformed(fmt::format("size is {}", size));
    if (beta < 0 || beta > 15 || std::abs(beta * 2048 - std::round(beta * 2048)) > 0.02)
        return node.unsupported(fmt::format("beta {} (multiples of 1/2048 up to 15)", beta));
    const std::uint32_t channels = shape[1],
                        plane =
                            static_cast<std::uint32_t>(element_count(shape) / shape[0] / channels);
    MINTMARK_TRY(const ValueId square, combined(node, Binary::kMul, x, x));
    MINTMARK_TRY(const ValueId flat, reshaped(node, square, {shape[0], 1, channels, plane}));
    const auto before = static_cast<std::uint32_t>((size - 1) / 2);
    const auto window = static_cast<std::uint32_t>(size);
    const PoolOp pool{PoolKind::kAverageWithPads,
                      {{window, 1}, {1, 1}, {before, 0}, {window - 1 - before, 0}, {1, 1}}};
    MINTMARK_TRY(const ValueId mean, node.emit(pool, {flat}, node.shape(flat)));
    MINTMARK_TRY(ValueId y, scaled(node, mean, alpha));
    MINTMARK_TRY(y, combined(node, Binary::kAdd, y, node.scalar(bias)));
    MINTMARK_TRY(y, node.emit(PointwiseOp{Pointwise::kPow, -std::round(beta * 2048) / 2048}, {y},
                              node.shape(flat)));
    MINTMARK_TRY(y, reshaped(node, y, shape));
    return combined(node, Binary::kMul, x, y);
}

}  // namespace

void add_normalisation_importers(ImporterMap& map) {
    map["GlobalLpPool"] = import_global_lp_pool;
    map["GroupNormalization"] = import_group_norm;
    map["InstanceNormalization"] = import_instance_norm;
    map["LRN"] = import_lrn;
    map["LayerNormalization"] = import_layer_norm<Centre::kMean>;
    map["LpNormalization"] = import_lp_normalization;
    map["LpPool"] = import_lp_pool;
    map["MeanVarianceNormalization"] = import_mean_variance;
    map["RMSNormalization"] = import_layer_norm<Centre::kNone>;
    map["SimplifiedLayerNormalization"] = import_layer_norm<Centre::kNone>;
}

}  // namespace mintmark::model
