// Importers of the operators that compute: Gemm, MatMul, Conv, pools, pointwise, binary.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "mintmark/model/onnx_compose.hpp"
#include "mintmark/model/onnx_integer.hpp"
#include "mintmark/model/onnx_rows.hpp"
#include "mintmark/model/onnx_volume.hpp"

namespace mintmark::model {
namespace {

// ---- pointwise and binary ---------------------------------------------------------------------

template <Pointwise Kind>
Result<ValueId> import_pointwise(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    double alpha = 0;
    if constexpr (Kind == Pointwise::kLeakyRelu) {
        MINTMARK_TRY(alpha, node.float_attribute("alpha", static_cast<double>(0.01F)));
        if (alpha < 0 || alpha > 1) return node.unsupported("alpha must be between 0 and 1");
    }
    return node.emit(PointwiseOp{Kind, alpha}, {x}, node.shape(x));
}

Result<ValueId> binary(const NodeView& node, Binary kind, ValueId a, ValueId b) {
    MINTMARK_TRY(const Shape shape, broadcast_shape(node, node.shape(a), node.shape(b)));
    return node.emit(BinaryOp{kind}, {a, b}, shape);
}

Result<ValueId> divide(const NodeView& node, ValueId a, ValueId b) {
    if (node.builder().type(a) != ElementType::kReal) return integer_quotient(node, a, b);
    MINTMARK_TRY(const std::optional<ValueId> part, share(node, a, b));
    return part ? *part : combined(node, Binary::kDiv, a, b);
}

bool is_far(double v) {
    return v <= -kMasking;
}

/// x + c with a mask in the constant c: x does not matter there.
Result<std::optional<ValueId>> add_mask(const NodeView& node, ValueId a, ValueId b) {
    const GraphBuilder& builder = node.builder();
    if (builder.value(a).is_constant) std::swap(a, b);
    const Value mask = builder.value(b);
    if (builder.type(a) != ElementType::kReal || std::ranges::none_of(mask.data, is_far) ||
        std::ranges::all_of(mask.data, is_far)) {
        return std::nullopt;
    }
    std::vector<double> keep, rest;
    for (const double v : mask.data) {
        keep.push_back(is_far(v) ? 0 : 1);
        rest.push_back(is_far(v) ? -kFar : v);
    }
    MINTMARK_TRY(const ValueId kept,
                 binary(node, Binary::kMul, a, constant(node, mask.shape, std::move(keep))));
    return binary(node, Binary::kAdd, kept, constant(node, mask.shape, std::move(rest)));
}

/// Something times constants far below 0.
bool is_computed_mask(const NodeView& node, ValueId x) {
    const Node* from = producer(node, x);
    const auto* product = from == nullptr ? nullptr : std::get_if<BinaryOp>(&from->op);
    if (product == nullptr || product->kind != Binary::kMul) return false;
    return std::ranges::any_of(from->inputs, [&](ValueId id) {
        const Value& value = node.builder().value(id);
        return value.is_constant && std::ranges::all_of(value.data, is_far);
    });
}

/// x + (c + m), m a computed mask, as (x + c) + m: no tensor holds a bias beside a mask.
Result<std::optional<ValueId>> add_masked_bias(const NodeView& node, ValueId x, ValueId sum) {
    const Node* from = producer(node, sum);
    const auto* op = from == nullptr ? nullptr : std::get_if<BinaryOp>(&from->op);
    if (op == nullptr || op->kind != Binary::kAdd) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const ValueId bias = from->inputs[i], mask = from->inputs[1 - i];
        const Value& value = node.builder().value(bias);
        const bool is_bias = value.is_constant && std::ranges::none_of(value.data, is_far);
        if (!is_bias || !is_computed_mask(node, mask)) continue;
        MINTMARK_TRY(const ValueId moved, binary(node, Binary::kAdd, x, bias));
        return binary(node, Binary::kAdd, moved, mask);
    }
    return std::nullopt;
}

/// Differences and products that are part of a larger formula.
template <Binary Kind>
Result<std::optional<ValueId>> written_out(const NodeView& node, ValueId a, ValueId b) {
    if (Kind == Binary::kMul) return scaled_rows(node, a, b);
    if (Kind != Binary::kSub) return std::nullopt;
    MINTMARK_TRY(std::optional<ValueId> found, variance(node, a, b));
    if (!found) {
        MINTMARK_TRY(found, row_deviation(node, a, b));
    }
    if (!found) {
        MINTMARK_TRY(found, log_share(node, a, b));
    }
    if (!found) {
        MINTMARK_TRY(found, centred(node, a, b));
    }
    return found;
}

template <Binary Kind>
Result<ValueId> import_binary(const NodeView& node) {
    MINTMARK_TRY(const ValueId a, node.input(0));
    MINTMARK_TRY(const ValueId b, node.input(1));
    const GraphBuilder& builder = node.builder();
    if (builder.type(a) != builder.type(b)) return node.malformed("the operands' types differ");
    if (builder.value(a).is_constant && builder.value(b).is_constant) {
        if (Kind == Binary::kDiv && std::ranges::count(builder.value(b).data, 0.0) > 0)
            return node.malformed("divides by zero");
        return binary(node, Kind, a, b);
    }
    if constexpr (Kind == Binary::kDiv) {
        return divide(node, a, b);
    } else {
        if (Kind == Binary::kAdd &&
            (builder.value(a).is_constant || builder.value(b).is_constant)) {
            MINTMARK_TRY(const std::optional<ValueId> sum, add_mask(node, a, b));
            if (sum) return *sum;
        } else if (Kind == Binary::kAdd) {
            for (const auto& [x, y] : {std::pair{a, b}, std::pair{b, a}}) {
                MINTMARK_TRY(const std::optional<ValueId> sum, add_masked_bias(node, x, y));
                if (sum) return *sum;
            }
        }
        MINTMARK_TRY(const std::optional<ValueId> known, written_out<Kind>(node, a, b));
        return known ? *known : binary(node, Kind, a, b);
    }
}

// ---- matrix products --------------------------------------------------------------------------

Result<ValueId> transpose2(const NodeView& node, ValueId x) {
    const Shape& shape = node.shape(x);
    return node.emit(TransposeOp{{1, 0}}, {x}, {shape[1], shape[0]});
}

Result<ValueId> scale(const NodeView& node, ValueId x, double factor) {
    if (factor == 1) return x;
    return binary(node, Binary::kMul, x, node.scalar(factor));
}

Result<ValueId> import_gemm(const NodeView& node) {
    MINTMARK_TRY(ValueId a, node.input(0));
    MINTMARK_TRY(ValueId b, node.input(1));
    if (node.shape(a).size() != 2 || node.shape(b).size() != 2)
        return node.malformed("both factors must have two axes");
    MINTMARK_TRY(const std::int64_t trans_a, node.int_attribute("transA", 0));
    MINTMARK_TRY(const std::int64_t trans_b, node.int_attribute("transB", 0));
    MINTMARK_TRY(const double alpha, node.float_attribute("alpha", 1));
    MINTMARK_TRY(const double beta, node.float_attribute("beta", 1));
    if (trans_a != 0) {
        MINTMARK_TRY(a, transpose2(node, a));
    }
    if (trans_b != 0) {
        MINTMARK_TRY(b, transpose2(node, b));
    }
    const Shape shape_a = node.shape(a), shape_b = node.shape(b);
    if (shape_a[1] != shape_b[0]) {
        return node.malformed(fmt::format("inner dims differ: [{}] times [{}]",
                                          fmt::join(shape_a, ", "), fmt::join(shape_b, ", ")));
    }
    MINTMARK_TRY(b, scale(node, b, alpha));
    MINTMARK_TRY(const ValueId product, node.emit(MatMulOp{}, {a, b}, {shape_a[0], shape_b[1]}));
    if (!node.has_input(2) || beta == 0) return product;
    MINTMARK_TRY(ValueId c, node.input(2));
    MINTMARK_TRY(c, scale(node, c, beta));
    MINTMARK_TRY(const Shape sum, broadcast_shape(node, node.shape(product), node.shape(c)));
    if (sum != node.shape(product)) return node.malformed("C is larger than A times B");
    return binary(node, Binary::kAdd, product, c);
}

Result<ValueId> import_matmul(const NodeView& node) {
    MINTMARK_TRY(const ValueId a, node.input(0));
    MINTMARK_TRY(const ValueId b, node.input(1));
    return matrix_product(node, a, b);
}

// ---- windows ----------------------------------------------------------------------------------

enum class CeilMode : std::uint8_t { kFloor, kCeil };

Result<std::vector<std::uint32_t>> window_entries(const NodeView& node, std::string_view name,
                                                  std::size_t count, std::int64_t otherwise,
                                                  std::int64_t least) {
    MINTMARK_TRY(const Ints values, node.ints_attribute(name, Ints(count, otherwise)));
    if (values.size() != count)
        return node.malformed(fmt::format("attribute '{}' needs {} entries", name, count));
    std::vector<std::uint32_t> out;
    for (const std::int64_t v : values) {
        if (v < least || v > 65535)
            return node.unsupported(fmt::format("attribute '{}' has the entry {}", name, v));
        out.push_back(static_cast<std::uint32_t>(v));
    }
    return out;
}

/// auto_pad SAME_*: pads so that the output has ceil(in / stride) positions.
void pad_same(Window& w, const Shape& in, bool upper) {
    for (std::size_t i = 0; i < w.kernel.size(); ++i) {
        const std::int64_t size = in[2 + i], stride = w.strides[i];
        const std::int64_t reach = std::int64_t{w.kernel[i] - 1} * w.dilations[i] + 1;
        const std::int64_t positions = (size + stride - 1) / stride;
        const std::int64_t total =
            std::max<std::int64_t>(0, (positions - 1) * stride + reach - size);
        const auto small = static_cast<std::uint32_t>(total / 2);
        const auto large = static_cast<std::uint32_t>(total - total / 2);
        w.pads_begin[i] = upper ? small : large;
        w.pads_end[i] = upper ? large : small;
    }
}

Status read_pads(const NodeView& node, Window& w, const Shape& in) {
    const std::size_t spatial = w.kernel.size();
    MINTMARK_TRY(const std::string auto_pad, node.string_attribute("auto_pad", "NOTSET"));
    w.pads_begin.assign(spatial, 0);
    w.pads_end.assign(spatial, 0);
    if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
        pad_same(w, in, auto_pad == "SAME_UPPER");
    } else if (auto_pad == "NOTSET") {
        MINTMARK_TRY(const auto pads, window_entries(node, "pads", 2 * spatial, 0, 0));
        std::copy_n(pads.begin(), spatial, w.pads_begin.begin());
        std::copy_n(pads.begin() + static_cast<std::ptrdiff_t>(spatial), spatial,
                    w.pads_end.begin());
    } else if (auto_pad != "VALID") {
        return node.malformed(fmt::format("auto_pad is '{}'", auto_pad));
    }
    return {};
}

/// Reads strides, dilations and pads for `kernel` over the spatial axes of `in`.
Result<Window> read_window(const NodeView& node, std::vector<std::uint32_t> kernel,
                           const Shape& in) {
    Window w;
    w.kernel = std::move(kernel);
    const std::size_t spatial = w.kernel.size();
    for (const std::uint32_t k : w.kernel) {
        if (k == 0 || k > 65535) return node.unsupported(fmt::format("kernel size {}", k));
    }
    MINTMARK_TRY(w.strides, window_entries(node, "strides", spatial, 1, 1));
    MINTMARK_TRY(w.dilations, window_entries(node, "dilations", spatial, 1, 1));
    MINTMARK_CHECK(read_pads(node, w, in));
    return w;
}

/// [N, C, spatial…] -> [N, channels, positions…]; every window must touch the input.
Result<Shape> window_shape(const NodeView& node, const Window& w, const Shape& in,
                           std::uint32_t channels, CeilMode ceil) {
    Shape out = {in[0], channels};
    for (std::size_t i = 0; i < w.kernel.size(); ++i) {
        const std::int64_t reach = std::int64_t{w.kernel[i] - 1} * w.dilations[i] + 1;
        const std::int64_t size = in[2 + i], stride = w.strides[i];
        const std::int64_t room = size + w.pads_begin[i] + w.pads_end[i] - reach;
        if (room < 0) return node.malformed("the window is larger than the padded input");
        std::int64_t positions = room / stride + 1;
        if (ceil == CeilMode::kCeil && room % stride != 0 &&
            positions * stride < size + w.pads_begin[i]) {
            ++positions;  // a last, partial window that still starts inside
        }
        out.push_back(static_cast<std::uint32_t>(positions));
    }
    return out;
}

Status check_spatial(const NodeView& node, const Shape& in) {
    if (in.size() >= 3 && in.size() <= 5) return {};
    return node.unsupported(fmt::format(
        "input has {} axes (supported: 3, 4 and 5: windows of 1 to 3 axes)", in.size()));
}

Result<ValueId> import_conv(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const ValueId weight, node.constant_input(1));
    std::optional<ValueId> bias;
    if (node.has_input(2)) {
        MINTMARK_TRY(bias, node.constant_input(2));
    }
    return convolution(node, x, weight, bias);
}

/// With pads as large as the kernel a window may lie outside: neither maximum nor mean.
bool touches_input(const Window& w, const Shape& in, const Shape& out) {
    for (std::size_t i = 0; i < w.kernel.size(); ++i) {
        for (std::uint32_t o = 0; o < out[2 + i]; ++o) {
            bool inside = false;
            for (std::uint32_t k = 0; k < w.kernel[i] && !inside; ++k) {
                const std::int64_t at = std::int64_t{o} * w.strides[i] - w.pads_begin[i] +
                                        std::int64_t{k} * w.dilations[i];
                inside = at >= 0 && at < in[2 + i];
            }
            if (!inside) return false;
        }
    }
    return true;
}

Result<ValueId> import_pool(const NodeView& node, PoolKind kind) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape in = node.shape(x);
    MINTMARK_CHECK(check_spatial(node, in));
    if (!node.has_attribute("kernel_shape")) return node.malformed("kernel_shape is missing");
    MINTMARK_TRY(auto kernel, window_entries(node, "kernel_shape", in.size() - 2, 1, 1));
    MINTMARK_TRY(Window window, read_window(node, std::move(kernel), in));
    MINTMARK_TRY(const std::int64_t ceil, node.int_attribute("ceil_mode", 0));
    MINTMARK_TRY(const Shape out, window_shape(node, window, in, in[1],
                                               ceil != 0 ? CeilMode::kCeil : CeilMode::kFloor));
    if (!touches_input(window, in, out))
        return node.unsupported("the padding is so wide that a window misses the input");
    return pooled(node, PoolOp{kind, std::move(window)}, x, out);
}

}  // namespace

Result<ValueId> matrix_product(const NodeView& node, ValueId a, ValueId b) {
    Shape sa = node.shape(a), sb = node.shape(b);
    if (sa.empty() || sb.empty()) return node.malformed("a factor is a scalar");
    const bool row = sa.size() == 1, column = sb.size() == 1;
    if (row) {
        sa = {1, sa[0]};
        MINTMARK_TRY(a, node.emit(ReshapeOp{}, {a}, sa));
    }
    if (column) {
        sb = {sb[0], 1};
        MINTMARK_TRY(b, node.emit(ReshapeOp{}, {b}, sb));
    }
    if (sa.back() != sb[sb.size() - 2]) {
        return node.malformed(fmt::format("inner dims differ: [{}] times [{}]", fmt::join(sa, ", "),
                                          fmt::join(sb, ", ")));
    }
    MINTMARK_TRY(const ValueId product, multiplied(node, a, b));
    const Shape full = node.shape(product);
    Shape shape(full.begin(), full.end() - 2);
    if (!row) shape.push_back(sa[sa.size() - 2]);
    if (!column) shape.push_back(sb.back());
    if (shape == full) return product;
    return node.emit(ReshapeOp{}, {product}, shape);
}

Result<ValueId> convolution(const NodeView& node, ValueId x, ValueId weight,
                            std::optional<ValueId> bias) {
    const Shape in = node.shape(x), kernel = node.shape(weight);
    MINTMARK_CHECK(check_spatial(node, in));
    if (kernel.size() != in.size()) return node.malformed("weight and input ranks differ");
    MINTMARK_TRY(const std::int64_t groups, node.int_attribute("group", 1));
    if (groups < 1 || kernel[0] % groups != 0 || in[1] != kernel[1] * groups || kernel[1] == 0 ||
        kernel[0] == 0) {
        return node.malformed(fmt::format("weight [{}] with {} groups does not fit input [{}]",
                                          fmt::join(kernel, ", "), groups, fmt::join(in, ", ")));
    }
    std::vector<std::uint32_t> sizes(kernel.begin() + 2, kernel.end());
    MINTMARK_TRY(const Ints declared,
                 node.ints_attribute("kernel_shape", Ints(sizes.begin(), sizes.end())));
    if (declared != Ints(sizes.begin(), sizes.end()))
        return node.malformed("kernel_shape contradicts the weight's shape");
    MINTMARK_TRY(Window window, read_window(node, std::move(sizes), in));
    MINTMARK_TRY(const Shape out, window_shape(node, window, in, kernel[0], CeilMode::kFloor));
    std::vector<ValueId> inputs = {x, weight};
    if (bias) {
        if (node.shape(*bias) != Shape{kernel[0]}) return node.malformed("bias has a wrong shape");
        inputs.push_back(*bias);
    }
    return convolved(node, ConvOp{std::move(window), static_cast<std::uint32_t>(groups)},
                     std::move(inputs), out);
}

Result<ValueId> window_sum(const NodeView& node, ValueId x) {
    const Shape in = node.shape(x);
    MINTMARK_CHECK(check_spatial(node, in));
    if (!node.has_attribute("kernel_shape")) return node.malformed("kernel_shape is missing");
    MINTMARK_TRY(auto kernel, window_entries(node, "kernel_shape", in.size() - 2, 1, 1));
    MINTMARK_TRY(Window window, read_window(node, std::move(kernel), in));
    MINTMARK_TRY(const std::int64_t ceil, node.int_attribute("ceil_mode", 0));
    if (ceil != 0) return node.unsupported("ceil_mode");
    MINTMARK_TRY(const Shape out, window_shape(node, window, in, in[1], CeilMode::kFloor));
    double taps = 1;
    for (const std::uint32_t k : window.kernel) taps *= k;
    MINTMARK_TRY(const ValueId mean,
                 node.emit(PoolOp{PoolKind::kAverageWithPads, std::move(window)}, {x}, out));
    return scaled(node, mean, taps);
}

namespace {

Result<ValueId> import_max_pool(const NodeView& node) {
    if (node.has_output(1)) return node.unsupported("its second output (Indices) is used");
    return import_pool(node, PoolKind::kMax);
}

Result<ValueId> import_average_pool(const NodeView& node) {
    MINTMARK_TRY(const std::int64_t with_pads, node.int_attribute("count_include_pad", 0));
    return import_pool(node, with_pads != 0 ? PoolKind::kAverageWithPads : PoolKind::kAverage);
}

Result<ValueId> import_global_average(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape in = node.shape(x);
    if (in.size() < 3) return node.malformed("input has no spatial axis");
    std::uint32_t plane = 1;
    for (std::size_t i = 2; i < in.size(); ++i) plane *= in[i];
    MINTMARK_TRY(const ValueId flat, node.emit(ReshapeOp{}, {x}, {in[0], in[1], plane}));
    const PoolOp op{PoolKind::kAverage, {{plane}, {1}, {0}, {0}, {1}}};
    MINTMARK_TRY(const ValueId mean, node.emit(op, {flat}, {in[0], in[1], 1}));
    Shape out(in.size(), 1);
    out[0] = in[0];
    out[1] = in[1];
    return node.emit(ReshapeOp{}, {mean}, out);
}

/// y = x * a + b with a = scale / sqrt(var + epsilon), b = bias - mean * a.
/// Means and variances per channel (axis 1) of a constant: weights that are standardised.
std::array<std::vector<double>, 2> moments(const Value& x) {
    const std::size_t channels = x.shape[1];
    const std::size_t inner = element_count(Shape(x.shape.begin() + 2, x.shape.end()));
    const double count = static_cast<double>(x.data.size()) / static_cast<double>(channels);
    std::vector<double> mean(channels, 0), variance(channels, 0);
    for (std::size_t i = 0; i < x.data.size(); ++i) mean[i / inner % channels] += x.data[i] / count;
    for (std::size_t i = 0; i < x.data.size(); ++i) {
        const std::size_t c = i / inner % channels;
        variance[c] += (x.data[i] - mean[c]) * (x.data[i] - mean[c]) / count;
    }
    return {mean, variance};
}

Result<ValueId> import_batch_norm(const NodeView& node) {
    MINTMARK_TRY(const std::int64_t training, node.int_attribute("training_mode", 0));
    MINTMARK_TRY(const double epsilon, node.float_attribute("epsilon", static_cast<double>(1e-5F)));
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    const Shape in = node.shape(x);
    if (in.size() < 2) return node.malformed("input has no channel axis");
    const bool of_batch = training != 0;
    if (of_batch && !node.builder().value(x).is_constant)
        return node.unsupported("training_mode is on: export the model for inference");
    Shape per_channel(in.size() - 1, 1);
    per_channel[0] = in[1];
    std::array<std::vector<double>, 2> own;
    if (of_batch) own = moments(node.builder().value(x));
    const std::vector<double>* parameters[4] = {nullptr, nullptr, &own[0], &own[1]};
    for (std::size_t i = 0; i < (of_batch ? 2 : 4); ++i) {
        MINTMARK_TRY(const ValueId id, node.constant_input(i + 1));
        if (node.shape(id) != Shape{in[1]})
            return node.malformed(fmt::format("input {} must have {} elements", i + 1, in[1]));
        parameters[i] = &node.builder().value(id).data;
    }
    Constant a{per_channel, ElementType::kReal, {}}, b = a;
    for (std::size_t c = 0; c < in[1]; ++c) {
        a.data.push_back((*parameters[0])[c] / std::sqrt((*parameters[3])[c] + epsilon));
        b.data.push_back((*parameters[1])[c] - (*parameters[2])[c] * a.data.back());
        if (!std::isfinite(a.data.back())) return node.malformed("variance is not positive");
    }
    GraphBuilder& builder = node.builder();
    const ValueId factor = builder.add_constant(node.name() + "/factor", std::move(a));
    const ValueId offset = builder.add_constant(node.name() + "/offset", std::move(b));
    MINTMARK_TRY(const ValueId scaled, binary(node, Binary::kMul, x, factor));
    return binary(node, Binary::kAdd, scaled, offset);
}

}  // namespace

void add_arithmetic_importers(ImporterMap& map) {
    map["Relu"] = import_pointwise<Pointwise::kRelu>;
    map["LeakyRelu"] = import_pointwise<Pointwise::kLeakyRelu>;
    map["Sigmoid"] = import_pointwise<Pointwise::kSigmoid>;
    map["Tanh"] = import_pointwise<Pointwise::kTanh>;
    map["Add"] = import_binary<Binary::kAdd>;
    map["Sub"] = import_binary<Binary::kSub>;
    map["Mul"] = import_binary<Binary::kMul>;
    map["Div"] = import_binary<Binary::kDiv>;
    map["Gemm"] = import_gemm;
    map["MatMul"] = import_matmul;
    map["Conv"] = import_conv;
    map["MaxPool"] = import_max_pool;
    map["AveragePool"] = import_average_pool;
    map["GlobalAveragePool"] = import_global_average;
    map["BatchNormalization"] = import_batch_norm;
}

}  // namespace mintmark::model
