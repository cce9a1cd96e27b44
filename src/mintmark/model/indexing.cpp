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

namespace {

/// Whether a run of `length` elements may go on along an axis of this stride; settles the step.
bool goes_on(std::size_t stride, std::size_t length, std::size_t& step) {
    if (length == 1) step = stride == 0 ? 0 : 1;
    return stride == (step == 0 ? 0 : length);
}

}  // namespace

Runs broadcast_runs(const Shape& out, const Shape& a, const Shape& b) {
    const auto a_strides = broadcast_strides(a, out), b_strides = broadcast_strides(b, out);
    Runs runs;
    std::size_t axis = out.size();
    for (; axis-- > 0;) {
        if (out[axis] == 1) continue;
        std::size_t a_step = runs.a_step, b_step = runs.b_step;
        if (!goes_on(a_strides[axis], runs.length, a_step) ||
            !goes_on(b_strides[axis], runs.length, b_step))
            break;
        runs.a_step = a_step;
        runs.b_step = b_step;
        runs.length *= out[axis];
    }
    const auto outer = static_cast<std::ptrdiff_t>(axis + 1);
    const Shape rest(out.begin(), out.begin() + outer);
    runs.a = gather_indices(rest, std::span(a_strides).first(axis + 1));
    runs.b = gather_indices(rest, std::span(b_strides).first(axis + 1));
    return runs;
}

}  // namespace mintmark::model
