// What the operator importers work with: one ONNX node, and the graph under construction.
#pragma once

#include <onnx.pb.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/graph.hpp"
#include "mintmark/model/onnx_tensor.hpp"
#include "mintmark/model/tensor_file.hpp"

namespace mintmark::model {

using Ints = std::vector<std::int64_t>;

/// Stands for infinity: real constants are held within it. Sums with −kMasking or less are masks.
inline constexpr double kFar = 1e9, kMasking = 1e4;

/// The graph under construction. Nodes whose inputs are all constant are evaluated at once.
class GraphBuilder {
  public:
    explicit GraphBuilder(const ImportOptions& options)
        : options_(options), external_(options.data_folder) {}

    /// Adds a computed value or input; kOutOfRange above max_elements.
    [[nodiscard]] Result<ValueId> add_value(const std::string& name, const Shape& shape,
                                            ElementType type);
    [[nodiscard]] ValueId add_constant(const std::string& name, Constant constant);
    /// Binds an ONNX name; kMalformed if it is taken.
    [[nodiscard]] Status bind(const std::string& name, ValueId id);
    [[nodiscard]] std::optional<ValueId> find(const std::string& name) const;
    /// A subgraph's names: found before the outer ones, gone with close_scope.
    void open_scope() { scopes_.emplace_back(); }
    void close_scope() { scopes_.pop_back(); }

    /// Appends a node (or folds it) and returns its output.
    [[nodiscard]] Result<ValueId> emit(Node node, const Shape& out_shape);

    [[nodiscard]] const Value& value(ValueId id) const { return graph_.values[id]; }
    [[nodiscard]] ElementType type(ValueId id) const { return types_[id]; }
    /// The same value under another type (Cast, comparisons): integers and booleans are kept exact.
    void set_type(ValueId id, ElementType type);
    /// ONNX's element type of an input, a cast or what is computed from one of the same kind;
    /// FLOAT, INT64 or BOOL where it is not known. Decides where integers wrap.
    void set_onnx_type(ValueId id, std::int32_t type) { onnx_types_[id] = type; }
    [[nodiscard]] std::int32_t onnx_type(ValueId id) const;
    /// The value's elements are whole numbers whatever its type says.
    void mark_integral(ValueId id) { graph_.values[id].is_integral = true; }
    /// `id`, if it is an input (or a rearranged one), holds indices into `dim` entries.
    void limit_input(ValueId id, std::uint32_t dim);
    /// No element is negative, no row sums to more than `most`.
    void limit_rows(ValueId id, double most) { graph_.values[id].row_sum = most; }
    /// Names of dynamically quantised tensors that only products with their scale read: their reals
    /// are kept (see `real_products`).
    void keep_reals(std::set<std::string> names) { kept_reals_ = std::move(names); }
    [[nodiscard]] bool keeps_reals(const std::string& name) const {
        return kept_reals_.contains(name);
    }
    /// x less its mean over `axes`, where it was computed.
    [[nodiscard]] std::optional<ValueId> deviation(ValueId x,
                                                   const std::vector<std::uint32_t>& axes) const {
        const auto it = deviations_.find({x, axes});
        return it == deviations_.end() ? std::nullopt : std::optional(it->second);
    }
    void set_deviation(ValueId x, const std::vector<std::uint32_t>& axes, ValueId difference) {
        deviations_[{x, axes}] = difference;
    }
    [[nodiscard]] const ImportOptions& options() const { return options_; }
    [[nodiscard]] const ExternalData& external() const { return external_; }
    [[nodiscard]] Graph& graph() { return graph_; }

  private:
    ImportOptions options_;
    ExternalData external_;
    Graph graph_;
    std::vector<ElementType> types_;
    std::map<ValueId, std::int32_t> onnx_types_;  ///< where known
    std::set<std::string> kept_reals_;
    std::map<std::pair<ValueId, std::vector<std::uint32_t>>, ValueId> deviations_;
    std::vector<std::map<std::string, ValueId, std::less<>>> scopes_{1};
};

/// One ONNX node with its inputs resolved; all messages name node and operator.
class NodeView {
  public:
    NodeView(const onnx::NodeProto& proto, int opset, GraphBuilder& builder)
        : proto_(proto), opset_(opset), builder_(builder) {}

    [[nodiscard]] Status resolve_inputs();
    [[nodiscard]] int opset() const { return opset_; }
    [[nodiscard]] const std::string& op_type() const { return proto_.op_type(); }
    [[nodiscard]] const onnx::NodeProto& proto() const { return proto_; }
    [[nodiscard]] std::string name() const;
    [[nodiscard]] GraphBuilder& builder() const { return builder_; }

    [[nodiscard]] std::size_t num_inputs() const { return inputs_.size(); }
    /// False for a missing or empty optional input.
    [[nodiscard]] bool has_input(std::size_t i) const;
    /// kMalformed if the input is absent.
    [[nodiscard]] Result<ValueId> input(std::size_t i) const;
    /// As input, and a real type; kUnsupported for integers.
    [[nodiscard]] Result<ValueId> real_input(std::size_t i) const;
    /// A constant real input; kUnsupported if computed.
    [[nodiscard]] Result<ValueId> constant_input(std::size_t i) const;
    /// A constant integer input, its elements; kUnsupported if computed.
    [[nodiscard]] Result<Ints> ints_input(std::size_t i) const;
    [[nodiscard]] const Shape& shape(ValueId id) const { return builder_.value(id).shape; }

    [[nodiscard]] bool has_attribute(std::string_view name) const;
    [[nodiscard]] Result<std::int64_t> int_attribute(std::string_view name,
                                                     std::int64_t otherwise) const;
    [[nodiscard]] Result<double> float_attribute(std::string_view name, double otherwise) const;
    [[nodiscard]] Result<Ints> ints_attribute(std::string_view name, Ints otherwise) const;
    [[nodiscard]] Result<std::string> string_attribute(std::string_view name,
                                                       std::string otherwise) const;
    [[nodiscard]] const onnx::AttributeProto* attribute(std::string_view name) const;
    /// Integers from attribute (before `since`) or input i (from `since` on); nullopt if absent.
    [[nodiscard]] Result<std::optional<Ints>> ints_either(std::string_view attribute_name,
                                                          std::size_t i, int since) const;

    /// Binds this node's output i, if it is named (output 0 is bound by the importer's result).
    [[nodiscard]] Status bind_output(int i, ValueId id) const;
    [[nodiscard]] bool has_output(int i) const;

    /// Emits `op` under this node's name.
    [[nodiscard]] Result<ValueId> emit(Op op, std::vector<ValueId> inputs, const Shape& out) const;
    [[nodiscard]] ValueId scalar(double value) const;
    [[nodiscard]] std::unexpected<Error> malformed(std::string_view what) const;
    [[nodiscard]] std::unexpected<Error> unsupported(std::string_view what) const;

  private:
    const onnx::NodeProto& proto_;
    int opset_;
    GraphBuilder& builder_;
    std::vector<std::optional<ValueId>> inputs_;
};

/// Turns one node into the value of its first output.
using NodeImporter = Result<ValueId> (*)(const NodeView&);
using ImporterMap = std::map<std::string_view, NodeImporter>;

/// Numpy broadcasting; kMalformed naming the node when the shapes do not fit.
[[nodiscard]] Result<Shape> broadcast_shape(const NodeView& node, const Shape& a, const Shape& b);
/// Axis in [-rank, rank) -> [0, rank).
[[nodiscard]] Result<std::uint32_t> normalise_axis(const NodeView& node, std::int64_t axis,
                                                   std::size_t rank);

/// Outputs of DynamicQuantizeLinear whose only use is Cast(product with integers) · scale: there
/// the rounding to 8 bits is the exporter's approximation of a product of reals, which is what is
/// proven. Others stay as they are.
[[nodiscard]] std::set<std::string> real_products(const onnx::GraphProto& graph);

/// A softmax (and its logarithm) over the last axis that is written out becomes one node.
void fuse_softmaxes(onnx::GraphProto& graph);
/// Formulas of known functions become one node each.
void fuse_functions(Graph& graph);

/// Gives the outputs their names and every computed value one of its own: of the values that one
/// ONNX node became the last keeps the name, the others are name/1, name/2, …
void rename_apart(Graph& graph, std::span<const std::string> outputs);

void add_arithmetic_importers(ImporterMap& map);     ///< Gemm, Conv, pools, pointwise, binary
void add_function_importers(ImporterMap& map);       ///< Exp, Log, Gelu, ... (one variable)
void add_layout_importers(ImporterMap& map);         ///< Reshape, Slice, Pad, Concat, ...
void add_constant_importers(ImporterMap& map);       ///< Constant, Shape, ... (folded only)
void add_movement_importers(ImporterMap& map);       ///< Gather, Split, Tile, Expand, ...
void add_einsum_importer(ImporterMap& map);          ///< Einsum
void add_recurrent_importers(ImporterMap& map);      ///< RNN, GRU, LSTM
void add_convolution_importers(ImporterMap& map);    ///< ConvTranspose, Resize
void add_reduction_importers(ImporterMap& map);      ///< Reduce*, GlobalMaxPool, ...
void add_index_importers(ImporterMap& map);          ///< ArgMax, TopK, OneHot, ...
void add_integer_importers(ImporterMap& map);        ///< Mod, BitShift, Bitwise*, Range
void add_classical_importers(ImporterMap& map);      ///< ai.onnx.ml: trees, linear models, ...
void add_softmax_importers(ImporterMap& map);        ///< Softmax, LogSoftmax
void add_quantise_importers(ImporterMap& map);       ///< QuantizeLinear, DequantizeLinear
void add_quantised_importers(ImporterMap& map);      ///< QLinearConv, MatMulInteger, ...
void add_normalisation_importers(ImporterMap& map);  ///< LayerNormalization, LRN, ...
void add_attention_importers(ImporterMap& map);      ///< Attention, RotaryEmbedding
void add_loss_importers(ImporterMap& map);           ///< NegativeLogLikelihoodLoss, ...
void add_sampling_importers(ImporterMap& map);       ///< GridSample, AffineGrid

}  // namespace mintmark::model
