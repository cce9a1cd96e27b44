#include "mintmark/model/float_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/model/functions.hpp"
#include "mintmark/model/indexing.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

using Inputs = std::span<const FloatTensor>;
using Doubles = std::vector<double>;

Doubles gather(std::span<const double> data, const std::vector<std::size_t>& indices) {
    Doubles out;
    out.reserve(indices.size());
    for (const std::size_t i : indices) out.push_back(data[i]);
    return out;
}

Doubles run(const ConvOp& op, Inputs in, const Shape& out_shape) {
    const Shape& weight_shape = *in[1].shape;
    const Window2 w = make_window(op.window, weight_shape, *in[0].shape, out_shape);
    const std::size_t in_plane = static_cast<std::size_t>(w.in[0] * w.in[1]);
    const std::size_t out_plane = static_cast<std::size_t>(w.out[0] * w.out[1]);
    const std::size_t taps = static_cast<std::size_t>(w.kernel[0] * w.kernel[1]);
    const std::size_t channels = (*in[0].shape)[1], filters = out_shape[1];
    const std::size_t group_in = weight_shape[1], group_out = filters / op.groups;
    Doubles out(element_count(out_shape));
    parallel_for(out_shape[0] * filters, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t f = begin; f < end; ++f) {
            const std::size_t n = f / filters, m = f % filters;
            const double* x =
                in[0].data.data() + (n * channels + m / group_out * group_in) * in_plane;
            const double* weight = in[1].data.data() + m * group_in * taps;
            double* y = out.data() + f * out_plane;
            std::fill_n(y, out_plane, in.size() > 2 ? in[2].data[m] : 0.0);
            for (std::size_t c = 0; c < group_in; ++c)
                for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky)
                    for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx)
                        add_tap(w, ky, kx, *weight++, x + c * in_plane, y);
        }
    });
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
    for (std::size_t n = 0; n < at_a.size(); ++n) {
        const double* a = in[0].data.data() + at_a[n] * rows * depth;
        const double* b = in[1].data.data() + at_b[n] * depth * columns;
        double* y = out.data() + n * rows * columns;
        for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t k = 0; k < depth; ++k) {
                const double factor = a[i * depth + k];
                for (std::size_t j = 0; j < columns; ++j)
                    y[i * columns + j] += factor * b[k * columns + j];
            }
        }
    }
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

Doubles run(const PointwiseOp& op, Inputs in, const Shape&) {
    Doubles out(in[0].data.begin(), in[0].data.end());
    for (double& x : out) x = point(op, x);
    return out;
}

double combine(Binary kind, double a, double b) {
    switch (kind) {
        case Binary::kAdd:
            return a + b;
        case Binary::kSub:
            return a - b;
        case Binary::kMul:
            return a * b;
        case Binary::kDiv:
            return a / b;
    }
    MINTMARK_ASSERT(false);
}

Doubles run(const BinaryOp& op, Inputs in, const Shape& out_shape) {
    const auto a = gather_indices(out_shape, broadcast_strides(*in[0].shape, out_shape));
    const auto b = gather_indices(out_shape, broadcast_strides(*in[1].shape, out_shape));
    Doubles out(a.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = combine(op.kind, in[0].data[a[i]], in[1].data[b[i]]);
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
    Doubles out;
    out.reserve(element_count(out_shape));
    for (std::size_t c = 0; c < std::size_t{out_shape[0]} * out_shape[1]; ++c) {
        for (std::int64_t oy = 0; oy < w.out[0]; ++oy) {
            for (std::int64_t ox = 0; ox < w.out[1]; ++ox)
                out.push_back(pool(op, w, in[0].data.data() + c * in_plane, oy, ox));
        }
    }
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
