#include "mintmark/circuit/unroll.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace mintmark {
namespace {

std::unexpected<Error> out_of_order() {
    return fail(ErrorCode::kMalformed,
                "circuit: operand is not a limb or result of an earlier step");
}

constexpr std::size_t kMostRecords = 0xffff;  ///< steps, and tensors, of a circuit

/// Steps first .. last, each once per index of the first out axis.
struct Loop {
    std::size_t first = 0, last = 0;
    std::uint32_t count = 0;
};

class Unroller {
  public:
    explicit Unroller(const Circuit& circuit) : circuit_(circuit), out_(circuit) {}

    Result<Circuit> run() {
        for (std::size_t s = 0; s < circuit_.steps.size(); ++s)
            for (const Limb& limb : circuit_.steps[s].limbs)
                binder_[circuit_.tensors[limb.tensor].offset] = s;
        MINTMARK_CHECK(find_loops());
        if (loops_.empty()) return circuit_;
        out_.steps.clear();
        auto loop = loops_.begin();
        for (std::size_t s = 0; s < circuit_.steps.size();) {
            if (loop == loops_.end() || s < loop->first) {
                MINTMARK_CHECK(add(circuit_.steps[s++], std::nullopt));
                continue;
            }
            for (std::uint32_t index = 0; index < loop->count; ++index)
                for (s = loop->first; s <= loop->last; ++s)
                    MINTMARK_CHECK(add(circuit_.steps[s], index));
            ++loop;
        }
        return std::move(out_);
    }

  private:
    using Index = std::optional<std::uint32_t>;

    /// The step that binds a tensor; nothing for weights, input and output.
    [[nodiscard]] std::optional<std::size_t> binder(std::uint16_t id) const {
        const Tensor& tensor = circuit_.tensors[id];
        if (tensor.column != Column::kF && tensor.column != Column::kG) return std::nullopt;
        const auto it = binder_.find(tensor.offset);
        if (it == binder_.end()) return std::nullopt;
        return it->second;
    }

    [[nodiscard]] const Loop* loop_of(std::uint16_t id) const {
        const auto step = binder(id);
        if (!step) return nullptr;
        const auto it = std::ranges::find_if(
            loops_, [&](const Loop& l) { return l.first <= *step && *step <= l.last; });
        return it == loops_.end() ? nullptr : &*it;
    }

    /// The last step whose results the step reads.
    [[nodiscard]] std::size_t last_read(const Step& step) const {
        std::size_t last = 0;
        const auto see = [&](const Operand& operand) {
            last = std::max(last, binder(operand.tensor).value_or(0));
        };
        for (const LinTerm& term : step.lins) see(term.operand);
        for (const ProdTerm& term : step.prods) {
            see(term.a);
            see(term.b);
        }
        return last;
    }

    Status find_loops() {
        for (std::size_t s = 1; s < circuit_.steps.size(); ++s) {
            const std::size_t last = last_read(circuit_.steps[s]);
            if (last < s) continue;
            if (!loops_.empty() && s <= loops_.back().last)
                loops_.back().last = std::max(loops_.back().last, last);
            else
                loops_.push_back({s, last, 0});
        }
        for (Loop& loop : loops_) {
            for (std::size_t s = loop.first; s <= loop.last; ++s) {
                const auto& axes = circuit_.steps[s].out;
                if (axes.empty() || axes[0].dim < 2) return out_of_order();
                if (s == loop.first) loop.count = axes[0].dim;
                if (axes[0].dim != loop.count) return out_of_order();
            }
        }
        return {};
    }

    /// Entry `index` of the first axis of a tensor that a loop binds.
    std::uint16_t slice(std::uint16_t id, std::uint32_t index) {
        const auto [it, is_new] =
            slices_.try_emplace({id, index}, static_cast<std::uint16_t>(out_.tensors.size()));
        if (is_new) {
            Tensor part = circuit_.tensors[id];
            part.axes.erase(part.axes.begin());
            part.offset += index << num_vars(part.axes);
            out_.tensors.push_back(std::move(part));
        }
        return it->second;
    }

    Status add(const Step& step, Index index) {
        Step to = step;
        if (index) to.out.erase(to.out.begin());
        to.lins.clear();
        to.prods.clear();
        for (Limb& limb : to.limbs)
            if (index) limb.tensor = slice(limb.tensor, *index);
        to.consts.clear();
        for (ConstTerm term : step.consts) {
            if (index) {
                if (*index < term.ranges[0].first || *index >= term.ranges[0].second) continue;
                term.ranges.erase(term.ranges.begin());
            }
            to.consts.push_back(std::move(term));
        }
        for (const LinTerm& term : step.lins) {
            MINTMARK_TRY(auto operand, read(term.operand, index));
            if (operand) to.lins.push_back({term.coef, *std::move(operand)});
        }
        for (const ProdTerm& term : step.prods) {
            MINTMARK_TRY(auto a, read(term.a, index));
            MINTMARK_TRY(auto b, read(term.b, index));
            if (!a || !b) continue;
            ProdTerm own = term;
            own.a = *std::move(a);
            own.b = *std::move(b);
            if (index) own.shared_mask = static_cast<std::uint8_t>(own.shared_mask >> 1U);
            to.prods.push_back(std::move(own));
        }
        // A short key may describe a long loop: nobody who reads it needs more memory than for a
        // long key.
        if (out_.tensors.size() > kMostRecords || out_.steps.size() >= kMostRecords)
            return fail(ErrorCode::kMalformed, "circuit: too many tensors or steps in loops");
        out_.steps.push_back(std::move(to));
        return {};
    }

    /// The operand at `index` of the loop that the step is in; nothing when it is zero there.
    Result<std::optional<Operand>> read(const Operand& operand, Index index) {
        Operand to{.tensor = operand.tensor, .maps = {}};
        auto map = operand.maps.begin();
        if (const Loop* loop = loop_of(operand.tensor)) {
            const auto at = map == operand.maps.end() ? std::nullopt : place(*map, index);
            if (!at) return out_of_order();
            if (*at < 0 || *at >= loop->count) return std::nullopt;
            to.tensor = slice(operand.tensor, static_cast<std::uint32_t>(*at));
            ++map;
        }
        auto axis = static_cast<std::size_t>(map - operand.maps.begin());
        for (; map != operand.maps.end(); axis += map->num_axes(), ++map) {
            MINTMARK_TRY(auto own, index ? at_index(*map, *index) : Result<AxisMap>(*map));
            if (is_outside(own, circuit_.tensors[operand.tensor].axes[axis])) return std::nullopt;
            to.maps.push_back(own);
        }
        return to;
    }

    /// The map reads one entry, which the axis does not have.
    static bool is_outside(const AxisMap& map, const Axis& axis) {
        return map.kind == MapKind::kSumWin && map.p == kNoAxis && map.taps() == 1 &&
               (map.offset < 0 || std::cmp_greater_equal(map.offset, axis.dim));
    }

    /// The one entry of an axis that a map reads.
    [[nodiscard]] static std::optional<std::int64_t> place(const AxisMap& map, Index index) {
        if (map.kind == MapKind::kEq && index && map.p == 0) return *index;
        if (map.kind != MapKind::kSumWin || map.taps() != 1) return std::nullopt;
        if (map.p == kNoAxis) return map.offset;
        if (!index || map.p != 0) return std::nullopt;
        return std::int64_t{map.stride} * *index + map.offset;
    }

    /// A map of the other environment axes, at `index` of the first one.
    static Result<AxisMap> at_index(AxisMap map, std::uint32_t index) {
        const auto at = [&](std::uint16_t stride) {
            return static_cast<std::int32_t>(map.offset + std::int64_t{stride} * index);
        };
        switch (map.kind) {
            case MapKind::kAll:
                return map;
            case MapKind::kEq:
                if (map.p == 0)
                    return AxisMap::sum_win(kNoAxis, 1, 0, 1, static_cast<std::int32_t>(index));
                break;
            case MapKind::kSumWin:
                if (map.p == kNoAxis) return map;
                if (map.p == 0)
                    return AxisMap::sum_win(kNoAxis, map.taps(), 0, map.dilation, at(map.stride));
                break;
            case MapKind::kWin:
                if (map.p == 0)
                    return AxisMap::sum_win(static_cast<std::uint8_t>(map.t - 1U), 1, map.dilation,
                                            1, at(map.stride));
                if (map.t == 0)
                    return AxisMap::sum_win(static_cast<std::uint8_t>(map.p - 1U), 1, map.stride, 1,
                                            at(map.dilation));
                --map.t;
                break;
            case MapKind::kRegroup:
                if (map.p == 0) return out_of_order();
                break;
        }
        --map.p;
        return map;
    }

    const Circuit& circuit_;
    Circuit out_;
    std::map<std::uint32_t, std::size_t> binder_;  ///< by first lane: the step
    std::vector<Loop> loops_;
    std::map<std::pair<std::uint16_t, std::uint32_t>, std::uint16_t> slices_;
};

}  // namespace

Result<Circuit> unroll(const Circuit& circuit) {
    return Unroller(circuit).run();
}

}  // namespace mintmark
