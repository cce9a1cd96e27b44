// Quantisation of look-ups that are real functions, and of signs, which stay exact.
#include <algorithm>
#include <cmath>

#include "mintmark/model/functions.hpp"
#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr double kMostOutput = 65535;  ///< levels of a result
constexpr double kSignRows = 4096;     ///< of the table of signs

/// Largest slope between neighbours of 256 places in [lo, hi]; poles do not count.
double steepest(const PointwiseOp& op, double lo, double hi) {
    constexpr int kPlaces = 256;
    const auto f = [&op](double x) {
        return static_cast<double>(evaluate_function(
            function_of(op.kind), static_cast<long double>(x), static_cast<long double>(op.alpha)));
    };
    const double width = (hi - lo) / kPlaces;
    double most = 0, before = f(lo);
    for (int i = 1; i <= kPlaces; ++i) {
        const double now = f(lo + i * width);
        const double slope = std::abs(now - before) / width;
        if (std::isfinite(slope)) most = std::max(most, slope);
        before = now;
    }
    return most;
}

/// Their results are factors or sums of many values: relative precision counts.
bool is_scale(Pointwise kind) {
    return kind == Pointwise::kRsqrt || kind == Pointwise::kReciprocal ||
           kind == Pointwise::kSqrt || kind == Pointwise::kPow;
}

/// More than any sum of a column's products: a bound beyond decides alike for every input.
std::vector<double> reach_of_columns(const Layer& layer, const Interval& x) {
    const std::size_t columns = layer.weight.shape[1];
    const double most = std::max(std::abs(min_of(x.lo)), std::abs(max_of(x.hi)));
    std::vector<double> reach(columns, 1);
    for (std::size_t w = 0; w < layer.weight.data.size(); ++w)
        reach[w % columns] += std::abs(layer.weight.data[w]) * most;
    return reach;
}

/// Of single entries: the step of each column's entry (1 if it has none).
std::vector<double> steps_of_columns(const Layer& layer, std::span<const double> step) {
    const std::size_t columns = layer.weight.shape[1];
    std::vector<double> out(layer.bias.data.empty() ? 0 : columns, 1);
    if (out.empty()) return out;
    for (std::size_t w = 0; w < layer.weight.data.size(); ++w)
        if (layer.weight.data[w] != 0) out[w % columns] = step[w / columns];
    return out;
}

constexpr int kFewBits = 10;  ///< up to here products with a 12-bit factor need one remainder limb

}  // namespace

/// Largest magnitude of a value on the samples, or `otherwise`.
double Quantiser::calibrated_reach(ValueId id, double otherwise) const {
    if (id >= calibration_.lo.size() || calibration_.lo[id].empty()) return otherwise;
    return std::max(std::abs(min_of(calibration_.lo[id])), std::abs(max_of(calibration_.hi[id])));
}

/// The step of a function's argument: fine enough for the result, within the table's rows.
double Quantiser::argument_step(const Layer& layer, const Interval& real, double finest) const {
    const PointwiseOp& op = *layer.activation;
    double lo = min_of(real.lo), hi = max_of(real.hi);
    const ValueId id = layer.sum;
    if (id < calibration_.lo.size() && !calibration_.lo[id].empty()) {
        lo = std::max(lo, min_of(calibration_.lo[id]));
        hi = std::min(hi, max_of(calibration_.hi[id]));
    }
    if (plan_.integral[id] && finest <= 1) return 1;
    const bool fine = is_precise(layer) || is_scale(op.kind);
    const double levels = fine ? 16383 : 2 * unsigned_max();
    double wanted = (hi - lo) / (4 * unsigned_max());
    if (!gives_integers(op.kind)) {
        const double slope = steepest(op, lo, hi);
        const double reach = calibrated_reach(layer.output, 1);
        if (slope > 0 && reach > 0) wanted = reach / levels / slope;
    }
    // A value that never changes still is what it is.
    if (!(wanted > 0x1p-60)) wanted = std::max(std::abs(lo), std::abs(hi)) / levels;
    if (!(wanted > 0x1p-60)) wanted = 1;
    return on_grid(std::max(wanted, finest));
}

/// The look-up of a real function over u in [u_lo, u_hi] with this step.
QLut Quantiser::function_look_up(const Layer& layer, const Interval& u, double step) const {
    const PointwiseOp& op = *layer.activation;
    const bool precise = is_precise(layer);
    QLut lut;
    lut.function = function_of(op.kind);
    lut.in_step = table_step(step);
    lut.alpha = static_cast<float>(
        std::clamp(std::round(op.alpha * kParameterUnits), -32768.0, 32767.0) / kParameterUnits);
    double low = 0, high = 0;
    const double last = max_of(u.hi);
    for (double v = min_of(u.lo); v <= last; v += 1) {
        const auto y = static_cast<double>(evaluate_function(
            lut.function, static_cast<long double>(v * static_cast<double>(lut.in_step)),
            static_cast<long double>(lut.alpha)));
        if (!std::isfinite(y)) continue;
        low = std::min(low, y);
        high = std::max(high, y);
    }
    low = least(Choice::kLow, low);
    high = most(Choice::kHigh, high);
    const double bound = std::max(high, -low);
    const bool counts = gives_integers(op.kind) || plan_.integral[layer.output];
    const double symmetric = precise ? 32767 : signed_max();
    double most_out = low < 0 ? symmetric : precise ? 32767 : unsigned_max();
    if (is_scale(op.kind)) most_out = precise || bits_ > kFewBits ? 32767 : 4095;
    const double reach =
        std::min(calibrated_reach(layer.output, bound) * (1 + options_.activation_margin), bound);
    double out_step = reach > 0x1p-60 ? on_grid(reach / most_out) : 1;
    double out_max = most_out;
    if (counts && bound <= kMostOutput / (low < 0 ? 2 : 1)) {
        out_step = 1;
        out_max = std::max(1.0, bound);
    }
    lut.out_step = static_cast<float>(most(Choice::kResultStep, out_step));
    lut.out_hi = static_cast<std::int32_t>(out_max);
    lut.out_lo = low < 0 ? static_cast<std::int32_t>(-out_max) : 0;
    return lut;
}

// ---- signs ------------------------------------------------------------------------------------

/// [sum >= 0], exact in the integers: the sum's upper bits are looked up, the lower ones are limbs.
/// False if the layer's sums are not integer combinations.
Result<bool> Quantiser::add_step(const Layer& layer) {
    const Shape& out = plan_.shapes[layer.output];
    Sums sums{QLinComb{}, {}, {}, std::vector<double>(element_count(out), 1.0), 0};
    double rounding = 0;
    if (layer.kind == LayerKind::kLinComb) {
        std::vector<double> real;
        for (std::size_t i = 0; i < layer.inputs.size(); ++i)
            real.push_back(layer.coefs[i] * max_of(values_.at(layer.inputs[i]).step));
        double largest = 0, least = std::abs(real[0]);
        for (const double c : real) {
            largest = std::max(largest, std::abs(c));
            least = std::min(least, std::abs(c));
        }
        if (largest == 0) return false;
        const double unit = least == largest ? largest : largest * 0x1p-20;
        sums.acc = {std::vector<double>(element_count(out)),
                    std::vector<double>(element_count(out))};
        QLinComb op;
        for (std::size_t i = 0; i < real.size(); ++i) {
            const double c = std::floor(real[i] / unit + 0.5);
            op.coefs.push_back(static_cast<std::int64_t>(c));
            const Ints& x = values_.at(layer.inputs[i]);
            const auto at =
                gather_indices(out, broadcast_strides(plan_.shapes[layer.inputs[i]], out));
            for (std::size_t o = 0; o < at.size(); ++o) {
                sums.acc.lo[o] += std::min(c * x.range.lo[at[o]], c * x.range.hi[at[o]]);
                sums.acc.hi[o] += std::max(c * x.range.lo[at[o]], c * x.range.hi[at[o]]);
            }
            sums.inputs.push_back(x.id);
        }
        sums.op = std::move(op);
    } else if (layer.kind == LayerKind::kAffine || layer.kind == LayerKind::kMatMul ||
               layer.kind == LayerKind::kConv) {
        const Ints& x = values_.at(layer.inputs[0]);
        const double step = max_of(x.step);
        const double scale = layer.kind == LayerKind::kAffine ? std::abs(layer.weight.data[0]) : 1;
        const bool units = std::ranges::all_of(
            layer.weight.data, [scale](double w) { return w == 0 || std::abs(w) == scale; });
        const bool single = layer.kind == LayerKind::kMatMul && asks_single(layer);
        if ((min_of(x.step) != step && !single) || scale == 0 || !units) return false;
        if (layer.kind == LayerKind::kAffine && layer.weight.data.size() != 1) return false;
        std::vector<double> weight, bias;
        double reach = 1;
        for (const double w : layer.weight.data) weight.push_back(w / scale);
        for (std::size_t i = 0; i < x.range.lo.size(); ++i)
            reach = std::max({reach, std::abs(x.range.lo[i]) + 1, std::abs(x.range.hi[i]) + 1});
        if (layer.kind != LayerKind::kAffine) reach = 0x1p38;
        std::vector<double> most(layer.bias.data.size(), reach);
        if (layer.kind == LayerKind::kMatMul) most = reach_of_columns(layer, x.range);
        std::vector<double> unit(layer.bias.data.size(), step);
        if (single) unit = steps_of_columns(layer, x.step);
        for (std::size_t i = 0; i < layer.bias.data.size(); ++i) {
            const double whole = std::floor(layer.bias.data[i] / (scale * unit[i]) + 1e-6);
            bias.push_back(std::clamp(whole, -most[i], most[i]));
        }
        Layer integers = layer;
        if (bias.empty()) {
            const std::size_t count =
                layer.kind == LayerKind::kMatMul ? layer.weight.shape[1] : layer.weight.shape[0];
            bias.assign(count, 0);
            integers.bias = {{static_cast<std::uint32_t>(count)}, bias};
        }
        sums.acc =
            linear_interval(integers, plan_.shapes[layer.inputs[0]], out, weight, bias, x.range);
        sums.inputs = {x.id};
        const auto to_hidden = [](const Shape& shape, const std::vector<double>& from,
                                  std::size_t rank) {
            Hidden hidden{shape, {from.begin(), from.end()}};
            hidden.shape.insert(hidden.shape.begin(), rank - std::min(rank, shape.size()), 1);
            return hidden;
        };
        const std::size_t bias_rank = layer.kind == LayerKind::kAffine ? out.size() : 1;
        const Hidden hidden_bias = to_hidden(integers.bias.shape, bias, bias_rank);
        if (layer.kind == LayerKind::kAffine) {
            sums.op = QAffine{std::nullopt, hidden_bias, static_cast<std::int64_t>(weight[0]), {}};
        } else if (layer.kind == LayerKind::kMatMul) {
            sums.op = QMatMul{to_hidden(layer.weight.shape, weight, 2), hidden_bias, {}};
        } else {
            const Window& w = layer.window;
            sums.op = QConv{to_hidden(layer.weight.shape, weight, layer.weight.shape.size()),
                            hidden_bias,
                            w.strides,
                            w.pads_begin,
                            w.pads_end,
                            w.dilations,
                            layer.groups,
                            {}};
        }
    } else {
        return false;
    }
    const double width = std::max(max_of(sums.acc.hi), 0.0) - std::min(min_of(sums.acc.lo), 0.0);
    while (std::ldexp(width, -sums.shift) > kSignRows) ++sums.shift;
    if (sums.shift > 0) rounding = std::ldexp(1, sums.shift - 1);
    for (double& v : sums.acc.lo) v -= rounding;
    for (double& v : sums.acc.hi) v -= rounding;
    // The requantisation adds half a unit: taken away here, u >= 0 is the sum's own sign.
    const auto half = static_cast<std::int64_t>(rounding);
    if (auto* op = std::get_if<QLinComb>(&sums.op)) op->constant -= half;
    const auto lower = [half](std::optional<Hidden>& bias) {
        for (std::int64_t& v : bias->values) v -= half;
    };
    if (auto* op = std::get_if<QAffine>(&sums.op)) lower(op->bias);
    if (auto* op = std::get_if<QMatMul>(&sums.op)) lower(op->bias);
    if (auto* op = std::get_if<QConv>(&sums.op)) lower(op->bias);
    MINTMARK_CHECK(finish(layer, std::move(sums)));
    return true;
}

}  // namespace mintmark::model
