#include "mintmark/compiler/stack_loop.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"

namespace mintmark::compiler {
namespace {

constexpr std::size_t kMostReadings = 3;  ///< of an operand: beyond, blocks are better apart

AxisMap fixed(std::int64_t entry) {
    return AxisMap::sum_win(kNoAxis, 1, 0, 1, static_cast<std::int32_t>(entry));
}

/// Entry `block + forward` of a stack, nothing where there is none.
AxisMap at_block(std::int64_t forward) {
    return AxisMap::sum_win(0, 1, 1, 1, static_cast<std::int32_t>(forward));
}

/// The maps when a new axis comes first of all environment axes.
std::vector<AxisMap> behind_block(std::vector<AxisMap> maps) {
    for (AxisMap& map : maps) {
        const bool has_axis = map.kind != MapKind::kAll && map.p != kNoAxis;
        if (map.kind == MapKind::kWin) ++map.t;
        if (has_axis) ++map.p;
    }
    return maps;
}

std::vector<Axis> stacked(std::uint32_t count, const std::vector<Axis>& axes) {
    std::vector<Axis> out{{count}};
    out.insert(out.end(), axes.begin(), axes.end());
    return out;
}

bool are_alike(const PendingTensor& a, const PendingTensor& b) {
    return a.column == b.column && a.axes == b.axes && a.strides == b.strides &&
           a.num_summed == b.num_summed && a.stack_axis == b.stack_axis;
}

}  // namespace

StackLoop::StackLoop(const Draft& from)
    : from_(&from), places_(from.tensors.size()), makers_(from.tensors.size()) {
    for (std::size_t s = 0; s < from.steps.size(); ++s) {
        for (std::size_t l = 0; l < from.steps[s].limbs.size(); ++l) {
            const std::uint16_t id = from.steps[s].limbs[l].tensor;
            makers_[id] = {s, l};
            if (from.tensors[id].twin >= 0)
                makers_[static_cast<std::size_t>(from.tensors[id].twin)] = {s, l};
        }
    }
}

std::size_t StackLoop::size() const {
    std::size_t terms = 0;
    for (const Step& step : to_.steps) terms += step.lins.size() + step.prods.size();
    return to_.steps.size() + to_.tensors.size() + terms;
}

std::uint16_t StackLoop::add(PendingTensor tensor) {
    to_.tensors.push_back(std::move(tensor));
    return static_cast<std::uint16_t>(to_.tensors.size() - 1);
}

/// Tensors that no step binds (weights, input, output) are copied when they are read first.
StackLoop::Place StackLoop::place(std::uint16_t old) {
    if (!places_[old]) places_[old] = Place{add(from_->tensors[old])};
    return *places_[old];
}

/// A limb's tensor and its result in the new draft, as stacks of `count` or as they are.
std::uint16_t StackLoop::bind(std::uint16_t old_limb, std::optional<std::uint32_t> count) {
    const auto copied = [&](std::size_t old) {
        PendingTensor tensor = from_->tensors[old];
        if (count) tensor.axes = stacked(*count, tensor.axes);
        return add(std::move(tensor));
    };
    const std::int32_t twin = from_->tensors[old_limb].twin;
    const std::uint16_t id = copied(old_limb);
    if (twin >= 0) to_.tensors[id].twin = copied(static_cast<std::size_t>(twin));
    return id;
}

/// Adds the map of the axis along which a stack's entries lie.
bool StackLoop::insert(Operand& operand, const AxisMap& map) const {
    const auto axis = std::max<std::int32_t>(to_.tensors[operand.tensor].stack_axis, 0);
    std::size_t taken = 0, i = 0;
    for (; i < operand.maps.size() && std::cmp_less(taken, axis); ++i)
        taken += operand.maps[i].num_axes();
    if (!std::cmp_equal(taken, axis)) return false;
    operand.maps.insert(operand.maps.begin() + static_cast<std::ptrdiff_t>(i), map);
    return true;
}

std::optional<Operand> StackLoop::moved(Operand operand, Place at) const {
    operand.tensor = at.tensor;
    if (at.entry >= 0 && !insert(operand, fixed(at.entry))) return std::nullopt;
    return operand;
}

bool StackLoop::copy(std::size_t s) {
    Step step = from_->steps[s];
    const auto move = [&](Operand& operand) {
        auto to = moved(operand, place(operand.tensor));
        if (to) operand = *std::move(to);
        return to.has_value();
    };
    for (LinTerm& term : step.lins)
        if (!move(term.operand)) return false;
    for (ProdTerm& term : step.prods)
        if (!move(term.a) || !move(term.b)) return false;
    for (Limb& limb : step.limbs) {
        const std::int32_t twin = from_->tensors[limb.tensor].twin;
        const std::uint16_t id = bind(limb.tensor, std::nullopt);
        places_[limb.tensor] = Place{id};
        if (twin >= 0)
            places_[static_cast<std::size_t>(twin)] =
                Place{static_cast<std::uint16_t>(to_.tensors[id].twin)};
        limb.tensor = id;
    }
    to_.steps.push_back(std::move(step));
    to_.requests.push_back(from_->requests[s]);
    return true;
}

/// All results of the blocks get their places first: a block reads those of the one before it.
void StackLoop::bind_block(const Block& block) {
    bound_at_.clear();
    for (std::size_t t = 0; t < block.period; ++t) {
        for (std::size_t l = 0; l < from_->steps[block.first + t].limbs.size(); ++l) {
            const std::uint16_t id =
                bind(from_->steps[block.first + t].limbs[l].tensor, block.count);
            const std::int32_t result = to_.tensors[id].twin;
            bound_at_[id] = t;
            if (result >= 0) bound_at_[static_cast<std::uint16_t>(result)] = t;
            for (std::uint32_t j = 0; j < block.count; ++j) {
                const Step& step = from_->steps[block.first + j * block.period + t];
                const std::uint16_t old = step.limbs[l].tensor;
                const std::int32_t twin = from_->tensors[old].twin;
                places_[old] = Place{id, j};
                if (twin >= 0)
                    places_[static_cast<std::size_t>(twin)] =
                        Place{static_cast<std::uint16_t>(result), j};
            }
        }
    }
}

bool StackLoop::stack(std::size_t first, std::size_t period, std::uint32_t count) {
    Block block{first, period, count};
    for (std::size_t t = 0; t < period; ++t)
        if (from_->steps[first + t].out.size() + 1 > kMaxAxes) return false;
    bind_block(block);
    std::vector<Step> steps(period);
    for (; block.at < period; ++block.at)
        if (!build(block, steps[block.at])) return false;
    for (std::size_t t = 0; t < period; ++t) {
        to_.requests.push_back(from_->requests[first + t]);
        for (std::uint32_t j = 1; j < count; ++j) {
            const auto& others = from_->requests[first + j * period + t];
            for (std::size_t l = 0; l < others.size(); ++l) {
                TableRequest& request = to_.requests.back()[l];
                request.lo = std::min(request.lo, others[l].lo);
                request.hi = std::max(request.hi, others[l].hi);
            }
        }
        to_.steps.push_back(std::move(steps[t]));
    }
    return true;
}

/// The step of all blocks; copies that it needs are added before.
bool StackLoop::build(const Block& block, Step& step) {
    const Step& model = from_->steps[block.first + block.at];
    step.out = stacked(block.count, model.out);
    for (std::size_t l = 0; l < model.limbs.size(); ++l) {
        step.limbs.push_back(model.limbs[l]);
        step.limbs.back().tensor = places_[model.limbs[l].tensor]->tensor;
    }
    for (ConstTerm term : model.consts) {
        term.ranges.insert(term.ranges.begin(), {0, block.count});
        step.consts.push_back(std::move(term));
    }
    for (std::size_t i = 0; i < model.lins.size(); ++i) {
        std::vector<const Operand*> operands;
        for (std::uint32_t j = 0; j < block.count; ++j)
            operands.push_back(
                &from_->steps[block.first + j * block.period + block.at].lins[i].operand);
        auto readings = read(block, operands);
        if (!readings) return false;
        for (Reading& reading : *readings)
            step.lins.push_back(
                {.coef = model.lins[i].coef, .operand = std::move(reading.operand)});
    }
    for (std::size_t i = 0; i < model.prods.size(); ++i)
        if (!multiply(block, i, step)) return false;
    return true;
}

bool StackLoop::multiply(const Block& block, std::size_t term, Step& step) {
    std::vector<const Operand*> left, right;
    for (std::uint32_t j = 0; j < block.count; ++j) {
        const ProdTerm& own = from_->steps[block.first + j * block.period + block.at].prods[term];
        left.push_back(&own.a);
        right.push_back(&own.b);
    }
    const auto a = read(block, left), b = read(block, right);
    if (!a || !b || a->size() * b->size() > kMostReadings) return false;
    for (const Reading& x : *a) {
        for (const Reading& y : *b) {
            if (!x.is_per_block && !y.is_per_block) return false;
            ProdTerm prod = from_->steps[block.first + block.at].prods[term];
            const unsigned both = x.is_per_block && y.is_per_block ? 1 : 0;
            prod.shared_mask = static_cast<std::uint8_t>((unsigned{prod.shared_mask} << 1U) | both);
            prod.a = x.operand;
            prod.b = y.operand;
            step.prods.push_back(std::move(prod));
        }
    }
    return true;
}

/// How the step of all blocks reads what the blocks read, one operand each.
StackLoop::Readings StackLoop::read(const Block& block, std::span<const Operand* const> operands) {
    const Operand& first = *operands.front();
    const bool are_same =
        std::ranges::all_of(operands, [&](const Operand* o) { return o->tensor == first.tensor; });
    if (are_same) {
        const Place at = place(first.tensor);
        if (bound_at_.contains(at.tensor)) return std::nullopt;
        auto operand = moved({.tensor = first.tensor, .maps = behind_block(first.maps)}, at);
        if (!operand) return std::nullopt;
        return std::vector<Reading>{{*std::move(operand), false}};
    }
    return from_->tensors[first.tensor].column == Column::kW ? read_weights(block, operands)
                                                             : read_results(block, operands);
}

/// Each block has its own weights: they become a stack, if they are none already.
StackLoop::Readings StackLoop::read_weights(const Block& block,
                                            std::span<const Operand* const> operands) {
    const PendingTensor& model = from_->tensors[operands[0]->tensor];
    const std::optional<Place> known = places_[operands[0]->tensor];
    for (std::uint32_t j = 0; j < block.count; ++j) {
        const std::uint16_t old = operands[j]->tensor;
        const bool is_next = known ? places_[old] && places_[old]->tensor == known->tensor &&
                                         places_[old]->entry == j
                                   : !places_[old];
        if (!is_next || !are_alike(from_->tensors[old], model)) return std::nullopt;
        for (std::uint32_t i = 0; i < j; ++i)
            if (operands[i]->tensor == old) return std::nullopt;
    }
    if (model.axes.size() + 1 > kMaxAxes) return std::nullopt;
    if (!known) {
        PendingTensor stack = model;
        const bool is_plain = std::ranges::all_of(
            operands[0]->maps, [](const AxisMap& map) { return map.num_axes() == 1; });
        // Behind the axes that are summed over, their padding stays free for others.
        const bool is_inside = is_plain && model.num_summed < model.axes.size();
        const std::size_t axis = is_inside ? model.num_summed : 0;
        if (!is_inside) stack.num_summed = 0;
        stack.axes.insert(stack.axes.begin() + static_cast<std::ptrdiff_t>(axis), {block.count});
        stack.strides.insert(stack.strides.begin() + static_cast<std::ptrdiff_t>(axis), 0);
        stack.stack_axis = static_cast<std::int32_t>(axis);
        stack.values.clear();
        for (const Operand* operand : operands)
            stack.values.push_back(from_->tensors[operand->tensor].values[0]);
        const std::uint16_t id = add(std::move(stack));
        for (std::uint32_t j = 0; j < block.count; ++j) places_[operands[j]->tensor] = Place{id, j};
    }
    const std::uint16_t id = places_[operands[0]->tensor]->tensor;
    if (to_.tensors[id].values.size() != block.count) return std::nullopt;
    Operand operand{.tensor = id, .maps = behind_block(operands[0]->maps)};
    if (!insert(operand, AxisMap::eq(0))) return std::nullopt;
    return std::vector<Reading>{{std::move(operand), true}};
}

/// Whether entry `block - back` of a tensor is bound when a block reads it.
bool StackLoop::is_known(const Block& block, std::uint16_t tensor, std::int64_t back) const {
    const auto it = bound_at_.find(tensor);
    if (it == bound_at_.end() || back > 0) return true;
    return back == 0 && it->second < block.at;
}

/// Stretches of stacks, each read in one way, and single tensors.
StackLoop::Readings StackLoop::read_results(const Block& block,
                                            std::span<const Operand* const> operands) {
    std::map<std::pair<std::uint16_t, std::int64_t>, std::vector<std::uint32_t>> stretches;
    std::vector<std::uint32_t> alone;
    for (std::uint32_t j = 0; j < block.count; ++j) {
        if (!are_alike(from_->tensors[operands[j]->tensor], from_->tensors[operands[0]->tensor]))
            return std::nullopt;
        const Place at = place(operands[j]->tensor);
        if (at.entry < 0)
            alone.push_back(j);
        else
            stretches[{at.tensor, at.entry - j}].push_back(j);
    }
    std::vector<Reading> out;
    const auto add_reading = [&](std::uint16_t tensor, const AxisMap& map) {
        Operand operand{.tensor = tensor, .maps = behind_block(operands[0]->maps)};
        operand.maps.insert(operand.maps.begin(), map);
        out.push_back({std::move(operand), true});
    };
    for (const auto& [key, blocks] : stretches) {
        const auto [tensor, forward] = key;
        const std::int64_t entries = to_.tensors[tensor].axes[0].dim;
        std::size_t reached = 0;
        for (std::int64_t j = 0; j < block.count; ++j)
            reached += j + forward >= 0 && j + forward < entries ? 1U : 0U;
        if (!is_known(block, tensor, -forward)) return std::nullopt;
        if (reached != blocks.size()) {
            if (bound_at_.contains(tensor)) return std::nullopt;
            alone.insert(alone.end(), blocks.begin(), blocks.end());
            continue;
        }
        const bool is_whole = forward == 0 && entries == block.count;
        add_reading(tensor, is_whole ? AxisMap::eq(0) : at_block(forward));
    }
    if (alone.size() + out.size() > kMostReadings) return std::nullopt;
    for (const std::uint32_t j : alone) {
        const auto id = single(operands[j]->tensor);
        if (!id) return std::nullopt;
        add_reading(*id, at_block(-std::int64_t{j}));
    }
    return out;
}

/// The values that a copy may take.
TableRequest StackLoop::copied_range(std::uint16_t old) const {
    const auto [s, l] = makers_[old];
    const TableRequest& made = from_->requests[s][l];
    TableRequest range;
    if (from_->tensors[old].column == Column::kG) {
        range.lo = made.out_lo;
        range.hi = made.out_hi;
        return range;
    }
    if (made.function == TableFunction::kRange) return made;
    range.lo = made.lo;
    range.hi = made.hi;
    return range;
}

/// A copy of a tensor with a first axis of one entry, so that one block alone can read it.
std::optional<std::uint16_t> StackLoop::single(std::uint16_t old) {
    if (const auto it = singles_.find(old); it != singles_.end()) return it->second;
    const PendingTensor& tensor = from_->tensors[old];
    if (tensor.column != Column::kF && tensor.column != Column::kG) return std::nullopt;
    Step step{.out = stacked(1, tensor.axes), .limbs = {}, .consts = {}, .lins = {}, .prods = {}};
    Operand operand{.tensor = old, .maps = {}};
    for (std::size_t i = 0; i < tensor.axes.size(); ++i)
        operand.maps.push_back(AxisMap::eq(static_cast<std::uint8_t>(i + 1)));
    auto from = moved(std::move(operand), place(old));
    if (!from || step.out.size() > kMaxAxes) return std::nullopt;
    step.lins.push_back({.coef = 1, .operand = *std::move(from)});
    const std::uint16_t id = add({.column = Column::kF, .axes = step.out});
    step.limbs.push_back({.tensor = id, .shift = 0, .table = 0});
    to_.steps.push_back(std::move(step));
    to_.requests.push_back({copied_range(old)});
    return singles_[old] = id;
}

}  // namespace mintmark::compiler
