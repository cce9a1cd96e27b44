#include "mintmark/prover/operand_table.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/math/small_fold.hpp"

namespace mintmark::prover {
namespace {

using sumcheck::FrTable;

// "weight times element `from` of the old axes is added to element `to` of the new ones."
struct Entry {
    std::size_t from, to;
    Fr weight;
};

// An environment axis: kept as an axis of the table, or folded with eq weights.
struct EnvSlot {
    Axis axis;
    bool kept = false;
    std::vector<Fr> eq;  // of a folded axis: 2^log values

    [[nodiscard]] std::size_t lanes() const { return std::size_t{1} << axis.log(); }
};

// What one map does: the tensor axes it takes become the kept axes, `fresh` lanes.
struct Mode {
    std::size_t old = 1, fresh = 1;
    std::vector<std::uint8_t> kept;
    std::vector<Entry> entries;
    bool identity = false;
};

std::vector<EnvSlot> env_slots(const Step& step, const ProdTerm& term, std::span<const Fr> rho) {
    std::vector<EnvSlot> env;
    for (std::size_t i = 0; i < step.out.size(); ++i) {
        EnvSlot slot{step.out[i], (term.shared_mask >> i & 1) != 0, {}};
        if (!slot.kept) slot.eq = eq_table(axis_slice(step.out, i, rho));
        env.push_back(std::move(slot));
    }
    for (const Axis& axis : term.contract) env.push_back({axis, true, {}});
    return env;
}

// Lane among the kept axes and weight of one Boolean choice of some environment axes.
class Target {
  public:
    void take(const EnvSlot& slot, std::size_t index) {
        if (slot.kept)
            lane_ = lane_ << slot.axis.log() | index;
        else
            weight_ *= slot.eq[index];
    }
    [[nodiscard]] Entry entry(std::size_t from) const { return {from, lane_, weight_}; }

  private:
    std::size_t lane_ = 0;
    Fr weight_ = Fr::one();
};

void keep(Mode& mode, std::span<const EnvSlot> env, std::size_t axis) {
    if (!env[axis].kept) return;
    mode.kept.push_back(static_cast<std::uint8_t>(axis));
    mode.fresh <<= env[axis].axis.log();
}

void add_windows(Mode& mode, const AxisMap& map, const Axis& axis, std::span<const EnvSlot> env) {
    const bool is_win = map.kind == MapKind::kWin;
    const std::uint32_t positions = map.p == kNoAxis ? 1 : env[map.p].axis.dim;
    const std::uint32_t taps = is_win ? env[map.t].axis.dim : map.taps();
    for (std::uint32_t a = 0; a < positions; ++a)
        for (std::uint32_t b = 0; b < taps; ++b) {
            const std::int64_t j =
                std::int64_t{map.stride} * a + std::int64_t{map.dilation} * b + map.offset;
            if (j < 0 || j >= axis.dim) continue;
            Target target;
            if (map.p != kNoAxis) target.take(env[map.p], a);
            if (is_win) target.take(env[map.t], b);
            mode.entries.push_back(target.entry(static_cast<std::size_t>(j)));
        }
}

void add_regroup(Mode& mode, const AxisMap& map, std::span<const Axis> axes,
                 std::span<const EnvSlot> env) {
    std::vector<std::size_t> digits(map.t);
    std::size_t count = 1;
    for (std::size_t i = 0; i < map.t; ++i) count *= env[map.p + i].axis.dim;
    for (std::size_t f = 0; f < count; ++f) {
        std::size_t rest = f;
        for (std::size_t i = map.t; i-- > 0;) {
            digits[i] = rest % env[map.p + i].axis.dim;
            rest /= env[map.p + i].axis.dim;
        }
        Target target;
        for (std::size_t i = 0; i < map.t; ++i) target.take(env[map.p + i], digits[i]);
        mode.entries.push_back(target.entry(padded_index(axes, f)));
    }
}

Mode mode_of(const AxisMap& map, std::span<const Axis> axes, std::span<const EnvSlot> env) {
    Mode mode;
    for (std::size_t i = 0; i < map.num_axes(); ++i) mode.old <<= axes[i].log();
    switch (map.kind) {
        case MapKind::kAll:
            for (std::size_t j = 0; j < mode.old; ++j) mode.entries.push_back({j, 0, Fr::one()});
            break;
        case MapKind::kEq:
            keep(mode, env, map.p);
            mode.identity = env[map.p].kept;
            if (!mode.identity)
                for (std::size_t j = 0; j < mode.old; ++j)
                    mode.entries.push_back({j, 0, env[map.p].eq[j]});
            break;
        case MapKind::kWin:
            keep(mode, env, map.p);
            keep(mode, env, map.t);
            add_windows(mode, map, axes.front(), env);
            break;
        case MapKind::kSumWin:
            if (map.p != kNoAxis) keep(mode, env, map.p);
            add_windows(mode, map, axes.front(), env);
            break;
        case MapKind::kRegroup:
            for (std::size_t i = 0; i < map.t; ++i) keep(mode, env, map.p + i);
            add_regroup(mode, map, axes.first(map.g), env);
            break;
    }
    return mode;
}

// values has shape pre x old x post; the result pre x fresh x post. Threads own columns (p, q).
FrTable apply(std::span<const Fr> values, std::size_t pre, const Mode& mode) {
    const std::size_t post = values.size() / (pre * mode.old);
    FrTable out(pre * mode.fresh * post);
    const std::size_t grain = 1 + 16384 / (1 + mode.entries.size());
    parallel_for(pre * post, grain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end;) {
            const std::size_t p = at / post, q = at % post;
            const std::size_t run = std::min(post - q, end - at);
            for (std::size_t to = 0; to < mode.fresh; ++to)
                std::ranges::fill(std::span(out).subspan((p * mode.fresh + to) * post + q, run),
                                  Fr::zero());
            for (const Entry& entry : mode.entries) {
                const auto from = values.subspan((p * mode.old + entry.from) * post + q, run);
                const auto to = std::span(out).subspan((p * mode.fresh + entry.to) * post + q, run);
                add_scaled(to, entry.weight, from);
            }
            at += run;
        }
    });
    return out;
}

// The entries that make one new element.
struct Fold {
    std::vector<Fr> weights;
    std::vector<std::size_t> from;
};

std::vector<Fold> folds_of(const Mode& mode) {
    std::vector<Fold> folds(mode.fresh);
    for (const Entry& entry : mode.entries) {
        folds[entry.to].weights.push_back(entry.weight);
        folds[entry.to].from.push_back(entry.from);
    }
    return folds;
}

bool is_every_index_in_order(const Fold& fold, std::size_t count) {
    if (fold.from.size() != count) return false;
    for (std::size_t i = 0; i < count; ++i)
        if (fold.from[i] != i) return false;
    return true;
}

// As above for integers: columns in whole blocks, each as one sum of rows.
FrTable apply(std::span<const std::int64_t> values, std::size_t pre, const Mode& mode) {
    constexpr std::size_t kBlock = 16;
    const std::size_t post = values.size() / (pre * mode.old);
    const std::size_t block = std::min(post, kBlock);
    const auto folds = folds_of(mode);
    FrTable out(pre * mode.fresh * post);
    const bool is_dot = post == 1 && mode.fresh == 1 && is_every_index_in_order(folds[0], mode.old);
    const std::size_t grain = 1 + 16384 / (block * (1 + mode.entries.size()));
    parallel_for(pre * post / block, grain, [&](std::size_t begin, std::size_t end) {
        if (is_dot) {
            std::ranges::fill(std::span(out).subspan(begin, end - begin), Fr::zero());
            add_small_dots(std::span(out).subspan(begin, end - begin), folds[0].weights,
                           values.data() + begin * mode.old, mode.old);
            return;
        }
        std::vector<const std::int64_t*> rows;
        for (std::size_t at = begin * block; at < end * block;) {
            const std::size_t p = at / post, q = at % post;
            const std::size_t run = std::min(post - q, end * block - at);
            for (std::size_t to = 0; to < mode.fresh; ++to) {
                rows.clear();
                for (const std::size_t from : folds[to].from)
                    rows.push_back(values.data() + (p * mode.old + from) * post + q);
                const auto sums = std::span(out).subspan((p * mode.fresh + to) * post + q, run);
                std::ranges::fill(sums, Fr::zero());
                add_small_rows<std::int64_t>(sums, folds[to].weights, rows);
            }
            at += run;
        }
    });
    return out;
}

std::size_t product(std::span<const std::size_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), std::size_t{1}, std::multiplies<>());
}

// Where element x of the wanted order lies: each bit of x has its own place.
class Places {
  public:
    Places(std::span<const std::uint8_t> found, std::span<const std::uint8_t> wanted,
           std::span<const EnvSlot> env) {
        std::vector<std::size_t> stride(env.size(), 0);
        std::size_t unit = 1;
        for (std::size_t k = found.size(); k-- > 0;) {
            MINTMARK_ASSERT(stride[found[k]] == 0);
            stride[found[k]] = unit;
            unit <<= env[found[k]].axis.log();
        }
        for (std::size_t k = wanted.size(); k-- > 0;)
            for (std::size_t i = 0; i < env[wanted[k]].axis.log(); ++i)
                of_bit_.push_back(stride[wanted[k]] << i);
        for (std::size_t x = 0; x < kLow; ++x) low_[x] = sum_of_bits(x);
    }
    // The first `count` elements from x on, which is a multiple of kLow, on their way to out.
    void copy(std::span<const Fr> values, std::size_t x, std::span<Fr> out) const {
        const Fr* from = &values[sum_of_bits(x)];
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = from[low_[i]];
    }
    static constexpr std::size_t kLow = 256;

  private:
    [[nodiscard]] std::size_t sum_of_bits(std::size_t x) const {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < of_bit_.size(); ++i) sum += (x >> i & 1) * of_bit_[i];
        return sum;
    }

    std::vector<std::size_t> of_bit_;
    std::array<std::size_t, kLow> low_;
};

// Lanes in the order of the kept axes as found -> the order of the variables x.
FrTable permute(FrTable values, std::span<const std::uint8_t> found,
                std::span<const std::uint8_t> wanted, std::span<const EnvSlot> env) {
    if (std::ranges::equal(found, wanted)) return values;
    MINTMARK_ASSERT(found.size() == wanted.size());
    constexpr std::size_t kGrain = 16;  // blocks
    const Places places(found, wanted, env);
    FrTable out(values.size());
    const std::size_t blocks = (out.size() + Places::kLow - 1) / Places::kLow;
    parallel_for(blocks, kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t x = begin * Places::kLow; x < end * Places::kLow; x += Places::kLow)
            if (x < out.size())
                places.copy(values, x,
                            std::span(out).subspan(x, std::min(Places::kLow, out.size() - x)));
    });
    return out;
}

}  // namespace

FrTable operand_table(const Circuit& circuit, const Step& step, const ProdTerm& term,
                      const Operand& operand, std::span<const Fr> rho,
                      std::span<const std::int64_t> lanes) {
    const auto& axes = circuit.tensors[operand.tensor].axes;
    const auto env = env_slots(step, term, rho);
    std::vector<Mode> modes;
    std::size_t axis = 0;
    for (const AxisMap& map : operand.maps) {
        modes.push_back(mode_of(map, std::span(axes).subspan(axis), env));
        axis += map.num_axes();
    }
    std::vector<std::size_t> sizes, order;
    for (std::size_t i = 0; i < modes.size(); ++i) {
        sizes.push_back(modes[i].old);
        if (!modes[i].identity) order.push_back(i);
    }
    // The strongest reduction first.
    std::ranges::sort(order, [&](std::size_t i, std::size_t j) {
        return modes[i].fresh * modes[j].old < modes[j].fresh * modes[i].old;
    });
    FrTable values;
    if (order.empty()) {
        values.resize(lanes.size());
        parallel_for(lanes.size(), 4096, [&](std::size_t begin, std::size_t end) {
            to_field(std::span(values).subspan(begin, end - begin),
                     lanes.subspan(begin, end - begin));
        });
    }
    for (std::size_t k = 0; k < order.size(); ++k) {
        const std::size_t pre = product(std::span(sizes).first(order[k]));
        const Mode& mode = modes[order[k]];
        values = k == 0 ? apply(lanes, pre, mode) : apply(std::span<const Fr>(values), pre, mode);
        sizes[order[k]] = mode.fresh;
    }
    std::vector<std::uint8_t> found, wanted;
    for (const Mode& mode : modes) found.insert(found.end(), mode.kept.begin(), mode.kept.end());
    for (std::size_t i = step.out.size(); i < env.size(); ++i)
        wanted.push_back(static_cast<std::uint8_t>(i));
    for (std::size_t i = 0; i < step.out.size(); ++i)
        if (env[i].kept) wanted.push_back(static_cast<std::uint8_t>(i));
    return permute(std::move(values), found, wanted, env);
}

}  // namespace mintmark::prover
