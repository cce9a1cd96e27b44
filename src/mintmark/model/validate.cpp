// The invariants of a QuantGraph, checked on any graph.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "mintmark/model/functions.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint64_t kMaxElements = std::uint64_t{1} << 28U;  // of all tensors together
constexpr std::int64_t kMaxInteger = std::int64_t{1} << 40U;
constexpr std::int64_t kRows = 65536;
constexpr std::size_t kMaxRank = 8;
constexpr std::uint32_t kMaxWindow = 65535;

using Dims = std::vector<std::uint32_t>;

bool is_integer(std::int64_t v) {
    return v > -kMaxInteger && v < kMaxInteger;
}
bool is_range(std::int64_t lo, std::int64_t hi) {
    return is_integer(lo) && is_integer(hi) && lo <= hi && hi - lo < kRows;
}
bool is_step(double step) {
    return std::isfinite(step) && step > 0;
}
bool is_table_step(float step) {
    return step >= 0x1p-40F && step <= 0x1p40F;
}

/// Rank, dims and size are within bounds.
bool is_shape(const Shape& shape) {
    std::uint64_t count = 1;
    if (shape.size() > kMaxRank) return false;
    for (const std::uint32_t dim : shape) {
        if (dim == 0 || dim > kMaxElements) return false;
        count *= dim;
        if (count > kMaxElements) return false;
    }
    return true;
}

bool is_hidden(const Hidden& hidden) {
    return is_shape(hidden.shape) && hidden.values.size() == element_count(hidden.shape) &&
           std::ranges::all_of(hidden.values, is_integer);
}

bool is_bias(const std::optional<Hidden>& bias, std::uint32_t size) {
    return !bias || (is_hidden(*bias) && bias->shape == Shape{size});
}

bool broadcasts_to(const Shape& from, const Shape& to) {
    if (from.size() != to.size()) return false;
    for (std::size_t i = 0; i < to.size(); ++i)
        if (from[i] != 1 && from[i] != to[i]) return false;
    return true;
}

bool is_look_up(const QLut& lut) {
    const auto code = static_cast<int>(lut.function);
    if (code < 1 || code == 6 || lut.function > kLastQFunction || lut.out_lo > lut.out_hi ||
        std::int64_t{lut.out_hi} - lut.out_lo >= kRows) {
        return false;
    }
    if (!is_table_step(lut.in_step) || !is_table_step(lut.out_step)) return false;
    if (is_real_function(lut.function)) {
        const float parameter = lut.alpha * 2048.0F;
        return lut.out_lo >= -2 * kRows && lut.out_hi <= 2 * kRows && parameter >= -32768 &&
               parameter <= 32767 && parameter == std::floor(parameter);
    }
    const bool is_leaky = lut.function == QFunction::kLeakyRelu;
    const bool is_curve = lut.function == QFunction::kSigmoid || lut.function == QFunction::kTanh;
    if (!is_curve && lut.in_step != lut.out_step) return false;
    if (!is_leaky) return lut.alpha == 0;
    const float units = lut.alpha * 65536.0F;
    return lut.alpha >= 0 && lut.alpha < 1 && units == std::floor(units);
}

bool is_requant(const Requant& requant, const QTensor& out) {
    if (requant.shift > 40 || !is_range(requant.u_lo, requant.u_hi)) return false;
    if (!requant.lut) return out.lo <= requant.u_lo && requant.u_hi <= out.hi;
    if (!is_look_up(*requant.lut)) return false;
    const OutputBounds bounds = lut_bounds(*requant.lut, requant.u_lo, requant.u_hi);
    return out.lo <= bounds.lo && bounds.hi <= out.hi;
}

/// Window entries for the one or two spatial axes of x.
template <class Op>
bool is_window(const Op& op, const Dims& kernel, const Shape& x, const Shape& out) {
    if ((x.size() != 3 && x.size() != 4) || out.size() != x.size()) return false;
    const std::size_t spatial = x.size() - 2;
    const auto within = [spatial](const Dims& v, std::uint32_t least) {
        return v.size() == spatial && std::ranges::all_of(v, [least](std::uint32_t e) {
                   return e >= least && e <= kMaxWindow;
               });
    };
    return within(kernel, 1) && within(op.strides, 1) && within(op.dilations, 1) &&
           within(op.pads_begin, 0) && within(op.pads_end, 0);
}

bool every_window_touches(const QMaxPool& op, const Shape& x, const Shape& out) {
    for (std::size_t i = 0; i < op.kernel.size(); ++i) {
        for (std::uint32_t o = 0; o < out[2 + i]; ++o) {
            bool touches = false;
            for (std::uint32_t k = 0; k < op.kernel[i] && !touches; ++k) {
                const std::int64_t at = std::int64_t{o} * op.strides[i] - op.pads_begin[i] +
                                        std::int64_t{k} * op.dilations[i];
                touches = at >= 0 && at < x[2 + i];
            }
            if (!touches) return false;
        }
    }
    return true;
}

/// Inputs and output of a node under check.
struct Context {
    std::vector<const QTensor*> in;
    const QTensor& out;

    const Shape& shape(std::size_t i) const { return in[i]->shape; }
    bool covers(std::size_t i) const { return out.lo <= in[i]->lo && in[i]->hi <= out.hi; }
};

bool check(const QConv& op, const Context& c) {
    const Shape& weight = op.weight.shape;
    if (c.in.size() != 1 || !is_hidden(op.weight) || weight.size() < 3 ||
        weight.size() != c.shape(0).size()) {
        return false;
    }
    if (!is_window(op, Dims(weight.begin() + 2, weight.end()), c.shape(0), c.out.shape))
        return false;
    return op.groups >= 1 && weight[0] % op.groups == 0 &&
           std::uint64_t{weight[1]} * op.groups == c.shape(0)[1] && c.out.shape[1] == weight[0] &&
           c.out.shape[0] == c.shape(0)[0] && is_bias(op.bias, weight[0]);
}

bool check(const QMatMul& op, const Context& c) {
    if (c.in.size() != 1 || c.shape(0).empty() || !is_hidden(op.weight)) return false;
    Shape expected = c.shape(0);
    if (op.weight.shape.size() != 2 || op.weight.shape[0] != expected.back()) return false;
    expected.back() = op.weight.shape[1];
    return c.out.shape == expected && is_bias(op.bias, op.weight.shape[1]);
}

bool check(const QMatMulDyn&, const Context& c) {
    if (c.in.size() != 2 || c.shape(0).size() < 2 || c.shape(1).size() != c.shape(0).size())
        return false;
    const Shape &a = c.shape(0), &b = c.shape(1);
    const std::size_t rank = a.size();
    Shape expected = a;
    expected[rank - 1] = b[rank - 1];
    return std::equal(a.begin(), a.end() - 2, b.begin()) && a[rank - 1] == b[rank - 2] &&
           c.out.shape == expected;
}

bool check(const QLinComb& op, const Context& c) {
    if (c.in.empty() || op.coefs.size() != c.in.size() || !is_integer(op.constant)) return false;
    for (std::size_t i = 0; i < c.in.size(); ++i)
        if (!is_integer(op.coefs[i]) || !broadcasts_to(c.shape(i), c.out.shape)) return false;
    return true;
}

bool check(const QMul& op, const Context& c) {
    return c.in.size() == 2 && is_integer(op.coef) && broadcasts_to(c.shape(0), c.out.shape) &&
           broadcasts_to(c.shape(1), c.out.shape);
}

bool check(const QAffine& op, const Context& c) {
    const auto fits = [&](const std::optional<Hidden>& hidden) {
        return !hidden || (is_hidden(*hidden) && broadcasts_to(hidden->shape, c.out.shape));
    };
    const bool reads = op.weight ? c.in.size() == 1 && c.shape(0) == c.out.shape
                                 : c.in.size() == 1 && broadcasts_to(c.shape(0), c.out.shape);
    return reads && is_integer(op.coef) && fits(op.weight) && fits(op.bias);
}

bool check(const QSumPool& op, const Context& c) {
    return c.in.size() == 1 && is_window(op, op.kernel, c.shape(0), c.out.shape) &&
           is_integer(op.coef) && c.out.shape[0] == c.shape(0)[0] &&
           c.out.shape[1] == c.shape(0)[1];
}

bool check(const QMaxPool& op, const Context& c) {
    return c.in.size() == 1 && is_window(op, op.kernel, c.shape(0), c.out.shape) &&
           c.out.shape[0] == c.shape(0)[0] && c.out.shape[1] == c.shape(0)[1] &&
           every_window_touches(op, c.shape(0), c.out.shape) && c.covers(0);
}

bool check(const QTranspose& op, const Context& c) {
    if (c.in.size() != 1 || op.perm.size() != c.shape(0).size()) return false;
    Dims sorted = op.perm;
    std::ranges::sort(sorted);
    for (std::size_t i = 0; i < sorted.size(); ++i)
        if (sorted[i] != i) return false;
    Shape expected;
    for (const std::uint32_t axis : op.perm) expected.push_back(c.shape(0)[axis]);
    return c.out.shape == expected && c.covers(0);
}

bool check(const QSlice& op, const Context& c) {
    if (c.in.size() != 1) return false;
    const Shape& x = c.shape(0);
    if (op.starts.size() != x.size() || op.steps.size() != x.size() ||
        c.out.shape.size() != x.size()) {
        return false;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
        const std::uint64_t last = op.starts[i] + std::uint64_t{op.steps[i]} * (c.out.shape[i] - 1);
        if (op.steps[i] == 0 || last >= x[i]) return false;
    }
    return c.covers(0);
}

bool check(const QPad& op, const Context& c) {
    if (c.in.size() != 1 || op.begin.size() != c.shape(0).size() ||
        c.out.shape.size() != c.shape(0).size() || op.value < c.out.lo || op.value > c.out.hi) {
        return false;
    }
    for (std::size_t i = 0; i < op.begin.size(); ++i)
        if (std::uint64_t{op.begin[i]} + c.shape(0)[i] > c.out.shape[i]) return false;
    return c.covers(0);
}

bool check(const QConcat& op, const Context& c) {
    if (c.in.empty() || op.axis >= c.out.shape.size()) return false;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < c.in.size(); ++i) {
        Shape expected = c.out.shape;
        if (c.shape(i).size() != expected.size() || !c.covers(i)) return false;
        expected[op.axis] = c.shape(i)[op.axis];
        if (c.shape(i) != expected) return false;
        total += expected[op.axis];
    }
    return total == c.out.shape[op.axis];
}

bool check(const QReshape&, const Context& c) {
    return c.in.size() == 1 && element_count(c.shape(0)) == element_count(c.out.shape) &&
           c.covers(0);
}

bool is_node(const QNode& node, const Context& context) {
    const Requant* requant = requant_of(node.op);
    if (requant != nullptr && !is_requant(*requant, context.out)) return false;
    return std::visit([&context](const auto& op) { return check(op, context); }, node.op);
}

bool is_tensor(const QTensor& tensor) {
    if (!is_shape(tensor.shape) || !is_range(tensor.lo, tensor.hi) || !is_step(tensor.step))
        return false;
    if (tensor.channel_steps.empty()) return true;
    return tensor.channel_axis < tensor.shape.size() &&
           tensor.channel_steps.size() == tensor.shape[tensor.channel_axis] &&
           std::ranges::all_of(tensor.channel_steps, is_step);
}

/// The ports cover the tensor's elements one after another.
bool are_ports(const std::vector<QPort>& ports, const QTensor& tensor) {
    std::uint64_t next = 0;
    for (const QPort& port : ports) {
        if (!is_shape(port.shape) || port.offset != next || !is_step(port.step)) return false;
        next += element_count(port.shape);
    }
    return next == element_count(tensor.shape);
}

std::unexpected<Error> malformed(const std::string& what) {
    return fail(ErrorCode::kMalformed, "quantised model: " + what);
}

Status check_tensors(const QuantGraph& graph) {
    std::uint64_t total = 0;
    for (const QTensor& tensor : graph.tensors) {
        if (!is_tensor(tensor))
            return malformed(fmt::format("tensor '{}' is invalid", tensor.name));
        total += element_count(tensor.shape);
        if (total > kMaxElements) return malformed("the tensors are too large");
    }
    if (graph.input >= graph.tensors.size() || graph.output >= graph.tensors.size())
        return malformed("input or output is no tensor");
    return {};
}

Status check_nodes(const QuantGraph& graph) {
    std::vector<bool> known(graph.tensors.size(), false);
    known[graph.input] = true;
    bool reads_input = false;
    for (const QNode& node : graph.nodes) {
        const auto is_known = [&](TensorId id) { return id < known.size() && known[id]; };
        if (!std::ranges::all_of(node.inputs, is_known) || node.output >= known.size() ||
            known[node.output]) {
            return malformed(fmt::format("node '{}' reads or writes a wrong tensor", node.name));
        }
        Context context{{}, graph.tensors[node.output]};
        for (const TensorId id : node.inputs) {
            context.in.push_back(&graph.tensors[id]);
            reads_input = reads_input || id == graph.input;
        }
        if (!is_node(node, context)) {
            return malformed(fmt::format("node '{}' ({}): shapes, ranges or parameters are invalid",
                                         node.name, op_name(node.op)));
        }
        known[node.output] = true;
    }
    if (!reads_input || graph.output == graph.input || !known[graph.output])
        return malformed("no path from input to output");
    return {};
}

}  // namespace

Status validate(const QuantGraph& graph) {
    MINTMARK_CHECK(check_tensors(graph));
    MINTMARK_CHECK(check_nodes(graph));
    if (!are_ports(graph.input_ports, graph.tensors[graph.input]) ||
        !are_ports(graph.output_ports, graph.tensors[graph.output])) {
        return malformed("the ports do not cover input and output");
    }
    return {};
}

}  // namespace mintmark::model
