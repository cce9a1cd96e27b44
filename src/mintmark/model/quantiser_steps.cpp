// The steps of a layer's results: what one integer stands for, channel by channel.
#include <algorithm>
#include <cmath>
#include <limits>

#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kWidest = 65536 - 8;
constexpr int kMaxSmallShift = 12;  ///< one remainder limb

}  // namespace

std::vector<std::size_t> Quantiser::channels_of(const Layer& layer) const {
    const Shape& shape = plan_.shapes[layer.output];
    std::vector<std::size_t> strides(shape.size(), 0);
    const bool has_channels = layer.kind == LayerKind::kConv || layer.kind == LayerKind::kMatMul;
    if (has_channels && options_.granularity == Granularity::kPerChannel &&
        !is_curve(layer.activation) && !is_clip(layer.activation)) {
        const std::size_t axis = layer.kind == LayerKind::kConv ? 1 : shape.size() - 1;
        if (sensitivity_.varies[layer.output][axis]) strides[axis] = 1;
    }
    return gather_indices(shape, strides);
}

std::vector<double> Quantiser::channel_steps(const Layer& layer, const Interval& real,
                                             double out_max) const {
    const std::vector<std::size_t> channel = channels_of(layer);
    const std::size_t count = *std::ranges::max_element(channel) + 1;
    std::vector<double> reach(count, 0), bound(count, 0), lo(count, kInfinity),
        hi(count, -kInfinity);
    const bool known =
        layer.output < calibration_.lo.size() && !calibration_.lo[layer.output].empty();
    for (std::size_t o = 0; o < channel.size(); ++o) {
        const std::size_t c = channel[o];
        const double least = activate(layer.activation, real.lo[o]);
        const double most = activate(layer.activation, real.hi[o]);
        bound[c] = std::max({bound[c], std::abs(least), std::abs(most)});
        lo[c] = std::min(lo[c], real.lo[o]);
        hi[c] = std::max(hi[c], real.hi[o]);
        if (known) {
            reach[c] = std::max({reach[c], std::abs(calibration_.lo[layer.output][o]),
                                 std::abs(calibration_.hi[layer.output][o])});
        }
    }
    if (!known) reach = bound;
    // The fewer values of a channel the samples show, the closer its range stays to the common one.
    // What cannot be reached is not resolved; a channel that is always 0 needs no fine step.
    const double seen = static_cast<double>(calibration_.runs * (channel.size() / count));
    const double least_reach = max_of(reach) * std::clamp(std::sqrt(256 / seen), 0.25, 1.0);
    std::vector<double> range(count), sums(count), step(count);
    for (std::size_t c = 0; c < count; ++c) {
        range[c] = std::max(reach[c], least_reach) * (1 + options_.activation_margin);
        sums[c] = std::max(hi[c], 0.0) - std::min(lo[c], 0.0);
        range[c] = bound[c] > 0 ? std::min(range[c], bound[c]) : sums[c];
    }
    // Finer steps for a channel must not make the look-up's domain larger than one step for all.
    const double common = std::max(max_of(range) / out_max, max_of(sums) / width_limit(layer));
    const double lowest = std::min(min_of(lo), 0.0), highest = std::max(max_of(hi), 0.0);
    for (std::size_t c = 0; c < count; ++c) {
        const double below = lowest < 0 ? std::max(lo[c] / lowest, 0.0) : 0;
        const double above = highest > 0 ? std::max(hi[c] / highest, 0.0) : 0;
        step[c] = std::max(range[c] / out_max, common * std::max(below, above));
        if (!(step[c] > 0x1p-60)) step[c] = 1;
        step[c] = count == 1 ? on_grid(step[c]) : as_float(step[c]);
    }
    return permute(step, channel);
}

double Quantiser::largest_seen(const Layer& layer, const std::vector<double>& step) const {
    if (layer.output >= calibration_.lo.size() || calibration_.lo[layer.output].empty())
        return kInfinity;
    double most = 1;
    for (std::size_t o = 0; o < step.size(); ++o) {
        const double reach = std::max(std::abs(calibration_.lo[layer.output][o]),
                                      std::abs(calibration_.hi[layer.output][o]));
        most = std::max(most, reach * (1 + options_.activation_margin) / step[o]);
    }
    // Of few different bounds, so that layers share look-ups.
    const double part = std::exp2(std::floor(std::log2(most)) - 2);
    return std::ceil((most + 1) / part) * part - 1;
}

/// More bits for sums of which a few entries are far larger than the rest (residual streams of
/// trained transformers): the step must suit the rest.
int Quantiser::outlier_bits(const Layer& layer) const {
    const bool is_sum = layer.kind == LayerKind::kLinComb && layer.inputs.size() > 1;
    if (layer.activation || (!is_sum && layer.kind != LayerKind::kMatMul) ||
        layer.output >= calibration_.lo.size() || calibration_.lo[layer.output].empty())
        return 0;
    std::vector<double> reach;
    for (std::size_t o = 0; o < calibration_.lo[layer.output].size(); ++o)
        reach.push_back(std::max(std::abs(calibration_.lo[layer.output][o]),
                                 std::abs(calibration_.hi[layer.output][o])));
    const auto middle = reach.begin() + static_cast<std::ptrdiff_t>(reach.size() / 2);
    std::ranges::nth_element(reach, middle);
    const double most = *std::ranges::max_element(reach);
    if (!(*middle > 0)) return 0;
    return std::clamp(static_cast<int>(std::log2(most / *middle)) - 3, 0, 4);
}

/// Whether the value, moved about, is squared and summed: its length is taken.
bool Quantiser::is_measured(ValueId id) const {
    return std::ranges::any_of(plan_.layers, [&](const Layer& reader) {
        if (std::ranges::find(reader.inputs, id) == reader.inputs.end()) return false;
        const bool squares = reader.kind == LayerKind::kMatMulDyn && reader.is_square;
        return squares || (reader.kind == LayerKind::kMove && is_measured(reader.output));
    });
}

/// One step for all elements: that of the twins. Steps of single channels are folded into weights.
void Quantiser::agree_on(std::vector<double>& step) const {
    if (min_of(step) == max_of(step)) std::ranges::fill(step, most(Choice::kStep, step[0]));
}

/// Bounds of a result that hold for all twins, agreed on in reals (their steps may change from pass
/// to pass): tables and what is made of the result then are the same. Where no look-up holds them
/// all, each keeps its own.
void Quantiser::agree_on_range(Ints& result) const {
    constexpr double kSame = 1e-6;
    const double step = max_of(result.step);
    const auto lowest = std::ranges::min_element(result.range.lo);
    const auto highest = std::ranges::max_element(result.range.hi);
    const double lo = least(Choice::kFrom, *lowest * step) / step;
    const double hi = most(Choice::kTo, *highest * step) / step;
    if (hi - lo > kWidest) return;
    *lowest = std::min(*lowest, std::floor(lo + kSame));
    *highest = std::max(*highest, std::ceil(hi - kSame));
}

Quantiser::Goal Quantiser::goal_for(const Layer& layer, const Interval& real) const {
    Goal goal = own_goal(layer, real);
    agree_on(goal.step);
    return goal;
}

Quantiser::Goal Quantiser::own_goal(const Layer& layer, const Interval& real) const {
    Goal goal;
    goal.budget = width_limit(layer);
    const bool precise = is_precise(layer);
    const double finest =
        (std::max(max_of(real.hi), 0.0) - std::min(min_of(real.lo), 0.0)) / goal.budget;
    if (is_function(layer.activation)) {
        goal.step.assign(real.lo.size(), argument_step(layer, real, finest));
        return goal;
    }
    if (plan_.integral[layer.output] && finest <= 1 && !is_curve(layer.activation)) {
        goal.step.assign(real.lo.size(), 1.0);
        return goal;
    }
    const bool is_tanh = layer.activation && layer.activation->kind == Pointwise::kTanh;
    if (is_curve(layer.activation)) {
        const double wanted = precise ? 0x1p-12 : is_tanh ? 0.5 / signed_max() : 1 / unsigned_max();
        goal.step.assign(real.lo.size(), on_grid(std::max(wanted, finest)));
        return goal;
    }
    if (precise) {
        goal.step.assign(real.lo.size(), finest > 0x1p-60 ? as_float(finest) : 1.0);
        return goal;
    }
    const bool is_relu = layer.activation && layer.activation->kind == Pointwise::kRelu;
    goal.out_max = is_relu ? unsigned_max() : signed_max();
    goal.step = channel_steps(layer, real, goal.out_max);
    return goal;
}

std::uint8_t Quantiser::pick_shift(double largest) {
    const double most = std::ldexp(1, options_.weight_bits - 1) - 1;
    int shift = largest > 0 ? static_cast<int>(std::floor(std::log2(most / largest))) : 0;
    shift = static_cast<int>(least(Choice::kShift, std::clamp(shift, 0, 24)));
    // Two bits less of a weight are cheaper than a second remainder limb.
    const int spare = options_.weight_bits <= 12 ? 2 : 0;
    if (shift <= kMaxSmallShift + spare) shift = std::min(shift, kMaxSmallShift);
    if (shift <= kMaxSmallShift) {
        shift = std::max<int>(shift, common_shift_);
        largest_small_shift_ = std::max(largest_small_shift_, static_cast<std::uint8_t>(shift));
    }
    return static_cast<std::uint8_t>(shift);
}

}  // namespace mintmark::model
