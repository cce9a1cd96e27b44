#include "mintmark/prover/int_operand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <bit>

#include "mintmark/base/parallel.hpp"

namespace mintmark::prover {
namespace {

constexpr std::size_t kGrain = 16384;  // values

// "Element `from` of the old axes is added to element `to` of the new ones."
struct Entry {
    std::size_t from, to;
};

// What one axis map does to the tensor axes [first, first + count).
struct Mode {
    std::size_t count = 1;
    std::vector<std::uint8_t> env_axes;
    std::vector<Entry> entries;
};

using Dims = std::span<const std::uint32_t>;

void add_windows(const AxisMap& map, Mode& mode, std::uint32_t size, std::uint32_t positions,
                 std::uint32_t taps) {
    const bool keeps_taps = map.kind == MapKind::kWin;
    for (std::uint32_t a = 0; a < positions; ++a)
        for (std::uint32_t b = 0; b < taps; ++b) {
            const std::int64_t j =
                std::int64_t{map.stride} * a + std::int64_t{map.dilation} * b + map.offset;
            if (j < 0 || j >= size) continue;
            const std::size_t to = keeps_taps ? std::size_t{a} * taps + b : a;
            mode.entries.push_back({static_cast<std::size_t>(j), to});
        }
}

Mode regroup_mode(const AxisMap& map, std::span<const Axis> axes) {
    Mode mode{.count = map.g, .env_axes = {}, .entries = {}};
    for (std::uint8_t i = 0; i < map.t; ++i)
        mode.env_axes.push_back(static_cast<std::uint8_t>(map.p + i));
    const auto source = axes.first(map.g);
    const std::size_t count = num_values(source);
    for (std::size_t f = 0; f < count; ++f) {  // row-major digits: the new index is f itself
        std::size_t rest = f, from = 0, unit = 1;
        for (std::size_t k = source.size(); k-- > 0;) {
            from += rest % source[k].dim * unit;
            rest /= source[k].dim;
            unit <<= source[k].log();
        }
        mode.entries.push_back({from, f});
    }
    return mode;
}

Mode mode_of(const AxisMap& map, std::span<const Axis> axes, Dims dims) {
    const Axis axis = axes.front();
    const std::uint32_t lanes = std::uint32_t{1} << axis.log();
    Mode mode;
    switch (map.kind) {
        case MapKind::kAll:
            for (std::uint32_t j = 0; j < lanes; ++j) mode.entries.push_back({j, 0});
            break;
        case MapKind::kEq:
            mode.env_axes = {map.p};
            for (std::uint32_t j = 0; j < std::min(lanes, dims[map.p]); ++j)
                mode.entries.push_back({j, j});
            break;
        case MapKind::kWin:
            mode.env_axes = {map.p, map.t};
            add_windows(map, mode, axis.dim, dims[map.p], dims[map.t]);
            break;
        case MapKind::kSumWin:
            if (map.p != 255) mode.env_axes = {map.p};
            add_windows(map, mode, axis.dim, map.p == 255 ? 1 : dims[map.p], map.taps());
            break;
        case MapKind::kRegroup:
            return regroup_mode(map, axes);
    }
    return mode;
}

std::size_t product(std::span<const std::size_t> sizes) {
    std::size_t out = 1;
    for (const std::size_t size : sizes) out *= size;
    return out;
}

// The entries again, each with whether it is the first of its new element; and the new elements
// that none reaches.
struct Writes {
    std::vector<std::pair<Entry, bool>> entries;
    std::vector<std::size_t> zeros;

    Writes(std::span<const Entry> all, std::size_t fresh) {
        std::vector<bool> is_reached(fresh);
        for (const Entry& entry : all) {
            entries.emplace_back(entry, !is_reached[entry.to]);
            is_reached[entry.to] = true;
        }
        for (std::size_t to = 0; to < fresh; ++to)
            if (!is_reached[to]) zeros.push_back(to);
    }
};

// values has shape pre x old x post; the result pre x fresh x post.
UninitVector<std::int64_t> apply(std::span<const std::int64_t> values, std::size_t pre,
                                 std::size_t old, std::size_t fresh,
                                 std::span<const Entry> entries) {
    const std::size_t post = values.size() / (pre * old);
    UninitVector<std::int64_t> out(pre * fresh * post);
    const Writes writes(entries, fresh);
    // Threads own columns (p, q).
    const std::size_t grain = 1 + 65536 / (1 + entries.size());
    parallel_for(pre * post, grain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t at = begin; at < end;) {
            const std::size_t p = at / post, q = at % post;
            const std::size_t run = std::min(post - q, end - at);
            for (const auto& [entry, is_first] : writes.entries) {
                const std::int64_t* from = values.data() + (p * old + entry.from) * post + q;
                std::int64_t* to = out.data() + (p * fresh + entry.to) * post + q;
                for (std::size_t i = 0; i < run; ++i) to[i] = from[i] + (is_first ? 0 : to[i]);
            }
            for (const std::size_t to : writes.zeros)
                std::fill_n(out.data() + (p * fresh + to) * post + q, run, 0);
            at += run;
        }
    });
    return out;
}

bool is_identity(const Mode& mode, std::size_t old, std::size_t fresh) {
    if (old != fresh || mode.entries.size() != old) return false;
    for (const Entry& entry : mode.entries)
        if (entry.from != entry.to) return false;
    return true;
}

// Largest number of entries that meet in one new element: how much a sum can grow.
std::size_t growth(const Mode& mode, std::size_t fresh) {
    std::vector<std::size_t> hits(fresh, 0);
    for (const Entry& entry : mode.entries) ++hits[entry.to];
    return hits.empty() ? 1 : std::max<std::size_t>(1, *std::ranges::max_element(hits));
}

}  // namespace

std::vector<std::uint32_t> env_dims(const Step& step, std::span<const Axis> contract) {
    std::vector<std::uint32_t> dims;
    for (const Axis& axis : step.out) dims.push_back(axis.dim);
    for (const Axis& axis : contract) dims.push_back(axis.dim);
    return dims;
}

Result<EnvTensor> unfold(const Circuit& circuit, const Operand& operand,
                         std::span<const std::uint32_t> dims, const IntColumns& columns) {
    const Tensor& tensor = circuit.tensors[operand.tensor];
    const auto column = columns.get(tensor.column);
    const std::size_t lanes = num_lanes(tensor.axes);
    if (tensor.offset > column.size() || lanes > column.size() - tensor.offset)
        return fail(ErrorCode::kMalformed,
                    fmt::format("tensor {} reaches past the end of its column", operand.tensor));
    const auto view = column.subspan(tensor.offset, lanes);
    EnvTensor out;
    out.values = view;
    std::vector<std::size_t> sizes;  // current sizes: done groups, then untouched tensor axes
    for (const Axis& axis : tensor.axes) sizes.push_back(std::size_t{1} << axis.log());
    std::size_t axis = 0, place = 0;
    auto bound_bits = static_cast<std::uint64_t>(magnitude_bits(view));
    for (const AxisMap& map : operand.maps) {
        const Mode mode = mode_of(map, std::span(tensor.axes).subspan(axis), dims);
        std::size_t fresh = 1;
        for (const std::uint8_t env : mode.env_axes) {
            out.env_axes.push_back(env);
            out.dims.push_back(dims[env]);
            fresh *= dims[env];
        }
        const std::size_t old = product(std::span(sizes).subspan(place, mode.count));
        bound_bits += static_cast<std::uint64_t>(std::bit_width(growth(mode, fresh) - 1));
        if (bound_bits > 62)
            return fail(ErrorCode::kOutOfRange,
                        fmt::format("the sum of tensor {} may pass 62 bits", operand.tensor));
        if (!is_identity(mode, old, fresh)) {
            out.storage =
                apply(out.values, product(std::span(sizes).first(place)), old, fresh, mode.entries);
            out.values = out.storage;
        }
        const auto begin = sizes.begin() + static_cast<std::ptrdiff_t>(place);
        sizes.erase(begin, begin + static_cast<std::ptrdiff_t>(mode.count));
        sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(place), fresh);
        axis += mode.count;
        ++place;
    }
    return out;
}

int magnitude_bits(std::span<const std::int64_t> values) {
    std::atomic<std::uint64_t> all = 0;
    parallel_for(values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        std::uint64_t own = 0;
        for (const std::int64_t v : values.subspan(begin, end - begin))
            own |= v < 0 ? -static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
        all |= own;
    });
    return static_cast<int>(std::bit_width(all.load()));
}

Arranged arrange(const EnvTensor& tensor, std::span<const std::uint8_t> order,
                 std::span<const std::uint32_t> dims) {
    if (std::ranges::equal(order, tensor.env_axes)) return {tensor.values, {}};
    std::vector<std::size_t> stride(dims.size(), 0);
    std::size_t unit = 1;
    for (std::size_t k = tensor.env_axes.size(); k-- > 0;) {
        stride[tensor.env_axes[k]] += unit;
        unit *= tensor.dims[k];
    }
    std::size_t count = 1;
    for (const std::uint8_t axis : order) count *= dims[axis];
    Arranged out;
    out.storage.resize(count);
    parallel_for(count, kGrain, [&](std::size_t begin, std::size_t end) {
        std::vector<std::uint32_t> index(order.size(), 0);
        std::size_t from = 0, rest = begin;
        for (std::size_t k = order.size(); k-- > 0; rest /= dims[order[k]]) {
            index[k] = static_cast<std::uint32_t>(rest % dims[order[k]]);
            from += index[k] * stride[order[k]];
        }
        for (std::size_t i = begin; i < end; ++i) {
            out.storage[i] = tensor.values[from];
            for (std::size_t k = order.size(); k-- > 0;) {
                from += stride[order[k]];
                if (++index[k] < dims[order[k]]) break;
                from -= stride[order[k]] * index[k];
                index[k] = 0;
            }
        }
    });
    out.values = out.storage;
    return out;
}

}  // namespace mintmark::prover
