#include "mintmark/compiler/lowering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>

#include "mintmark/base/assert.hpp"

namespace mintmark::compiler {

std::vector<AxisMap> unread_axes(const View& view) {
    std::vector<AxisMap> maps(view.stored.size());
    for (const auto& [axis, entry] : view.fixed)
        maps[axis] = AxisMap::sum_win(kNoAxis, 1, 0, 1, static_cast<std::int32_t>(entry));
    return maps;
}

OperandMaps& OperandMaps::eq(const std::vector<std::uint8_t>& group, std::uint8_t first) {
    for (const std::uint8_t axis : group) {
        if (view_.stored[axis] != 1) maps_[axis] = AxisMap::eq(first++);
    }
    return *this;
}

OperandMaps& OperandMaps::set(std::uint8_t stored_axis, const AxisMap& map) {
    maps_[stored_axis] = map;
    return *this;
}

Dims group_dims(const View& view, const std::vector<std::uint8_t>& group) {
    Dims out;
    for (const std::uint8_t axis : group) {
        if (view.stored[axis] != 1) out.push_back(view.stored[axis]);
    }
    return out;
}

View fresh_view(std::uint16_t tensor, const Dims& stored) {
    View view{.tensor = tensor, .stored = stored, .order = {}};
    for (std::size_t i = 0; i < stored.size(); ++i) {
        view.order.push_back(static_cast<std::uint8_t>(i));
    }
    return view;
}

TableRequest to_request(const model::QLut& lut, std::int64_t lo, std::int64_t hi) {
    TableRequest request{.lo = lo, .hi = hi, .out_lo = lut.out_lo, .out_hi = lut.out_hi};
    // Where only the ratio of the steps matters and it is 1, all models share the steps 1.
    request.in_step = 1;
    request.out_step = 1;
    switch (lut.function) {
        case model::QFunction::kClamp:
            request.function = TableFunction::kClamp;
            break;
        case model::QFunction::kRelu:
            request.function = TableFunction::kRelu;
            break;
        case model::QFunction::kLeakyRelu:
            request.function = TableFunction::kLeakyRelu;
            request.alpha = static_cast<std::uint16_t>(lut.alpha * 65536.0F);
            break;
        case model::QFunction::kSigmoid:
            request.function = TableFunction::kSigmoid;
            break;
        case model::QFunction::kTanh:
            request.function = TableFunction::kTanh;
            break;
        default:  // real functions have the same codes on both sides
            request.function = static_cast<TableFunction>(lut.function);
            request.alpha =
                static_cast<std::uint16_t>(static_cast<std::int16_t>(lut.alpha * 2048.0F));
            break;
    }
    if (lut.function >= model::QFunction::kSigmoid) {
        request.in_step = lut.in_step;
        request.out_step = lut.out_step;
    }
    return request;
}

AxisMap window(std::uint8_t p, std::uint32_t out_dim, std::uint32_t in_dim, std::uint32_t taps,
               std::uint32_t stride, std::uint32_t dilation, std::int32_t offset) {
    if (taps == 1 && stride == 1 && offset == 0 && out_dim == in_dim) return AxisMap::eq(p);
    return AxisMap::sum_win(p, static_cast<std::uint16_t>(taps), static_cast<std::uint16_t>(stride),
                            static_cast<std::uint16_t>(dilation), offset);
}

View Lowering::requantise(const model::Requant& requant) {
    constexpr std::uint64_t kWide = std::uint64_t{1} << 12U;
    builder_.add_remainder(requant.shift);
    const auto width = static_cast<std::uint64_t>(requant.u_hi - requant.u_lo) + 1;
    if (may_split_ && !requant.lut && width > kWide) {
        output_low_bits_ = static_cast<std::uint8_t>(std::bit_width(width - 1) / 2);
        output_low_ = builder_.add_limb(requant.shift, remainder_range(output_low_bits_));
        const auto high =
            value_range(requant.u_lo >> output_low_bits_, requant.u_hi >> output_low_bits_);
        const auto shift = static_cast<std::uint8_t>(requant.shift + output_low_bits_);
        return fresh_view(builder_.add_limb(shift, high), builder_.out_dims());
    }
    const TableRequest request = requant.lut ? to_request(*requant.lut, requant.u_lo, requant.u_hi)
                                             : value_range(requant.u_lo, requant.u_hi);
    return fresh_view(builder_.add_limb(requant.shift, request), builder_.out_dims());
}

View Lowering::copy_limb(const model::QTensor& tensor) {
    const std::uint16_t id = builder_.add_limb(0, value_range(tensor.lo, tensor.hi));
    return fresh_view(id, builder_.out_dims());
}

Result<View> Lowering::materialise(const View& view, const model::Shape& shape,
                                   const std::vector<std::size_t>& keep,
                                   const model::QTensor& tensor) {
    Dims target;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] != 1 || std::ranges::find(keep, i) != keep.end()) target.push_back(shape[i]);
    }
    if (target.size() > kMaxAxes) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("'{}' has more than {} axes longer than 1", tensor.name, kMaxAxes));
    }
    // REGROUP needs the stored axes of a group side by side: first undo a transposition.
    const auto groups = common_groups(view.dims(), target);
    const bool needs_regroup = std::ranges::any_of(
        groups, [](const AxisGroup& g) { return g.from.size() != 1 || g.to.size() != 1; });
    if (needs_regroup && !view.is_in_order()) {
        builder_.begin_step(view.dims());
        OperandMaps maps(view);
        for (std::size_t i = 0; i < view.order.size(); ++i) {
            maps.set(view.order[i], view.stored[view.order[i]] == 1
                                        ? AxisMap::all()
                                        : AxisMap::eq(static_cast<std::uint8_t>(i)));
        }
        builder_.step().lins.push_back({.coef = 1, .operand = maps.build()});
        return materialise(copy_limb(tensor), shape, keep, tensor);
    }
    builder_.begin_step(target);
    Operand operand{.tensor = view.tensor, .maps = {}};
    std::vector<AxisMap> by_axis = unread_axes(view);
    for (const AxisGroup& g : groups) {
        if (g.size > kMaxWindow) {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("'{}': reshaping moves {} elements that share no factor",
                                    tensor.name, g.size));
        }
        if (g.from.empty()) continue;
        const auto to_count = static_cast<std::uint8_t>(g.to.size());
        const auto from_count = static_cast<std::uint8_t>(g.from.size());
        const std::uint8_t axis = view.order[g.from[0]];
        if (to_count == 0) {
            by_axis[axis] = AxisMap::all();
        } else if (to_count == 1 && from_count == 1) {
            by_axis[axis] = AxisMap::eq(g.to[0]);
        } else {
            by_axis[axis] = AxisMap::regroup(g.to[0], to_count, from_count);
        }
    }
    for (std::size_t axis = 0; axis < by_axis.size(); axis += by_axis[axis].num_axes()) {
        operand.maps.push_back(by_axis[axis]);
    }
    builder_.step().lins.push_back({.coef = 1, .operand = std::move(operand)});
    return copy_limb(tensor);
}

namespace {

/// Stored axes of dim 1 are interchangeable: each dim of `whole` without an axis takes one from a
/// dim outside of `whole`. Whether every dim of `whole` is one stored axis afterwards.
bool give_unit_axes(std::vector<std::vector<std::uint8_t>>& groups, const model::Shape& shape,
                    const std::vector<std::size_t>& whole) {
    const auto is_wanted = [&](std::size_t d) {
        return std::ranges::find(whole, d) != whole.end();
    };
    for (const std::size_t dim : whole) {
        for (std::size_t d = 0; groups[dim].empty() && d < groups.size(); ++d) {
            if (shape[d] == 1 && !is_wanted(d)) std::swap(groups[dim], groups[d]);
        }
    }
    return std::ranges::all_of(whole, [&](std::size_t dim) { return groups[dim].size() == 1; });
}

}  // namespace

Result<Lowering::Input> Lowering::input(const model::QNode& node, std::size_t index,
                                        const std::vector<std::size_t>& whole) {
    const model::TensorId id = node.inputs[index];
    const model::QTensor& tensor = graph_.tensors[id];
    View& view = views_.at(id);
    auto positions = group_axes(view.dims(), tensor.shape);
    if (!positions || !give_unit_axes(*positions, tensor.shape, whole)) {
        MINTMARK_TRY(view, materialise(view, tensor.shape, whole, tensor));
        positions = group_axes(view.dims(), tensor.shape);
        MINTMARK_ASSERT(positions.has_value());
        MINTMARK_ASSERT(give_unit_axes(*positions, tensor.shape, whole));
    }
    Input out{.view = view, .groups = std::move(*positions)};
    for (auto& group : out.groups) {
        for (std::uint8_t& position : group) position = view.order[position];
    }
    return out;
}

void Lowering::bind_input() {
    const model::QTensor& tensor = graph_.tensors[graph_.input];
    Dims dims = without_ones(tensor.shape);
    while (dims.size() > kMaxAxes) {
        dims[1] *= dims[0];
        dims.erase(dims.begin());
    }
    const View port = fresh_view(builder_.add_port(Column::kIn, dims), dims);
    builder_.begin_step(dims);
    OperandMaps maps(port);
    maps.eq(port.order, 0);
    builder_.step().lins.push_back({.coef = 1, .operand = maps.build()});
    views_[graph_.input] = copy_limb(tensor);
}

void Lowering::bind_output() {
    const View& view = views_.at(graph_.output);
    const Dims dims = view.dims();
    const View port = fresh_view(builder_.add_port(Column::kOut, dims), dims);
    builder_.begin_step(dims);
    OperandMaps from(view);
    OperandMaps to(port);
    for (std::size_t i = 0; i < dims.size(); ++i) {
        const auto env = static_cast<std::uint8_t>(i);
        from.set(view.order[i], AxisMap::eq(env));
        to.set(env, AxisMap::eq(env));
    }
    builder_.step().lins.push_back(
        {.coef = Int128{1} << output_low_bits_, .operand = from.build()});
    if (output_low_bits_ != 0) {
        Operand low = from.build();
        low.tensor = output_low_;
        builder_.step().lins.push_back({.coef = 1, .operand = std::move(low)});
    }
    builder_.step().lins.push_back({.coef = -1, .operand = to.build()});
}

bool Lowering::is_output_only(model::TensorId id) const {
    return id == graph_.output && std::ranges::none_of(graph_.nodes, [&](const auto& node) {
               return std::ranges::find(node.inputs, id) != node.inputs.end();
           });
}

Result<View> Lowering::lower(const model::QNode& node) {
    return std::visit([&](const auto& op) { return lower_op(op, node); }, node.op);
}

Status Lowering::run() {
    bind_input();
    for (const model::QNode& node : graph_.nodes) {
        may_split_ = is_output_only(node.output);
        auto view = lower(node);
        if (!view) {
            Error error = std::move(view).error();
            error.message = fmt::format("node '{}' ({}): {}", node.name, model::op_name(node.op),
                                        error.message);
            return std::unexpected(std::move(error));
        }
        views_[node.output] = *std::move(view);
    }
    bind_output();
    return {};
}

namespace {

/// Ways to compile a model, of which the cheapest is taken.
struct Variant {
    std::uint8_t range_bits = 12;  ///< of the tables that remainders are looked up in
    StackRule rule = StackRule::kNone;
    bool slices_are_free = true;
};

constexpr std::array<std::uint8_t, 2> kRangeBits = {12, 16};
constexpr std::array kRules = {StackRule::kNone, StackRule::kPowers, StackRule::kWhole};

/// The model's steps compiled so; nothing when the rule changes none of them.
Result<std::optional<CircuitBuilder>> build(const model::QuantGraph& graph,
                                            const CompileOptions& options, Variant variant) {
    CircuitBuilder builder(variant.range_bits, options.kernel_first_log);
    MINTMARK_CHECK(Lowering(graph, builder, variant.slices_are_free).run());
    if (variant.rule != StackRule::kNone && !builder.stack(variant.rule)) return std::nullopt;
    return builder;
}

/// Calls visit(builder) for every way until it returns true.
template <class Visit>
Status for_each_variant(const model::QuantGraph& graph, const CompileOptions& options,
                        Visit&& visit) {
    const std::span<const StackRule> rules =
        options.rule ? std::span(&*options.rule, 1) : std::span(kRules);
    for (const std::uint8_t range_bits : kRangeBits) {
        for (const StackRule rule : rules) {
            MINTMARK_TRY(auto builder, build(graph, options, {range_bits, rule}));
            if (!builder) break;  // no rule changes anything
            MINTMARK_TRY(const bool is_enough, visit(*builder, Variant{range_bits, rule}));
            if (is_enough) return {};
        }
    }
    return {};
}

}  // namespace

Result<Compiled> compile(const model::QuantGraph& graph, const CompileOptions& options) {
    std::optional<std::pair<double, Variant>> best;
    const auto weigh = [&](CircuitBuilder& builder, Variant variant) -> Result<bool> {
        MINTMARK_TRY(const double cost, builder.weigh(options));
        if (!best || cost < best->first) best = {cost, variant};
        return false;
    };
    MINTMARK_CHECK(for_each_variant(graph, options, weigh));
    if (!best) return fail(ErrorCode::kUnsupported, "the model has no blocks to prove together");
    MINTMARK_TRY(auto builder, build(graph, options, best->second));
    return builder->finish(options);
}

Result<std::vector<std::int64_t>> weights_of(const model::QuantGraph& graph,
                                             const CompileOptions& options,
                                             const Circuit& circuit) {
    std::optional<std::vector<std::int64_t>> weights;
    const auto lay_out = [&](CircuitBuilder& builder, Variant) -> Result<bool> {
        MINTMARK_TRY(weights, builder.weights_of(options, circuit));
        return weights.has_value();
    };
    MINTMARK_CHECK(for_each_variant(graph, options, lay_out));
    for (std::size_t i = 0; !weights && i < kRangeBits.size(); ++i) {
        MINTMARK_TRY(auto before, build(graph, options, {kRangeBits[i], StackRule::kNone, false}));
        MINTMARK_TRY(weights, before->weights_of(options, circuit));
    }
    if (weights) return *std::move(weights);
    return fail(ErrorCode::kRejected, "the circuit is not of this model");
}

}  // namespace mintmark::compiler
