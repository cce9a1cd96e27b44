#include "mintmark/compiler/stacking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "mintmark/base/repeats.hpp"
#include "mintmark/compiler/stack_loop.hpp"

namespace mintmark::compiler {
namespace {

constexpr std::size_t kLeastPeriod = 4;  ///< steps; shorter blocks are not worth an axis

std::string describe(const Draft& draft, const Operand& operand) {
    const PendingTensor& tensor = draft.tensors[operand.tensor];
    std::string text = fmt::format(" {}[", static_cast<int>(tensor.column));
    for (const Axis& axis : tensor.axes) text += fmt::format("{},", axis.dim);
    for (const AxisMap& m : operand.maps) {
        text += fmt::format(";{},{},{},{},{},{},{}", static_cast<int>(m.kind), m.p, m.t, m.g,
                            m.stride, m.dilation, m.offset);
    }
    return text + "]";
}

std::string describe(Int128 coef) {
    const auto bits = static_cast<Uint128>(coef);
    return fmt::format(" {:x}.{:x}", static_cast<std::uint64_t>(bits >> 64),
                       static_cast<std::uint64_t>(bits));
}

/// Everything about a step but which tensors it reads and writes.
std::string describe(const Draft& draft, std::size_t s) {
    const Step& step = draft.steps[s];
    std::string text;
    for (const Axis& axis : step.out) text += fmt::format("{},", axis.dim);
    for (std::size_t l = 0; l < step.limbs.size(); ++l) {
        const TableRequest& r = draft.requests[s][l];
        text += fmt::format("|{} {} {} {} {} {} {} {} {}", step.limbs[l].shift,
                            static_cast<int>(r.function), r.is_exact, r.is_exact ? r.hi : 0,
                            r.out_lo, r.out_hi, r.in_step, r.out_step, r.alpha);
    }
    for (const ConstTerm& term : step.consts) {
        text += "c" + describe(term.coef);
        for (const auto& [lo, hi] : term.ranges) text += fmt::format(" {}-{}", lo, hi);
    }
    for (const LinTerm& term : step.lins)
        text += "l" + describe(term.coef) + describe(draft, term.operand);
    for (const ProdTerm& term : step.prods) {
        text += "p" + describe(term.coef) + fmt::format(" {}", term.shared_mask);
        for (const Axis& axis : term.contract) text += fmt::format(",{}", axis.dim);
        text += describe(draft, term.a) + describe(draft, term.b);
    }
    return text;
}

/// All steps but the first and the last, which bind input and output.
std::vector<std::uint32_t> symbols_of(const Draft& draft) {
    std::map<std::string, std::uint32_t> known;
    std::vector<std::uint32_t> symbols;
    for (std::size_t s = 1; s + 1 < draft.steps.size(); ++s) {
        const auto next = static_cast<std::uint32_t>(known.size());
        symbols.push_back(known.try_emplace(describe(draft, s), next).first->second);
    }
    return symbols;
}

/// Sizes of the stacks of `count` blocks.
std::vector<std::uint32_t> sizes_of(std::size_t count, StackRule rule) {
    if (rule == StackRule::kWhole) return {static_cast<std::uint32_t>(count)};
    std::vector<std::uint32_t> sizes;
    for (; count > 0; count -= sizes.back())
        sizes.push_back(static_cast<std::uint32_t>(std::bit_floor(count)));
    return sizes;
}

/// The stretch with its blocks beginning `skip` steps in; nothing if they cannot be stacked so.
std::optional<StackLoop> stack_stretch(StackLoop state, const Repeat& stretch, std::size_t skip,
                                       StackRule rule) {
    std::size_t s = 1 + stretch.begin;
    const std::size_t end = s + stretch.length;
    for (; skip > 0; --skip)
        if (!state.copy(s++)) return std::nullopt;
    for (const std::uint32_t count : sizes_of(stretch.count(), rule)) {
        if (count > 1) {
            if (!state.stack(s, stretch.period, count)) return std::nullopt;
            s += count * stretch.period;
            continue;
        }
        for (std::size_t i = 0; i < stretch.period; ++i)
            if (!state.copy(s++)) return std::nullopt;
    }
    while (s < end)
        if (!state.copy(s++)) return std::nullopt;
    return state;
}

/// Of the places where the first block may begin the one that leaves fewest steps and tensors.
std::optional<StackLoop> best_stretch(const StackLoop& state, const Repeat& stretch,
                                      StackRule rule) {
    std::optional<StackLoop> best;
    for (std::size_t skip = 0; skip <= stretch.length % stretch.period; ++skip) {
        auto candidate = stack_stretch(state, stretch, skip, rule);
        if (candidate && (!best || candidate->size() < best->size())) best = std::move(candidate);
    }
    return best;
}

}  // namespace

std::optional<Draft> stack_repeats(const Draft& draft, StackRule rule) {
    StackLoop state(draft);
    bool changed = false;
    std::size_t s = 0;
    const auto copy_to = [&](std::size_t end) {
        while (s < end)
            if (!state.copy(s++)) return false;
        return true;
    };
    for (const Repeat& stretch : find_repeats(symbols_of(draft), kLeastPeriod)) {
        if (!copy_to(1 + stretch.begin)) return std::nullopt;
        auto stacked = best_stretch(state, stretch, rule);
        if (!stacked) continue;
        state = *std::move(stacked);
        s = 1 + stretch.end();
        changed = true;
    }
    if (!changed || !copy_to(draft.steps.size())) return std::nullopt;
    return std::move(state).take();
}

}  // namespace mintmark::compiler
