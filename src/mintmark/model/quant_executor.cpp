// The integer executor: what is proven, bit for bit, in plain loops.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <limits>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/model/convolution.hpp"
#include "mintmark/model/indexing.hpp"
#include "mintmark/model/matrix_product.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {
namespace {

__extension__ using Int128 = __int128;
using Integers = std::vector<std::int64_t>;
using Accumulators = std::vector<Int128>;
using Indices = std::vector<std::size_t>;

/// A node's operands and its output's shape.
struct Operands {
    std::vector<const Shape*> shapes;
    std::vector<const Integers*> data;
    const Shape* out = nullptr;
};

constexpr std::size_t kSerialElements = 4096;  ///< fewer are not worth a second thread

std::size_t to_size(std::int64_t value) {
    return static_cast<std::size_t>(value);
}

// ---- arithmetic: exact accumulators -----------------------------------------------------------

int magnitude_bits(std::span<const std::int64_t> values) {
    std::uint64_t all = 0;
    for (const std::int64_t v : values)
        all |= v < 0 ? ~static_cast<std::uint64_t>(v) + 1 : static_cast<std::uint64_t>(v);
    return static_cast<int>(std::bit_width(all));
}

/// Bits that hold every sum of `depth` products of a value and a weight.
int sum_bits(std::span<const std::int64_t> a, std::span<const std::int64_t> b, std::size_t depth) {
    return magnitude_bits(a) + magnitude_bits(b) + static_cast<int>(std::bit_width(depth));
}

/// The convolution without the bias, in sums of type Sum.
template <class Sum>
void convolve(const QConv& op, const Operands& in, Accumulators& acc) {
    const Shape& x_shape = *in.shapes[0];
    const Shape& weight_shape = op.weight.shape;
    const Window2 w = make_window(op, weight_shape, x_shape, *in.out);
    const std::size_t in_plane = to_size(w.in[0] * w.in[1]);
    const std::size_t out_plane = to_size(w.out[0] * w.out[1]);
    const std::size_t taps = to_size(w.kernel[0] * w.kernel[1]);
    const std::size_t filters = weight_shape[0], group_in = weight_shape[1];
    const std::size_t group_out = filters / op.groups;
    parallel_for(x_shape[0] * filters, 1, [&](std::size_t begin, std::size_t end) {
        std::vector<Sum> plane(out_plane);
        for (std::size_t f = begin; f < end; ++f) {
            const std::size_t n = f / filters, m = f % filters;
            const std::int64_t* x =
                in.data[0]->data() + (n * x_shape[1] + m / group_out * group_in) * in_plane;
            const std::int64_t* weight = op.weight.values.data() + m * group_in * taps;
            plane.assign(out_plane, 0);
            for (std::size_t c = 0; c < group_in; ++c)
                for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky)
                    for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx)
                        add_tap(w, ky, kx, *weight++, x + c * in_plane, plane.data());
            const std::int64_t bias = op.bias ? op.bias->values[m] : 0;
            for (std::size_t o = 0; o < out_plane; ++o)
                acc[f * out_plane + o] = Int128{plane[o]} + bias;
        }
    });
}

/// Sums below 2^53 are exact in doubles, and those are fast.
constexpr int kDoubleBits = 53;

std::vector<double> to_doubles(const Integers& values) {
    return {values.begin(), values.end()};
}

void convolve_doubles(const QConv& op, const Operands& in, Accumulators& acc) {
    const ConvSizes sizes = conv_sizes(op, op.weight.shape, *in.shapes[0], *in.out, op.groups);
    std::vector<double> sums(acc.size());
    add_convolution(sizes, to_doubles(op.weight.values).data(), to_doubles(*in.data[0]).data(),
                    sums.data());
    for (std::size_t o = 0; o < acc.size(); ++o) {
        const std::size_t m = o / sizes.out_plane() % sizes.filters;
        acc[o] = static_cast<std::int64_t>(sums[o]) + (op.bias ? op.bias->values[m] : 0);
    }
}

Accumulators accumulate(const QConv& op, const Operands& in) {
    Accumulators acc(element_count(*in.out));
    const std::size_t depth = op.weight.values.size() / op.weight.shape[0];
    const int bits = sum_bits(*in.data[0], op.weight.values, depth);
    if (bits <= kDoubleBits) {
        convolve_doubles(op, in, acc);
        return acc;
    }
    bits <= 62 ? convolve<std::int64_t>(op, in, acc) : convolve<Int128>(op, in, acc);
    return acc;
}

/// Threads get whole rows or, where there are few, some columns of one.
template <class Sum>
void multiply(const QMatMul& op, const Operands& in, Accumulators& acc) {
    constexpr std::size_t kBlock = 256;
    const std::size_t depth = op.weight.shape[0], columns = op.weight.shape[1];
    const std::size_t rows = in.data[0]->size() / depth, blocks = (columns + kBlock - 1) / kBlock;
    parallel_for(rows * blocks, 1 + 65536 / (depth * kBlock), [&](auto begin, auto end) {
        for (std::size_t part = begin; part < end; ++part) {
            const std::size_t i = part / blocks, from = part % blocks * kBlock;
            const std::size_t width = std::min(kBlock, columns - from);
            Sum y[kBlock] = {};
            for (std::size_t k = 0; k < depth; ++k) {
                const Sum x = (*in.data[0])[i * depth + k];
                if (x == 0) continue;
                const std::int64_t* weight = &op.weight.values[k * columns + from];
                for (std::size_t j = 0; j < width; ++j) y[j] += x * weight[j];
            }
            for (std::size_t j = 0; j < width; ++j)
                acc[i * columns + from + j] =
                    Int128{y[j]} + (op.bias ? op.bias->values[from + j] : 0);
        }
    });
}

void multiply_doubles(const QMatMul& op, const Operands& in, Accumulators& acc) {
    const std::size_t depth = op.weight.shape[0], columns = op.weight.shape[1];
    std::vector<double> sums(acc.size());
    add_product({acc.size() / columns, depth, columns}, pack_rows(in.data[0]->data(), depth),
                pack_columns(op.weight.values.data(), columns), sums.data());
    for (std::size_t o = 0; o < acc.size(); ++o)
        acc[o] = static_cast<std::int64_t>(sums[o]) + (op.bias ? op.bias->values[o % columns] : 0);
}

Accumulators accumulate(const QMatMul& op, const Operands& in) {
    const std::size_t depth = op.weight.shape[0], columns = op.weight.shape[1];
    Accumulators acc(in.data[0]->size() / depth * columns);
    const int bits = sum_bits(*in.data[0], op.weight.values, depth);
    if (bits <= kDoubleBits) {
        multiply_doubles(op, in, acc);
        return acc;
    }
    bits <= 62 ? multiply<std::int64_t>(op, in, acc) : multiply<Int128>(op, in, acc);
    return acc;
}

template <class Sum>
void multiply_computed(const Operands& in, Accumulators& acc) {
    const std::size_t rank = in.out->size(), depth = in.shapes[0]->back();
    const std::size_t rows = (*in.out)[rank - 2], columns = (*in.out)[rank - 1];
    parallel_for(acc.size() / columns, 1 + 65536 / (depth * columns), [&](auto begin, auto end) {
        for (std::size_t row = begin; row < end; ++row) {
            const std::int64_t* a = in.data[0]->data() + row * depth;
            const std::int64_t* b = in.data[1]->data() + row / rows * depth * columns;
            for (std::size_t j = 0; j < columns; ++j) {
                Sum sum = 0;
                for (std::size_t k = 0; k < depth; ++k) sum += Sum{a[k]} * b[k * columns + j];
                acc[row * columns + j] = sum;
            }
        }
    });
}

Accumulators accumulate(const QMatMulDyn&, const Operands& in) {
    Accumulators acc(element_count(*in.out));
    sum_bits(*in.data[0], *in.data[1], in.shapes[0]->back()) <= 62
        ? multiply_computed<std::int64_t>(in, acc)
        : multiply_computed<Int128>(in, acc);
    return acc;
}

/// Calls visit(output element, element of a, element of b) for every element of the output that a
/// and b are broadcast to.
template <class Visit>
void for_each_pair(const Shape& out, const Shape& a, const Shape& b, Visit visit) {
    const Runs runs = broadcast_runs(out, a, b);
    parallel_for(element_count(out), kSerialElements, [&](std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end;) {
            const std::size_t run = at / runs.length, from = at - run * runs.length;
            const std::size_t count = std::min(end - at, runs.length - from);
            for (std::size_t i = 0; i < count; ++i)
                visit(at + i, runs.a[run] + (from + i) * runs.a_step,
                      runs.b[run] + (from + i) * runs.b_step);
            at += count;
        }
    });
}

Accumulators accumulate(const QLinComb& op, const Operands& in) {
    Accumulators acc(element_count(*in.out), op.constant);
    for (std::size_t t = 0; t < op.coefs.size(); ++t) {
        for_each_pair(*in.out, *in.shapes[t], {}, [&](std::size_t o, std::size_t i, std::size_t) {
            acc[o] += Int128{op.coefs[t]} * (*in.data[t])[i];
        });
    }
    return acc;
}

Accumulators accumulate(const QMul& op, const Operands& in) {
    Accumulators acc(element_count(*in.out));
    for_each_pair(*in.out, *in.shapes[0], *in.shapes[1],
                  [&](std::size_t o, std::size_t a, std::size_t b) {
                      acc[o] = Int128{(*in.data[0])[a]} * (*in.data[1])[b] * op.coef;
                  });
    return acc;
}

Accumulators accumulate(const QAffine& op, const Operands& in) {
    const Hidden one{{}, {op.coef}}, zero{{}, {0}};
    const Hidden &weight = op.weight ? *op.weight : one, &bias = op.bias ? *op.bias : zero;
    Accumulators acc(element_count(*in.out));
    for_each_pair(*in.out, *in.shapes[0], weight.shape,
                  [&](std::size_t o, std::size_t i, std::size_t w) {
                      acc[o] = Int128{(*in.data[0])[i]} * weight.values[w];
                  });
    for_each_pair(*in.out, bias.shape, {},
                  [&](std::size_t o, std::size_t b, std::size_t) { acc[o] += bias.values[b]; });
    return acc;
}

/// Calls visit(window's first element, out position (oy, ox)) for every output in order.
template <class Op, class Visit>
void for_each_window(const Op& op, const Operands& in, Visit visit) {
    const Window2 w = make_window(op, op.kernel, *in.shapes[0], *in.out);
    const std::size_t in_plane = to_size(w.in[0] * w.in[1]);
    for (std::size_t c = 0; c < std::size_t{(*in.out)[0]} * (*in.out)[1]; ++c) {
        for (std::int64_t oy = 0; oy < w.out[0]; ++oy) {
            for (std::int64_t ox = 0; ox < w.out[1]; ++ox)
                visit(w, in.data[0]->data() + c * in_plane, oy, ox);
        }
    }
}

Accumulators accumulate(const QSumPool& op, const Operands& in) {
    Accumulators acc;
    acc.reserve(element_count(*in.out));
    for_each_window(op, in, [&](const Window2& w, const std::int64_t* x, auto oy, auto ox) {
        Int128 sum = 0;
        for_each_tap(w, oy, ox, [&](std::size_t at, std::size_t) { sum += x[at]; });
        acc.push_back(sum * op.coef);
    });
    return acc;
}

// ---- data movement ----------------------------------------------------------------------------

Integers gather(const Integers& data, const Indices& at) {
    Integers out;
    out.reserve(at.size());
    for (const std::size_t i : at) out.push_back(data[i]);
    return out;
}

void scatter(Integers& out, const Indices& at, const Integers& data) {
    for (std::size_t i = 0; i < at.size(); ++i) out[at[i]] = data[i];
}

Integers move(const QMaxPool& op, const Operands& in) {
    Integers out;
    out.reserve(element_count(*in.out));
    for_each_window(op, in, [&](const Window2& w, const std::int64_t* x, auto oy, auto ox) {
        std::int64_t largest = std::numeric_limits<std::int64_t>::min();
        for_each_tap(w, oy, ox,
                     [&](std::size_t at, std::size_t) { largest = std::max(largest, x[at]); });
        out.push_back(largest);
    });
    return out;
}

Integers move(const QTranspose& op, const Operands& in) {
    const Indices own = strides_of(*in.shapes[0]);
    Indices strides;
    for (const std::uint32_t axis : op.perm) strides.push_back(own[axis]);
    return gather(*in.data[0], gather_indices(*in.out, strides));
}

Integers move(const QSlice& op, const Operands& in) {
    Indices strides = strides_of(*in.shapes[0]);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) {
        offset += op.starts[i] * strides[i];
        strides[i] *= op.steps[i];
    }
    return gather(*in.data[0], gather_indices(*in.out, strides, offset));
}

Integers move(const QPad& op, const Operands& in) {
    const Indices strides = strides_of(*in.out);
    std::size_t offset = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) offset += op.begin[i] * strides[i];
    Integers out(element_count(*in.out), op.value);
    scatter(out, gather_indices(*in.shapes[0], strides, offset), *in.data[0]);
    return out;
}

Integers move(const QConcat& op, const Operands& in) {
    const Indices strides = strides_of(*in.out);
    Integers out(element_count(*in.out));
    std::size_t offset = 0;
    for (std::size_t part = 0; part < in.data.size(); ++part) {
        scatter(out, gather_indices(*in.shapes[part], strides, offset), *in.data[part]);
        offset += (*in.shapes[part])[op.axis] * strides[op.axis];
    }
    return out;
}

Integers move(const QReshape&, const Operands& in) {
    return *in.data[0];
}

// ---- nodes ------------------------------------------------------------------------------------

Int128 round_shift(Int128 acc, std::uint8_t shift) {
    return shift == 0 ? acc : (acc + (Int128{1} << (shift - 1))) >> shift;
}

/// A node's look-up; tables of costly functions are made once where there are many elements.
class LookUp {
  public:
    LookUp(const Requant& requant, std::size_t elements) : requant_(requant) {
        const std::int64_t rows = requant.u_hi - requant.u_lo + 1;
        if (!requant.lut || requant.lut->function < QFunction::kSigmoid || to_size(rows) > elements)
            return;
        table_.resize(to_size(rows));
        parallel_for(table_.size(), 64, [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i)
                table_[i] = lut_output(*requant.lut, requant.u_lo + static_cast<std::int64_t>(i));
        });
    }

    /// u within the requant's bounds.
    [[nodiscard]] std::int64_t operator()(std::int64_t u) const {
        if (!table_.empty()) return table_[to_size(u - requant_.u_lo)];
        return requant_.lut ? lut_output(*requant_.lut, u) : u;
    }

  private:
    const Requant& requant_;
    Integers table_;
};

Result<Integers> requantise(const Accumulators& acc, const Requant& requant, const QNode& node) {
    Integers out(acc.size());
    const LookUp look_up(requant, acc.size());
    std::atomic<bool> leaves = false;
    parallel_for(acc.size(), kSerialElements, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const Int128 u = round_shift(acc[i], requant.shift);
            if (u < requant.u_lo || u > requant.u_hi) {
                leaves = true;
                return;
            }
            out[i] = look_up(static_cast<std::int64_t>(u));
        }
    });
    if (!leaves) return out;
    return fail(ErrorCode::kOutOfRange,
                fmt::format("quantised model: node '{}' ({}) leaves its range [{}, {}]", node.name,
                            op_name(node.op), requant.u_lo, requant.u_hi));
}

Result<Integers> run(const QNode& node, const Operands& operands) {
    return std::visit(
        [&](const auto& op) -> Result<Integers> {
            if constexpr (requires { op.requant; }) {
                return requantise(accumulate(op, operands), op.requant, node);
            } else {
                return move(op, operands);
            }
        },
        node.op);
}

Status check_input(const QTensor& tensor, std::span<const std::int64_t> input) {
    if (input.size() != element_count(tensor.shape)) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("quantised model: the input has {} elements, {} given",
                                element_count(tensor.shape), input.size()));
    }
    for (std::size_t i = 0; i < input.size(); ++i) {
        if (input[i] < tensor.lo || input[i] > tensor.hi) {
            return fail(ErrorCode::kOutOfRange,
                        fmt::format("quantised model: input element {} is {}, outside [{}, {}]", i,
                                    input[i], tensor.lo, tensor.hi));
        }
    }
    return {};
}

}  // namespace

Result<std::vector<std::vector<std::int64_t>>> execute_all(const QuantGraph& graph,
                                                           std::span<const std::int64_t> input) {
    MINTMARK_CHECK(check_input(graph.tensors[graph.input], input));
    std::vector<Integers> data(graph.tensors.size());
    data[graph.input].assign(input.begin(), input.end());
    for (const QNode& node : graph.nodes) {
        Operands operands;
        operands.out = &graph.tensors[node.output].shape;
        for (const TensorId id : node.inputs) {
            operands.shapes.push_back(&graph.tensors[id].shape);
            operands.data.push_back(&data[id]);
        }
        MINTMARK_TRY(data[node.output], run(node, operands));
    }
    return data;
}

Result<std::vector<std::int64_t>> execute(const QuantGraph& graph,
                                          std::span<const std::int64_t> input) {
    MINTMARK_TRY(auto data, execute_all(graph, input));
    return std::move(data[graph.output]);
}

}  // namespace mintmark::model
