// Formulas over rows that exporters write out (JAX and TensorFlow above all). A variance as
// E x² - (E x)² is the difference of two numbers that nearly cancel: of their bits nothing is left
// where the mean is large. A softmax as a quotient needs an inverse of a sum of any size.
#include "mintmark/model/onnx_rows.hpp"

#include <algorithm>
#include <cmath>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

using Axes = std::vector<std::uint32_t>;

/// What was reduced: runs of `length` entries of x, whose axes were permuted before (or not).
struct Rows {
    ValueId x = 0;
    Axes perm;
    std::uint64_t length = 0;
};

/// factor times the mean (or the sum of squares) of each row.
struct Moment {
    Rows rows;
    double factor = 1;
};

template <class T>
const T* as(const Node* node) {
    return node == nullptr ? nullptr : std::get_if<T>(&node->op);
}

bool is_close(double a, double b) {
    return std::abs(a - b) <= 1e-6 * std::abs(b);
}

ValueId without_reshapes(const NodeView& node, ValueId id) {
    for (const Node* from = producer(node, id); as<ReshapeOp>(from) != nullptr;
         from = producer(node, id))
        id = from->inputs[0];
    return id;
}

Rows rows_behind(const NodeView& node, ValueId id, std::uint64_t length) {
    const Node* from = producer(node, id);
    if (as<ReshapeOp>(from) != nullptr) id = from->inputs[0];
    from = producer(node, id);
    if (const auto* turn = as<TransposeOp>(from)) return {from->inputs[0], turn->perm, length};
    return {id, {}, length};
}

bool are_same(const NodeView& node, const Rows& a, const Rows& b) {
    return a.length == b.length && a.perm == b.perm &&
           without_reshapes(node, a.x) == without_reshapes(node, b.x);
}

/// The axes of x that rows lie along; none where it has no such axes.
std::optional<Axes> axes_of(const NodeView& node, const Rows& rows) {
    const Shape& shape = node.shape(rows.x);
    std::uint64_t length = 1;
    Axes axes;
    for (std::size_t i = shape.size(); i-- > 0 && length < rows.length;) {
        axes.push_back(rows.perm.empty() ? static_cast<std::uint32_t>(i) : rows.perm[i]);
        length *= shape[axes.back()];
    }
    std::ranges::sort(axes);
    return length == rows.length ? std::optional(axes) : std::nullopt;
}

/// A product with one number: the other factor, and the number.
std::optional<std::pair<ValueId, double>> scaling(const NodeView& node, const Node* from) {
    const auto* product = as<BinaryOp>(from);
    if (product == nullptr || product->kind != Binary::kMul) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const Value& number = node.builder().value(from->inputs[i]);
        if (number.is_constant && number.data.size() == 1)
            return std::pair{from->inputs[1 - i], number.data[0]};
    }
    return std::nullopt;
}

bool is_row_mean(const NodeView& node, const Node* from) {
    const auto* pool = as<PoolOp>(from);
    return pool != nullptr && pool->kind == PoolKind::kAverage && pool->window.kernel.size() == 1 &&
           node.shape(from->output).back() == 1 &&
           node.shape(from->inputs[0]).back() == pool->window.kernel[0];
}

/// x · x of [n, 1, length] and [n, length, 1].
bool is_row_square(const NodeView& node, const Node* from) {
    if (as<MatMulOp>(from) == nullptr) return false;
    const Shape &a = node.shape(from->inputs[0]), &b = node.shape(from->inputs[1]);
    return a.size() == 3 && b.size() == 3 && a[1] == 1 && b[2] == 1 &&
           without_reshapes(node, from->inputs[0]) == without_reshapes(node, from->inputs[1]);
}

enum class Repeats : std::uint8_t { kNo, kYes };

/// Of `id`, through reshapes and products with numbers.
std::optional<Moment> moment(const NodeView& node, ValueId id,
                             bool (*is)(const NodeView&, const Node*),
                             Repeats repeats = Repeats::kNo) {
    double factor = 1;
    for (const Node* from = producer(node, id); from != nullptr; from = producer(node, id)) {
        if (is(node, from)) {
            const std::uint64_t length = node.shape(from->inputs[0]).back();
            return Moment{rows_behind(node, from->inputs[0], length), factor};
        }
        const auto product = scaling(node, from);
        const bool passes = as<ReshapeOp>(from) != nullptr ||
                            (repeats == Repeats::kYes && as<ExpandOp>(from) != nullptr);
        if (!product && !passes) return std::nullopt;
        if (product) factor *= product->second;
        id = product ? product->first : from->inputs[0];
    }
    return std::nullopt;
}

/// x - E x, the same one for the variance and for what is divided by its root. `mean`: where there
/// is one.
Result<ValueId> deviation(const NodeView& node, ValueId x, const Axes& axes,
                          std::optional<ValueId> mean) {
    GraphBuilder& builder = node.builder();
    if (const auto known = builder.deviation(x, axes)) return *known;
    MINTMARK_TRY(const ValueId plain, reduced(node, x, axes, Reduction::kMean));
    MINTMARK_TRY(const auto exact, centred(node, x, plain));
    ValueId difference = exact.value_or(0);
    if (!exact) {
        MINTMARK_TRY(difference, combined(node, Binary::kSub, x, mean.value_or(plain)));
    }
    builder.set_deviation(x, axes, difference);
    return difference;
}

/// z, or x where z = x - m with the same m for all of a row: the shares are the same.
ValueId without_offset(const NodeView& node, ValueId z) {
    const Node* from = producer(node, z);
    const auto* op = as<BinaryOp>(from);
    if (op == nullptr || op->kind != Binary::kSub) return z;
    const Node* repeated = producer(node, from->inputs[1]);
    const bool repeats = as<ExpandOp>(repeated) != nullptr;
    const Shape& offset = node.shape(repeats ? repeated->inputs[0] : from->inputs[1]);
    const bool is_own =
        node.shape(from->inputs[0]) == node.shape(z) && (offset.empty() || offset.back() == 1);
    return is_own ? from->inputs[0] : z;
}

/// Of Σ e^z over the last axis: e^z.
std::optional<ValueId> summed_powers(const NodeView& node, ValueId sum) {
    const auto found = moment(node, sum, is_row_mean, Repeats::kYes);
    if (!found || !found->rows.perm.empty()) return std::nullopt;
    const ValueId power = found->rows.x;
    const auto* exp = as<PointwiseOp>(producer(node, power));
    const bool is_sum = is_close(found->factor, static_cast<double>(found->rows.length)) &&
                        node.shape(power).back() == found->rows.length;
    return exp != nullptr && exp->kind == Pointwise::kExp && is_sum ? std::optional(power)
                                                                    : std::nullopt;
}

}  // namespace

Result<std::optional<ValueId>> variance(const NodeView& node, ValueId a, ValueId b) {
    const Node* from = producer(node, b);
    const auto* square = as<BinaryOp>(from);
    const bool is_square =
        square != nullptr && square->kind == Binary::kMul && from->inputs[0] == from->inputs[1];
    if (!is_square || node.shape(a) != node.shape(b)) return std::nullopt;
    const auto mean = moment(node, from->inputs[0], is_row_mean);
    const auto squares = moment(node, a, is_row_square);
    if (!mean || !squares || !are_same(node, mean->rows, squares->rows)) return std::nullopt;
    const auto length = static_cast<double>(squares->rows.length);
    if (!is_close(mean->factor, 1) || !is_close(squares->factor * length, 1)) return std::nullopt;
    const auto axes = axes_of(node, squares->rows);
    if (!axes) return std::nullopt;
    const Shape shape = node.shape(a);
    MINTMARK_TRY(const ValueId difference, deviation(node, squares->rows.x, *axes, std::nullopt));
    MINTMARK_TRY(ValueId out, sum_of_squares(node, difference, *axes));
    MINTMARK_TRY(out, scaled(node, out, 1 / length));
    MINTMARK_TRY(out, reshaped(node, out, shape));
    return out;
}

Result<std::optional<ValueId>> row_deviation(const NodeView& node, ValueId x, ValueId b) {
    const auto mean = moment(node, b, is_row_mean);
    if (!mean || mean->rows.x != x || !is_close(mean->factor, 1)) return std::nullopt;
    const auto axes = axes_of(node, mean->rows);
    if (!axes) return std::nullopt;
    Shape kept = node.shape(x);
    for (const std::uint32_t axis : *axes) kept[axis] = 1;
    if (node.shape(b) != kept) return std::nullopt;
    MINTMARK_TRY(const ValueId difference, deviation(node, x, *axes, b));
    return difference;
}

Result<std::optional<ValueId>> share(const NodeView& node, ValueId a, ValueId b) {
    if (summed_powers(node, b) != a) return std::nullopt;
    MINTMARK_TRY(
        const ValueId out,
        softmax(node, without_offset(node, producer(node, a)->inputs[0]), SoftmaxKind::kShare));
    return out;
}

Result<std::optional<ValueId>> log_share(const NodeView& node, ValueId z, ValueId b) {
    const Node* from = producer(node, b);
    while (as<ReshapeOp>(from) != nullptr || as<ExpandOp>(from) != nullptr)
        from = producer(node, from->inputs[0]);
    const auto* log = as<PointwiseOp>(from);
    if (log == nullptr || log->kind != Pointwise::kLog) return std::nullopt;
    const auto power = summed_powers(node, from->inputs[0]);
    if (!power || producer(node, *power)->inputs[0] != z) return std::nullopt;
    MINTMARK_TRY(const ValueId out, softmax(node, without_offset(node, z), SoftmaxKind::kLogShare));
    return out;
}

Result<std::optional<ValueId>> scaled_rows(const NodeView& node, ValueId a, ValueId b) {
    for (const auto& [d, factor] : {std::pair{a, b}, std::pair{b, a}}) {
        const Node* from = producer(node, factor);
        const auto* product = as<BinaryOp>(from);
        if (product == nullptr || product->kind != Binary::kMul) continue;
        for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
            const ValueId r = from->inputs[1 - i], c = from->inputs[i];
            const Value& fixed = node.builder().value(c);
            const auto* root = as<PointwiseOp>(producer(node, without_reshapes(node, r)));
            const bool is_inverse = root != nullptr && (root->kind == Pointwise::kRsqrt ||
                                                        root->kind == Pointwise::kReciprocal);
            if (!fixed.is_constant || !is_inverse || node.builder().value(d).is_constant) continue;
            MINTMARK_TRY(const ValueId rows, combined(node, Binary::kMul, d, r));
            MINTMARK_TRY(const ValueId out, combined(node, Binary::kMul, rows, c));
            return out;
        }
    }
    return std::nullopt;
}

/// Of spectra the loud entries are ten thousand times as large as those that count, too, and a
/// table of roots has no rows for these. Of a row that is divided by its length, twice where one
/// inverse is too coarse (docs/adr/0260), the product with the row itself is its length.
Result<std::optional<ValueId>> magnitude(const NodeView& node, ValueId x) {
    constexpr double kNothing = 1e-30;  // the root of 0 has no inverse
    const Node* from = producer(node, x);
    const auto* sum = as<BinaryOp>(from);
    if (sum == nullptr || sum->kind != Binary::kAdd) return std::nullopt;
    const auto a = square_root_of(node, from->inputs[0]);
    const auto b = square_root_of(node, from->inputs[1]);
    if (!a || !b || node.shape(*a) != node.shape(*b)) return std::nullopt;
    const Shape shape = node.shape(x);
    const auto count = static_cast<std::uint32_t>(element_count(shape));
    MINTMARK_TRY(const ValueId left, reshaped(node, *a, {count, 1}));
    MINTMARK_TRY(const ValueId right, reshaped(node, *b, {count, 1}));
    MINTMARK_TRY(const ValueId pairs, joined(node, {left, right}, 1));
    MINTMARK_TRY(ValueId squares, sum_of_squares(node, pairs, {1}));
    MINTMARK_TRY(squares, combined(node, Binary::kAdd, squares, node.scalar(kNothing)));
    MINTMARK_TRY(const ValueId inverse, applied(node, Pointwise::kRsqrt, squares));
    MINTMARK_TRY(const ValueId unit, combined(node, Binary::kMul, pairs, inverse));
    MINTMARK_TRY(const ValueId row, reshaped(node, pairs, {count, 1, 2}));
    MINTMARK_TRY(const ValueId column, reshaped(node, unit, {count, 2, 1}));
    MINTMARK_TRY(ValueId length, multiplied(node, row, column));
    MINTMARK_TRY(length, reshaped(node, length, shape));
    return length;
}

bool is_never_negative(const NodeView& node, ValueId x) {
    for (const Node* from = producer(node, x); from != nullptr; from = producer(node, x)) {
        if (is_row_square(node, from)) return true;
        if (const auto* op = as<PointwiseOp>(from))
            return op->kind == Pointwise::kRelu || op->kind == Pointwise::kExp ||
                   op->kind == Pointwise::kSqrt || op->kind == Pointwise::kSigmoid;
        const auto product = scaling(node, from);
        if (product && product->second < 0) return false;
        if (!product && as<ReshapeOp>(from) == nullptr && as<TransposeOp>(from) == nullptr &&
            as<ExpandOp>(from) == nullptr)
            break;
        x = product ? product->first : from->inputs[0];
    }
    const Node* from = producer(node, x);
    const auto* op = as<BinaryOp>(from);
    return op != nullptr && op->kind == Binary::kMul && from->inputs[0] == from->inputs[1];
}

}  // namespace mintmark::model
