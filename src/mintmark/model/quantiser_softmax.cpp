// Quantisation of softmax and its logarithm: a maximum, two looked-up exponentials, one logarithm.
//
//   m = max x        e = 65535 exp(x - m)        L = ln(sum e / 65535) in steps t = s/k
//   share = exp((k (x - m) - L) t),   log share = k (x - m) - L,   log sum = k m + L
//
// x, m have step s; k is an integer, so that the sums are exact and need no remainder.
#include <algorithm>
#include <cmath>
#include <limits>

#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

constexpr double kTop = 65535;        ///< e of the largest entry
constexpr double kRows = 65536 - 64;  ///< of a look-up's domain
constexpr double kShareDepth = 32, kLogDepth = 256;
constexpr int kFewBits = 10;  ///< up to here shares have 12 bits: one remainder limb later

Requant requantisation(double lo, double hi, std::uint8_t shift = 0) {
    return {shift, static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi), std::nullopt};
}

/// The least 2^k or 3·2^k that is `wanted` at least, or the largest up to `most`: of such factors
/// there are few, so layers share tables.
double few_digits(double wanted, double most) {
    double best = 1;
    for (double power = 1; power <= most; power *= 2) {
        for (const double factor : {power, 1.5 * power}) {
            if (factor != std::floor(factor) || factor > most || best >= wanted) continue;
            best = factor;
        }
    }
    return best;
}

QLut function_table(QFunction function, double in_step, double out_step, double out_hi) {
    QLut lut;
    lut.function = function;
    lut.in_step = table_step(in_step);
    lut.out_step = static_cast<float>(out_step);
    lut.out_hi = static_cast<std::int32_t>(out_hi);
    return lut;
}

/// The rows of softmax: `shape` split at its last axis.
struct Rows {
    std::uint32_t count, length;
    Shape shape, reduced;

    explicit Rows(const Shape& full) : shape(full), reduced(full) {
        length = full.back();
        count = static_cast<std::uint32_t>(element_count(full) / length);
        reduced.back() = 1;
    }
    [[nodiscard]] Shape flat(std::uint32_t last) const { return {1, count, last}; }
};

}  // namespace

bool centres(const Layer& layer) {
    if (layer.kind != LayerKind::kMatMul || !layer.bias.data.empty()) return false;
    const std::size_t n = layer.weight.shape[0];
    if (n < 2 || layer.weight.shape[1] != n || layer.weight.data[1] >= 0) return false;
    const double off = layer.weight.data[1];
    for (std::size_t i = 0; i < n * n; ++i) {
        const double wanted = i % (n + 1) == 0 ? -off * static_cast<double>(n - 1) : off;
        if (std::abs(layer.weight.data[i] - wanted) > 1e-9 * std::abs(wanted)) return false;
    }
    return true;
}

/// The step for which the weights of a row become whole numbers whose sum is exactly 0, and their
/// shift. They are no secret and cost nothing, so weight bits do not limit them: unit is at least
/// 4, a quarter being the most that the step is coarser than wanted.
std::uint8_t Quantiser::keep_zero(const Layer& layer, const Ints& x, Goal& goal) {
    constexpr double kLeastUnit = 4;
    constexpr int kOneLimb = 12, kMostShift = 32;
    const double off = -layer.weight.data[1] * max_of(x.step);
    const double ratio = off / max_of(goal.step);
    int shift = static_cast<int>(std::ceil(std::log2(kLeastUnit / ratio)));
    shift = std::clamp(shift <= kOneLimb ? kOneLimb : shift, 0, kMostShift);
    if (shift == kOneLimb) largest_small_shift_ = kOneLimb;
    const double unit = std::max(1.0, std::floor(std::ldexp(ratio, shift)));
    std::ranges::fill(goal.step, std::ldexp(off / unit, shift));
    return static_cast<std::uint8_t>(shift);
}

/// How far below the largest entry of a row differences are told apart. e^-32 is no share of any
/// step, e^-256 no binary32 number; logarithms go as far as the samples do.
double Quantiser::softmax_depth(const Layer& layer, SoftmaxKind kind) const {
    if (kind != SoftmaxKind::kLogShare) return kShareDepth;
    const bool known = layer.output < calibration_.seen.size() && calibration_.samples > 0;
    return known ? std::max(kLogDepth, 1.5 * calibration_.seen[layer.output])
                 : std::numeric_limits<double>::infinity();
}

/// x less the largest entry of its row, not below `lowest`.
Result<Quantiser::Ints> Quantiser::difference(const std::string& name, const Ints& x,
                                              const Ints& largest, const Shape& shape,
                                              double lowest) {
    const double width = max_of(x.range.hi) - min_of(x.range.lo);
    Requant requant = requantisation(-width, 0);
    if (lowest > -width) {
        requant.lut = QLut{};
        requant.lut->out_lo = static_cast<std::int32_t>(lowest);
    }
    const RowBounds bounds{std::max(lowest, -width), 0, max_of(largest.step)};
    return emit_rows(name, QLinComb{{1, -1}, 0, requant}, {x.id, largest.id}, shape, bounds);
}

/// Emits a node whose result is `bounds` for every element.
Result<Quantiser::Ints> Quantiser::emit_rows(const std::string& name, QOp op,
                                             std::vector<TensorId> inputs, const Shape& shape,
                                             const RowBounds& bounds) {
    const std::size_t count = element_count(shape);
    Ints out{0,
             {std::vector<double>(count, bounds.lo), std::vector<double>(count, bounds.hi)},
             std::vector<double>(count, bounds.step)};
    if (const Requant* requant = requant_of(op); requant != nullptr && requant->lut) {
        const double rows = static_cast<double>(requant->u_hi - requant->u_lo) + 1;
        widest_bits_ = std::max(widest_bits_, static_cast<int>(std::ceil(std::log2(rows))));
    }
    MINTMARK_CHECK(emit(name, std::move(op), std::move(inputs), shape, out));
    return out;
}

Status Quantiser::add_softmax(const Layer& layer) {
    const SoftmaxKind kind = std::get<SoftmaxOp>(layer.move).kind;
    const std::string name = plan_.names[layer.output];
    const Rows rows(plan_.shapes[layer.inputs[0]]);
    const double log_length = std::log(static_cast<double>(rows.length));
    Ints x = values_.at(layer.inputs[0]);
    const double span = (max_of(x.range.hi) - min_of(x.range.lo)) * max_of(x.step) + log_length;
    if (!all(Choice::kRescale, max_of(x.step) >= span / kRows)) {
        const double coarse = most(Choice::kResultStep, as_float(span / (kRows / 2)));
        MINTMARK_TRY(x, rescale(x, coarse, name + "/scaled"));
    }
    const double lo = min_of(x.range.lo), hi = max_of(x.range.hi);
    double width = hi - lo;
    const double step = static_cast<double>(table_step(max_of(x.step)));
    const RowBounds like_x{lo, hi, step};

    MINTMARK_TRY(const Ints flat,
                 emit_rows(name + "/rows", QReshape{}, {x.id}, rows.flat(rows.length), like_x));
    MINTMARK_TRY(const Ints top,
                 emit_rows(name + "/top", QMaxPool{{rows.length}, {1}, {0}, {0}, {1}}, {flat.id},
                           rows.flat(1), like_x));
    MINTMARK_TRY(const Ints largest,
                 emit_rows(name + "/max", QReshape{}, {top.id}, rows.reduced, like_x));

    // Where entries are far apart, those that do not count take the table's rows from those that
    // do.
    std::vector<TensorId> operands = {x.id, largest.id};
    const double depth = most(Choice::kHigh, std::floor(softmax_depth(layer, kind) / step));
    const bool is_deep = kind != SoftmaxKind::kLogSum && width > depth && width * step > kLogDepth;
    if (!all(Choice::kKeeps, !is_deep)) {
        width = std::min(width, depth);
        MINTMARK_TRY(const Ints below, difference(name + "/below", x, largest, rows.shape, -width));
        operands = {below.id};
    }
    // `scale` times each of the operands, the second one taken away.
    const auto sum_of = [&operands](std::int64_t scale) {
        return operands.size() == 1 ? std::vector{scale} : std::vector{scale, -scale};
    };

    // The exponentials of the differences; the largest is kTop exactly.
    Requant requant = requantisation(-width, 0);
    requant.lut = function_table(QFunction::kExp, step, 1 / kTop, kTop);
    MINTMARK_TRY(const Ints power, emit_rows(name + "/exp", QLinComb{sum_of(1), 0, requant},
                                             operands, rows.shape, {0, kTop, 1 / kTop}));

    // t: fine enough for the result, and every sum within a table.
    const bool precise = is_precise(layer);
    const double wanted = precise ? 0x1p-14 : std::ldexp(0.5, -bits_);
    const double rows_left = precise ? std::ldexp(1, output_bits()) - 64 : kRows;
    const double largest_factor =
        std::max(std::floor(rows_left / (width + log_length / step)), 1.0);
    const double factor =
        least(Choice::kFactor, few_digits(std::ceil(step / wanted), largest_factor));
    const double fine = as_float(step / factor);

    // The sum is at least kTop, so its logarithm is not negative.
    std::uint8_t shift = 0;
    while (std::ldexp(kTop * (rows.length - 1.0), -shift) >= kRows) ++shift;
    const auto halved = [shift](double v) { return std::floor(std::ldexp(v, -shift) + 0.5); };
    const double most_log = std::ceil(log_length / fine) + 2;
    requant =
        requantisation(std::floor(std::ldexp(kTop, -shift)), halved(kTop * rows.length), shift);
    requant.lut = function_table(QFunction::kLog, std::ldexp(1 / kTop, shift), fine, most_log);
    MINTMARK_TRY(const Ints flat_power, emit_rows(name + "/exp rows", QReshape{}, {power.id},
                                                  rows.flat(rows.length), {0, kTop, 1 / kTop}));
    MINTMARK_TRY(const Ints sum,
                 emit_rows(name + "/sum", QSumPool{{rows.length}, {1}, {0}, {0}, {1}, 1, requant},
                           {flat_power.id}, rows.flat(1), {0, most_log, fine}));
    MINTMARK_TRY(const Ints log_sum,
                 emit_rows(name + "/log", QReshape{}, {sum.id}, rows.reduced, {0, most_log, fine}));

    const auto coef = static_cast<std::int64_t>(factor);
    if (kind == SoftmaxKind::kLogSum) {
        const RowBounds bounds{factor * lo, factor * hi + most_log, fine};
        requant = requantisation(bounds.lo, bounds.hi);
        MINTMARK_TRY(values_[layer.output],
                     emit_rows(name, QLinComb{{coef, 1}, 0, requant}, {largest.id, log_sum.id},
                               rows.reduced, bounds));
        return {};
    }
    const double lowest = -factor * width - most_log;
    requant = requantisation(lowest, 0);
    RowBounds bounds{lowest, 0, fine};
    if (kind == SoftmaxKind::kShare) {
        const double one = precise || bits_ > kFewBits ? 32767 : 4095;
        requant.lut = function_table(QFunction::kExp, fine, 1 / one, one);
        bounds = {0, one, as_float(1 / one)};
    }
    std::vector<std::int64_t> coefs = sum_of(coef);
    coefs.push_back(-1);
    operands.push_back(log_sum.id);
    MINTMARK_TRY(const Ints result,
                 emit_rows(name, QLinComb{coefs, 0, requant}, operands, rows.shape, bounds));
    if (kind == SoftmaxKind::kShare) {
        // Errors of the logarithm (half a step, the sum's rounding) and of each share (one half).
        const double loose = fine / 2 + (std::ldexp(0.5, shift) + rows.length / 2.0) / kTop;
        row_sums_[result.id] = std::ceil(bounds.hi * std::exp(loose) + rows.length / 2.0) + 1;
    }
    values_[layer.output] = result;
    return {};
}

}  // namespace mintmark::model
