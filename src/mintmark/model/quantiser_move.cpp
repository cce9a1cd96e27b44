// Quantisation of data movement: integers are copied, steps go along.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "mintmark/model/float_executor.hpp"
#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMostPadding = 16000;  ///< steps

QOp to_integer_op(const Op& move) {
    if (const auto* op = std::get_if<PoolOp>(&move)) {
        const Window& w = op->window;
        return QMaxPool{w.kernel, w.strides, w.pads_begin, w.pads_end, w.dilations};
    }
    if (const auto* op = std::get_if<TransposeOp>(&move)) return QTranspose{op->perm};
    if (const auto* op = std::get_if<SliceOp>(&move)) return QSlice{op->starts, op->steps};
    return QReshape{};
}

/// A selection is a product with a matrix of zeros and ones: exact, one step.
QOp selection(const SelectOp& op, std::uint32_t length, const Interval& range) {
    const auto columns = static_cast<std::uint32_t>(op.indices.size());
    QMatMul product{{{length, columns}, std::vector<std::int64_t>(std::size_t{length} * columns)},
                    std::nullopt,
                    {}};
    for (std::uint32_t c = 0; c < columns; ++c) {
        if (op.indices[c] < 0) continue;
        product.weight.values[static_cast<std::size_t>(op.indices[c]) * columns + c] = 1;
    }
    product.requant.u_lo = static_cast<std::int64_t>(min_of(range.lo));
    product.requant.u_hi = static_cast<std::int64_t>(max_of(range.hi));
    return product;
}

/// Zeros take the step of the row's first element, so that one step stays one step.
void fill_steps(std::vector<double>& steps, const SelectOp& op, const std::vector<double>& from,
                std::size_t length) {
    const std::size_t columns = op.indices.size();
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (op.indices[i % columns] < 0) steps[i] = from[i / columns * length];
    }
}

}  // namespace

Status Quantiser::add_move(const Layer& layer) {
    if (const auto* pad = std::get_if<PadOp>(&layer.move)) return add_pad(layer, *pad);
    if (const auto* concat = std::get_if<ConcatOp>(&layer.move)) return add_concat(layer, *concat);
    const Ints& x = values_.at(layer.inputs[0]);
    const Shape &in = plan_.shapes[layer.inputs[0]], &out = plan_.shapes[layer.output];
    const auto move = [&](const std::vector<double>& data) {
        const FloatTensor operand{&in, data};
        return evaluate(layer.move, {&operand, 1}, out);
    };
    Ints result{0, {move(x.range.lo), move(x.range.hi)}, move(x.step)};
    QOp op = to_integer_op(layer.move);
    if (const auto* select = std::get_if<SelectOp>(&layer.move)) {
        fill_steps(result.step, *select, x.step, in.back());
        op = selection(*select, in.back(), result.range);
    }
    MINTMARK_CHECK(emit(plan_.names[layer.output], std::move(op), {x.id}, out, result));
    MINTMARK_CHECK(hold_part(layer, result));
    values_[layer.output] = std::move(result);
    return {};
}

Status Quantiser::add_pad(const Layer& layer, const PadOp& op) {
    Ints x = values_.at(layer.inputs[0]);
    const Shape &in = plan_.shapes[layer.inputs[0]], &out = plan_.shapes[layer.output];
    if (in == out) {
        Ints copy = x;
        MINTMARK_CHECK(emit(plan_.names[layer.output], QReshape{}, {x.id}, out, copy));
        values_[layer.output] = std::move(copy);
        return {};
    }
    // Values that are small beside the padding get its steps.
    const double step = std::abs(op.value) / kMostPadding;
    if (max_of(x.step) < step) {
        MINTMARK_TRY(x, rescale(x, as_float(step), plan_.names[layer.inputs[0]] + "/rescaled"));
    }
    const double value = std::floor(op.value / max_of(x.step) + 0.5);
    const auto pad_with = [&](const std::vector<double>& data, double fill) {
        const FloatTensor operand{&in, data};
        return evaluate(PadOp{op.begin, fill}, {&operand, 1}, out);
    };
    // Padding takes the step of the nearest element, so that a channel keeps one step.
    Ints result{0, {pad_with(x.range.lo, value), pad_with(x.range.hi, value)}, {}};
    const auto strides = strides_of(in), out_strides = strides_of(out);
    for (std::size_t o = 0; o < element_count(out); ++o) {
        std::size_t from = 0;
        for (std::size_t axis = 0; axis < out.size(); ++axis) {
            const std::size_t at = o / out_strides[axis] % out[axis], begin = op.begin[axis];
            const std::size_t inside =
                at < begin ? 0 : std::min<std::size_t>(at - begin, in[axis] - 1);
            from += inside * strides[axis];
        }
        result.step.push_back(x.step[from]);
    }
    MINTMARK_CHECK(emit(plan_.names[layer.output], QPad{op.begin, static_cast<std::int64_t>(value)},
                        {x.id}, out, result));
    values_[layer.output] = std::move(result);
    return {};
}

/// y = x * c / 2^shift with the step that makes this exact up to rounding.
Result<Quantiser::Ints> Quantiser::rescale(const Ints& x, double step, const std::string& name) {
    const double ratio = max_of(x.step) / step;
    int shift = static_cast<int>(std::floor(std::log2(65535 / ratio)));
    shift = std::clamp(shift, 0, 24);
    const double factor = std::floor(std::ldexp(ratio, shift) + 0.5);
    Ints result{0, x.range, std::vector<double>(x.step.size(), step)};
    const auto scaled = [&](double v) {
        const double half = shift == 0 ? 0 : std::ldexp(1, shift - 1);
        return std::floor((v * factor + half) * std::ldexp(1, -shift));
    };
    for (double& v : result.range.lo) v = scaled(v);
    for (double& v : result.range.hi) v = scaled(v);
    Requant requant;
    requant.shift = static_cast<std::uint8_t>(shift);
    requant.u_lo = static_cast<std::int64_t>(min_of(result.range.lo));
    requant.u_hi = static_cast<std::int64_t>(max_of(result.range.hi));
    MINTMARK_CHECK(emit(name, QLinComb{{static_cast<std::int64_t>(factor)}, 0, requant}, {x.id},
                        graph_.tensors[x.id].shape, result));
    return result;
}

Status Quantiser::add_concat(const Layer& layer, const ConcatOp& op) {
    const Shape& out = plan_.shapes[layer.output];
    double finest = kInfinity, largest = 0;
    bool differ = false;
    for (const ValueId id : layer.inputs) {
        const Ints& x = values_.at(id);
        const double reach = std::max(std::abs(min_of(x.range.lo)), std::abs(max_of(x.range.hi)));
        differ = differ || max_of(x.step) != max_of(values_.at(layer.inputs[0]).step);
        finest = std::min(finest, min_of(x.step));
        largest = std::max(largest, reach * max_of(x.step));
    }
    const bool rescales = differ && !sensitivity_.varies[layer.output][op.axis];
    // The finest of the steps, as far as the joint range then fits a few more bits.
    const double room =
        is_precise(layer) ? std::ldexp(1, 13) : std::min(2 * unsigned_max(), 32000.0);
    const double step = std::max(finest, largest / room);
    std::vector<Ints> parts;
    for (const ValueId id : layer.inputs) {
        const Ints& x = values_.at(id);
        if (!rescales || max_of(x.step) == step) {
            parts.push_back(x);
            continue;
        }
        MINTMARK_TRY(Ints part, rescale(x, step, plan_.names[id] + "/rescaled"));
        parts.push_back(std::move(part));
    }
    std::vector<TensorId> ids;
    for (const Ints& part : parts) ids.push_back(part.id);
    const auto join = [&](auto field) {
        std::vector<FloatTensor> operands;
        for (std::size_t i = 0; i < parts.size(); ++i)
            operands.push_back({&plan_.shapes[layer.inputs[i]], field(parts[i])});
        return evaluate(op, operands, out);
    };
    using Field = const std::vector<double>&;
    Ints result{0,
                {join([](const Ints& x) -> Field { return x.range.lo; }),
                 join([](const Ints& x) -> Field { return x.range.hi; })},
                join([](const Ints& x) -> Field { return x.step; })};
    MINTMARK_CHECK(emit(plan_.names[layer.output], QConcat{op.axis}, ids, out, result));
    values_[layer.output] = std::move(result);
    return {};
}

}  // namespace mintmark::model
