#include "mintmark/model/quantiser.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

#include "mintmark/base/assert.hpp"
#include "mintmark/model/functions.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr double kLookUpRows = 65536;
constexpr double kSlack = 64;       ///< rows kept free for what rounding adds to a bound
constexpr double kMaxSum = 0x1p52;  ///< sums are below this, so doubles hold them exactly
constexpr double kMaxInteger = 0x1p40;
constexpr int kMaxSmallShift = 12;  ///< one remainder limb
constexpr int kComparedBits = 13;
constexpr int kMostBits = 16;

std::vector<std::int64_t> to_integers(std::span<const double> values) {
    std::vector<std::int64_t> out;
    out.reserve(values.size());
    for (const double v : values) out.push_back(static_cast<std::int64_t>(v));
    return out;
}

/// Whether elements differ along `axis` only.
bool only_along(const std::vector<double>& step, const Shape& shape, std::size_t axis) {
    std::vector<std::size_t> strides(shape.size(), 0);
    strides[axis] = strides_of(shape)[axis];
    const auto at = gather_indices(shape, strides);
    for (std::size_t i = 0; i < step.size(); ++i)
        if (step[i] != step[at[i]]) return false;
    return true;
}

void describe_steps(QTensor& tensor, const std::vector<double>& step) {
    tensor.step = max_of(step);
    if (min_of(step) == tensor.step) return;
    for (std::uint32_t axis = 0; axis < tensor.shape.size(); ++axis) {
        if (tensor.shape[axis] == 1 || !only_along(step, tensor.shape, axis)) continue;
        const std::size_t stride = strides_of(tensor.shape)[axis];
        tensor.channel_axis = axis;
        for (std::size_t i = 0; i < tensor.shape[axis]; ++i)
            tensor.channel_steps.push_back(step[i * stride]);
        return;
    }
}

/// Hidden tensor of rank `rank` (leading ones added).
Hidden hidden(const Shape& shape, std::span<const double> values, std::size_t rank) {
    Hidden out{shape, to_integers(values)};
    out.shape.insert(out.shape.begin(), rank - std::min(rank, shape.size()), 1);
    return out;
}

void set_requant(QOp& op, const Requant& requant) {
    std::visit(
        [&requant](auto& kind) {
            if constexpr (requires { kind.requant; }) kind.requant = requant;
        },
        op);
}

/// Steps stay within what binary32 and the tables hold.
bool are_steps(std::span<const double> steps) {
    return std::ranges::all_of(steps, [](double s) { return s > 1e-30 && s < 1e30; });
}

bool is_moderate(const Interval& real) {
    return std::max(largest_magnitude(real.lo), largest_magnitude(real.hi)) < 1e30;
}

/// Exponentials this far below the largest one are nothing.
constexpr double kMaskDepth = 12;
/// One remainder limb.
constexpr double kMostMaskShift = 12;

/// c x where the weight is c > 0, far below everything where it is 0.
bool is_mask(const Layer& layer) {
    if (layer.kind != LayerKind::kAffine || layer.activation || layer.bias.data.size() < 2)
        return false;
    const double c = max_of(layer.weight.data);
    const bool two =
        std::ranges::all_of(layer.weight.data, [c](double w) { return w == 0 || w == c; });
    return c > 0 && two && layer.weight.shape == layer.bias.shape &&
           *std::ranges::min_element(layer.bias.data) <= -1e4;
}

/// Of two operands the one that is 0 or so low that it only masks; `slopes` are the coefficients
/// times the steps.
std::optional<std::size_t> mask_operand(std::span<const Interval> parts,
                                        std::span<const double> slopes) {
    if (parts.size() != 2) return std::nullopt;
    for (std::size_t i = 0; i < 2; ++i) {
        const double depth = -min_of(parts[i].lo) * slopes[i];
        const double reach =
            std::max(largest_magnitude(parts[1 - i].lo), largest_magnitude(parts[1 - i].hi)) *
            std::abs(slopes[1 - i]);
        if (max_of(parts[i].hi) <= 0 && depth >= 1e4 / 2 && depth > 8 * reach) return i;
    }
    return std::nullopt;
}

constexpr std::int32_t kMostBound = 1 << 24;  ///< of a clip, in steps

/// The last layer that reads each value; none for the model's outputs.
std::vector<std::size_t> last_readers(const Plan& plan) {
    std::vector<std::size_t> last(plan.shapes.size(), plan.layers.size());
    for (std::size_t l = 0; l < plan.layers.size(); ++l)
        for (const ValueId id : plan.layers[l].inputs) last[id] = l;
    for (const ValueId id : plan.outputs) last[id] = plan.layers.size();
    return last;
}

std::string sum_too_large(const std::string& name) {
    return fmt::format("quantisation: node '{}' makes numbers that are too large or too small",
                       name);
}

}  // namespace

Quantiser::Quantiser(const Plan& plan, const Calibration& calibration, const QuantOptions& options,
                     std::uint8_t common_shift, Agreement& agreement)
    : plan_(plan),
      calibration_(calibration),
      options_(options),
      sensitivity_(analyse(plan)),
      common_shift_(common_shift),
      agreement_(agreement) {}

int Quantiser::bits_of(const Layer& layer) const {
    if (const auto stated = stated_bits(plan_, layer.output, options_.tensor_bits)) return *stated;
    int bits = std::min(options_.activation_bits + outlier_bits(layer), kMostBits);
    if (sensitivity_.compared[layer.output]) bits = std::max(bits, kComparedBits);
    if (layer.output < calibration_.lo.size()) return bits;
    // A derived value has no name of its own: it serves the one that is computed from it.
    for (const Layer& reader : plan_.layers) {
        if (std::ranges::find(reader.inputs, layer.output) != reader.inputs.end())
            bits = std::max(bits, bits_of(reader));
    }
    return bits;
}

double Quantiser::signed_max() const {
    return std::ldexp(1, bits_ - 1) - 1;
}
double Quantiser::unsigned_max() const {
    return std::ldexp(1, bits_) - 1;
}

/// Sums of this range are kept as they are: no scaling, no saturation.
double Quantiser::exact_width() const {
    return std::min(4 * unsigned_max(), std::max(2 * unsigned_max(), 8192.0));
}

/// Several outputs share one tensor, whose range must hold a signed and an unsigned one.
int Quantiser::output_bits() const {
    return plan_.outputs.size() > 1 ? 15 : 16;
}

double Quantiser::width_limit(const Layer& layer) const {
    if (!is_precise(layer)) return kLookUpRows - kSlack;
    const int most = std::min<int>(options_.output_bits, output_bits());
    const int least = std::min<int>(options_.least_output_bits, most);
    return std::ldexp(1, std::clamp(widest_bits_, least, most)) - kSlack;
}

Interval Quantiser::real_range(const Ints& x) const {
    Interval real = x.range;
    for (std::size_t i = 0; i < x.step.size(); ++i) {
        real.lo[i] *= x.step[i];
        real.hi[i] *= x.step[i];
    }
    return real;
}

// ---- emitting nodes ---------------------------------------------------------------------------

TensorId Quantiser::add_tensor(const std::string& name, const Shape& shape, const Ints& ints) {
    QTensor tensor;
    tensor.name = name;
    tensor.shape = shape;
    tensor.lo = static_cast<std::int64_t>(min_of(ints.range.lo));
    tensor.hi = static_cast<std::int64_t>(max_of(ints.range.hi));
    describe_steps(tensor, ints.step);
    graph_.tensors.push_back(std::move(tensor));
    return static_cast<TensorId>(graph_.tensors.size() - 1);
}

Status Quantiser::emit(const std::string& name, QOp op, std::vector<TensorId> inputs,
                       const Shape& shape, Ints& result) {
    const double width = max_of(result.range.hi) - min_of(result.range.lo);
    if (!are_steps(result.step)) return fail(ErrorCode::kUnsupported, sum_too_large(name));
    if (width >= kLookUpRows || largest_magnitude(result.range.lo) >= kMaxInteger) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantisation: node '{}': the values' range is too wide ({} steps)",
                                name, width));
    }
    result.id = add_tensor(name, shape, result);
    if (requant_of(op) == nullptr) cover(result.id, inputs);
    makers_[result.id] = graph_.nodes.size();
    if (std::holds_alternative<QReshape>(op)) origins_[result.id] = origin(inputs[0]);
    graph_.nodes.push_back({name, std::move(inputs), result.id, std::move(op)});
    return {};
}

/// Elements that a copy leaves behind may reach further: it keeps its inputs' bounds.
void Quantiser::cover(TensorId copy, std::span<const TensorId> inputs) {
    for (const TensorId id : inputs) {
        graph_.tensors[copy].lo = std::min(graph_.tensors[copy].lo, graph_.tensors[id].lo);
        graph_.tensors[copy].hi = std::max(graph_.tensors[copy].hi, graph_.tensors[id].hi);
    }
}

std::optional<QLut> Quantiser::look_up(const Layer& layer, const Interval& u,
                                       const std::vector<double>& steps) const {
    const double lo = min_of(u.lo), hi = max_of(u.hi), step = max_of(steps);
    const bool precise = is_precise(layer);
    const double seen = most(Choice::kSeen, largest_seen(layer, steps));
    // Sums that were not scaled down have nothing to saturate.
    const double small =
        precise ? std::ldexp(1, output_bits()) - 1 : std::min(unsigned_max(), seen);
    const double symmetric = precise ? kLookUpRows / 2 - 1 : std::min(signed_max(), seen);
    QLut lut;
    if (!layer.activation) {
        // Squares of what a spectrum could hold leave no rows for the roots of what it does hold,
        // and sums of such lengths none for what they are.
        const bool is_length = layer.kind == LayerKind::kMatMulDyn && !layer.is_square &&
                               plan_.shapes[layer.inputs[0]].back() == 2 &&
                               element_count(plan_.shapes[layer.inputs[0]]) ==
                                   2 * element_count(plan_.shapes[layer.output]);
        const bool spans =
            is_length || (layer.kind == LayerKind::kConv && is_measured(layer.output));
        if (precise || plan_.integral[layer.output] || layer.is_square || layer.keeps_all ||
            is_mask(layer) ||
            all(Choice::kUnscaled,
                !spans && outlier_bits(layer) == 0 && hi - lo <= exact_width())) {
            return std::nullopt;
        }
        lut.out_lo = static_cast<std::int32_t>(-symmetric - 1);
        lut.out_hi = static_cast<std::int32_t>(symmetric);
        return lut;
    }
    if (is_function(layer.activation)) return function_look_up(layer, u, step);
    switch (layer.activation->kind) {
        case Pointwise::kClip: {
            // What the domain's ends become, in steps; it may lie outside of both bounds.
            const double below = round_half_up(layer.activation->alpha / step);
            const double above = std::max(below, round_half_up(layer.activation->beta / step));
            const auto bound = [&](double end) {
                return std::clamp(std::clamp(end, below, above), -0x1p30, 0x1p30);
            };
            lut.out_lo = static_cast<std::int32_t>(least(Choice::kLow, bound(lo)));
            lut.out_hi = static_cast<std::int32_t>(most(Choice::kHigh, bound(hi)));
            break;
        }
        case Pointwise::kRelu:
            lut.function = QFunction::kRelu;
            lut.out_hi = static_cast<std::int32_t>(small);
            break;
        case Pointwise::kLeakyRelu:
            lut.function = QFunction::kLeakyRelu;
            lut.alpha = static_cast<float>(
                std::min(std::round(layer.activation->alpha * 65536), 65535.0) / 65536);
            lut.out_lo = static_cast<std::int32_t>(-symmetric - 1);
            lut.out_hi = static_cast<std::int32_t>(symmetric);
            break;
        case Pointwise::kSigmoid:
        case Pointwise::kTanh: {
            const bool is_tanh = layer.activation->kind == Pointwise::kTanh;
            const double out_max = is_tanh ? symmetric : small;
            lut.function = is_tanh ? QFunction::kTanh : QFunction::kSigmoid;
            lut.out_lo = is_tanh ? static_cast<std::int32_t>(-out_max) : 0;
            lut.out_hi = static_cast<std::int32_t>(out_max);
            lut.in_step = table_step(step);
            lut.out_step = static_cast<float>(1 / out_max);
            break;
        }
        default:
            MINTMARK_ASSERT(false);
    }
    return lut;
}

Status Quantiser::finish(const Layer& layer, Sums sums) {
    if (std::max(largest_magnitude(sums.acc.lo), largest_magnitude(sums.acc.hi)) > kMaxSum)
        return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    Ints result{0, std::move(sums.acc), std::move(sums.step)};
    for (double& v : result.range.lo) v = shift_right(v, sums.shift);
    for (double& v : result.range.hi) v = shift_right(v, sums.shift);
    Requant requant;
    requant.shift = sums.shift;
    requant.u_lo = static_cast<std::int64_t>(min_of(result.range.lo));
    requant.u_hi = static_cast<std::int64_t>(max_of(result.range.hi));
    if (requant.u_hi - requant.u_lo >= static_cast<std::int64_t>(kLookUpRows)) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantisation: node '{}': the sums' range is too wide ({} steps)",
                                layer.name, requant.u_hi - requant.u_lo));
    }
    const bool digits = layer.activation && layer.activation->kind >= Pointwise::kRemainder;
    if (digits && max_of(result.step) != std::floor(max_of(result.step))) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantisation: node '{}' computes with whole numbers beyond 2^16",
                                layer.name));
    }
    requant.lut = look_up(layer, result.range, result.step);
    if (is_clip(layer.activation) &&
        std::max(std::abs(requant.lut->out_lo), std::abs(requant.lut->out_hi)) > kMostBound) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantisation: node '{}' clips to bounds far beyond its input",
                                layer.name));
    }
    if (requant.lut && !is_curve(layer.activation) && !is_clip(layer.activation) &&
        sums.shift == 0 &&
        (plan_.integral[layer.output] || layer.keeps_all ||
         all(Choice::kKeeps,
             requant.u_hi - requant.u_lo <= static_cast<std::int64_t>(exact_width())))) {
        // Whole numbers, exact sums of moderate range: the look-up must not cut anything off.
        const auto cap = [](double v) { return static_cast<std::int32_t>(v); };
        const double high = most(Choice::kHigh, static_cast<double>(requant.u_hi));
        const double low = least(Choice::kLow, static_cast<double>(requant.u_lo));
        requant.lut->out_hi = std::max(requant.lut->out_hi, cap(high));
        if (requant.lut->out_lo < 0) requant.lut->out_lo = std::min(requant.lut->out_lo, cap(low));
    }
    const auto rows = static_cast<double>(requant.u_hi - requant.u_lo + 1);
    widest_bits_ = std::max(widest_bits_, static_cast<int>(std::ceil(std::log2(rows))));
    if (requant.lut) {
        const QLut& lut = *requant.lut;
        const auto map = [&lut](double u) {
            return static_cast<double>(lut_output(lut, static_cast<std::int64_t>(u)));
        };
        if (is_function(layer.activation)) {
            const OutputBounds bounds = lut_bounds(lut, requant.u_lo, requant.u_hi);
            std::ranges::fill(result.range.lo, static_cast<double>(bounds.lo));
            std::ranges::fill(result.range.hi, static_cast<double>(bounds.hi));
        } else {
            std::ranges::transform(result.range.lo, result.range.lo.begin(), map);
            std::ranges::transform(result.range.hi, result.range.hi.begin(), map);
        }
        if (is_curve(layer.activation))
            std::ranges::fill(result.step, static_cast<double>(lut.out_step));
    }
    if (!plan_.integral[layer.output]) agree_on_range(result);
    if (!requant.lut) {
        requant.u_lo = static_cast<std::int64_t>(min_of(result.range.lo));
        requant.u_hi = static_cast<std::int64_t>(max_of(result.range.hi));
    }
    set_requant(sums.op, requant);
    MINTMARK_CHECK(emit(plan_.names[layer.output], std::move(sums.op), std::move(sums.inputs),
                        plan_.shapes[layer.output], result));
    values_[layer.output] = std::move(result);
    return {};
}

// ---- layers -----------------------------------------------------------------------------------

Status Quantiser::add(const Layer& layer) {
    bits_ = static_cast<int>(most(Choice::kBits, bits_of(layer)));
    if (layer.activation && layer.activation->kind == Pointwise::kStep) {
        MINTMARK_TRY(const bool added, add_step(layer));
        if (added) return {};
    }
    if (is_idle(layer)) return add_copy(layer);
    switch (layer.kind) {
        case LayerKind::kMove:
            return add_move(layer);
        case LayerKind::kSoftmax:
            return add_softmax(layer);
        case LayerKind::kOneHot:
            return add_one_hot(layer);
        case LayerKind::kLinComb:
            return add_sum(layer);
        case LayerKind::kMatMulDyn:
        case LayerKind::kMul:
        case LayerKind::kSumPool:
            return add_scaled(layer);
        case LayerKind::kAffine:
            if (layer.weight.data.size() == 1 && layer.bias.data.size() == 1 &&
                layer.weight.data[0] != 0) {
                return add_scalar(layer);
            }
            if (is_mask(layer)) return add_mask(layer);
            return add_linear(layer);
        case LayerKind::kConv:
        case LayerKind::kMatMul:
            return add_linear(layer);
    }
    MINTMARK_ASSERT(false);
}

/// x * w + b with public scalars: the factor becomes part of the step, the integers stay.
Status Quantiser::add_scalar(const Layer& layer) {
    const Ints& x = values_.at(layer.inputs[0]);
    const double factor = layer.weight.data[0];
    Sums sums{QLinComb{}, {x.id}, x.range, x.step, 0};
    for (double& s : sums.step) s *= std::abs(factor);
    if (!are_steps(sums.step)) return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    if (auto whole = whole_sum(layer, x)) return finish(layer, *std::move(whole));
    const double constant = round_half_up(layer.bias.data[0] / sums.step[0]);
    const bool uniform = min_of(sums.step) == max_of(sums.step);
    // Few levels (bits, small counts): the constant may lie between them.
    const double lost = std::abs(constant * sums.step[0] - layer.bias.data[0]) / sums.step[0];
    const bool is_coarse = lost > (max_of(x.range.hi) - min_of(x.range.lo)) / 128;
    if (std::abs(constant) > 0x1p30 || (constant != 0 && !uniform) || is_coarse)
        return add_linear(layer);
    if (factor > 0 && constant == 0 && !layer.activation) {
        Ints result{0, x.range, sums.step};
        MINTMARK_CHECK(emit(plan_.names[layer.output], QReshape{}, {x.id},
                            plan_.shapes[layer.output], result));
        values_[layer.output] = std::move(result);
        return {};
    }
    const double sign = factor > 0 ? 1 : -1;
    sums.op = QLinComb{{static_cast<std::int64_t>(sign)}, static_cast<std::int64_t>(constant), {}};
    if (sign < 0) std::swap(sums.acc.lo, sums.acc.hi);
    for (double& v : sums.acc.lo) v = sign * v + constant;
    for (double& v : sums.acc.hi) v = sign * v + constant;
    Layer kept = layer;
    kept.keeps_all = true;
    return finish(kept, std::move(sums));
}

Status Quantiser::add_sum(const Layer& layer) {
    const Shape& out = plan_.shapes[layer.output];
    const std::size_t count = element_count(out);
    Sums sums{QLinComb{}, {}, {std::vector<double>(count), std::vector<double>(count)}, {}, 0};
    std::vector<Interval> parts;
    std::vector<double> steps;
    bool equal = true;
    for (const ValueId id : layer.inputs) {
        const Ints& x = values_.at(id);
        const auto at = gather_indices(out, broadcast_strides(plan_.shapes[id], out));
        parts.push_back({permute(x.range.lo, at), permute(x.range.hi, at)});
        sums.inputs.push_back(x.id);
        sums.step = permute(x.step, at);
        steps.push_back(max_of(x.step));
        equal = equal && steps.back() == steps.front();
    }
    const auto add_up = [&](const std::vector<double>& coefs) {
        std::ranges::fill(sums.acc.lo, 0);
        std::ranges::fill(sums.acc.hi, 0);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            for (std::size_t o = 0; o < count; ++o) {
                const double a = coefs[i] * parts[i].lo[o], b = coefs[i] * parts[i].hi[o];
                sums.acc.lo[o] += std::min(a, b);
                sums.acc.hi[o] += std::max(a, b);
            }
        }
        return max_of(sums.acc.hi) - min_of(sums.acc.lo);
    };
    const bool precise = is_precise(layer);
    const double exact_limit =
        precise || plan_.integral[layer.sum] ? kLookUpRows - kSlack : exact_width();
    if (parts.size() == 1 || all(Choice::kExact, equal && add_up(layer.coefs) <= exact_limit)) {
        add_up(layer.coefs);
        sums.op = QLinComb{to_integers(layer.coefs), 0, {}};
        Layer kept = layer;
        kept.keeps_all = true;
        return finish(kept, std::move(sums));
    }
    std::vector<double> whole(layer.coefs);
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] *= steps[i];
    const bool counts = plan_.integral[layer.sum] &&
                        std::ranges::all_of(whole, [](double c) { return c == std::floor(c); });
    if (counts && add_up(whole) < kLookUpRows) {
        sums.op = QLinComb{to_integers(whole), 0, {}};
        sums.step.assign(count, 1);
        return finish(layer, std::move(sums));
    }
    if (const auto mask = mask_operand(parts, whole)) {
        // The mask takes a whole number of the other operand's steps. That one stays as it is, or
        // loses its last bits: never to a step that is a part of the mask.
        const Interval &far = parts[*mask], &x = parts[1 - *mask];
        const double unit = std::abs(whole[1 - *mask]);
        const double depth = most(Choice::kMask, (max_of(x.hi) - min_of(x.lo)) * unit + kMaskDepth);
        std::vector<double> coefs(2, std::copysign(1.0, whole[1 - *mask]));
        coefs[*mask] = std::ceil(std::ceil(depth / unit) / -min_of(far.lo));
        const double halvings = std::ceil(std::log2(add_up(coefs) / (kLookUpRows - kSlack)));
        const double shift = most(Choice::kShift, std::max(halvings, 0.0));
        if (shift <= kMostMaskShift) {
            sums.op = QLinComb{to_integers(coefs), 0, {}};
            sums.shift = static_cast<std::uint8_t>(shift);
            sums.step.assign(count, std::ldexp(unit, sums.shift));
            Layer exact = layer;
            exact.keeps_all = true;
            return finish(exact, std::move(sums));
        }
    }
    std::vector<double> real(layer.coefs);
    for (std::size_t i = 0; i < real.size(); ++i) real[i] *= steps[i];
    add_up(real);
    if (!is_moderate(sums.acc)) return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    const Goal goal = goal_for(layer, sums.acc);
    double step = goal.step[0];
    for (int attempt = 0; attempt < 20; ++attempt) {
        std::vector<double> coefs(real);
        for (double& c : coefs) c /= step;
        sums.shift = pick_shift(largest_magnitude(coefs));
        for (double& c : coefs) c = round_half_up(std::ldexp(c, sums.shift));
        const double width = std::ldexp(add_up(coefs), -sums.shift);
        sums.op = QLinComb{to_integers(coefs), 0, {}};
        if (width <= goal.budget + kSlack / 2) break;
        step = as_float(step * width / goal.budget * 1.001);
    }
    static_cast<void>(most(Choice::kStep, step));
    sums.step.assign(count, step);
    return finish(layer, std::move(sums));
}

Status Quantiser::add_linear(const Layer& layer) {
    const Shape &in = plan_.shapes[layer.inputs[0]], &out = plan_.shapes[layer.output];
    const Ints& x = values_.at(layer.inputs[0]);
    // Of a row that sums to no more than this the product is a mean of the weights.
    const auto known = row_sums_.find(x.id);
    const bool picks = layer.kind == LayerKind::kMatMul && known != row_sums_.end();
    const double most = picks ? known->second : 0;
    Interval real =
        products(layer, layer.weight.data, layer.bias.data, real_range(x), most * max_of(x.step));
    tighten(real, layer, x, layer.weight.data, layer.bias.data, true);
    if (!is_moderate(real)) return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    Goal goal = goal_for(layer, real);
    const bool is_centring = centres(layer);
    std::uint8_t own_shift = is_centring ? keep_zero(layer, x, goal) : std::uint8_t{0};
    const bool exact = keeps_whole(layer, x, goal) || (most == 1 && max_of(x.range.hi) == 1);
    std::vector<double> weight(layer.weight.data.size()), bias(layer.bias.data.size());
    const std::vector<std::size_t> bias_at =
        bias.empty() ? std::vector<std::size_t>{} : bias_indices(layer, out);
    Sums sums{QAffine{}, {x.id}, {}, {}, 0};
    for (int attempt = 0; attempt < 20; ++attempt) {
        // Steps folded into the weights; a weight that meets no input stays 0.
        std::ranges::fill(weight, 0);
        for_each_weight(layer, in, out, [&](std::size_t o, std::size_t i, std::size_t w) {
            if (weight[w] == 0) weight[w] = layer.weight.data[w] * (x.step[i] / goal.step[o]);
        });
        sums.shift = is_centring ? own_shift
                     : exact     ? std::uint8_t{0}
                                 : pick_shift(largest_magnitude(weight));
        const double unit = std::ldexp(1, sums.shift);
        for (double& w : weight) w = round_half_up(w * unit);
        for (std::size_t o = 0; o < bias_at.size(); ++o) {
            const std::size_t b = bias_at[o];
            bias[b] = round_half_up(std::ldexp(layer.bias.data[b] / goal.step[o], sums.shift));
        }
        sums.acc = products(layer, weight, bias, x.range, most);
        tighten(sums.acc, layer, x, weight, bias, false);
        const double width = std::ldexp(max_of(sums.acc.hi) - min_of(sums.acc.lo), -sums.shift);
        if (width <= goal.budget + kSlack / 2) break;
        for (double& s : goal.step) s = as_float(s * width / goal.budget * 1.001);
        if (is_centring) own_shift = keep_zero(layer, x, goal);
    }
    if (!is_centring) agree_on(goal.step);
    if (std::max(largest_magnitude(weight), largest_magnitude(bias)) >= kMaxInteger)
        return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    std::optional<Hidden> hidden_bias;
    if (layer.kind == LayerKind::kAffine) {
        if (largest_magnitude(bias) != 0) hidden_bias = hidden(layer.bias.shape, bias, out.size());
        sums.op = QAffine{hidden(layer.weight.shape, weight, out.size()), hidden_bias, 1, {}};
    } else {
        if (!bias.empty()) hidden_bias = hidden({static_cast<std::uint32_t>(bias.size())}, bias, 1);
        Hidden integers{layer.weight.shape, to_integers(weight)};
        if (layer.kind == LayerKind::kMatMul) {
            sums.op = QMatMul{std::move(integers), hidden_bias, {}};
        } else {
            const Window& w = layer.window;
            sums.op = QConv{std::move(integers), hidden_bias, w.strides,    w.pads_begin,
                            w.pads_end,          w.dilations, layer.groups, {}};
        }
    }
    sums.step = goal.step;
    const std::uint8_t shift = sums.shift;
    const TensorId from = x.id;
    MINTMARK_CHECK(finish(layer, std::move(sums)));
    move_ball(layer, from, weight, bias, shift);
    if (layer.kind == LayerKind::kMatMul) follow_ball(layer, x, bias);
    return {};
}

/// Products and window sums: exact integers, brought to the goal by a public factor and a shift.
Status Quantiser::add_scaled(const Layer& layer) {
    const Shape& out = plan_.shapes[layer.output];
    std::optional<Normalisation> norm = normalisation(layer);
    if (norm && is_rough(*norm)) MINTMARK_CHECK(normalise_again(layer, *norm));
    const Ints& a = norm ? norm->row : values_.at(layer.inputs[0]);
    const Ints& b = norm ? norm->factor : values_.at(layer.inputs.back());
    const Shape& in = norm ? out : plan_.shapes[layer.inputs[0]];
    Sums sums{QMul{}, {a.id}, {}, std::vector<double>(element_count(out)), 0};
    double known_sum = 0;
    if (layer.kind == LayerKind::kSumPool) {
        sums.acc = pool_interval(layer, in, out, a.range);
        const std::size_t planes = std::size_t{out[0]} * out[1];
        const std::size_t per_out = sums.step.size() / planes, per_in = a.step.size() / planes;
        for (std::size_t o = 0; o < sums.step.size(); ++o)
            sums.step[o] = a.step[o / per_out * per_in] * layer.coefs[0];
    } else {
        sums.inputs.push_back(b.id);
        std::ranges::fill(sums.step, max_of(a.step) * max_of(b.step));
        if (layer.kind == LayerKind::kMatMulDyn) {
            sums.acc = product_interval(in, out, a.range, b.range);
            tighten_products(sums.acc, a, b, in, plan_.shapes[layer.inputs.back()]);
            if (layer.is_square)
                for (double& v : sums.acc.lo) v = std::max(v, 0.0);
            if (const auto known = row_sums_.find(a.id); known != row_sums_.end()) {
                // Shares of a whole: no mean lies beyond the values.
                const double least = known->second * std::min(min_of(b.range.lo), 0.0);
                const double most = known->second * std::max(max_of(b.range.hi), 0.0);
                for (double& v : sums.acc.lo) v = std::max(v, least);
                for (double& v : sums.acc.hi) v = std::min(v, most);
                known_sum = known->second;
            }
        } else {
            Shape shapes[2] = {in, plan_.shapes[layer.inputs[1]]};
            if (norm) (shapes[1] = out).back() = 1;
            const bool same = layer.inputs[0] == layer.inputs[1];
            sums.acc = multiply_interval(shapes, out, a.range, b.range,
                                         same ? Operands2::kSame : Operands2::kDistinct);
        }
    }
    if (norm) {
        for (double& v : sums.acc.lo) v = std::max(v, -norm->length);
        for (double& v : sums.acc.hi) v = std::min(v, norm->length);
    }
    Interval real = sums.acc;
    for (std::size_t o = 0; o < sums.step.size(); ++o) {
        sums.step[o] *= layer.scale;
        real.lo[o] = real.lo[o] * sums.step[o] + layer.offset;
        real.hi[o] = real.hi[o] * sums.step[o] + layer.offset;
    }
    if (!is_moderate(real)) return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    Goal goal = goal_for(layer, real);
    if (layer.kind == LayerKind::kMul && layer.is_square && goal.out_max > 0) {
        // Squares are summed and their roots taken: small ones count.
        goal = {std::vector<double>(sums.step.size(), as_float(max_of(real.hi) / goal.budget)), 0,
                goal.budget};
    }
    const double width = max_of(sums.acc.hi) - min_of(sums.acc.lo);
    double ratio = 1;
    for (std::size_t o = 0; o < sums.step.size(); ++o)
        ratio = std::min(ratio, sums.step[o] / goal.step[o]);
    const bool counts = plan_.integral[layer.sum] && max_of(sums.step) == 1;
    const bool picks = known_sum == 1 && max_of(a.range.hi) == 1;
    const double room = counts ? kLookUpRows - 1 : goal.out_max > 0 ? exact_width() : goal.budget;
    const bool exact =
        picks || all(Choice::kExact, width <= room && (ratio > 0.2 || !is_curve(layer.activation)));
    double factor = 1;
    if (!exact && width * ratio > goal.budget) ratio = goal.budget / width;
    // Agreed on as a step: the inputs' steps may change from pass to pass.
    if (!exact) ratio = max_of(sums.step) / most(Choice::kRatio, max_of(sums.step) / ratio);
    if (!exact && ratio < 1) {
        if (layer.kind == LayerKind::kMatMulDyn) {
            sums.shift =
                static_cast<std::uint8_t>(std::clamp(std::ceil(-std::log2(ratio)), 0.0, 40.0));
        } else {
            // The step absorbs the factor: three bits of it suffice, more are free up to a limb.
            int shift = static_cast<int>(std::floor(std::log2(255 / ratio)));
            const int least = static_cast<int>(std::floor(std::log2(7 / ratio)));
            if (least <= kMaxSmallShift) {
                shift = std::min(shift, kMaxSmallShift);
                shift = std::max<int>(shift, common_shift_);
            }
            if (shift <= kMaxSmallShift) {
                largest_small_shift_ =
                    std::max(largest_small_shift_, static_cast<std::uint8_t>(shift));
            }
            sums.shift = static_cast<std::uint8_t>(std::clamp(shift, 0, 40));
            factor = std::max(1.0, std::floor(std::ldexp(ratio, sums.shift)));
        }
    }
    for (std::size_t o = 0; o < sums.step.size(); ++o) {
        sums.step[o] *= std::ldexp(1 / factor, sums.shift);
        sums.acc.lo[o] *= factor;
        sums.acc.hi[o] *= factor;
    }
    const auto coef = static_cast<std::int64_t>(factor);
    if (layer.kind == LayerKind::kMatMulDyn) sums.op = QMatMulDyn{};
    if (layer.kind == LayerKind::kMul) sums.op = QMul{coef, {}};
    if (layer.kind == LayerKind::kSumPool) {
        const Window& w = layer.window;
        sums.op = QSumPool{w.kernel, w.strides, w.pads_begin, w.pads_end, w.dilations, coef, {}};
    }
    const double constant = round_half_up(layer.offset / max_of(sums.step));
    Layer kept = layer;
    kept.keeps_all = kept.keeps_all || picks;
    const TensorId row = a.id;
    const std::uint8_t shift = sums.shift;
    MINTMARK_CHECK(constant == 0 ? finish(kept, std::move(sums))
                                 : add_offset(layer, std::move(sums), constant));
    note_inverse_length(layer, row, shift, constant);
    if (norm && constant == 0) note_length(layer, std::ldexp(norm->length * factor, -shift));
    return {};
}

/// Exact: x stays as it is, what is masked lies below everything that x can be.
Status Quantiser::add_mask(const Layer& layer) {
    const Shape &in = plan_.shapes[layer.inputs[0]], &out = plan_.shapes[layer.output];
    const Ints& x = values_.at(layer.inputs[0]);
    const double step = max_of(x.step) * max_of(layer.weight.data), lo = min_of(x.range.lo);
    const double width = max_of(x.range.hi) - lo;
    const double depth =
        std::min(std::ceil(kMaskDepth / step), std::max(kLookUpRows / 2 - width, 1.0));
    double least = 0;
    for (std::size_t i = 0; i < layer.bias.data.size(); ++i)
        if (layer.weight.data[i] != 0) least = std::min(least, layer.bias.data[i]);
    std::vector<double> bias, kept;
    for (std::size_t i = 0; i < layer.bias.data.size(); ++i) {
        kept.push_back(layer.weight.data[i] != 0 ? 1 : 0);
        bias.push_back(layer.weight.data[i] != 0 ? round_half_up(layer.bias.data[i] / step)
                                                 : lo + round_half_up(least / step) - depth);
    }
    Sums sums{QAffine{hidden(layer.weight.shape, kept, out.size()),
                      hidden(layer.bias.shape, bias, out.size()),
                      1,
                      {}},
              {x.id},
              linear_interval(layer, in, out, kept, bias, x.range),
              std::vector<double>(element_count(out), step),
              0};
    return finish(layer, std::move(sums));
}

/// The sums as they are, then the activation of sum + constant.
Status Quantiser::add_offset(const Layer& layer, Sums sums, double constant) {
    Ints plain{0, std::move(sums.acc), sums.step};
    for (double& v : plain.range.lo) v = shift_right(v, sums.shift);
    for (double& v : plain.range.hi) v = shift_right(v, sums.shift);
    set_requant(sums.op, {sums.shift, static_cast<std::int64_t>(min_of(plain.range.lo)),
                          static_cast<std::int64_t>(max_of(plain.range.hi)), std::nullopt});
    MINTMARK_CHECK(emit(plan_.names[layer.output] + "/sum", std::move(sums.op),
                        std::move(sums.inputs), plan_.shapes[layer.output], plain));
    if (std::abs(constant) > 0x1p30)
        return fail(ErrorCode::kUnsupported, sum_too_large(layer.name));
    Sums moved{QLinComb{{1}, static_cast<std::int64_t>(constant), {}},
               {plain.id},
               std::move(plain.range),
               std::move(sums.step),
               0};
    for (double& v : moved.acc.lo) v += constant;
    for (double& v : moved.acc.hi) v += constant;
    return finish(layer, std::move(moved));
}

// ---- the whole --------------------------------------------------------------------------------

Result<QuantGraph> Quantiser::run() {
    MINTMARK_CHECK(add_inputs());
    const std::vector<std::size_t> last = last_readers(plan_);
    for (layer_ = 0; layer_ < plan_.layers.size(); ++layer_) {
        const Layer& layer = plan_.layers[layer_];
        MINTMARK_CHECK(add(layer));
        const Ints& result = values_.at(layer.output);
        if (plan_.row_sum[layer.output] > 0 && min_of(result.range.lo) >= 0)
            row_sums_[result.id] = std::ceil(plan_.row_sum[layer.output] / min_of(result.step));
        for (const ValueId id : layer.inputs)
            if (last[id] == layer_) values_.erase(id);
    }
    MINTMARK_CHECK(narrow_outputs());
    add_outputs();
    return std::move(graph_);
}

}  // namespace mintmark::model
