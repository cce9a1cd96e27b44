// One function per operation: appends the steps that prove it and returns where its output lies.
//
//   env axis   an axis that a term may use: the step's out axes, then the term's contraction axes
//   group      the stored axes whose product is one logical dim
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/compiler/builder.hpp"
#include "mintmark/compiler/view.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::compiler {

class Lowering {
  public:
    /// `slices_are_free`: a slice that is one entry of an axis is no copy, and products are laid
    /// out for it; false as before ADR 0240, for keys of then.
    Lowering(const model::QuantGraph& graph, CircuitBuilder& builder, bool slices_are_free = true)
        : graph_(graph), builder_(builder), slices_are_free_(slices_are_free) {}

    /// Binds the input, lowers every node in order, binds the output.
    [[nodiscard]] Status run();

  private:
    using Groups = std::vector<std::vector<std::uint8_t>>;  ///< per logical dim: stored axes
    struct Input {
        View view;
        Groups groups;
    };

    /// An out box made of logical dims: first[d] = env axis of dim d's first axis.
    struct OutBox {
        Dims dims;
        std::vector<std::uint8_t> first;
    };
    struct HiddenOperand {
        Operand operand;
        std::uint8_t axes_mask = 0;  ///< out axes that it uses
    };

    void bind_input();
    /// A step of the sums factor (n x - sum of x) over the last dim's n entries.
    void add_centring(const Input& x, std::int64_t factor);
    void bind_output();
    [[nodiscard]] Result<View> lower(const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QConv& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QMatMul& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QMatMulDyn& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QLinComb& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QMul& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QAffine& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QSumPool& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QMaxPool& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QTranspose& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QSlice& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QPad& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QConcat& op, const model::QNode& node);
    [[nodiscard]] Result<View> lower_op(const model::QReshape& op, const model::QNode& node);

    /// The tensor's view grouped into the dims of its shape; copies it first when its axes do not
    /// group, or when an axis of `whole` is not exactly one stored axis.
    [[nodiscard]] Result<Input> input(const model::QNode& node, std::size_t index,
                                      const std::vector<std::size_t>& whole = {});
    /// Copies a tensor so that each dim of `shape` is one stored axis (dims of 1 only if kept).
    [[nodiscard]] Result<View> materialise(const View& view, const model::Shape& shape,
                                           const std::vector<std::size_t>& keep,
                                           const model::QTensor& tensor);
    /// All inputs of an element-wise node, their dims split into the same stored axes.
    [[nodiscard]] Result<std::vector<Input>> aligned_inputs(const model::QNode& node);
    [[nodiscard]] OutBox broadcast_box(const std::vector<Input>& inputs,
                                       const model::Shape& shape) const;
    [[nodiscard]] Operand read_broadcast(const Input& x, const OutBox& box) const;
    /// Axes of a matrix product's columns: those into which every reader splits them, else one.
    [[nodiscard]] Dims split_columns(const model::QNode& node, std::size_t rows,
                                     std::size_t summed) const;
    /// Axes of the last dim of a tensor as its readers see it, without ones.
    [[nodiscard]] Dims split_last(model::TensorId tensor) const;
    /// The part of x that a slice takes when it is one entry of a stored axis.
    [[nodiscard]] static std::optional<View> entry_of(const Input& x, const model::QSlice& op,
                                                      const model::Shape& in,
                                                      const model::Shape& out);
    /// Stores a hidden tensor of the output's rank, split as the box is, read with broadcast.
    [[nodiscard]] HiddenOperand hidden_operand(const model::Hidden& hidden, const OutBox& box);
    /// Closes the step: remainder limbs and the result's limb. Out axes must be the builder's. The
    /// model's output without a look-up is two limbs of half the bits: only OUT's step reads it,
    /// and a table of 2^16 rows would cost more than all other look-ups.
    [[nodiscard]] View requantise(const model::Requant& requant);
    [[nodiscard]] bool is_output_only(model::TensorId id) const;
    [[nodiscard]] View copy_limb(const model::QTensor& tensor);

    const model::QuantGraph& graph_;
    CircuitBuilder& builder_;
    std::map<model::TensorId, View> views_;
    bool slices_are_free_;
    bool may_split_ = false;  ///< the node at hand writes the output, and nothing else reads it
    /// Of an output in two limbs: the lower one's tensor and its bits (0: one limb).
    std::uint16_t output_low_ = 0;
    std::uint8_t output_low_bits_ = 0;
};

/// The maps of a view's stored axes before any is read: ALL, or the one entry of a fixed axis.
[[nodiscard]] std::vector<AxisMap> unread_axes(const View& view);

/// Axis maps of an operand under construction: one slot per stored axis of its view.
class OperandMaps {
  public:
    explicit OperandMaps(const View& view) : view_(view), maps_(unread_axes(view)) {}
    /// Stored axes of one group read env axes first, first + 1, ...; axes of dim 1 take none.
    OperandMaps& eq(const std::vector<std::uint8_t>& group, std::uint8_t first);
    OperandMaps& set(std::uint8_t stored_axis, const AxisMap& map);
    [[nodiscard]] Operand build() const { return {.tensor = view_.tensor, .maps = maps_}; }

  private:
    const View& view_;
    std::vector<AxisMap> maps_;
};

/// Dims other than 1 of a group of stored axes.
[[nodiscard]] Dims group_dims(const View& view, const std::vector<std::uint8_t>& group);
/// A view of a tensor whose stored axes are in logical order.
[[nodiscard]] View fresh_view(std::uint16_t tensor, const Dims& stored);
/// The look-up of a requantisation as a table request over [lo, hi].
[[nodiscard]] TableRequest to_request(const model::QLut& lut, std::int64_t lo, std::int64_t hi);
/// x[stride * p + dilation * t + offset]: the simplest map that says it.
[[nodiscard]] AxisMap window(std::uint8_t p, std::uint32_t out_dim, std::uint32_t in_dim,
                             std::uint32_t taps, std::uint32_t stride, std::uint32_t dilation,
                             std::int32_t offset);

}  // namespace mintmark::compiler
