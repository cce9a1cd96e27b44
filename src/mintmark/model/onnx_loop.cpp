#include "mintmark/model/onnx_loop.hpp"

#include <fmt/format.h>
#include <onnx.pb.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace mintmark::model {
namespace {

constexpr double kMaxRounds = 1'024;
constexpr std::size_t kMaxValues = 1'000'000;  // loops in loops

using Ids = std::vector<ValueId>;

/// A body that is read again for every round, in a scope of its own.
class Body {
  public:
    Body(const NodeView& node, const onnx::GraphProto& graph, const BodyImport& import)
        : node_(node), builder_(node.builder()), graph_(graph), import_(import) {
        builder_.open_scope();
    }
    ~Body() { builder_.close_scope(); }
    Body(const Body&) = delete;
    Body& operator=(const Body&) = delete;

    /// Once, before the rounds.
    Status begin() { return import_.initialisers(graph_, builder_); }

    /// The body's outputs for these inputs.
    Result<Ids> round(std::size_t number, const Ids& inputs) {
        builder_.open_scope();
        auto outputs = read(number, inputs);
        builder_.close_scope();
        return outputs;
    }

    /// One node of the importer's, for what the body does not do itself.
    Result<ValueId> emit(const char* op, const Ids& inputs,
                         const std::vector<std::pair<const char*, std::int64_t>>& attributes = {}) {
        onnx::NodeProto proto;
        proto.set_op_type(op);
        proto.set_name(node_.name() + "/" + op);
        proto.add_output("result");
        builder_.open_scope();
        Status status;
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            proto.add_input(fmt::format("operand{}", i));
            if (status) status = builder_.bind(proto.input(static_cast<int>(i)), inputs[i]);
        }
        for (const auto& [name, value] : attributes) {
            onnx::AttributeProto& attribute = *proto.add_attribute();
            attribute.set_name(name);
            attribute.set_type(onnx::AttributeProto::INT);
            attribute.set_i(value);
        }
        if (status) status = import_.node(proto, node_.opset(), builder_);
        const auto result = builder_.find("result");
        builder_.close_scope();
        if (!status) return std::unexpected(status.error());
        return *result;
    }

    [[nodiscard]] ValueId integers(const Ints& values, bool is_scalar) {
        Constant constant{.shape = {}, .type = ElementType::kInteger, .data = {}};
        if (!is_scalar) constant.shape = {static_cast<std::uint32_t>(values.size())};
        constant.data.assign(values.begin(), values.end());
        return builder_.add_constant(node_.name() + "/constant", std::move(constant));
    }

    [[nodiscard]] ValueId yes() {
        const ValueId id = integers({1}, true);
        builder_.set_type(id, ElementType::kBoolean);
        return id;
    }

    /// [s0, s1, ...] of rounds as one tensor with an axis more, the outermost.
    Result<ValueId> stack(const Ids& rows) {
        Ids lifted;
        for (const ValueId row : rows) {
            const Shape own = builder_.value(row).shape;
            Ints shape{1};
            shape.insert(shape.end(), own.begin(), own.end());
            MINTMARK_TRY(const ValueId one, emit("Reshape", {row, integers(shape, false)}));
            lifted.push_back(one);
        }
        return emit("Concat", lifted, {{"axis", 0}});
    }

  private:
    Result<Ids> read(std::size_t number, const Ids& inputs) {
        if (static_cast<std::size_t>(graph_.input_size()) != inputs.size())
            return node_.malformed(fmt::format("the body has {} inputs, {} are given",
                                               graph_.input_size(), inputs.size()));
        for (int i = 0; i < graph_.input_size(); ++i)
            MINTMARK_CHECK(
                builder_.bind(graph_.input(i).name(), inputs[static_cast<std::size_t>(i)]));
        if (builder_.graph().values.size() > kMaxValues)
            return fail(ErrorCode::kOutOfRange,
                        fmt::format("onnx: node '{}' ({}): unrolled, the graph has more than {} "
                                    "values",
                                    node_.name(), node_.op_type(), kMaxValues));
        for (const onnx::NodeProto& inner : graph_.node()) {
            onnx::NodeProto copy = inner;
            const std::string& own = inner.name().empty() ? inner.op_type() : inner.name();
            copy.set_name(fmt::format("{}/{}/{}", node_.name(), number, own));
            MINTMARK_CHECK(import_.node(copy, node_.opset(), builder_));
        }
        Ids out;
        for (const onnx::ValueInfoProto& output : graph_.output()) {
            const auto id = builder_.find(output.name());
            if (!id) return node_.malformed(fmt::format("nothing computes '{}'", output.name()));
            out.push_back(*id);
        }
        return out;
    }

    const NodeView& node_;
    GraphBuilder& builder_;
    const onnx::GraphProto& graph_;
    const BodyImport& import_;
};

Result<const onnx::GraphProto*> body_of(const NodeView& node) {
    const onnx::AttributeProto* body = node.attribute("body");
    if (body == nullptr || !body->has_g()) return node.malformed("the body is missing");
    return &body->g();
}

/// A constant of one element.
Result<double> constant_of(const NodeView& node, ValueId id, const char* what) {
    const Value& value = node.builder().value(id);
    if (!value.is_constant || value.data.size() != 1)
        return node.unsupported(fmt::format("{} must be one constant", what));
    return value.data[0];
}

Result<ValueId> bind_all(const NodeView& node, const Result<Ids>& outputs) {
    if (!outputs) return std::unexpected(outputs.error());
    if (outputs->empty()) return node.malformed("has no output");
    for (std::size_t i = 1; i < outputs->size(); ++i)
        MINTMARK_CHECK(node.bind_output(static_cast<int>(i), (*outputs)[i]));
    return outputs->front();
}

std::unexpected<Error> too_many_rounds(const NodeView& node) {
    return node.unsupported(fmt::format("more than {} rounds", kMaxRounds));
}

/// Appends the scan outputs of a round.
void collect(const Ids& outputs, std::size_t first, std::vector<Ids>& rows) {
    rows.resize(outputs.size() - first);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(outputs[first + i]);
}

/// Attribute `name` of a Scan: one axis or direction for each of `count`, 0 where it is absent.
Result<Ints> one_for_each(const NodeView& node, std::string_view name, std::size_t count) {
    MINTMARK_TRY(const Ints values, node.ints_attribute(name, Ints(count)));
    if (values.size() != count)
        return node.malformed(fmt::format("{} has {} entries, not {}", name, values.size(), count));
    return values;
}

/// How often a Loop goes round at most, and whether it begins at all.
struct LoopPlan {
    double rounds = std::numeric_limits<double>::infinity();
    bool goes_on = true;
    Ids states;
};

Result<LoopPlan> plan_loop(const NodeView& node) {
    LoopPlan plan;
    if (node.has_input(0)) {
        MINTMARK_TRY(const ValueId id, node.input(0));
        MINTMARK_TRY(plan.rounds, constant_of(node, id, "the number of rounds"));
    }
    if (node.has_input(1)) {
        MINTMARK_TRY(const ValueId id, node.input(1));
        MINTMARK_TRY(const double first, constant_of(node, id, "the condition"));
        plan.goes_on = first != 0;
    }
    for (std::size_t i = 2; i < node.num_inputs(); ++i) {
        MINTMARK_TRY(const ValueId id, node.input(i));
        plan.states.push_back(id);
    }
    return plan;
}

/// States, then scan outputs.
Result<Ids> unroll_loop(const NodeView& node, Body& body, LoopPlan plan, std::size_t num_outputs) {
    Ids& states = plan.states;
    if (num_outputs < 1 + states.size())
        return node.malformed("the body has fewer outputs than states");
    std::vector<Ids> rows;
    for (std::size_t number = 0; plan.goes_on && static_cast<double>(number) < plan.rounds;
         ++number) {
        if (static_cast<double>(number) >= kMaxRounds) return too_many_rounds(node);
        Ids inputs{body.integers({static_cast<std::int64_t>(number)}, true), body.yes()};
        inputs.insert(inputs.end(), states.begin(), states.end());
        MINTMARK_TRY(const Ids outputs, body.round(number, inputs));
        MINTMARK_TRY(const double next, constant_of(node, outputs[0], "the body's condition"));
        plan.goes_on = next != 0;
        std::copy_n(outputs.begin() + 1, states.size(), states.begin());
        collect(outputs, 1 + states.size(), rows);
    }
    if (rows.empty() && num_outputs > 1 + states.size())
        return node.unsupported("no round is made, so a scan output has no elements");
    for (const Ids& of_output : rows) {
        MINTMARK_TRY(const ValueId stacked, body.stack(of_output));
        states.push_back(stacked);
    }
    return states;
}

struct ScanPlan {
    Ids states, series;
    Ints axes, backwards, reversed;  // of each series; of each scan output
    std::size_t rounds = 0;
};

/// The one length of all series along their axes.
Result<std::size_t> common_length(const NodeView& node, const ScanPlan& plan) {
    std::size_t rounds = 0;
    for (std::size_t i = 0; i < plan.series.size(); ++i) {
        const Shape& shape = node.shape(plan.series[i]);
        const auto rank = static_cast<std::int64_t>(shape.size());
        const std::int64_t axis = plan.axes[i] < 0 ? plan.axes[i] + rank : plan.axes[i];
        if (axis < 0 || axis >= rank) return node.malformed("a scan axis is out of range");
        const std::size_t length = shape[static_cast<std::size_t>(axis)];
        if (i > 0 && length != rounds) return node.malformed("scan inputs differ in length");
        rounds = length;
    }
    if (static_cast<double>(rounds) > kMaxRounds) return too_many_rounds(node);
    return rounds;
}

Result<ScanPlan> plan_scan(const NodeView& node, std::size_t num_outputs) {
    if (node.opset() < 9) return node.unsupported("of opset 8, with a batch axis");
    MINTMARK_TRY(const std::int64_t count, node.int_attribute("num_scan_inputs", 0));
    if (count < 1 || static_cast<std::size_t>(count) > node.num_inputs())
        return node.malformed("num_scan_inputs does not fit");
    const auto scanned = static_cast<std::size_t>(count);
    const std::size_t num_states = node.num_inputs() - scanned;
    if (num_outputs < num_states) return node.malformed("the body has fewer outputs than states");
    ScanPlan plan;
    MINTMARK_TRY(plan.axes, one_for_each(node, "scan_input_axes", scanned));
    MINTMARK_TRY(plan.backwards, one_for_each(node, "scan_input_directions", scanned));
    MINTMARK_TRY(plan.reversed,
                 one_for_each(node, "scan_output_directions", num_outputs - num_states));
    MINTMARK_TRY(const Ints out_axes,
                 one_for_each(node, "scan_output_axes", num_outputs - num_states));
    if (std::ranges::any_of(out_axes, [](std::int64_t axis) { return axis != 0; }))
        return node.unsupported("scan outputs along another axis than the first");
    for (std::size_t i = 0; i < node.num_inputs(); ++i) {
        MINTMARK_TRY(const ValueId id, node.input(i));
        (i < num_states ? plan.states : plan.series).push_back(id);
    }
    MINTMARK_TRY(plan.rounds, common_length(node, plan));
    return plan;
}

/// States, then scan outputs.
Result<Ids> unroll_scan(Body& body, ScanPlan plan) {
    Ids& states = plan.states;
    std::vector<Ids> rows;
    for (std::size_t number = 0; number < plan.rounds; ++number) {
        Ids inputs = states;
        for (std::size_t i = 0; i < plan.series.size(); ++i) {
            const std::size_t at = plan.backwards[i] != 0 ? plan.rounds - 1 - number : number;
            const ValueId place = body.integers({static_cast<std::int64_t>(at)}, true);
            MINTMARK_TRY(const ValueId row,
                         body.emit("Gather", {plan.series[i], place}, {{"axis", plan.axes[i]}}));
            inputs.push_back(row);
        }
        MINTMARK_TRY(const Ids outputs, body.round(number, inputs));
        std::copy_n(outputs.begin(), states.size(), states.begin());
        collect(outputs, states.size(), rows);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (plan.reversed[i] != 0) std::ranges::reverse(rows[i]);
        MINTMARK_TRY(const ValueId stacked, body.stack(rows[i]));
        states.push_back(stacked);
    }
    return states;
}

/// Opens the body's scope, has its outputs computed, and closes it before they are bound.
template <class Unroll>
Result<ValueId> unrolled(const NodeView& node, const onnx::GraphProto& graph,
                         const BodyImport& import, const Unroll& unroll) {
    Result<Ids> outputs = Ids{};
    {
        Body body(node, graph, import);
        const Status begun = body.begin();
        outputs = begun ? unroll(body) : std::unexpected(begun.error());
    }
    return bind_all(node, outputs);
}

}  // namespace

Result<ValueId> import_loop(const NodeView& node, const BodyImport& import) {
    MINTMARK_TRY(const onnx::GraphProto* graph, body_of(node));
    MINTMARK_TRY(const LoopPlan plan, plan_loop(node));
    return unrolled(node, *graph, import, [&](Body& body) {
        return unroll_loop(node, body, plan, static_cast<std::size_t>(graph->output_size()));
    });
}

Result<ValueId> import_scan(const NodeView& node, const BodyImport& import) {
    MINTMARK_TRY(const onnx::GraphProto* graph, body_of(node));
    MINTMARK_TRY(const ScanPlan plan,
                 plan_scan(node, static_cast<std::size_t>(graph->output_size())));
    return unrolled(node, *graph, import, [&](Body& body) { return unroll_scan(body, plan); });
}

}  // namespace mintmark::model
