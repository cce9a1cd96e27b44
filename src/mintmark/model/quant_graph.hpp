// The quantised model: what is proven. Integers only; the real numbers in it (steps) label values
// for people and define look-up tables, they never enter an execution otherwise.
//
//   tensor   integers in row-major order, every one in [lo, hi] for every input in range
//   hidden   weights and biases: private to the model's owner, committed in the verifying key
//   requant  how an exact accumulator becomes a tensor value: shift, then an optional look-up
//   port     a slice of the one flat input (output) with the model's own name, shape and step
//
// Normative semantics: docs/spec/quantisation.md. Nodes are in execution order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"

namespace mintmark::model {

using TensorId = std::uint32_t;
/// Dims, outermost first; a scalar has none. Every dim is at least 1. Rank at most 8.
using Shape = std::vector<std::uint32_t>;

/// A tensor of a QuantGraph: input, or the output of exactly one node.
struct QTensor {
    std::string name;  ///< the ONNX value it stands for (or a derived name)
    Shape shape;
    std::int64_t lo = 0, hi = 0;  ///< guaranteed: every element in [lo, hi], hi - lo < 2^16
    double step = 1;              ///< real value = step * integer; the largest one if per channel
    /// Per channel: one step for each index of axis `channel_axis`; empty if one step for all (or
    /// if a reshape has folded the channel axis into another one).
    std::vector<double> channel_steps = {};
    std::uint32_t channel_axis = 0;
};

enum class QFunction : std::uint8_t {
    kClamp = 1,
    kRelu,
    kLeakyRelu,
    kSigmoid,
    kTanh,
    // real functions (model/functions.hpp)
    kExp = 7,
    kLog,
    kSqrt,
    kRsqrt,
    kReciprocal,
    kErf,
    kGelu,
    kGeluTanh,
    kSoftplus,
    kSoftsign,
    kSilu,
    kHardSwish,
    kMish,
    kElu,
    kCelu,
    kSelu,
    kThresholdedRelu,
    kSin,
    kCos,
    kTan,
    kAsin,
    kAcos,
    kAtan,
    kSinh,
    kCosh,
    kAsinh,
    kAcosh,
    kAtanh,
    kAbs,
    kSign,
    kSquare,
    kPow,
    kRound,
    kFloor,
    kCeil,
    kStep,
    kIsZero,
    kAndOfHalves,
    kRemainder,
    kQuotient
};
inline constexpr QFunction kLastQFunction = QFunction::kQuotient;
[[nodiscard]] constexpr bool is_real_function(QFunction f) noexcept {
    return f >= QFunction::kExp;
}

/// Look-up y = lut(u), defined on the requant's [u_lo, u_hi]; exactly (integers only):
/// docs/spec/quantisation.md, "Tables".
///   kClamp      clamp(u, out_lo, out_hi)                        in_step = out_step
///   kRelu       clamp(max(u, 0))                                in_step = out_step
///   kLeakyRelu  clamp(u >= 0 ? u : round(alpha*u))              in_step = out_step
///   kSigmoid    clamp(round(sigmoid(u*in_step) / out_step))     kTanh likewise
///   others      clamp(round(f(u*in_step) / out_step)), |out_lo|, |out_hi| <= 2^17
struct QLut {
    QFunction function = QFunction::kClamp;
    float in_step = 1, out_step = 1;
    /// kLeakyRelu: a multiple of 2^-16 in [0, 1); real functions: p, a multiple of 2^-11 in [-16,
    /// 16)
    float alpha = 0;
    std::int32_t out_lo = 0, out_hi = 0;  ///< out_lo <= out_hi, out_hi - out_lo < 2^16
};

/// u = (acc + 2^(shift-1)) >> shift, arithmetic (floor); u = acc when shift = 0; then y = lut(u),
/// or y = u without a look-up. For every input in range u is in [u_lo, u_hi],
/// u_hi - u_lo < 2^16 (the table's domain).
struct Requant {
    std::uint8_t shift = 0;  ///< <= 40
    std::int64_t u_lo = 0, u_hi = 0;
    std::optional<QLut> lut = {};
};

/// Private integers of the model's owner, row-major.
struct Hidden {
    Shape shape;
    std::vector<std::int64_t> values;  ///< |v| < 2^40
};

// Windows: out position i on a spatial axis covers x[i*stride - pads_begin + t*dilation], t <
// kernel. The output tensor's dims say how many positions there are (ceil_mode may overrun
// pads_end, which is informative).

// ---- arithmetic nodes: exact sum `acc`, then requant ------------------------------------------

/// x [N, C, spatial…], weight [M, C/groups, kernel…], bias [M] (or none), out [N, M, spatial…].
/// One or two spatial axes; cross-correlation as in ONNX; x is 0 outside its box.
struct QConv {
    Hidden weight;
    std::optional<Hidden> bias;
    std::vector<std::uint32_t> strides, pads_begin, pads_end, dilations;  ///< one per spatial axis
    std::uint32_t groups = 1;
    Requant requant;
};

/// acc[…, n] = sum_k x[…, k] * weight[k, n] + bias[n]; x of rank >= 1.
struct QMatMul {
    Hidden weight;
    std::optional<Hidden> bias;
    Requant requant;
};

/// acc[b…, m, n] = sum_k a[b…, m, k] * b[b…, k, n]: two computed tensors with equal batch dims.
struct QMatMulDyn {
    Requant requant;
};

/// acc = sum_i coefs[i] * input_i + constant. Inputs have the output's rank; a dim is the output's
/// or 1 (broadcast). Coefficients and constant are public. With one input, coefficient 1 and a
/// look-up: an activation.
struct QLinComb {
    std::vector<std::int64_t> coefs;  ///< |c| < 2^40
    std::int64_t constant = 0;
    Requant requant;
};

/// acc = coef * a * b, both computed, same rank as the output, dims equal or 1 (broadcast).
struct QMul {
    std::int64_t coef = 1;
    Requant requant;
};

/// acc = x * weight + bias, element-wise with hidden tensors of the output's rank whose dims are
/// the output's or 1; without weight the factor is `coef` (public) and x may have dims of 1
/// (broadcast).
struct QAffine {
    std::optional<Hidden> weight;
    std::optional<Hidden> bias;
    std::int64_t coef = 1;
    Requant requant;
};

/// acc = coef * (sum of x over the window); x [N, C, spatial…]; x is 0 outside its box. coef
/// public.
struct QSumPool {
    std::vector<std::uint32_t> kernel, strides, pads_begin, pads_end, dilations;
    std::int64_t coef = 1;
    Requant requant;
};

// ---- nodes that only move data (no rounding, values copied) -----------------------------------

/// Maximum over the window; positions outside the box do not take part; every window has one
/// inside.
struct QMaxPool {
    std::vector<std::uint32_t> kernel, strides, pads_begin, pads_end, dilations;
};
/// out axis i is the input's axis perm[i].
struct QTranspose {
    std::vector<std::uint32_t> perm;
};
/// out[i…] = x[start + step*i…], one entry per axis, step >= 1.
struct QSlice {
    std::vector<std::uint32_t> starts, steps;
};
/// `value` outside the input's box, which starts at index begin[axis] of the output.
struct QPad {
    std::vector<std::uint32_t> begin;
    std::int64_t value = 0;
};
/// Inputs one after another along `axis`. An input may occur twice.
struct QConcat {
    std::uint32_t axis = 0;
};
/// Same data in row-major order under the output's shape (also: only another step, same shape).
struct QReshape {};

using QOp = std::variant<QConv, QMatMul, QMatMulDyn, QLinComb, QMul, QAffine, QSumPool, QMaxPool,
                         QTranspose, QSlice, QPad, QConcat, QReshape>;

struct QNode {
    std::string name;  ///< from the ONNX node(s), for messages
    std::vector<TensorId> inputs;
    TensorId output = 0;
    QOp op;
};

/// One input (output) of the ONNX model: elements [offset, offset + size(shape)) of the flat input.
struct QPort {
    std::string name;
    Shape shape;
    std::size_t offset = 0;
    double step = 1;
};

/// Invariants (checked by `validate`, and by decoders): ids in range, nodes in execution order,
/// each tensor produced once, shapes consistent, a tensor's [lo, hi] contains what its node can
/// write, input read by a node, output written by one. That u stays in [u_lo, u_hi] follows from
/// the weights by interval arithmetic when the graph is made; execution checks it again.
struct QuantGraph {
    std::vector<QTensor> tensors;
    std::vector<QNode> nodes;
    TensorId input = 0, output = 0;  ///< one tensor each: several ports are concatenated, rank 1
    std::vector<QPort> input_ports, output_ports;
};

/// Number of elements (1 for a scalar).
[[nodiscard]] std::size_t element_count(const Shape& shape) noexcept;
/// The requant of an arithmetic node, nullptr for data movement.
[[nodiscard]] const Requant* requant_of(const QOp& op) noexcept;
/// Stable lower-case operator name ("conv") for messages and files.
[[nodiscard]] const char* op_name(const QOp& op) noexcept;

/// y = lut(u) as in docs/spec/quantisation.md; any u.
[[nodiscard]] std::int64_t lut_output(const QLut& lut, std::int64_t u) noexcept;
/// u of Requant for an accumulator.
[[nodiscard]] std::int64_t shift_round(std::int64_t acc, std::uint8_t shift) noexcept;

/// Runs the model in integers: the specification of what is proven. `input`: element_count of the
/// input tensor's shape, row-major; kInvalidArgument if the size is off, kOutOfRange if an element
/// is outside [lo, hi]. Returns the output tensor's elements. Needs a valid graph.
[[nodiscard]] Result<std::vector<std::int64_t>> execute(const QuantGraph& graph,
                                                        std::span<const std::int64_t> input);
/// As execute, but every tensor's elements, by TensorId (witness generation, reports, tests).
[[nodiscard]] Result<std::vector<std::vector<std::int64_t>>> execute_all(
    const QuantGraph& graph, std::span<const std::int64_t> input);

/// Checks the invariants of QuantGraph; kMalformed naming the node. Total on any graph.
[[nodiscard]] Status validate(const QuantGraph& graph);

}  // namespace mintmark::model
