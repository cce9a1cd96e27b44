#include "mintmark/model/onnx_compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint64_t kLargestMatrix = std::uint64_t{1} << 24U;

std::vector<std::uint32_t> identity_perm(std::size_t rank) {
    std::vector<std::uint32_t> perm(rank);
    std::iota(perm.begin(), perm.end(), 0U);
    return perm;
}

Shape with_dim(Shape shape, std::uint32_t axis, std::size_t dim) {
    shape[axis] = static_cast<std::uint32_t>(dim);
    return shape;
}

/// a, a + s, a + 2s, … with s >= 1 inside of the axis.
bool is_progression(const Ints& indices) {
    if (indices.empty() || indices[0] < 0) return false;
    const std::int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
    for (std::size_t i = 1; i < indices.size(); ++i)
        if (indices[i] - indices[i - 1] != step) return false;
    return step >= 1;
}

Result<ValueId> strided(const NodeView& node, ValueId x, std::uint32_t axis, const Ints& indices) {
    const Shape in = node.shape(x);
    SliceOp op{std::vector<std::uint32_t>(in.size(), 0), std::vector<std::uint32_t>(in.size(), 1)};
    op.starts[axis] = static_cast<std::uint32_t>(indices[0]);
    if (indices.size() > 1) op.steps[axis] = static_cast<std::uint32_t>(indices[1] - indices[0]);
    const Shape out = with_dim(in, axis, indices.size());
    if (out == in) return x;
    return node.emit(std::move(op), {x}, out);
}

/// `axes` last, the others first.
std::vector<std::uint32_t> axes_last(std::size_t rank, const std::vector<std::uint32_t>& axes) {
    std::vector<std::uint32_t> perm;
    for (std::uint32_t axis = 0; axis < rank; ++axis)
        if (std::ranges::find(axes, axis) == axes.end()) perm.push_back(axis);
    perm.insert(perm.end(), axes.begin(), axes.end());
    return perm;
}

/// A reduction of the last axis of [1, rows, length] to [1, rows, 1].
Result<ValueId> reduce_rows(const NodeView& node, ValueId x, Reduction kind) {
    const Shape in = node.shape(x);
    const Shape out = {1, in[1], 1};
    const PoolKind pool = kind == Reduction::kMax ? PoolKind::kMax : PoolKind::kAverage;
    const PoolOp op{pool, {{in[2]}, {1}, {0}, {0}, {1}}};
    MINTMARK_TRY(const ValueId y, node.emit(op, {x}, out));
    return kind == Reduction::kSum ? scaled(node, y, in[2]) : y;
}

Result<ValueId> multiply_rows(const NodeView& node, ValueId x);

constexpr std::uint64_t kMostFactors = 4;

/// The product of many reals. What all inputs could give leaves no bit for what they do give after
/// a few factors; sums of logarithms keep their relative precision. Signs (and zeros) are apart.
Result<ValueId> multiply_by_logarithms(const NodeView& node, ValueId x) {
    constexpr double kLeast = 0x1p-20;  // of a factor; none is 0, for which there is no logarithm
    const Shape shape = node.shape(x);
    MINTMARK_TRY(const ValueId sign, applied(node, Pointwise::kSign, x));
    node.builder().mark_integral(sign);
    MINTMARK_TRY(const ValueId signs, multiply_rows(node, sign));
    MINTMARK_TRY(const ValueId above, applied(node, Pointwise::kRelu, x));
    MINTMARK_TRY(const ValueId turned, scaled(node, x, -1));
    MINTMARK_TRY(const ValueId below, applied(node, Pointwise::kRelu, turned));
    MINTMARK_TRY(const ValueId magnitude, combined(node, Binary::kAdd, above, below));
    const PointwiseOp clip{Pointwise::kClip, kLeast, kFar};
    MINTMARK_TRY(const ValueId held, node.emit(clip, {magnitude}, shape));
    MINTMARK_TRY(const ValueId logs, applied(node, Pointwise::kLog, held));
    MINTMARK_TRY(const ValueId sum, reduce_rows(node, logs, Reduction::kSum));
    MINTMARK_TRY(const ValueId product, applied(node, Pointwise::kExp, sum));
    return combined(node, Binary::kMul, product, signs);
}

/// The product of the last axis' entries, as a balanced tree.
Result<ValueId> multiply_rows(const NodeView& node, ValueId x) {
    while (node.shape(x)[2] > 1) {
        const std::uint32_t length = node.shape(x)[2], half = length / 2;
        MINTMARK_TRY(const ValueId low, sliced(node, x, 2, 0, half));
        MINTMARK_TRY(const ValueId high, sliced(node, x, 2, half, half));
        MINTMARK_TRY(ValueId product, combined(node, Binary::kMul, low, high));
        if (length % 2 != 0) {
            MINTMARK_TRY(const ValueId last, sliced(node, x, 2, length - 1, 1));
            MINTMARK_TRY(product, joined(node, {product, last}, 2));
        }
        x = product;
    }
    return x;
}

}  // namespace

std::optional<ValueId> square_root_of(const NodeView& node, ValueId x) {
    const Node* from = producer(node, x);
    if (from == nullptr) return std::nullopt;
    const auto* product = std::get_if<BinaryOp>(&from->op);
    const bool is_square =
        product != nullptr && product->kind == Binary::kMul && from->inputs[0] == from->inputs[1];
    return is_square ? std::optional(from->inputs[0]) : std::nullopt;
}

Result<ValueId> reshaped(const NodeView& node, ValueId x, const Shape& shape) {
    if (node.shape(x) == shape) return x;
    return node.emit(ReshapeOp{}, {x}, shape);
}

Result<ValueId> transposed(const NodeView& node, ValueId x,
                           const std::vector<std::uint32_t>& perm) {
    if (std::ranges::is_sorted(perm)) return x;
    Shape out;
    for (const std::uint32_t axis : perm) out.push_back(node.shape(x)[axis]);
    return node.emit(TransposeOp{perm}, {x}, out);
}

Result<ValueId> axis_to_end(const NodeView& node, ValueId x, std::uint32_t axis) {
    auto perm = identity_perm(node.shape(x).size());
    perm.erase(perm.begin() + axis);
    perm.push_back(axis);
    return transposed(node, x, perm);
}

Result<ValueId> axis_from_end(const NodeView& node, ValueId x, std::uint32_t axis) {
    auto perm = identity_perm(node.shape(x).size());
    const std::uint32_t last = perm.back();
    perm.pop_back();
    perm.insert(perm.begin() + axis, last);
    return transposed(node, x, perm);
}

Result<ValueId> sliced(const NodeView& node, ValueId x, std::uint32_t axis, std::uint32_t start,
                       std::uint32_t count) {
    Ints indices(count);
    std::iota(indices.begin(), indices.end(), std::int64_t{start});
    return strided(node, x, axis, indices);
}

Result<ValueId> selected(const NodeView& node, ValueId x, std::uint32_t axis, const Ints& indices) {
    if (is_progression(indices)) return strided(node, x, axis, indices);
    const std::uint64_t size = std::uint64_t{node.shape(x)[axis]} * indices.size();
    if (size > kLargestMatrix && !node.builder().value(x).is_constant)
        return node.unsupported(
            fmt::format("selects {} of {} entries: too many", indices.size(), node.shape(x)[axis]));
    MINTMARK_TRY(const ValueId turned, axis_to_end(node, x, axis));
    const Shape in = node.shape(turned);
    const Shape out = with_dim(in, static_cast<std::uint32_t>(in.size() - 1), indices.size());
    MINTMARK_TRY(const ValueId picked,
                 node.emit(SelectOp{{indices.begin(), indices.end()}}, {turned}, out));
    return axis_from_end(node, picked, axis);
}

Result<ValueId> expanded(const NodeView& node, ValueId x, const Shape& shape) {
    Shape aligned = node.shape(x);
    aligned.insert(aligned.begin(), shape.size() - std::min(shape.size(), aligned.size()), 1);
    MINTMARK_TRY(x, reshaped(node, x, aligned));
    if (aligned == shape) return x;
    return node.emit(ExpandOp{}, {x}, shape);
}

Result<ValueId> padded(const NodeView& node, ValueId x, const std::vector<std::uint32_t>& begin,
                       const Shape& shape) {
    if (node.shape(x) == shape) return x;
    return node.emit(PadOp{begin, 0}, {x}, shape);
}

Result<ValueId> joined(const NodeView& node, const std::vector<ValueId>& parts,
                       std::uint32_t axis) {
    Shape out = node.shape(parts[0]);
    out[axis] = 0;
    std::size_t constants = 0;
    for (const ValueId id : parts) {
        out[axis] += node.shape(id)[axis];
        if (node.builder().value(id).is_constant) ++constants;
    }
    if (parts.size() == 1) return parts[0];
    if (constants == 0 || constants == parts.size()) return node.emit(ConcatOp{axis}, parts, out);
    // The computed parts at their places, and the constants added.
    std::vector<ValueId> computed, fixed;
    for (const ValueId id : parts) {
        const Shape shape = node.shape(id);
        if (node.builder().value(id).is_constant) {
            fixed.push_back(id);
            computed.push_back(constant(node, shape, std::vector<double>(element_count(shape), 0)));
        } else {
            computed.push_back(id);
            fixed.push_back(constant(node, shape, std::vector<double>(element_count(shape), 0)));
        }
    }
    MINTMARK_TRY(const ValueId offsets, node.emit(ConcatOp{axis}, fixed, out));
    std::optional<ValueId> sum;
    std::uint32_t at = 0;
    for (const ValueId id : parts) {
        const std::uint32_t dim = node.shape(id)[axis];
        if (!node.builder().value(id).is_constant) {
            std::vector<std::uint32_t> begin(out.size(), 0);
            begin[axis] = at;
            MINTMARK_TRY(ValueId placed, padded(node, id, begin, out));
            if (sum) {
                MINTMARK_TRY(placed, combined(node, Binary::kAdd, *sum, placed));
            }
            sum = placed;
        }
        at += dim;
    }
    return combined(node, Binary::kAdd, *sum, offsets);
}

Result<ValueId> mapped(const NodeView& node, ValueId x, std::uint32_t axis,
                       std::vector<double> matrix, std::uint32_t columns) {
    const std::uint32_t rows = node.shape(x)[axis];
    const ValueId weight = constant(node, {rows, columns}, std::move(matrix));
    if (node.shape(x).size() == 1) {
        MINTMARK_TRY(x, reshaped(node, x, {1, rows}));
        MINTMARK_TRY(const ValueId row, multiplied(node, x, weight));
        return reshaped(node, row, {columns});
    }
    MINTMARK_TRY(const ValueId turned, axis_to_end(node, x, axis));
    MINTMARK_TRY(const ValueId product, multiplied(node, turned, weight));
    return axis_from_end(node, product, axis);
}

namespace {

/// 1/c of every entry of a constant.
Result<ValueId> inverse_of(const NodeView& node, ValueId c) {
    Constant inverse{node.shape(c), ElementType::kReal, node.builder().value(c).data};
    for (double& v : inverse.data) {
        v = 1 / v;
        if (!std::isfinite(v)) return node.malformed("divides by zero");
    }
    return node.builder().add_constant(node.name() + "/inverse", std::move(inverse));
}

}  // namespace

Result<ValueId> combined(const NodeView& node, Binary kind, ValueId a, ValueId b) {
    const GraphBuilder& builder = node.builder();
    const bool folds = builder.value(a).is_constant && builder.value(b).is_constant;
    if (kind == Binary::kDiv && !folds) {
        // The quantised model has products and sums only.
        if (!builder.value(b).is_constant) return divided(node, a, b);
        kind = Binary::kMul;
        MINTMARK_TRY(b, inverse_of(node, b));
    }
    MINTMARK_TRY(const Shape shape, broadcast_shape(node, node.shape(a), node.shape(b)));
    return node.emit(BinaryOp{kind}, {a, b}, shape);
}

Result<ValueId> scaled(const NodeView& node, ValueId x, double factor) {
    if (factor == 1) return x;
    return combined(node, Binary::kMul, x, node.scalar(factor));
}

Result<ValueId> applied(const NodeView& node, Pointwise kind, ValueId x) {
    return node.emit(PointwiseOp{kind, 0}, {x}, node.shape(x));
}

namespace {

/// w [G, m, k] times x [G, k, n], G axes flattened, w constant: a convolution of G groups.
Result<ValueId> multiplied_by_batch(const NodeView& node, ValueId w, ValueId x) {
    const Shape sw = node.shape(w), sx = node.shape(x);
    const auto groups = static_cast<std::uint32_t>(element_count(Shape(sw.begin(), sw.end() - 2)));
    const std::uint32_t m = sw[sw.size() - 2], k = sw.back(), n = sx.back();
    MINTMARK_TRY(const ValueId rows, reshaped(node, x, {1, groups * k, n}));
    MINTMARK_TRY(const ValueId kernel, reshaped(node, w, {groups * m, k, 1}));
    Window window{
        .kernel = {1}, .strides = {1}, .pads_begin = {0}, .pads_end = {0}, .dilations = {1}};
    MINTMARK_TRY(const ValueId y,
                 node.emit(ConvOp{std::move(window), groups}, {rows, kernel}, {1, groups * m, n}));
    Shape out(sx);
    out[out.size() - 2] = m;
    return reshaped(node, y, out);
}

/// A product of which one factor is a constant of several matrices; both have the same batch.
Result<ValueId> multiplied_batches(const NodeView& node, ValueId a, ValueId b) {
    if (node.builder().value(a).is_constant) return multiplied_by_batch(node, a, b);
    std::vector<std::uint32_t> perm(node.shape(a).size());
    std::iota(perm.begin(), perm.end(), 0U);
    std::swap(perm[perm.size() - 2], perm.back());
    MINTMARK_TRY(const ValueId left, transposed(node, b, perm));
    MINTMARK_TRY(const ValueId right, transposed(node, a, perm));
    MINTMARK_TRY(const ValueId product, multiplied_by_batch(node, left, right));
    return transposed(node, product, perm);
}

}  // namespace

Result<ValueId> multiplied(const NodeView& node, ValueId a, ValueId b) {
    Shape sa = node.shape(a), sb = node.shape(b);
    const auto matrix_only = [&](ValueId id, Shape shape) -> Result<ValueId> {
        const Shape batch(shape.begin(), shape.end() - 2);
        const bool is_single = element_count(batch) == 1 && shape.size() > 2;
        if (!node.builder().value(id).is_constant || !is_single) return id;
        return reshaped(node, id, Shape(shape.end() - 2, shape.end()));
    };
    MINTMARK_TRY(const Shape batch, broadcast_shape(node, Shape(sa.begin(), sa.end() - 2),
                                                    Shape(sb.begin(), sb.end() - 2)));
    const auto batched = [&](ValueId id, const Shape& shape) -> Result<ValueId> {
        Shape wide = batch;
        wide.insert(wide.end(), shape.end() - 2, shape.end());
        return expanded(node, id, wide);
    };
    MINTMARK_TRY(a, matrix_only(a, sa));
    MINTMARK_TRY(b, matrix_only(b, sb));
    const bool fixed_a = node.builder().value(a).is_constant && node.shape(a).size() == 2;
    const bool fixed_b = node.builder().value(b).is_constant && node.shape(b).size() == 2;
    if (!fixed_a) {
        MINTMARK_TRY(a, batched(a, sa));
    }
    if (!fixed_b) {
        MINTMARK_TRY(b, batched(b, sb));
    }
    const auto is_constant = [&](ValueId id) { return node.builder().value(id).is_constant; };
    if (element_count(batch) != 1 && is_constant(a) != is_constant(b) && !fixed_a && !fixed_b)
        return multiplied_batches(node, a, b);
    Shape out = batch;
    out.push_back(sa[sa.size() - 2]);
    out.push_back(sb.back());
    return node.emit(MatMulOp{}, {a, b}, out);
}

ValueId constant(const NodeView& node, const Shape& shape, std::vector<double> data) {
    return node.builder().add_constant(node.name() + "/constant",
                                       {shape, ElementType::kReal, std::move(data)});
}

Result<ValueId> reduced(const NodeView& node, ValueId x, const std::vector<std::uint32_t>& axes,
                        Reduction kind) {
    const Shape in = node.shape(x);
    Shape out = in;
    const auto perm = axes_last(in.size(), axes);
    std::uint64_t length = 1;
    for (const std::uint32_t axis : axes) {
        length *= in[axis];
        out[axis] = 1;
    }
    if (length == 0) return node.malformed("reduces an axis without entries");
    if (length > 65535) return node.unsupported(fmt::format("reduces {} elements", length));
    if (length == 1) return x;
    const bool adds = kind == Reduction::kSum || kind == Reduction::kMean;
    if (const auto root = square_root_of(node, x); root && adds) {
        MINTMARK_TRY(const ValueId sum, sum_of_squares(node, *root, axes));
        return kind == Reduction::kSum ? sum : scaled(node, sum, 1 / static_cast<double>(length));
    }
    MINTMARK_TRY(ValueId rows, transposed(node, x, perm));
    const auto count = static_cast<std::uint32_t>(element_count(in) / length);
    MINTMARK_TRY(rows, reshaped(node, rows, {1, count, static_cast<std::uint32_t>(length)}));
    if (kind == Reduction::kProd) {
        const bool is_long = length > kMostFactors &&
                             node.builder().type(x) == ElementType::kReal &&
                             !node.builder().value(x).is_integral;
        MINTMARK_TRY(rows,
                     is_long ? multiply_by_logarithms(node, rows) : multiply_rows(node, rows));
    } else if (kind == Reduction::kMin) {
        MINTMARK_TRY(rows, scaled(node, rows, -1));
        MINTMARK_TRY(rows, reduce_rows(node, rows, Reduction::kMax));
        MINTMARK_TRY(rows, scaled(node, rows, -1));
    } else {
        MINTMARK_TRY(rows, reduce_rows(node, rows, kind));
    }
    return reshaped(node, rows, out);
}

const Node* producer(const NodeView& node, ValueId x) {
    const std::vector<Node>& nodes = node.builder().graph().nodes;
    for (std::size_t i = nodes.size(); i-- > 0;)
        if (nodes[i].output == x) return &nodes[i];
    return nullptr;
}

namespace {

/// A bound that only keeps a divisor from being 0: max(|x|, 1e-12).
bool is_guard(const PointwiseOp& op) {
    constexpr double kTiny = 1e-6;
    return op.kind == Pointwise::kClip && op.alpha <= kTiny && op.beta >= kFar;
}

/// Of sqrt S, behind reshapes and guards: S, which a guard keeps from being 0.
Result<std::optional<ValueId>> squared_root(const NodeView& node, ValueId b) {
    double least = 0;
    for (const Node* from = producer(node, b); from != nullptr; from = producer(node, b)) {
        const auto* op = std::get_if<PointwiseOp>(&from->op);
        if (op != nullptr && op->kind == Pointwise::kSqrt) {
            const ValueId square = from->inputs[0];
            if (least == 0) return square;
            MINTMARK_TRY(const ValueId held,
                         combined(node, Binary::kAdd, square, node.scalar(least * least)));
            return held;
        }
        const bool holds = op != nullptr && is_guard(*op);
        if (!holds && !std::holds_alternative<ReshapeOp>(from->op)) break;
        if (holds) least = std::max(least, op->alpha);
        b = from->inputs[0];
    }
    return std::nullopt;
}

/// b before it was repeated to the shape that its dividend has anyway.
ValueId before_repeats(const NodeView& node, ValueId a, ValueId b) {
    const Node* from = producer(node, b);
    const bool repeats = from != nullptr && std::holds_alternative<ExpandOp>(from->op) &&
                         node.shape(a) == node.shape(b);
    return repeats ? from->inputs[0] : b;
}

}  // namespace

Result<ValueId> divided(const NodeView& node, ValueId a, ValueId b) {
    b = before_repeats(node, a, b);
    const Shape shape = node.shape(b);
    MINTMARK_TRY(const auto square, squared_root(node, b));
    MINTMARK_TRY(ValueId inverse, applied(node, square ? Pointwise::kRsqrt : Pointwise::kReciprocal,
                                          square.value_or(b)));
    MINTMARK_TRY(inverse, reshaped(node, inverse, shape));
    return combined(node, Binary::kMul, a, inverse);
}

Result<std::optional<ValueId>> centred(const NodeView& node, ValueId x, ValueId mean) {
    constexpr std::uint32_t kLongest = 1024;
    const Shape shape = node.shape(x);
    if (shape.size() < 2 || shape.back() > kLongest || shape.back() < 2) return std::nullopt;
    // The mean is a pool over reshaped rows of x.
    ValueId at = mean;
    bool is_mean = false;
    for (const Node* from = producer(node, at); from != nullptr && at != x;
         from = producer(node, at)) {
        if (const auto* pool = std::get_if<PoolOp>(&from->op)) {
            is_mean = pool->kind == PoolKind::kAverage &&
                      node.shape(from->inputs[0]).back() == shape.back() &&
                      node.shape(from->output).back() == 1 && pool->window.kernel.size() == 1;
        } else if (!std::holds_alternative<ReshapeOp>(from->op)) {
            return std::nullopt;
        }
        at = from->inputs[0];
    }
    Shape reduced_shape = shape;
    reduced_shape.back() = 1;
    if (at != x || !is_mean || node.shape(mean) != reduced_shape) return std::nullopt;
    const std::uint32_t n = shape.back();
    std::vector<double> matrix(std::size_t{n} * n, -1.0 / n);
    for (std::size_t i = 0; i < n; ++i) matrix[i * n + i] = 1 - 1.0 / n;
    MINTMARK_TRY(const ValueId out, mapped(node, x, static_cast<std::uint32_t>(shape.size() - 1),
                                           std::move(matrix), n));
    return out;
}

Result<ValueId> masked(const NodeView& node, ValueId x, ValueId keep) {
    std::vector<double> far = node.builder().value(keep).data;
    for (double& v : far) v = v == 0 ? -kFar : 0;
    const Shape shape = node.shape(keep);
    MINTMARK_TRY(const ValueId kept, combined(node, Binary::kMul, x, keep));
    return combined(node, Binary::kAdd, kept, constant(node, shape, std::move(far)));
}

Result<ValueId> sum_of_squares(const NodeView& node, ValueId x,
                               const std::vector<std::uint32_t>& axes) {
    const Shape in = node.shape(x);
    Shape out = in;
    std::uint64_t length = 1;
    for (const std::uint32_t axis : axes) {
        length *= in[axis];
        out[axis] = 1;
    }
    if (length == 0) return node.malformed("reduces an axis without entries");
    if (length > 65535) return node.unsupported(fmt::format("reduces {} elements", length));
    if (length == 1) return combined(node, Binary::kMul, x, x);
    const auto count = static_cast<std::uint32_t>(element_count(in) / length);
    const auto size = static_cast<std::uint32_t>(length);
    MINTMARK_TRY(const ValueId turned, transposed(node, x, axes_last(in.size(), axes)));
    MINTMARK_TRY(const ValueId rows, reshaped(node, turned, {count, 1, size}));
    MINTMARK_TRY(const ValueId columns, reshaped(node, turned, {count, size, 1}));
    MINTMARK_TRY(const ValueId sum, node.emit(MatMulOp{}, {rows, columns}, {count, 1, 1}));
    return reshaped(node, sum, out);
}

}  // namespace mintmark::model
