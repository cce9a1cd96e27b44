#include "mintmark/model/onnx_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/float_executor.hpp"

namespace mintmark::model {

Result<ValueId> GraphBuilder::add_value(const std::string& name, const Shape& shape,
                                        ElementType type) {
    double count = 1;
    for (const std::uint32_t dim : shape) count *= dim;
    if (count > static_cast<double>(options_.max_elements) || shape.size() > 8) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("onnx: value '{}' has {} elements on {} axes (at most {} on 8)",
                                name, count, shape.size(), options_.max_elements));
    }
    graph_.values.push_back({name, shape, false, {}, type != ElementType::kReal});
    types_.push_back(type);
    return static_cast<ValueId>(graph_.values.size() - 1);
}

ValueId GraphBuilder::add_constant(const std::string& name, Constant constant) {
    if (constant.type == ElementType::kReal)
        for (double& x : constant.data) x = std::clamp(x, -kFar, kFar);
    graph_.values.push_back({name, std::move(constant.shape), true, std::move(constant.data),
                             constant.type != ElementType::kReal});
    types_.push_back(constant.type);
    return static_cast<ValueId>(graph_.values.size() - 1);
}

void GraphBuilder::set_type(ValueId id, ElementType type) {
    types_[id] = type;
    graph_.values[id].is_integral = type != ElementType::kReal;
}

void GraphBuilder::limit_input(ValueId id, std::uint32_t dim) {
    const auto makes = [this](ValueId value) {
        return std::ranges::find(graph_.nodes, value, &Node::output);
    };
    for (auto from = makes(id); from != graph_.nodes.end(); from = makes(id)) {
        const bool moves = std::holds_alternative<ReshapeOp>(from->op) ||
                           std::holds_alternative<TransposeOp>(from->op) ||
                           std::holds_alternative<SliceOp>(from->op) ||
                           std::holds_alternative<ExpandOp>(from->op);
        if (!moves) return;
        id = from->inputs[0];
    }
    Value& value = graph_.values[id];
    if (value.is_constant || value.least < 0) return;
    const double most = dim - 1.0;
    value.most = value.least < value.most ? std::min(value.most, most) : std::max(most, 1.0);
}

Status GraphBuilder::bind(const std::string& name, ValueId id) {
    if (name.empty()) return fail(ErrorCode::kMalformed, "onnx: a value without a name");
    if (!scopes_.back().emplace(name, id).second)
        return fail(ErrorCode::kMalformed, fmt::format("onnx: value '{}' is defined twice", name));
    return {};
}

std::optional<ValueId> GraphBuilder::find(const std::string& name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
        if (const auto it = scope->find(name); it != scope->end()) return it->second;
    return std::nullopt;
}

Result<ValueId> GraphBuilder::emit(Node node, const Shape& wanted) {
    const Shape out_shape = wanted;  // it may lie in a value, and a new value may move them
    const ElementType out_type = types_[node.inputs.front()];
    std::vector<FloatTensor> operands;
    bool constant = true;
    for (const ValueId id : node.inputs) {
        constant = constant && graph_.values[id].is_constant;
        operands.push_back({&graph_.values[id].shape, graph_.values[id].data});
    }
    MINTMARK_TRY(node.output, add_value(node.name, out_shape, out_type));
    const ValueId output = node.output;
    if (const auto it = onnx_types_.find(node.inputs.front()); it != onnx_types_.end())
        onnx_types_[output] = it->second;
    if (!constant) {
        graph_.nodes.push_back(std::move(node));
        return output;
    }
    // add_value may have moved the values: look the shapes up again.
    for (std::size_t i = 0; i < operands.size(); ++i) {
        const Value& value = graph_.values[node.inputs[i]];
        operands[i] = {&value.shape, value.data};
    }
    std::vector<double> data = evaluate(node.op, operands, out_shape);
    // As a runtime folds it: logarithmic buckets of positions are cut where binary32 says.
    const bool is_single =
        out_type == ElementType::kReal && onnx_type(output) != onnx::TensorProto::DOUBLE;
    for (double& x : data) {
        if (out_type == ElementType::kInteger) x = std::trunc(x);
        // log 0 in tables of positions: another branch of a Where is taken there.
        if (x < -kFar && out_type == ElementType::kReal) x = -kFar;
        if (is_single) x = static_cast<double>(static_cast<float>(x));
        if (!std::isfinite(x)) {
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: node '{}' ({}) makes a constant NaN or infinity",
                                    node.name, node.op_type));
        }
    }
    graph_.values[output].is_constant = true;
    graph_.values[output].data = std::move(data);
    return output;
}

std::int32_t GraphBuilder::onnx_type(ValueId id) const {
    if (const auto it = onnx_types_.find(id); it != onnx_types_.end()) return it->second;
    if (types_[id] == ElementType::kReal) return onnx::TensorProto::FLOAT;
    return types_[id] == ElementType::kBoolean ? onnx::TensorProto::BOOL : onnx::TensorProto::INT64;
}

std::string NodeView::name() const {
    if (!proto_.name().empty()) return proto_.name();
    return proto_.output_size() > 0 ? proto_.output(0) : proto_.op_type();
}

std::unexpected<Error> NodeView::malformed(std::string_view what) const {
    return fail(ErrorCode::kMalformed,
                fmt::format("onnx: node '{}' ({}): {}", name(), op_type(), what));
}

std::unexpected<Error> NodeView::unsupported(std::string_view what) const {
    return fail(ErrorCode::kUnsupported,
                fmt::format("onnx: node '{}' ({}): {}", name(), op_type(), what));
}

Status NodeView::resolve_inputs() {
    for (const std::string& input_name : proto_.input()) {
        if (input_name.empty()) {
            inputs_.push_back(std::nullopt);
            continue;
        }
        const std::optional<ValueId> id = builder_.find(input_name);
        if (!id) {
            return malformed(fmt::format(
                "reads '{}', which no input, initialiser or earlier node defines", input_name));
        }
        inputs_.push_back(id);
    }
    return {};
}

bool NodeView::has_output(int i) const {
    return i < proto_.output_size() && !proto_.output(i).empty();
}

Status NodeView::bind_output(int i, ValueId id) const {
    return has_output(i) ? builder_.bind(proto_.output(i), id) : Status{};
}

bool NodeView::has_input(std::size_t i) const {
    return i < inputs_.size() && inputs_[i].has_value();
}

Result<ValueId> NodeView::input(std::size_t i) const {
    if (!has_input(i)) return malformed(fmt::format("input {} is missing", i));
    return *inputs_[i];
}

Result<ValueId> NodeView::real_input(std::size_t i) const {
    MINTMARK_TRY(const ValueId id, input(i));
    if (builder_.type(id) != ElementType::kReal)
        return unsupported(fmt::format("input {} is not a floating-point tensor", i));
    return id;
}

Result<ValueId> NodeView::constant_input(std::size_t i) const {
    MINTMARK_TRY(const ValueId id, real_input(i));
    if (!builder_.value(id).is_constant)
        return unsupported(fmt::format("input {} must be a constant", i));
    return id;
}

Result<Ints> NodeView::ints_input(std::size_t i) const {
    MINTMARK_TRY(const ValueId id, input(i));
    const Value& value = builder_.value(id);
    if (!value.is_constant) return unsupported(fmt::format("input {} must be a constant", i));
    if (builder_.type(id) != ElementType::kInteger)
        return malformed(fmt::format("input {} must be integers", i));
    Ints out;
    for (const double x : value.data) {
        // Larger ones ("to the end") mean the same.
        out.push_back(static_cast<std::int64_t>(std::clamp(x, -0x1p53, 0x1p53)));
    }
    return out;
}

const onnx::AttributeProto* NodeView::attribute(std::string_view name) const {
    for (const onnx::AttributeProto& a : proto_.attribute())
        if (a.name() == name) return &a;
    return nullptr;
}

bool NodeView::has_attribute(std::string_view name) const {
    return attribute(name) != nullptr;
}

namespace {
/// Exporters may leave `type` unset (allowed by old IR versions).
bool has_type(const onnx::AttributeProto& a, onnx::AttributeProto::AttributeType type) {
    return a.type() == type || a.type() == onnx::AttributeProto::UNDEFINED;
}
}  // namespace

Result<std::int64_t> NodeView::int_attribute(std::string_view name, std::int64_t otherwise) const {
    const onnx::AttributeProto* a = attribute(name);
    if (a == nullptr) return otherwise;
    if (!has_type(*a, onnx::AttributeProto::INT))
        return malformed(fmt::format("attribute '{}' must be an integer", name));
    return a->i();
}

Result<double> NodeView::float_attribute(std::string_view name, double otherwise) const {
    const onnx::AttributeProto* a = attribute(name);
    if (a == nullptr) return otherwise;
    if (!has_type(*a, onnx::AttributeProto::FLOAT) || !std::isfinite(a->f()))
        return malformed(fmt::format("attribute '{}' must be a finite number", name));
    return static_cast<double>(a->f());
}

Result<Ints> NodeView::ints_attribute(std::string_view name, Ints otherwise) const {
    const onnx::AttributeProto* a = attribute(name);
    if (a == nullptr) return otherwise;
    if (!has_type(*a, onnx::AttributeProto::INTS))
        return malformed(fmt::format("attribute '{}' must be a list of integers", name));
    return Ints(a->ints().begin(), a->ints().end());
}

Result<std::string> NodeView::string_attribute(std::string_view name, std::string otherwise) const {
    const onnx::AttributeProto* a = attribute(name);
    if (a == nullptr) return otherwise;
    if (!has_type(*a, onnx::AttributeProto::STRING))
        return malformed(fmt::format("attribute '{}' must be a string", name));
    return a->s();
}

Result<std::optional<Ints>> NodeView::ints_either(std::string_view attribute_name, std::size_t i,
                                                  int since) const {
    if (opset_ < since) {
        if (!has_attribute(attribute_name)) return std::nullopt;
        MINTMARK_TRY(Ints values, ints_attribute(attribute_name, {}));
        return values;
    }
    if (!has_input(i)) return std::nullopt;
    MINTMARK_TRY(Ints values, ints_input(i));
    return values;
}

Result<ValueId> NodeView::emit(Op op, std::vector<ValueId> inputs, const Shape& out) const {
    return builder_.emit({name(), op_type(), std::move(inputs), 0, std::move(op)}, out);
}

ValueId NodeView::scalar(double value) const {
    return builder_.add_constant(name() + "/scalar", {{}, ElementType::kReal, {value}});
}

Result<Shape> broadcast_shape(const NodeView& node, const Shape& a, const Shape& b) {
    Shape out(std::max(a.size(), b.size()), 1);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const std::uint32_t da = i < a.size() ? a[a.size() - 1 - i] : 1;
        const std::uint32_t db = i < b.size() ? b[b.size() - 1 - i] : 1;
        if (da != db && da != 1 && db != 1) {
            return node.malformed(fmt::format("shapes [{}] and [{}] do not broadcast",
                                              fmt::join(a, ", "), fmt::join(b, ", ")));
        }
        out[out.size() - 1 - i] = da == 1 ? db : da;
    }
    return out;
}

Result<std::uint32_t> normalise_axis(const NodeView& node, std::int64_t axis, std::size_t rank) {
    const auto signed_rank = static_cast<std::int64_t>(rank);
    if (axis < -signed_rank || axis >= signed_rank)
        return node.malformed(fmt::format("axis {} of a tensor with {} axes", axis, rank));
    return static_cast<std::uint32_t>(axis < 0 ? axis + signed_rank : axis);
}

}  // namespace mintmark::model
