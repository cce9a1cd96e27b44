#include "mintmark/base/repeats.hpp"

#include <algorithm>

namespace mintmark {
namespace {

std::size_t spared(const Repeat& repeat) {
    return repeat.length == 0 ? 0 : (repeat.count() - 1) * repeat.period;
}

/// The longest stretch with this period.
Repeat longest(std::span<const std::uint32_t> symbols, std::size_t period) {
    Repeat best{0, period, 0};
    std::size_t begin = 0;
    for (std::size_t i = 0; i + period <= symbols.size(); ++i) {
        const bool same = i + period < symbols.size() && symbols[i] == symbols[i + period];
        if (same) continue;
        const std::size_t length = i - begin + period;
        if (length >= 2 * period && length > best.length) best = {begin, period, length};
        begin = i + 1;
    }
    return best;
}

void find_in(std::span<const std::uint32_t> symbols, std::size_t first, std::size_t least_period,
             std::vector<Repeat>& out) {
    Repeat best;
    for (std::size_t period = least_period; 2 * period <= symbols.size(); ++period) {
        const Repeat candidate = longest(symbols, period);
        if (spared(candidate) > spared(best)) best = candidate;
    }
    if (best.length == 0) return;
    find_in(symbols.first(best.begin), first, least_period, out);
    out.push_back({first + best.begin, best.period, best.length});
    find_in(symbols.subspan(best.end()), first + best.end(), least_period, out);
}

}  // namespace

std::vector<Repeat> find_repeats(std::span<const std::uint32_t> symbols, std::size_t least_period) {
    std::vector<Repeat> out;
    find_in(symbols, 0, std::max<std::size_t>(least_period, 1), out);
    return out;
}

}  // namespace mintmark
