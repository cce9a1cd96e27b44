// The model's inputs and outputs: each one tensor, of which ports are slices.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr double kLookUpRows = 65536;
constexpr int kPreciseInputBits = 12;
constexpr int kComparedBits = 14, kFullInputBits = 14;
constexpr std::size_t kLeastSeen = 64;  ///< values of a column
constexpr double kColumnMargin = 1.5;

}  // namespace

/// Ports of other ranges share one tensor: a look-up holds this one within its own.
Status Quantiser::hold(const std::string& name, const Shape& shape, Ints& part, double lo,
                       double hi) {
    const auto own = [](double v) { return static_cast<std::int64_t>(v); };
    Requant requant{0, own(part.range.lo[0]), own(part.range.hi[0]), QLut{}};
    requant.lut->out_lo = static_cast<std::int32_t>(lo);
    requant.lut->out_hi = static_cast<std::int32_t>(hi);
    std::ranges::fill(part.range.lo, lo);
    std::ranges::fill(part.range.hi, hi);
    return emit(name + "/held", QLinComb{{1}, 0, requant}, {part.id}, shape, part);
}

/// Of an input whose parts have other ranges (an LSTM's two states in one tensor): a part far
/// smaller than the rest is held within what was seen, or the sums it enters allow for the rest.
Status Quantiser::hold_part(const Layer& layer, Ints& part) {
    constexpr double kFarSmaller = 4;
    const ValueId id = layer.output;
    const bool is_part = std::holds_alternative<SliceOp>(layer.move) &&
                         std::ranges::find(plan_.inputs, layer.inputs[0]) != plan_.inputs.end();
    if (!is_part || plan_.integral[id] || options_.input_range || id >= calibration_.lo.size() ||
        calibration_.lo[id].empty() || min_of(part.step) != max_of(part.step))
        return {};
    const double lo = min_of(calibration_.lo[id]), hi = max_of(calibration_.hi[id]);
    const double margin = options_.input_margin * (hi - lo), step = part.step[0];
    const double least = std::max(std::floor((lo - margin) / step), min_of(part.range.lo));
    const double most = std::min(std::ceil((hi + margin) / step), max_of(part.range.hi));
    const double width = max_of(part.range.hi) - min_of(part.range.lo);
    if (least > 0 || most < 0 || (most - least) * kFarSmaller > width) return {};
    return hold(plan_.names[id], plan_.shapes[id], part, least, most);
}

/// The step of each element of a model's only input: columns (channels) whose values are much
/// smaller than the largest ones get steps of their own, if every reader can fold them into hidden
/// weights. `lo`, `hi`: the input's integers at the common step.
std::vector<double> Quantiser::column_steps(double step, double lo, double hi) const {
    const ValueId id = plan_.inputs[0];
    const Shape& shape = plan_.shapes[id];
    std::vector<double> all(element_count(shape), step);
    if (options_.granularity != Granularity::kPerChannel || options_.input_range ||
        plan_.integral[id]) {
        return all;
    }
    std::size_t axis = shape.size();
    while (axis-- > 0)
        if (shape[axis] > 1 && sensitivity_.varies[id][axis]) break;
    if (axis >= shape.size()) return all;
    const std::size_t channels = shape[axis];
    if (calibration_.samples * (all.size() / channels) < kLeastSeen) return all;
    std::vector<std::size_t> strides(shape.size(), 0);
    strides[axis] = 1;
    const std::vector<std::size_t> channel = gather_indices(shape, strides);
    // What every second sample needs, and what the others need: a range to rely on is the same.
    std::array<std::vector<double>, 2> needs;
    for (std::size_t half = 0; half < 2; ++half) {
        const Range& range = calibration_.input_halves[0][half];
        needs[half].assign(channels, 0);
        for (std::size_t i = 0; i < range.lo.size(); ++i) {
            double& need = needs[half][channel[i]];
            if (hi > 0) need = std::max(need, range.hi[i] / hi);
            if (lo < 0) need = std::max(need, range.lo[i] / lo);
        }
    }
    std::vector<double> steps(channels, step);
    for (std::size_t c = 0; c < channels; ++c) {
        const auto [less, more] = std::minmax(needs[0][c], needs[1][c]);
        const double own = more * kColumnMargin;
        if (less <= 0x1p-60 || more > 2 * less || own > step / 2) continue;
        steps[c] = sensitivity_.compared[id] ? std::exp2(std::ceil(std::log2(own))) : as_float(own);
    }
    return permute(steps, channel);
}

Status Quantiser::add_inputs() {
    Ints all;
    const bool single = plan_.inputs.size() == 1;
    bool counts = false;
    for (std::size_t i = 0; i < plan_.inputs.size(); ++i) {
        const ValueId id = plan_.inputs[i];
        const auto [lo, hi] = calibration_.input_range[i];
        const auto own = stated_bits(plan_, id, options_.tensor_bits);
        int wanted = own.value_or(options_.activation_bits);
        if (sensitivity_.compared[id]) wanted = std::max(wanted, kComparedBits);
        const int bits = sensitivity_.precise[id] ? std::max(kPreciseInputBits, wanted) : wanted;
        const double levels = std::ldexp(1, bits) - (lo < 0 && hi > 0 ? 2 : 1);
        if (plan_.integral[id] && hi - lo >= kLookUpRows - 1) {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("quantisation: input '{}' holds whole numbers from {} to {}: "
                                    "more than 2^16",
                                    plan_.names[id], lo, hi));
        }
        counts = counts || plan_.integral[id];
        double step = plan_.integral[id] ? 1 : as_float((hi - lo) / levels);
        // Bounds and halves are often short binary fractions: then they stay what they are.
        const double binary = std::exp2(std::floor(std::log2(step)));
        const bool fits = (hi - lo) / binary < kLookUpRows / 2;
        if (!plan_.integral[id] && sensitivity_.compared[id] && fits) step = binary;
        // No bits are left: what lies on a grid that fits had better stay on it.
        const double next = std::exp2(std::ceil(std::log2(step)));
        if (!plan_.integral[id] && bits >= kFullInputBits && next <= calibration_.input_grid[i])
            step = next;
        if (!plan_.integral[id] && !sensitivity_.compared[id])
            step = agreement_.step_of_input(id, step);
        const std::size_t count = element_count(plan_.shapes[id]);
        const std::vector<double> steps =
            single ? column_steps(step, round_half_up(lo / step), round_half_up(hi / step))
                   : std::vector<double>(count, step);
        graph_.input_ports.push_back({plan_.names[id], plan_.shapes[id], all.step.size(), step});
        all.step.insert(all.step.end(), steps.begin(), steps.end());
        all.range.lo.insert(all.range.lo.end(), count, round_half_up(lo / step));
        all.range.hi.insert(all.range.hi.end(), count, round_half_up(hi / step));
    }
    // The circuit checks one range for the whole input.
    const Interval each = all.range;
    std::ranges::fill(all.range.lo, min_of(all.range.lo));
    std::ranges::fill(all.range.hi, max_of(all.range.hi));
    const Shape flat = {static_cast<std::uint32_t>(all.step.size())};
    const QPort& first = graph_.input_ports.front();
    all.id = add_tensor(single ? first.name : "inputs", single ? first.shape : flat, all);
    graph_.input = all.id;
    if (single) {
        values_[plan_.inputs[0]] = std::move(all);
        return {};
    }
    for (std::size_t i = 0; i < plan_.inputs.size(); ++i) {
        const QPort port = graph_.input_ports[i];
        const std::size_t count = element_count(port.shape);
        Ints part{0,
                  {std::vector<double>(count, all.range.lo[0]),
                   std::vector<double>(count, all.range.hi[0])},
                  std::vector<double>(count, port.step)};
        const TensorId slice =
            add_tensor(port.name + "/flat", {static_cast<std::uint32_t>(count)}, part);
        graph_.nodes.push_back({port.name,
                                {graph_.input},
                                slice,
                                QSlice{{static_cast<std::uint32_t>(port.offset)}, {1}}});
        part.id = add_tensor(port.name, port.shape, part);
        graph_.nodes.push_back({port.name, {slice}, part.id, QReshape{}});
        const double lo = each.lo[port.offset], hi = each.hi[port.offset];
        if (counts && (lo != all.range.lo[0] || hi != all.range.hi[0]))
            MINTMARK_CHECK(hold(port.name, port.shape, part, lo, hi));
        values_[plan_.inputs[i]] = std::move(part);
    }
    return {};
}

/// Outputs that are joined have one range: wide ones lose their last bits.
Status Quantiser::narrow_outputs() {
    const auto width = [&](ValueId id) {
        const Interval& range = values_.at(id).range;
        return std::max(max_of(range.hi), 0.0) - std::min(min_of(range.lo), 0.0);
    };
    const auto joint_width = [&] {
        double lo = 0, hi = 0;
        for (const ValueId id : plan_.outputs) {
            lo = std::min(lo, min_of(values_.at(id).range.lo));
            hi = std::max(hi, max_of(values_.at(id).range.hi));
        }
        return hi - lo;
    };
    while (plan_.outputs.size() > 1 && joint_width() >= kLookUpRows) {
        const ValueId widest = *std::ranges::max_element(plan_.outputs, {}, width);
        const Ints& x = values_.at(widest);
        if (plan_.integral[widest] && max_of(x.step) == 1)
            return fail(ErrorCode::kUnsupported,
                        fmt::format("quantisation: output '{}' beside others has whole numbers of "
                                    "more than 15 bits",
                                    plan_.names[widest]));
        MINTMARK_TRY(Ints part, rescale(x, 2 * max_of(x.step), plan_.names[widest] + "/narrow"));
        values_[widest] = std::move(part);
    }
    return {};
}

void Quantiser::add_outputs() {
    Ints all;
    std::vector<TensorId> parts;
    const bool single = plan_.outputs.size() == 1;
    for (const ValueId id : plan_.outputs) {
        Ints value = values_.at(id);
        graph_.output_ports.push_back(
            {plan_.names[id], plan_.shapes[id], all.step.size(), value.step[0]});
        all.step.insert(all.step.end(), value.step.begin(), value.step.end());
        all.range.lo.insert(all.range.lo.end(), value.range.lo.begin(), value.range.lo.end());
        all.range.hi.insert(all.range.hi.end(), value.range.hi.begin(), value.range.hi.end());
        const bool is_input = std::ranges::find(plan_.inputs, id) != plan_.inputs.end();
        if (single && !is_input) {
            graph_.output = value.id;
            return;
        }
        const Shape shape =
            single ? plan_.shapes[id] : Shape{static_cast<std::uint32_t>(value.step.size())};
        const TensorId source = value.id;
        value.id = add_tensor(plan_.names[id] + "/out", shape, value);
        cover(value.id, {&source, 1});
        graph_.nodes.push_back({plan_.names[id], {source}, value.id, QReshape{}});
        parts.push_back(value.id);
    }
    if (single) {
        graph_.output = parts[0];
        return;
    }
    graph_.output = add_tensor("outputs", {static_cast<std::uint32_t>(all.step.size())}, all);
    cover(graph_.output, parts);
    graph_.nodes.push_back({"outputs", parts, graph_.output, QConcat{0}});
}

}  // namespace mintmark::model
