#include "mintmark/circuit/layout.hpp"

#include "mintmark/base/assert.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {

std::size_t axis_offset(std::span<const Axis> axes, std::size_t i) noexcept {
    std::size_t offset = 0;
    for (std::size_t j = i + 1; j < axes.size(); ++j) offset += axes[j].log();
    return offset;
}

std::span<const Fr> axis_slice(std::span<const Axis> axes, std::size_t i,
                               std::span<const Fr> point) {
    const std::size_t offset = axis_offset(axes, i);
    MINTMARK_ASSERT(i < axes.size() && offset + axes[i].log() <= point.size());
    return point.subspan(offset, axes[i].log());
}

std::span<const Fr> suffix(std::span<const Fr> r, std::size_t n) {
    MINTMARK_ASSERT(n <= r.size());
    return r.last(n);
}

Fr prefix_eq(std::span<const Fr> point, std::size_t low, std::uint64_t offset) {
    MINTMARK_ASSERT(low <= point.size() && point.size() < 64);
    return eq_index(point.subspan(low), (offset >> low) & ((1ULL << (point.size() - low)) - 1));
}

std::vector<Axis> product_axes(const Step& step, const ProdTerm& term) {
    std::vector<Axis> axes = term.contract;
    for (std::size_t i = 0; i < step.out.size(); ++i)
        if (((term.shared_mask >> i) & 1) != 0) axes.push_back(step.out[i]);
    return axes;
}

std::size_t num_shared_vars(const Step& step, const ProdTerm& term) noexcept {
    std::size_t vars = 0;
    for (std::size_t i = 0; i < step.out.size(); ++i)
        if (((term.shared_mask >> i) & 1) != 0) vars += step.out[i].log();
    return vars;
}

std::uint64_t padded_index(std::span<const Axis> axes, std::uint64_t index) noexcept {
    std::uint64_t padded = 0;
    std::size_t shift = 0;
    for (std::size_t i = axes.size(); i > 0; --i) {
        const Axis& axis = axes[i - 1];
        padded |= (index % axis.dim) << shift;
        index /= axis.dim;
        shift += axis.log();
    }
    return padded;
}

}  // namespace mintmark
