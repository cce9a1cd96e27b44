#include "mintmark/model/float_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/model/convolution.hpp"
#include "mintmark/model/functions.hpp"
#include "mintmark/model/indexing.hpp"
#include "mintmark/model/matrix_product.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

using Inputs = std::span<const FloatTensor>;
using Doubles = std::vector<double>;

constexpr std::size_t kSerialElements = 4096;  ///< fewer are not worth a second thread

Doubles gather(std::span<const double> data, const std::vector<std::size_t>& indices) {
    Doubles out;
    out.reserve(indices.size());
    for (const std::size_t i : indices) out.push_back(data[i]);
    return out;
}

Doubles run(const ConvOp& op, Inputs in, const Shape& out_shape) {
    const ConvSizes sizes = conv_sizes(op.window, *in[1].shape, *in[0].shape, out_shape, op.groups);
    Doubles out(element_count(out_shape));
    const std::size_t plane = sizes.out_plane();
    if (in.size() > 2) {
        for (std::size_t f = 0; f < sizes.batch * sizes.filters; ++f)
            std::fill_n(out.data() + f * plane, plane, in[2].data[f % sizes.filters]);
    }
    add_convolution(sizes, in[1].data.data(), in[0].data.data(), out.data());
    return out;
}

Doubles run(const MatMulOp&, Inputs in, const Shape& out_shape) {
    const std::size_t rank = out_shape.size();
    const std::size_t rows = out_shape[rank - 2], columns = out_shape[rank - 1];
    const std::size_t depth = in[0].shape->back();
    const Shape batch(out_shape.begin(), out_shape.end() - 2);
    const Shape batch_a(in[0].shape->begin(), in[0].shape->end() - 2);
    const Shape batch_b(in[1].shape->begin(), in[1].shape->end() - 2);
    const auto at_a = gather_indices(batch, broadcast_strides(batch_a, batch));
    const auto at_b = gather_indices(batch, broadcast_strides(batch_b, batch));
    Doubles out(element_count(out_shape));
    parallel_for(at_a.size(), 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
            const double* a = in[0].data.data() + at_a[n] * rows * depth;
            const double* b = in[1].data.data() + at_b[n] * depth * columns;
            add_product({rows, depth, columns}, pack_rows(a, depth), pack_columns(b, columns),
                        out.data() + n * rows * columns);
        }
    });
    return out;
}

double point(const PointwiseOp& op, double x) {
    switch (op.kind) {
        case Pointwise::kRelu:
            return std::max(x, 0.0);
        case Pointwise::kLeakyRelu:
            return x >= 0 ? x : op.alpha * x;
        case Pointwise::kSigmoid:
            return 1 / (1 + std::exp(-x));
        case Pointwise::kTanh:
            return std::tanh(x);
        case Pointwise::kClip:
            return std::min(std::max(x, op.alpha), op.beta);
        default:
            return static_cast<double>(evaluate_function(function_of(op.kind),
                                                         static_cast<long double>(x),
                                                         static_cast<long double>(op.alpha)));
    }
}

/// out[i] = f(in[i]); both may be one array.
template <class Function>
void map(std::span<const double> in, double* out, Function f) {
    parallel_for(in.size(), kSerialElements, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) out[i] = f(in[i]);
    });
}

void write(const PointwiseOp& op, Inputs in, const Shape&, double* out) {
    switch (op.kind) {
        case Pointwise::kRelu:
            return map(in[0].data, out, [](double x) { return std::max(x, 0.0); });
        case Pointwise::kClip:
            return map(in[0].data, out, [lo = op.alpha, hi = op.beta](double x) {
                return std::min(std::max(x, lo), hi);
            });
        default:
            return map(in[0].data, out, [&op](double x) { return point(op, x); });
    }
}

/// The first operand and the output may be one array if it is not broadcast.
template <class Combine>
void combine(Inputs in, const Shape& out_shape, double* out, Combine two) {
    const Runs runs = broadcast_runs(out_shape, *in[0].shape, *in[1].shape);
    const std::size_t length = runs.length;
    parallel_for(runs.a.size() * length, kSerialElements, [&](std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end;) {
            const std::size_t run = at / length, stop = std::min(end, (run + 1) * length);
            const double *a = &in[0].data[runs.a[run]], *b = &in[1].data[runs.b[run]];
            for (std::size_t i = at - run * length; at < stop; ++at, ++i)
                out[at] = two(a[i * runs.a_step], b[i * runs.b_step]);
        }
    });
}

void write(const BinaryOp& op, Inputs in, const Shape& out_shape, double* out) {
    switch (op.kind) {
        case Binary::kAdd:
            return combine(in, out_shape, out, [](double a, double b) { return a + b; });
        case Binary::kSub:
            return combine(in, out_shape, out, [](double a, double b) { return a - b; });
        case Binary::kMul:
            return combine(in, out_shape, out, [](double a, double b) { return a * b; });
        case Binary::kDiv:
            return combine(in, out_shape, out, [](double a, double b) { return a / b; });
    }
    MINTMARK_ASSERT(false);
}

/// Element-wise operators write where they are told.
template <class OpKind>
Doubles run(const OpKind& op, Inputs in, const Shape& out_shape)
    requires requires(double* out) { write(op, in, out_shape, out); }
{
    Doubles out(element_count(out_shape));
    write(op, in, out_shape, out.data());
    return out;
}

/// Positions of one window along one axis that lie between the declared pads.
double padded_count(const Window& window, const Window2& w, int axis, std::int64_t out_index) {
    const auto i = static_cast<std::size_t>(axis);
    if (i >= window.kernel.size()) return 1;
    const std::int64_t end = w.in[axis] + window.pads_end[i];
    double count = 0;
    for (std::int64_t k = 0; k < w.kernel[axis]; ++k) {
        const std::int64_t at = out_index * w.stride[axis] - w.pad[axis] + k * w.dilation[axis];
        if (at < end) ++count;
    }
    return count;
}

double pool(const PoolOp& op, const Window2& w, const double* x, std::int64_t oy, std::int64_t ox) {
    double sum = 0, inside = 0, largest = -std::numeric_limits<double>::infinity();
    for_each_tap(w, oy, ox, [&](std::size_t at, std::size_t) {
        sum += x[at];
        inside += 1;
        largest = std::max(largest, x[at]);
    });
    if (op.kind == PoolKind::kMax) return largest;
    if (op.kind == PoolKind::kAverage) return sum / inside;
    return sum / (padded_count(op.window, w, 0, oy) * padded_count(op.window, w, 1, ox));
}

Doubles run(const PoolOp& op, Inputs in, const Shape& out_shape) {
    const Window2 w = make_window(op.window, op.window.kernel, *in[0].shape, out_shape);
    const std::size_t in_plane = static_cast<std::size_t>(w.in[0] * w.in[1]);
    Doubles out(element_count(out_shape));
    const std::size_t out_plane = static_cast<std::size_t>(w.out[0] * w.out[1]);
    parallel_for(std::size_t{out_shape[0]} * out_shape[1], 1, [&](auto begin, auto end) {
        for (std::size_t c = begin; c < end; ++c) {
            double* y = out.data() + c * out_plane;
            for (std::int64_t oy = 0; oy < w.out[0]; ++oy)
                for (std::int64_t ox = 0; ox < w.out[1]; ++ox)
                    *y++ = pool(op, w, in[0].data.data() + c * in_plane, oy, ox);
        }
    });
    return out;
}

Doubles run(const ReshapeOp&, Inputs in, const Shape&) {
    return {in[0].data.begin(), in[0].data.end()};
}

Doubles run(const TransposeOp& op, Inputs in, const Shape& out_shape) {
    const auto own = strides_of(*in[0].shape);
    std::vector<std::size_t> strides;
    for (const std::uint32_t axis : op.perm) strides.push_back(own[axis]);
    return gather(in[0].data, gather_indices(out_shape, strides));
}

Doubles run(const SliceOp& op, Inputs in, const Shape& out_shape) {
    auto strides = strides_of(*in[0].shape);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) {
        offset += op.starts[i] * strides[i];
        strides[i] *= op.steps[i];
    }
    return gather(in[0].data, gather_indices(out_shape, strides, offset));
}

Doubles run(const PadOp& op, Inputs in, const Shape& out_shape) {
    const auto strides = strides_of(out_shape);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) offset += op.begin[i] * strides[i];
    Doubles out(element_count(out_shape), op.value);
    const auto at = gather_indices(*in[0].shape, strides, offset);
    for (std::size_t i = 0; i < at.size(); ++i) out[at[i]] = in[0].data[i];
    return out;
}

Doubles run(const ConcatOp& op, Inputs in, const Shape& out_shape) {
    const auto strides = strides_of(out_shape);
    Doubles out(element_count(out_shape));
    std::size_t offset = 0;
    for (const FloatTensor& part : in) {
        const auto at = gather_indices(*part.shape, strides, offset);
        for (std::size_t i = 0; i < at.size(); ++i) out[at[i]] = part.data[i];
        offset += (*part.shape)[op.axis] * strides[op.axis];
    }
    return out;
}

Doubles run(const ExpandOp&, Inputs in, const Shape& out_shape) {
    return gather(in[0].data,
                  gather_indices(out_shape, broadcast_strides(*in[0].shape, out_shape)));
}

Doubles run(const SelectOp& op, Inputs in, const Shape&) {
    const std::size_t length = in[0].shape->back();
    Doubles out;
    if (length == 0) return out;
    out.reserve(in[0].data.size() / length * op.indices.size());
    for (std::size_t row = 0; row < in[0].data.size(); row += length) {
        for (const std::int32_t i : op.indices)
            out.push_back(i < 0 ? 0.0 : in[0].data[row + static_cast<std::size_t>(i)]);
    }
    return out;
}

Doubles run(const OneHotOp& op, Inputs in, const Shape& out_shape) {
    const auto at = gather_indices(out_shape, broadcast_strides(*in[0].shape, out_shape));
    std::vector<std::size_t> along(out_shape.size(), 0);
    along[op.axis] = 1;
    const auto place = gather_indices(out_shape, along);
    Doubles out;
    out.reserve(at.size());
    for (std::size_t i = 0; i < at.size(); ++i)
        out.push_back(in[0].data[at[i]] == static_cast<double>(place[i]) ? 1 : 0);
    return out;
}

Doubles run(const SoftmaxOp& op, Inputs in, const Shape&) {
    const std::size_t length = in[0].shape->back();
    Doubles out;
    for (std::size_t row = 0; row + length <= in[0].data.size(); row += length) {
        const std::span<const double> x = in[0].data.subspan(row, length);
        const double largest = *std::ranges::max_element(x);
        double sum = 0;
        for (const double v : x) sum += std::exp(v - largest);
        const double log_sum = largest + std::log(sum);
        if (op.kind == SoftmaxKind::kLogSum) out.push_back(log_sum);
        if (op.kind == SoftmaxKind::kLogShare)
            for (const double v : x) out.push_back(v - log_sum);
        if (op.kind == SoftmaxKind::kShare)
            for (const double v : x) out.push_back(std::exp(v - largest) / sum);
    }
    return out;
}

}  // namespace

std::vector<double> evaluate(const Op& op, Inputs inputs, const Shape& out_shape) {
    return std::visit([&](const auto& kind) { return run(kind, inputs, out_shape); }, op);
}

std::vector<double> evaluate_onto(std::vector<double> first, const Op& op, Inputs inputs,
                                  const Shape& out_shape) {
    if (std::holds_alternative<ReshapeOp>(op)) return first;
    const bool fits = first.size() == element_count(out_shape);
    if (const auto* unary = std::get_if<PointwiseOp>(&op)) {
        write(*unary, inputs, out_shape, first.data());
    } else if (const auto* binary = std::get_if<BinaryOp>(&op); binary != nullptr && fits) {
        write(*binary, inputs, out_shape, first.data());
    } else {
        return evaluate(op, inputs, out_shape);
    }
    return first;
}

std::vector<std::vector<double>> evaluate_all(const Graph& graph,
                                              std::span<const std::vector<double>> inputs) {
    std::vector<Doubles> data(graph.values.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) data[graph.inputs[i]] = inputs[i];
    std::vector<FloatTensor> operands;
    for (const Node& node : graph.nodes) {
        operands.clear();
        for (const ValueId id : node.inputs) {
            const Value& value = graph.values[id];
            operands.push_back({&value.shape, value.is_constant ? value.data : data[id]});
        }
        data[node.output] = evaluate(node.op, operands, graph.values[node.output].shape);
    }
    return data;
}

Result<std::vector<std::vector<double>>> run_float(const Graph& graph, const Sample& inputs) {
    if (inputs.size() != graph.inputs.size()) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("model: {} inputs given, the model has {}", inputs.size(),
                                graph.inputs.size()));
    }
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Value& value = graph.values[graph.inputs[i]];
        if (inputs[i].size() != element_count(value.shape)) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("model: input '{}' has {} elements, {} given", value.name,
                                    element_count(value.shape), inputs[i].size()));
        }
    }
    std::vector<Doubles> data = evaluate_all(graph, inputs);
    std::vector<Doubles> outputs;
    for (const ValueId id : graph.outputs) outputs.push_back(data[id]);
    return outputs;
}

}  // namespace mintmark::model
