#include "mintmark/prover/mock.hpp"

#include <fmt/format.h>

#include <atomic>

#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/prover/int_columns.hpp"

namespace mintmark::prover {
namespace {

// An environment: padded index and dims of each axis.
struct Env {
    std::span<const Axis> out, contract;
    std::vector<std::uint32_t> index;

    [[nodiscard]] const Axis& axis(std::size_t i) const {
        return i < out.size() ? out[i] : contract[i - out.size()];
    }
    [[nodiscard]] bool inside(std::size_t i) const { return index[i] < axis(i).dim; }
};

// Sum of the tensor's lanes that the operand selects at a Boolean environment: walks the axis maps
// from `map` on; `lane` holds the digits of the axes before.
class Walker {
  public:
    Walker(const Operand& operand, const Tensor& tensor, std::span<const std::int64_t> lanes,
           const Env& env)
        : maps_(operand.maps), axes_(tensor.axes), lanes_(lanes), env_(env) {}

    [[nodiscard]] Int128 sum(std::size_t map = 0, std::size_t axis = 0,
                             std::size_t lane = 0) const {
        if (map == maps_.size()) return lanes_[lane];
        const AxisMap& m = maps_[map];
        const auto step = [&](std::int64_t j) {
            return sum(map + 1, axis + 1, lane << axes_[axis].log() | static_cast<std::size_t>(j));
        };
        switch (m.kind) {
            case MapKind::kAll: {
                Int128 total = 0;
                for (std::int64_t j = 0; j < std::int64_t{1} << axes_[axis].log(); ++j)
                    total += step(j);
                return total;
            }
            case MapKind::kEq:
                return step(env_.index[m.p]);
            case MapKind::kWin: {
                if (!env_.inside(m.p) || !env_.inside(m.t)) return 0;
                const std::int64_t j = std::int64_t{m.stride} * env_.index[m.p] +
                                       std::int64_t{m.dilation} * env_.index[m.t] + m.offset;
                return j < 0 || j >= axes_[axis].dim ? Int128{0} : step(j);
            }
            case MapKind::kSumWin: {
                if (m.p != 255 && !env_.inside(m.p)) return 0;
                const std::int64_t base =
                    m.offset + (m.p == 255 ? 0 : std::int64_t{m.stride} * env_.index[m.p]);
                Int128 total = 0;
                for (std::int64_t b = 0; b < m.taps(); ++b) {
                    const std::int64_t j = base + m.dilation * b;
                    if (j >= 0 && j < axes_[axis].dim) total += step(j);
                }
                return total;
            }
            case MapKind::kRegroup:
                return regroup(map, axis, lane);
        }
        return 0;
    }

  private:
    [[nodiscard]] Int128 regroup(std::size_t map, std::size_t axis, std::size_t lane) const {
        const AxisMap& m = maps_[map];
        std::size_t flat = 0;
        for (std::size_t i = m.p; i < std::size_t{m.p} + m.t; ++i) {
            if (!env_.inside(i)) return 0;
            flat = flat * env_.axis(i).dim + env_.index[i];
        }
        std::size_t low = 0, shift = 0;
        for (std::size_t i = m.g; i-- > 0;) {
            const Axis& source = axes_[axis + i];
            low |= flat % source.dim << shift;
            flat /= source.dim;
            shift += source.log();
        }
        return sum(map + 1, axis + m.g, lane << shift | low);
    }

    std::span<const AxisMap> maps_;
    std::span<const Axis> axes_;
    std::span<const std::int64_t> lanes_;
    const Env& env_;
};

class Checker {
  public:
    Checker(const Circuit& circuit, const IntColumns& columns)
        : circuit_(circuit), columns_(columns) {}

    // Whether step `k` holds at the padded out index `o`.
    [[nodiscard]] bool holds(const Step& step, std::size_t o) const {
        Env env{step.out, {}, split(step.out, o)};
        Int128 diff = 0;
        for (const Limb& limb : step.limbs)
            diff += static_cast<Int128>(columns_.f[circuit_.tensors[limb.tensor].offset + o])
                    << limb.shift;
        for (const ConstTerm& term : step.consts) {
            bool inside = true;
            for (std::size_t i = 0; i < step.out.size(); ++i)
                inside = inside && env.index[i] >= term.ranges[i].first &&
                         env.index[i] < term.ranges[i].second;
            if (inside) diff -= term.coef;
        }
        for (const LinTerm& term : step.lins)
            if (reaches(term.operand, env)) diff -= term.coef * value(term.operand, env);
        for (const ProdTerm& term : step.prods) diff -= term.coef * product(step, term, o);
        return diff == 0;
    }

    [[nodiscard]] Status tensors_fit() const {
        for (std::size_t i = 0; i < circuit_.tensors.size(); ++i) {
            const Tensor& tensor = circuit_.tensors[i];
            const auto lanes = columns_.get(tensor.column);
            const std::size_t size = num_lanes(tensor.axes);
            if (tensor.offset > lanes.size() || size > lanes.size() - tensor.offset)
                return fail(ErrorCode::kRejected,
                            fmt::format("tensor {} reaches past the end of its column", i));
        }
        return {};
    }

  private:
    static std::vector<std::uint32_t> split(std::span<const Axis> axes, std::size_t flat) {
        std::vector<std::uint32_t> index(axes.size());
        for (std::size_t i = axes.size(); i-- > 0;) {
            index[i] = static_cast<std::uint32_t>(flat & ((std::size_t{1} << axes[i].log()) - 1));
            flat >>= axes[i].log();
        }
        return index;
    }

    // Out axes that no map of a linear operand uses are broadcast inside their dim only.
    static bool reaches(const Operand& operand, const Env& env) {
        std::uint32_t used = 0;
        for (const AxisMap& map : operand.maps) {
            if (map.kind == MapKind::kAll || map.p == 255) continue;
            const unsigned count = map.kind == MapKind::kRegroup ? map.t : 1;
            used |= ((1U << count) - 1) << map.p;
            if (map.kind == MapKind::kWin) used |= 1U << map.t;
        }
        for (std::size_t i = 0; i < env.out.size(); ++i)
            if ((used >> i & 1) == 0 && !env.inside(i)) return false;
        return true;
    }

    [[nodiscard]] Int128 value(const Operand& operand, const Env& env) const {
        const Tensor& tensor = circuit_.tensors[operand.tensor];
        const auto lanes = columns_.get(tensor.column).subspan(tensor.offset);
        return Walker(operand, tensor, lanes, env).sum();
    }

    [[nodiscard]] Int128 product(const Step& step, const ProdTerm& term, std::size_t o) const {
        Env env{step.out, term.contract, split(step.out, o)};
        const std::size_t count = num_lanes(term.contract);
        const std::size_t n_out = step.out.size();
        Int128 total = 0;
        for (std::size_t x = 0; x < count; ++x) {
            const auto inner = split(term.contract, x);
            env.index.resize(n_out);
            env.index.insert(env.index.end(), inner.begin(), inner.end());
            const Int128 a = value(term.a, env);
            if (a != 0) total += a * value(term.b, env);
        }
        return total;
    }

    const Circuit& circuit_;
    const IntColumns& columns_;
};

// Table id of every F lane: 0 outside of the limbs' boxes.
std::vector<std::uint8_t> lane_ids(const Circuit& circuit, std::size_t lanes) {
    std::vector<std::uint8_t> ids(lanes, 0);
    for (const Step& step : circuit.steps)
        for (const Limb& limb : step.limbs) {
            const Tensor& tensor = circuit.tensors[limb.tensor];
            for_each_lane(tensor.axes, [&](std::size_t, std::size_t lane) {
                ids[tensor.offset + lane] = limb.table;
            });
        }
    return ids;
}

Status check_lookups(const Circuit& circuit, const Witness& witness) {
    const auto ids = lane_ids(circuit, witness.f.size());
    for (std::size_t x = 0; x < ids.size(); ++x) {
        const std::int64_t in = witness.f[x], out = x < witness.g.size() ? witness.g[x] : 0;
        if (ids[x] == 0) {
            if (in != 0 || out != 0)
                return fail(ErrorCode::kRejected,
                            fmt::format("lane {}: padding holds ({}, {})", x, in, out));
            continue;
        }
        const Table& table = circuit.tables[ids[x] - 1U];
        if (in < table.lo || in - table.lo >= std::int64_t{1} << table.log_size)
            return fail(ErrorCode::kRejected,
                        fmt::format("lane {}: {} is outside of table {}", x, in, ids[x]));
        if (out != table_output(table, in))
            return fail(ErrorCode::kRejected,
                        fmt::format("lane {}: table {} maps {} to {}, not to {}", x, ids[x], in,
                                    table_output(table, in), out));
    }
    return {};
}

Status check_step(const Checker& checker, const Step& step, std::size_t k) {
    const std::size_t count = num_lanes(step.out);
    std::atomic<std::size_t> bad = count;
    parallel_for(count, 16, [&](std::size_t begin, std::size_t end) {
        for (std::size_t o = begin; o < end && o < bad; ++o) {
            if (checker.holds(step, o)) continue;
            std::size_t seen = bad;
            while (o < seen && !bad.compare_exchange_weak(seen, o)) {
            }
        }
    });
    if (bad == count) return {};
    return fail(ErrorCode::kRejected,
                fmt::format("step {}: the relation fails at lane {} of its box", k, bad.load()));
}

}  // namespace

Status mock(const Circuit& circuit, std::span<const std::int64_t> weights, const Witness& witness) {
    const std::size_t m = std::size_t{1} << circuit.mu;
    const Tensor* in = find_tensor(circuit, Column::kIn);
    const Tensor* out = find_tensor(circuit, Column::kOut);
    if (weights.size() != circuit.n_w * m || witness.f.size() != circuit.n_f * m ||
        witness.g.size() != circuit.n_g * m ||
        (in != nullptr && witness.input.size() != num_values(in->axes)) ||
        (out != nullptr && witness.output.size() != num_values(out->axes)))
        return fail(ErrorCode::kInvalidArgument, "the witness is not of this circuit's sizes");
    std::vector<std::int64_t> in_box, out_box;
    if (in != nullptr) in_box = to_box(in->axes, witness.input);
    if (out != nullptr) out_box = to_box(out->axes, witness.output);
    const IntColumns columns{weights, in_box, out_box, witness.f, witness.g};
    const Checker checker(circuit, columns);
    MINTMARK_CHECK(checker.tensors_fit());
    MINTMARK_CHECK(check_lookups(circuit, witness));
    for (std::size_t k = 0; k < circuit.steps.size(); ++k)
        MINTMARK_CHECK(check_step(checker, circuit.steps[k], k));
    return {};
}

}  // namespace mintmark::prover
