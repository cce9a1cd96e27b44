// The float model: a typed graph in execution order with every shape known and constants folded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {

/// Index of a value (a tensor) in Graph::values.
using ValueId = std::uint32_t;

/// A value: computed by a node, an input, or a constant with its data.
struct Value {
    std::string name;  ///< the ONNX name; of several values of one node the last has it alone
    Shape shape;
    bool is_constant = false;
    std::vector<double> data = {};  ///< constants only, row-major
    /// Holds integers (or 0 and 1): quantised with step 1 where the range allows it, then exact.
    bool is_integral = false;
    /// Inputs that are whole numbers: what they may be (least < most); else the samples say it.
    double least = 0, most = 0;
    /// Greater than 0: no element is negative, and no row (last axis) sums to more.
    double row_sum = 0;
    /// Where an ONNX node became several values (empty: `name`): what means this value and no
    /// other, and what means all of them.
    std::string own_key = {}, node_key = {};
};

[[nodiscard]] inline const std::string& own_key(const Value& value) {
    return value.own_key.empty() ? value.name : value.own_key;
}
[[nodiscard]] inline const std::string& node_key(const Value& value) {
    return value.node_key.empty() ? value.name : value.node_key;
}

/// kClip: min(max(x, alpha), beta); the others as QFunction of the same name, alpha is p.
enum class Pointwise : std::uint8_t {
    kRelu,
    kLeakyRelu,
    kSigmoid,
    kTanh,
    kClip,
    kExp,
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
    kRemainder,  ///< x - m floor(x / m) of a whole number x, m = 2048 alpha
    kQuotient    ///< floor(x / m)
};
enum class Binary : std::uint8_t { kAdd, kSub, kMul, kDiv };
enum class PoolKind : std::uint8_t { kMax, kAverage, kAverageWithPads };

/// Sliding window over the spatial axes (1 or 2), one entry per spatial axis. The output's dims are
/// those of the output value (with ceil_mode a window may overrun pads_end).
struct Window {
    std::vector<std::uint32_t> kernel, strides, pads_begin, pads_end, dilations;
};

struct ConvOp {  ///< inputs: x [N, C, …], weight [M, C/groups, …], bias [M] (optional)
    Window window;
    std::uint32_t groups = 1;
};
struct MatMulOp {};  ///< numpy matmul; Gemm is imported as transposes, MatMul, Mul, Add
struct PointwiseOp {
    Pointwise kind = Pointwise::kRelu;
    double alpha = 0;  ///< kLeakyRelu; kClip: least; functions with a parameter
    double beta = 0;   ///< kClip: most
};
struct BinaryOp {  ///< numpy broadcasting
    Binary kind = Binary::kAdd;
};
struct PoolOp {  ///< kAverage divides by the positions inside the box, kAverageWithPads by the
                 ///< kernel
    PoolKind kind = PoolKind::kMax;
    Window window;
};
struct ReshapeOp {};  ///< row-major data under the output's shape
struct TransposeOp {
    std::vector<std::uint32_t> perm;
};
struct SliceOp {  ///< per axis
    std::vector<std::uint32_t> starts, steps;
};
struct PadOp {  ///< constant padding; the output's shape says how much at the end
    std::vector<std::uint32_t> begin;
    double value = 0;
};
struct ConcatOp {
    std::uint32_t axis = 0;
};

struct ExpandOp {};  ///< the input, of the output's rank, with dims of 1 repeated
struct SelectOp {    ///< out[…, i] = x[…, indices[i]] along the last axis; 0 where it is negative
    std::vector<std::int32_t> indices;
};

/// The input has dim 1 at `axis`: entry j of the output there is 1 if the input is j, else 0.
struct OneHotOp {
    std::uint32_t axis = 0;
};

/// Over the last axis: e^x / S, x - ln S, or ln S (last axis 1), S the sum of e^x.
enum class SoftmaxKind : std::uint8_t { kShare, kLogShare, kLogSum };
struct SoftmaxOp {
    SoftmaxKind kind = SoftmaxKind::kShare;
};

using Op = std::variant<ConvOp, MatMulOp, PointwiseOp, BinaryOp, PoolOp, ReshapeOp, TransposeOp,
                        SliceOp, PadOp, ConcatOp, ExpandOp, SelectOp, OneHotOp, SoftmaxOp>;

struct Node {
    std::string name;     ///< ONNX node name, or its output's name when it has none
    std::string op_type;  ///< ONNX operator, for messages
    std::vector<ValueId> inputs;
    ValueId output = 0;
    Op op;
};

/// A model with all shapes known. Nodes are in execution order and reach an output.
struct Graph {
    std::vector<Value> values;
    std::vector<Node> nodes;
    std::vector<ValueId> inputs, outputs;
};

/// How to bind what an ONNX file leaves open.
struct ImportOptions {
    std::uint32_t batch = 1;  ///< for the first axis of an input when it is dynamic
    std::map<std::string, std::uint32_t> dims = {};  ///< named dims ("seq" -> 16); wins over batch
    /// Where tensors with external data are looked for; load_onnx(path) sets it to the file's
    /// folder.
    std::filesystem::path data_folder = {};
    /// A safetensors file: its tensors take the place of initialisers (or inputs) of their names.
    std::filesystem::path weights = {};
    std::size_t max_file_bytes = std::size_t{1} << 31U;
    std::size_t max_elements = std::size_t{1} << 28U;  ///< of any one tensor
};

}  // namespace mintmark::model
