#include <algorithm>
#include <bit>

#include "mintmark/circuit/byte_io.hpp"
#include "mintmark/circuit/program_weights.hpp"

namespace mintmark::program {
namespace {

/// Low bits that neither of two indices shares with a higher axis.
unsigned common_twos(std::uint32_t a, std::uint32_t b) {
    return static_cast<unsigned>(std::min(std::countr_zero(a), std::countr_zero(b)));
}

void take_low(EnvPoint& part, unsigned vars) {
    part.first += vars;
    part.axis.dim >>= vars;
}

/// Drops what is taken wholly.
void advance(std::span<EnvPoint>& parts) {
    while (!parts.empty() && parts.front().axis.dim == 1) parts = parts.subspan(1);
}

/// Of two lists of parts, lowest first and neither empty, how many of each have the same product of
/// dims, the least.
std::pair<std::size_t, std::size_t> first_block(std::span<const EnvPoint> dest,
                                                std::span<const EnvPoint> source) {
    std::size_t i = 1, j = 1;
    std::uint64_t a = dest[0].axis.dim, b = source[0].axis.dim;
    while (a != b) {
        if (a < b)
            a *= dest[i++].axis.dim;
        else
            b *= source[j++].axis.dim;
    }
    return {i, j};
}

}  // namespace

Weights::Place Weights::place(unsigned position, unsigned vars, std::uint32_t t) const {
    const unsigned above = std::max(position, mu_);
    const unsigned inside = std::min(position + vars, above) - std::min(position, above);
    const unsigned high = vars - inside;
    return {.position = position,
            .vars = vars,
            .inside = inside,
            .chunk = high == 0 ? 0 : (t >> (above - mu_)) & ((1U << high) - 1)};
}

void Weights::append_regroup(Product& out, std::vector<Slice>& spread, Run& run,
                             const Regroup& map) {
    std::vector<EnvPoint> dests(map.dest.rbegin(), map.dest.rend()), sources;
    unsigned position = map.position;
    for (std::size_t i = map.source.size(); i-- > 0;) {
        sources.push_back({z_ + position, map.source[i]});
        position += map.source[i].log();
    }
    std::span<EnvPoint> dest(dests), source(sources);
    for (advance(dest), advance(source); !dest.empty(); advance(dest), advance(source)) {
        const unsigned at = source[0].first - z_;
        const unsigned twos = common_twos(dest[0].axis.dim, source[0].axis.dim);
        if (twos != 0) {
            append_eq_map(out, spread, run, {dest[0].first, {1U << twos}}, place(at, twos, map.t),
                          map.spreads);
            take_low(dest[0], twos);
            take_low(source[0], twos);
            continue;
        }
        flush(out, run);
        const auto [i, j] = first_block(dest, source);
        append_block(out, dest.first(i), source.first(j), map.t);
        dest = dest.subspan(i);
        source = source.subspan(j);
    }
}

void Weights::append_block(Product& out, std::span<const EnvPoint> dest,
                           std::span<const EnvPoint> source, std::uint32_t t) {
    const EnvPoint& last = source.back();
    const bool is_inside = last.first + last.axis.log() <= z_ + mu_;
    ByteWriter record;
    if (dest.size() == 1 && source.size() == 1 && is_inside) {
        for (const EnvPoint& part : {dest[0], source[0]}) {
            record.put(part.first, 1);
            record.put(part.axis.log(), 1);
        }
        record.put(0, 4);
        record.put(dest[0].axis.dim, 4);
        out.push_back(records_.factor(Kind::kShift, std::move(record).take()));
        return;
    }
    record.put(source[0].first, 1);
    record.put(dest.size(), 1);
    record.put(source.size(), 1);
    record.put(is_inside ? 0 : t, 2);
    for (std::size_t i = dest.size(); i-- > 0;) {
        record.put(dest[i].first, 1);
        record.put(dest[i].axis.log(), 1);
        record.put(dest[i].axis.dim, 3);
    }
    for (std::size_t i = source.size(); i-- > 0;) {
        record.put(source[i].axis.log(), 1);
        record.put(source[i].axis.dim, 3);
    }
    out.push_back(records_.factor(Kind::kRegroup, std::move(record).take()));
}

}  // namespace mintmark::program
