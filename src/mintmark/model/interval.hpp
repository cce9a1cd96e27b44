// Products of linear layers enumerated, and interval arithmetic over them.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/plan.hpp"

namespace mintmark::model {

/// Element-wise bounds. Integers are exact (below 2^53).
struct Interval {
    std::vector<double> lo, hi;
};

/// Calls visit(out element, in element, weight element) for every product of a kConv, kMatMul or
/// kAffine layer.
template <class Visit>
void for_each_product(const Layer& layer, const Shape& in, const Shape& out, Visit visit) {
    if (layer.kind == LayerKind::kAffine) {
        const auto at = gather_indices(out, broadcast_strides(layer.weight.shape, out));
        for (std::size_t o = 0; o < at.size(); ++o) visit(o, o, at[o]);
        return;
    }
    if (layer.kind == LayerKind::kMatMul) {
        const std::size_t depth = layer.weight.shape[0], columns = layer.weight.shape[1];
        const std::size_t count = element_count(out);
        for (std::size_t o = 0; o < count; ++o) {
            const std::size_t row = o / columns * depth, column = o % columns;
            for (std::size_t k = 0; k < depth; ++k) visit(o, row + k, k * columns + column);
        }
        return;
    }
    const Window2 w = make_window(layer.window, layer.window.kernel, in, out);
    const auto in_plane = static_cast<std::size_t>(w.in[0] * w.in[1]);
    const auto out_plane = static_cast<std::size_t>(w.out[0] * w.out[1]);
    const auto taps = static_cast<std::size_t>(w.kernel[0] * w.kernel[1]);
    const std::size_t filters = out[1], group_in = layer.weight.shape[1];
    const std::size_t group_out = filters / layer.groups;
    for (std::size_t o = 0; o < element_count(out); ++o) {
        const std::size_t f = o / out_plane, n = f / filters, m = f % filters;
        const auto at_plane = static_cast<std::int64_t>(o % out_plane);
        const std::size_t x = (n * in[1] + m / group_out * group_in) * in_plane;
        for_each_tap(w, at_plane / w.out[1], at_plane % w.out[1],
                     [&](std::size_t at, std::size_t tap) {
                         for (std::size_t c = 0; c < group_in; ++c)
                             visit(o, x + c * in_plane + at, (m * group_in + c) * taps + tap);
                     });
    }
}

/// The first output of a row of a window's plane that tap `tap` of axis `axis` (0 or 1) serves with
/// an input inside the box; -1 when there is none.
[[nodiscard]] std::int64_t first_output_of_tap(const Window2& w, std::size_t axis,
                                               std::int64_t tap) noexcept;

/// As for_each_product, but one visit (the first product) for each weight that meets an input.
template <class Visit>
void for_each_weight(const Layer& layer, const Shape& in, const Shape& out, Visit visit) {
    if (layer.kind == LayerKind::kAffine) return for_each_product(layer, in, out, visit);
    if (layer.kind == LayerKind::kMatMul) {
        const std::size_t columns = layer.weight.shape[1];
        for (std::size_t w = 0; w < layer.weight.shape[0] * columns; ++w)
            visit(w % columns, w / columns, w);
        return;
    }
    const Window2 w = make_window(layer.window, layer.window.kernel, in, out);
    const auto in_plane = static_cast<std::size_t>(w.in[0] * w.in[1]);
    const auto out_plane = static_cast<std::size_t>(w.out[0] * w.out[1]);
    const auto taps = static_cast<std::size_t>(w.kernel[0] * w.kernel[1]);
    const std::size_t group_in = layer.weight.shape[1], group_out = out[1] / layer.groups;
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky)
        for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx) {
            const std::int64_t oy = first_output_of_tap(w, 0, ky);
            const std::int64_t ox = first_output_of_tap(w, 1, kx);
            if (oy < 0 || ox < 0) continue;
            const auto at_out = static_cast<std::size_t>(oy * w.out[1] + ox);
            const auto at_in = static_cast<std::size_t>(
                (oy * w.stride[0] - w.pad[0] + ky * w.dilation[0]) * w.in[1] + ox * w.stride[1] -
                w.pad[1] + kx * w.dilation[1]);
            for (std::size_t mc = 0; mc < out[1] * group_in; ++mc) {
                const std::size_t m = mc / group_in, c = mc % group_in;
                visit(m * out_plane + at_out, (m / group_out * group_in + c) * in_plane + at_in,
                      mc * taps + static_cast<std::size_t>(ky * w.kernel[1] + kx));
            }
        }
}

/// For each output element of such a layer the bias element that it takes.
[[nodiscard]] std::vector<std::size_t> bias_indices(const Layer& layer, const Shape& out);

/// Bounds of the layer's sums for inputs within `x`. `bias` may be empty.
[[nodiscard]] Interval linear_interval(const Layer& layer, const Shape& in, const Shape& out,
                                       std::span<const double> weight, std::span<const double> bias,
                                       const Interval& x);

/// Bounds of window sums.
[[nodiscard]] Interval pool_interval(const Layer& layer, const Shape& in, const Shape& out,
                                     const Interval& x);
/// Bounds of a[…, m, k] b[…, k, n].
[[nodiscard]] Interval product_interval(const Shape& a_shape, const Shape& out, const Interval& a,
                                        const Interval& b);
/// Bounds of the broadcast product; `square`: both are the same value.
enum class Operands2 : std::uint8_t { kDistinct, kSame };
[[nodiscard]] Interval multiply_interval(std::span<const Shape> shapes, const Shape& out,
                                         const Interval& a, const Interval& b, Operands2 operands);

}  // namespace mintmark::model
