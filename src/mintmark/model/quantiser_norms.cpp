// Rows of bounded length. A row that was divided by its length (layer normalisation, RMS
// normalisation) has at most the length sqrt(n), whatever its entries are; so a product with
// weights w reaches |w|_2 sqrt(n) (Cauchy-Schwarz) where interval arithmetic allows for |w|_1 times
// the largest entry: look-ups are narrower, steps finer.
//
//   d, S = sum d^2, r = T(S) with T ~ 1/sqrt, y = d r:   |y|_2 = sqrt(S) T(S) <= max over S
//
// The maximum is taken over the integers themselves, so it holds for them and not only for the
// reals.
#include <algorithm>
#include <cmath>

#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

/// The largest sqrt(S) T(u) with u = floor((S + 2^(shift-1)) / 2^shift) + constant. T falls, so a
/// stretch of u is bounded by its ends.
double longest(const Requant& requant, std::uint8_t shift, double constant) {
    double most = 0;
    for (std::int64_t u = requant.u_lo; u <= requant.u_hi;) {
        const std::int64_t last = std::min(requant.u_hi, u + std::max<std::int64_t>(u, 0) / 128);
        const double sum = std::ldexp(static_cast<double>(last) - constant + 0.5, shift);
        most = std::max(
            most, std::sqrt(std::max(sum, 0.0)) * static_cast<double>(lut_output(*requant.lut, u)));
        u = last + 1;
    }
    return most;
}

constexpr double kRootRows = 65536 - 256;  ///< of the second 1/sqrt
constexpr double kMostFirst = 32000;       ///< entries that were divided once
constexpr double kSecondReach = 2;         ///< of the second factor, at least
constexpr double kMostReach = 256;

/// The largest |T(u) - T(0)| / |u|.
double steepest_ratio(const Requant& requant) {
    const auto zero = static_cast<double>(lut_output(*requant.lut, 0));
    double most = 0;
    for (std::int64_t u = requant.u_lo; u <= requant.u_hi; ++u) {
        if (u == 0) continue;
        const double rise = static_cast<double>(lut_output(*requant.lut, u)) - zero;
        most = std::max(most, std::abs(rise) / std::abs(static_cast<double>(u)));
    }
    return most;
}

/// Whether `steps` are those of the first n for all rows of n.
bool same_for_rows(std::span<const double> steps, std::size_t n) {
    for (std::size_t i = n; i < steps.size(); ++i)
        if (steps[i] != steps[i - n]) return false;
    return true;
}

}  // namespace

TensorId Quantiser::origin(TensorId id) const {
    const auto known = origins_.find(id);
    return known == origins_.end() ? id : known->second;
}

void Quantiser::note_inverse_length(const Layer& layer, TensorId row, std::uint8_t shift,
                                    double constant) {
    const Requant* requant = requant_of(graph_.nodes.back().op);
    if (!layer.is_square || requant == nullptr || !requant->lut ||
        requant->lut->function != QFunction::kRsqrt)
        return;
    const double reach = requant->lut->out_hi * static_cast<double>(requant->lut->out_step);
    inverse_lengths_[values_.at(layer.output).id] = {
        origin(row), longest(*requant, shift, constant), layer.offset * reach * reach, layer.scale};
    note_shortest(layer, *requant->lut);
}

/// What the factor makes of the shortest row that was seen: where next to no rows of the table are
/// left for it, that is far from 1.
void Quantiser::note_shortest(const Layer& layer, const QLut& root) {
    constexpr double kFewRows = 4;
    if (layer.sum >= calibration_.lo.size() || calibration_.lo[layer.sum].empty()) return;
    const double least = min_of(calibration_.lo[layer.sum]);
    const auto step = static_cast<double>(root.in_step);
    if (!(least > 0)) return;
    const auto u = static_cast<std::int64_t>(round_half_up(least / step));
    const double factor =
        static_cast<double>(lut_output(root, u)) * static_cast<double>(root.out_step);
    InverseLength& inverse = inverse_lengths_[values_.at(layer.output).id];
    inverse.is_coarse = least < kFewRows * step;
    inverse.shortest = std::sqrt(least) * factor;
}

std::optional<Quantiser::Normalisation> Quantiser::normalisation(const Layer& layer) const {
    if (layer.kind != LayerKind::kMul || layer.is_square) return std::nullopt;
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const ValueId row = layer.inputs[i], factor = layer.inputs[1 - i];
        const auto known = inverse_lengths_.find(origin(values_.at(factor).id));
        if (known == inverse_lengths_.end() || known->second.row != origin(values_.at(row).id))
            continue;
        Shape reduced = plan_.shapes[row];
        reduced.back() = 1;
        if (plan_.shapes[factor] == reduced && plan_.shapes[layer.output] == plan_.shapes[row])
            return Normalisation{values_.at(row),        values_.at(factor),
                                 known->second.length,   known->second.epsilon,
                                 known->second.scale,    known->second.shortest,
                                 known->second.is_coarse};
    }
    return std::nullopt;
}

/// Whether the rows that were divided by their lengths can be far longer than they should be.
bool Quantiser::is_rough(const Normalisation& norm) const {
    constexpr double kLeastEpsilon = 0x1p-8;  ///< as a part of the least variance: then it matters
    const bool uniform = min_of(norm.row.step) == max_of(norm.row.step) &&
                         min_of(norm.factor.step) == max_of(norm.factor.step);
    const double length = norm.length * norm.row.step[0] * norm.factor.step[0];
    const bool rough = norm.is_coarse || length * std::sqrt(norm.scale) > 2;
    return all(Choice::kUniform, uniform && norm.epsilon < kLeastEpsilon) &&
           most(Choice::kTwice, rough ? 1 : 0) > 0;
}

/// row := row factor, factor := 1 / sqrt(scale |row|^2).
Status Quantiser::normalise_again(const Layer& layer, Normalisation& norm) {
    const std::string name = plan_.names[layer.output];
    const Shape shape = plan_.shapes[layer.output];
    const std::uint32_t n = shape.back();
    const auto rows = static_cast<std::uint32_t>(element_count(shape) / n);
    // As long as any twin's: what follows is then the same for all.
    const double unit = norm.row.step[0] * norm.factor.step[0];
    norm.length = std::max(norm.length, most(Choice::kLength, norm.length * unit) / unit);
    const double wanted = std::ceil(std::log2(std::max(norm.length / kMostFirst, 1.0)));
    const auto first = static_cast<std::uint8_t>(most(Choice::kFirstShift, wanted));
    const double reach = std::ceil(std::ldexp(norm.length, -first)) + 1;
    const auto end = static_cast<std::int64_t>(reach);
    const double step = unit * std::ldexp(1, first);
    MINTMARK_TRY(const Ints once,
                 emit_rows(name + "/once", QMul{1, {first, -end, end, std::nullopt}},
                           {norm.row.id, norm.factor.id}, shape, {-reach, reach, step}));
    MINTMARK_TRY(const Ints left, emit_rows(name + "/row", QReshape{}, {once.id}, {rows, 1, n},
                                            {-reach, reach, step}));
    MINTMARK_TRY(const Ints right, emit_rows(name + "/column", QReshape{}, {once.id}, {rows, n, 1},
                                             {-reach, reach, step}));
    const double length = std::ldexp(norm.length, -first) + std::sqrt(n) / 2;
    const double halvings = std::ceil(std::log2(std::max(length * length / kRootRows, 1.0)));
    const auto shift = static_cast<std::uint8_t>(most(Choice::kSecondShift, halvings));
    const double wanted_reach = std::exp2(std::ceil(std::log2(1 / norm.shortest)));
    const double most_second =
        most(Choice::kSecondReach, std::clamp(wanted_reach, kSecondReach, kMostReach));
    QLut root{.function = QFunction::kRsqrt,
              .in_step = table_step(step * step * std::ldexp(1, shift) * norm.scale),
              .out_step = static_cast<float>(most_second / 32767),
              .out_hi = 32767};
    const double squares = std::ceil(std::ldexp(length * length, -shift)) + 1;
    const Requant requant{shift, 0, static_cast<std::int64_t>(squares), root};
    const double root_step = static_cast<double>(root.out_step);
    MINTMARK_TRY(const Ints inverse,
                 emit_rows(name + "/inverse", QMatMulDyn{requant}, {left.id, right.id},
                           {rows, 1, 1}, {0, static_cast<double>(root.out_hi), root_step}));
    Shape reduced = shape;
    reduced.back() = 1;
    MINTMARK_TRY(norm.factor, emit_rows(name + "/factor", QReshape{}, {inverse.id}, reduced,
                                        {0, static_cast<double>(root.out_hi), root_step}));
    norm.row = once;
    norm.length = longest(requant, shift, 0);
    return {};
}

void Quantiser::note_length(const Layer& layer, double length) {
    const std::size_t n = plan_.shapes[layer.output].back();
    balls_[values_.at(layer.output).id] = {std::vector<double>(n, 0), std::vector<double>(n, 1),
                                           length, 0.5};
}

/// y = (w x + b) / 2^shift, one weight and bias for each index of the last axis.
void Quantiser::move_ball(const Layer& layer, TensorId from, std::span<const double> weight,
                          std::span<const double> bias, std::uint8_t shift) {
    const auto known = balls_.find(from);
    if (layer.kind != LayerKind::kAffine || known == balls_.end()) return;
    const Shape &in = plan_.shapes[layer.inputs[0]], &out = plan_.shapes[layer.output];
    const RowBall& x = known->second;
    const std::size_t n = x.center.size();
    std::vector<double> factors(element_count(out)), constants(factors.size(), 0);
    for_each_weight(layer, in, out,
                    [&](std::size_t o, std::size_t, std::size_t w) { factors[o] = weight[w]; });
    if (!bias.empty()) {
        const std::vector<std::size_t> at = bias_indices(layer, out);
        for (std::size_t o = 0; o < at.size(); ++o) constants[o] = bias[at[o]];
    }
    if (in != out || !same_for_rows(factors, n) || !same_for_rows(constants, n)) return;
    RowBall y{{}, {}, x.radius, 0};
    const double unit = std::ldexp(1, -shift);
    const Ints& result = values_.at(layer.output);
    for (std::size_t i = 0; i < n; ++i) {
        y.center.push_back((factors[i] * x.center[i] + constants[i]) * unit);
        y.gain.push_back(factors[i] * x.gain[i] * unit);
        y.error = std::max(y.error, std::abs(factors[i]) * x.error * unit);
        // A clamp brings results closer to what lies within it.
        if (y.center[i] < min_of(result.range.lo) || y.center[i] > max_of(result.range.hi)) return;
    }
    y.error += 0.5;
    balls_[result.id] = std::move(y);
}

/// A product of rows in a ball lies in a ball too, around 0, and so does what a look-up T makes of
/// it: |T(u)| <= k |u|.
void Quantiser::follow_ball(const Layer& layer, const Ints& x, std::span<const double> bias) {
    const auto known = balls_.find(x.id);
    const auto* product = std::get_if<QMatMul>(&graph_.nodes.back().op);
    const Ints& y = values_.at(layer.output);
    if (product == nullptr || known == balls_.end() || !product->requant.lut ||
        graph_.nodes.back().output != y.id || min_of(y.step) != max_of(y.step) ||
        !is_multiplied(layer.output))
        return;
    const RowBall& ball = known->second;
    const std::size_t n = ball.center.size(), m = layer.weight.shape[1];
    if (layer.weight.shape[0] != n || !same_for_rows(x.step, n)) return;
    std::vector<double> gains(n);
    double own = 0;
    for (std::size_t i = 0; i < n; ++i) {
        gains[i] = std::abs(ball.gain[i]) * x.step[i] * ball.radius;
        own += ball.gain[i] * ball.gain[i];
    }
    const std::optional<double> norm = plan_.spectra->bound(layer_, layer.weight.data, gains);
    if (!norm) return;
    const double unit = std::ldexp(1, -product->requant.shift);
    double square = 0;
    for (std::size_t j = 0; j < m; ++j) {
        double middle = bias.empty() ? 0 : bias[j], size = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const auto w = static_cast<double>(product->weight.values[i * m + j]);
            middle += w * ball.center[i];
            size += std::abs(w);
        }
        const double reach = (std::abs(middle) + size * ball.error) * unit + 0.5;
        square += reach * reach;
    }
    // Weights are rounded to whole numbers: half a unit each.
    const double rounded = std::sqrt(static_cast<double>(m) * own) * ball.radius * unit / 2;
    const double step =
        is_curve(layer.activation) ? static_cast<double>(product->requant.lut->in_step) : y.step[0];
    const double length = *norm / step + rounded + std::sqrt(square);
    balls_[y.id] = {std::vector<double>(m, 0), std::vector<double>(m, 1),
                    length * steepest_ratio(product->requant),
                    std::abs(static_cast<double>(lut_output(*product->requant.lut, 0)))};
}

/// The ball's v where entries also lie within `range`, that of all rows.
BoxedBall Quantiser::boxed(const RowBall& ball, const Interval& range) {
    const std::size_t n = ball.center.size();
    BoxedBall out{ball.radius, std::vector<double>(n, -ball.radius),
                  std::vector<double>(n, ball.radius)};
    for (std::size_t i = 0; i < n; ++i) {
        if (ball.gain[i] == 0) continue;
        double least = range.lo[i], most = range.hi[i];
        for (std::size_t e = i; e < range.lo.size(); e += n) {
            least = std::min(least, range.lo[e]);
            most = std::max(most, range.hi[e]);
        }
        const double a = (least - ball.error - ball.center[i]) / ball.gain[i];
        const double b = (most + ball.error - ball.center[i]) / ball.gain[i];
        out.lo[i] = std::max(out.lo[i], std::min(a, b));
        out.hi[i] = std::min(out.hi[i], std::max(a, b));
    }
    return out;
}

bool Quantiser::is_multiplied(ValueId id) const {
    return std::ranges::any_of(plan_.layers, [id](const Layer& reader) {
        return reader.kind == LayerKind::kMatMul && reader.inputs[0] == id;
    });
}

/// The sums of a matrix product with [n, m] weights, per column.
void Quantiser::tighten(Interval& sums, const Layer& layer, const Ints& x,
                        std::span<const double> weight, std::span<const double> bias,
                        bool in_reals) const {
    const auto known = balls_.find(x.id);
    if (layer.kind != LayerKind::kMatMul || known == balls_.end()) return;
    const RowBall& ball = known->second;
    const std::size_t n = ball.center.size(), m = weight.size() / n;
    const bool is_matrix = layer.weight.shape.size() == 2 && layer.weight.shape[0] == n;
    if (plan_.shapes[layer.inputs[0]].back() != n || !is_matrix || !same_for_rows(x.step, n))
        return;
    std::vector<double> center(m, 0), size(m, 0), folded(weight.size());
    for (std::size_t i = 0; i < n; ++i) {
        const double unit = in_reals ? x.step[i] : 1;
        for (std::size_t j = 0; j < m; ++j) {
            const double w = weight[i * m + j] * unit;
            center[j] += w * ball.center[i];
            folded[i * m + j] = w * ball.gain[i];
            size[j] += std::abs(w);
        }
    }
    const Reach reach = reach_of(folded, boxed(ball, x.range));
    for (std::size_t o = 0; o < sums.lo.size(); ++o) {
        const std::size_t j = o % m;
        const double middle = center[j] + (bias.empty() ? 0 : bias[j]);
        // Rounded outwards: the sums themselves are in floating point.
        const double error = size[j] * ball.error;
        const double slack = (std::max(-reach.least[j], reach.most[j]) + error) * 1e-9;
        const double least = middle + reach.least[j] - error - slack;
        const double most = middle + reach.most[j] + error + slack;
        sums.lo[o] = std::max(sums.lo[o], in_reals ? least : std::floor(least) - 1);
        sums.hi[o] = std::min(sums.hi[o], in_reals ? most : std::ceil(most) + 1);
    }
}

}  // namespace mintmark::model
