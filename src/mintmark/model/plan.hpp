// The layers of the quantised model, still in real numbers: constants folded into the linear
// operation before them, activations attached to the operation that computes their argument.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/graph.hpp"
#include "mintmark/model/spectra.hpp"

namespace mintmark::model {

enum class LayerKind : std::uint8_t {
    kConv,
    kMatMul,
    kMatMulDyn,
    kLinComb,
    kMul,
    kAffine,
    kSumPool,
    kSoftmax,
    kOneHot,
    kMove
};

/// A constant with its shape; scalar: shape {}.
struct FloatConstant {
    Shape shape;
    std::vector<double> data;
};

/// y = activation(linear(inputs)), or data movement.
struct Layer {
    std::string name;
    LayerKind kind = LayerKind::kMove;
    std::vector<ValueId> inputs;
    ValueId output = 0;
    ValueId sum = 0;  ///< the value before the activation (output if none)
    /// kConv [M, C/g, …], kMatMul [K, N], kAffine broadcast against the output.
    FloatConstant weight;
    /// kConv [M], kMatMul [N], kAffine broadcast against the output; empty data: none.
    FloatConstant bias;
    std::vector<double> coefs;  ///< kLinComb, one per input; kSumPool: one factor
    /// kMatMulDyn, kMul, kSumPool: the sums times scale, plus offset.
    double scale = 1, offset = 0;
    bool keeps_all = false;    ///< the sums are kept as they are, whatever their range
    bool is_square = false;    ///< kMatMulDyn, kMul: both factors hold the same values
    Window window;             ///< kConv, kSumPool
    std::uint32_t groups = 1;  ///< kConv
    std::optional<PointwiseOp> activation;
    Op move;  ///< kMove: MaxPool, Reshape, Transpose, Slice, Pad, Concat or Select; kSoftmax,
              ///< kOneHot
};

/// Layers in execution order over the graph's values and `shapes` beyond them.
struct Plan {
    std::vector<Shape> shapes;  ///< of every value: the graph's, then derived ones
    std::vector<std::string> names;
    std::vector<std::string> own_keys, node_keys;  ///< see Value::own_key
    std::vector<bool> integral;                    ///< see Value::is_integral
    std::vector<double> row_sum;                   ///< see Value::row_sum
    std::vector<Layer> layers;
    std::vector<ValueId> inputs, outputs;
    std::shared_ptr<Spectra> spectra = std::make_shared<Spectra>();  ///< of the layers' weights
};

/// The entry for the value itself, else that for all values of its ONNX node.
[[nodiscard]] std::optional<std::uint8_t> stated_bits(
    const Plan& plan, ValueId id, const std::map<std::string, std::uint8_t>& bits);

/// Plans a simplified graph (see simplify.hpp). kUnsupported for a product that has no integer
/// form.
[[nodiscard]] Result<Plan> make_plan(const Graph& graph);

}  // namespace mintmark::model
