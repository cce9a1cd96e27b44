#include "mintmark/model/indexing.hpp"

#include "mintmark/base/assert.hpp"

namespace mintmark::model {

std::size_t element_count(const Shape& shape) noexcept {
    std::size_t count = 1;
    for (const std::uint32_t dim : shape) count *= dim;
    return count;
}

std::vector<std::size_t> strides_of(const Shape& shape) {
    std::vector<std::size_t> strides(shape.size(), 1);
    for (std::size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
    return strides;
}

std::vector<std::size_t> broadcast_strides(const Shape& shape, const Shape& out) {
    MINTMARK_ASSERT(shape.size() <= out.size());
    const std::vector<std::size_t> own = strides_of(shape);
    const std::size_t missing = out.size() - shape.size();
    std::vector<std::size_t> strides(out.size(), 0);
    for (std::size_t i = 0; i < shape.size(); ++i) {
        MINTMARK_ASSERT(shape[i] == 1 || shape[i] == out[missing + i]);
        if (shape[i] != 1) strides[missing + i] = own[i];
    }
    return strides;
}

std::vector<std::size_t> gather_indices(const Shape& out, std::span<const std::size_t> strides,
                                        std::size_t offset) {
    std::vector<std::size_t> indices;
    indices.reserve(element_count(out));
    indices.push_back(offset);
    // Grow axis by axis: the list for the first i axes is repeated for each index of axis i.
    std::vector<std::size_t> next;
    for (std::size_t axis = 0; axis < out.size(); ++axis) {
        next.clear();
        next.reserve(indices.size() * out[axis]);
        for (const std::size_t base : indices) {
            for (std::size_t i = 0; i < out[axis]; ++i) next.push_back(base + i * strides[axis]);
        }
        indices.swap(next);
    }
    return indices;
}

}  // namespace mintmark::model
