// Quantisation of what counts: sums of whole numbers, and one-hot rows, which indices turn into.
#include <fmt/format.h>

#include <cmath>

#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint32_t kDigit = 256;  ///< longer axes are addressed by two digits
constexpr std::uint32_t kLongestPlain = 512;
constexpr double kMostRows = 65535;

bool are_whole(std::span<const double> values) {
    return std::ranges::all_of(values, [](double v) { return v == std::floor(v); });
}

/// A look-up whose argument and result are whole numbers.
QLut counting_table(QFunction function, double parameter, double out_lo, double out_hi) {
    QLut lut;
    lut.function = function;
    lut.alpha = static_cast<float>(parameter / kParameterUnits);
    lut.out_lo = static_cast<std::int32_t>(out_lo);
    lut.out_hi = static_cast<std::int32_t>(out_hi);
    return lut;
}

}  // namespace

/// A remainder of numbers that are below the divisor already.
bool Quantiser::is_idle(const Layer& layer) const {
    const bool divides = layer.activation && layer.activation->kind == Pointwise::kRemainder;
    if (!divides || layer.kind != LayerKind::kLinComb || layer.inputs.size() != 1 ||
        layer.coefs[0] != 1 || plan_.shapes[layer.inputs[0]] != plan_.shapes[layer.output]) {
        return false;
    }
    const Ints& x = values_.at(layer.inputs[0]);
    return min_of(x.range.lo) >= 0 && min_of(x.step) == 1 && max_of(x.step) == 1 &&
           max_of(x.range.hi) < layer.activation->alpha * kParameterUnits;
}

Status Quantiser::add_copy(const Layer& layer) {
    Ints copy = values_.at(layer.inputs[0]);
    const TensorId from = copy.id;
    MINTMARK_CHECK(
        emit(plan_.names[layer.output], QReshape{}, {from}, plan_.shapes[layer.output], copy));
    values_[layer.output] = std::move(copy);
    return {};
}

/// Whole numbers times whole numbers: nothing is scaled, no remainder.
bool Quantiser::keeps_whole(const Layer& layer, const Ints& x, const Goal& goal) const {
    const double step = max_of(x.step);
    if (!plan_.integral[layer.sum] || step != min_of(x.step) || step != std::floor(step))
        return false;
    return max_of(goal.step) == 1 && min_of(goal.step) == 1 && are_whole(layer.weight.data) &&
           are_whole(layer.bias.data);
}

/// x * w + b in whole numbers, where the step w would lose b.
std::optional<Quantiser::Sums> Quantiser::whole_sum(const Layer& layer, const Ints& x) const {
    const double factor = layer.weight.data[0] * x.step[0], bias = layer.bias.data[0];
    const bool counts = plan_.integral[layer.sum] && factor == std::floor(factor) &&
                        bias == std::floor(bias) && std::abs(bias) < 0x1p30;
    if (!counts || std::fmod(bias, factor) == 0 || min_of(x.step) != max_of(x.step))
        return std::nullopt;
    Sums sums{QLinComb{{static_cast<std::int64_t>(factor)}, static_cast<std::int64_t>(bias), {}},
              {x.id},
              x.range,
              std::vector<double>(x.step.size(), 1),
              0};
    if (factor < 0) std::swap(sums.acc.lo, sums.acc.hi);
    for (double& v : sums.acc.lo) v = v * factor + bias;
    for (double& v : sums.acc.hi) v = v * factor + bias;
    if (max_of(sums.acc.hi) - min_of(sums.acc.lo) > kMostRows) return std::nullopt;
    return sums;
}

/// Bounds of a linear layer; `most` > 0: no row of x sums to more, and none has negative entries.
Interval Quantiser::products(const Layer& layer, std::span<const double> weight,
                             std::span<const double> bias, const Interval& x, double most) const {
    const Shape &in = plan_.shapes[layer.inputs[0]], &out = plan_.shapes[layer.output];
    if (most <= 0) return linear_interval(layer, in, out, weight, bias, x);
    const std::size_t columns = layer.weight.shape[1], count = element_count(out);
    Interval row{std::vector<double>(columns, 0), std::vector<double>(columns, 0)};
    for (std::size_t w = 0; w < weight.size(); ++w) {
        row.lo[w % columns] = std::min(row.lo[w % columns], weight[w] * most);
        row.hi[w % columns] = std::max(row.hi[w % columns], weight[w] * most);
    }
    Interval sums{std::vector<double>(count), std::vector<double>(count)};
    for (std::size_t o = 0; o < count; ++o) {
        const double b = bias.empty() ? 0 : bias[o % columns];
        sums.lo[o] = row.lo[o % columns] + b;
        sums.hi[o] = row.hi[o % columns] + b;
    }
    return sums;
}

/// [x = j] for j below `depth` along `axis`, where x has dim 1.
Result<Quantiser::Ints> Quantiser::places(const std::string& name, const Ints& x,
                                          std::uint32_t axis, std::uint32_t depth) {
    Shape out = graph_.tensors[x.id].shape;
    Hidden minus{Shape(out.size(), 1), {}};
    out[axis] = minus.shape[axis] = depth;
    for (std::uint32_t j = 0; j < depth; ++j) minus.values.push_back(-std::int64_t{j});
    Requant requant;
    requant.u_lo = static_cast<std::int64_t>(min_of(x.range.lo)) - (std::int64_t{depth} - 1);
    requant.u_hi = static_cast<std::int64_t>(max_of(x.range.hi));
    if (requant.u_hi - requant.u_lo > static_cast<std::int64_t>(kMostRows)) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("quantisation: '{}' takes indices beyond 2^16", name));
    }
    requant.lut = counting_table(QFunction::kIsZero, 0, 0, 1);
    return emit_rows(name, QAffine{std::nullopt, std::move(minus), 1, requant}, {x.id}, out,
                     {0, 1, 1});
}

/// Short axes: one look-up for each entry. Long ones: a one-hot row for each of two digits, and the
/// products of their entries, which are mostly zeros.
Status Quantiser::add_one_hot(const Layer& layer) {
    const auto& op = std::get<OneHotOp>(layer.move);
    const std::string& name = plan_.names[layer.output];
    Ints x = values_.at(layer.inputs[0]);
    if (max_of(x.step) != 1 || min_of(x.step) != 1) {
        if (min_of(x.step) != max_of(x.step) || !are_whole(x.step)) {
            return fail(
                ErrorCode::kUnsupported,
                fmt::format("quantisation: node '{}' needs whole numbers as indices", layer.name));
        }
        MINTMARK_TRY(x, rescale(x, 1, name + "/whole"));
    }
    const Shape& out = plan_.shapes[layer.output];
    const std::uint32_t depth = out[op.axis];
    if (depth <= kLongestPlain) {
        MINTMARK_TRY(values_[layer.output], places(name, x, op.axis, depth));
    } else {
        MINTMARK_TRY(values_[layer.output], two_digits(layer, x, op.axis));
    }
    return {};
}

Result<Quantiser::Ints> Quantiser::two_digits(const Layer& layer, const Ints& x,
                                              std::uint32_t axis) {
    const std::string& name = plan_.names[layer.output];
    const Shape& out = plan_.shapes[layer.output];
    const std::uint32_t high_depth = (out[axis] + kDigit - 1) / kDigit;
    const double lo = min_of(x.range.lo), hi = max_of(x.range.hi);
    Shape split = graph_.tensors[x.id].shape;  // the axis as two: high digit, low digit
    split.insert(split.begin() + axis, 1);
    const auto digit = [&](const char* which, QFunction function, double least,
                           double most) -> Result<Ints> {
        Requant requant{0, static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi),
                        counting_table(function, kDigit, least, most)};
        MINTMARK_TRY(const Ints value, emit_rows(name + which, QLinComb{{1}, 0, requant}, {x.id},
                                                 graph_.tensors[x.id].shape, {least, most, 1}));
        return emit_rows(name + which + "/split", QReshape{}, {value.id}, split, {least, most, 1});
    };
    MINTMARK_TRY(const Ints high, digit("/high", QFunction::kQuotient, std::floor(lo / kDigit),
                                        std::floor(hi / kDigit)));
    MINTMARK_TRY(const Ints low, digit("/low", QFunction::kRemainder, 0, kDigit - 1));
    MINTMARK_TRY(const Ints row, places(name + "/high row", high, axis, high_depth));
    MINTMARK_TRY(const Ints column, places(name + "/low row", low, axis + 1, kDigit));
    Shape grid = split, joint = out;
    grid[axis] = high_depth;
    grid[axis + 1] = kDigit;
    joint[axis] = high_depth * kDigit;
    const RowBounds bit{0, 1, 1};
    MINTMARK_TRY(const Ints product, emit_rows(name + "/grid", QMul{1, {0, 0, 1, std::nullopt}},
                                               {row.id, column.id}, grid, bit));
    MINTMARK_TRY(Ints whole, emit_rows(name + "/row", QReshape{}, {product.id}, joint, bit));
    if (joint == out) return whole;
    const QSlice cut{std::vector<std::uint32_t>(out.size(), 0),
                     std::vector<std::uint32_t>(out.size(), 1)};
    return emit_rows(name, cut, {whole.id}, out, bit);
}

}  // namespace mintmark::model
