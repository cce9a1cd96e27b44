#include "mintmark/compiler/view.hpp"

#include <algorithm>
#include <numeric>

#include "mintmark/base/assert.hpp"

namespace mintmark::compiler {

Dims View::dims() const {
    Dims out;
    for (const std::uint8_t axis : order) out.push_back(stored[axis]);
    return out;
}

bool View::is_in_order() const {
    return fixed.empty() && std::ranges::is_sorted(order);
}

std::optional<std::vector<std::vector<std::uint8_t>>> group_axes(const Dims& dims,
                                                                 const Dims& shape) {
    std::vector<std::vector<std::uint8_t>> out;
    std::size_t next = 0;
    for (const std::uint32_t want : shape) {
        std::vector<std::uint8_t> group;
        std::uint64_t product = 1;
        if (want == 1 && next < dims.size() && dims[next] == 1) {
            group.push_back(static_cast<std::uint8_t>(next++));
        }
        while (product < want && next < dims.size()) {
            if (dims[next] != 1) group.push_back(static_cast<std::uint8_t>(next));
            product *= dims[next++];
        }
        if (product != want) return std::nullopt;
        out.push_back(std::move(group));
    }
    while (next < dims.size() && dims[next] == 1) ++next;
    if (next != dims.size()) return std::nullopt;
    return out;
}

std::vector<AxisGroup> common_groups(const Dims& from, const Dims& to) {
    MINTMARK_ASSERT(volume(from) == volume(to));
    std::vector<AxisGroup> out;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < from.size() || j < to.size()) {
        AxisGroup group;
        std::uint64_t left = 1;
        std::uint64_t right = 1;
        do {
            if (left <= right && i < from.size()) {
                left *= from[i];
                group.from.push_back(static_cast<std::uint8_t>(i++));
            } else {
                right *= to[j];
                group.to.push_back(static_cast<std::uint8_t>(j++));
            }
        } while (left != right);
        group.size = left;
        out.push_back(std::move(group));
    }
    return out;
}

Dims without_ones(const Dims& shape) {
    Dims out;
    std::ranges::copy_if(shape, std::back_inserter(out), [](std::uint32_t d) { return d != 1; });
    return out;
}

std::uint64_t volume(const Dims& dims) {
    return std::accumulate(dims.begin(), dims.end(), std::uint64_t{1}, std::multiplies<>());
}

}  // namespace mintmark::compiler
