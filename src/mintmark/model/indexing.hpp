// Row-major index arithmetic shared by the executors.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "mintmark/model/matrix_product.hpp"
#include "mintmark/model/quant_graph.hpp"

namespace mintmark::model {

/// Elements between neighbours along each axis.
[[nodiscard]] std::vector<std::size_t> strides_of(const Shape& shape);

/// Strides of `shape` seen from the higher-ranked `out` (aligned at the last axis): 0 where the
/// axis is missing or broadcast (dim 1 against more). Shapes must be broadcastable.
[[nodiscard]] std::vector<std::size_t> broadcast_strides(const Shape& shape, const Shape& out);

/// For each element of `out` in row-major order: offset + sum_i index_i * strides_i.
[[nodiscard]] std::vector<std::size_t> gather_indices(const Shape& out,
                                                      std::span<const std::size_t> strides,
                                                      std::size_t offset = 0);

/// Two operands of an element-wise operation, broadcast to one output: its elements as runs of
/// `length`, along which an operand's index grows by its step (1, or 0 where one element serves the
/// whole run).
struct Runs {
    std::size_t length = 1;
    std::vector<std::size_t> a, b;  ///< first index of each run
    std::size_t a_step = 0, b_step = 0;
};
[[nodiscard]] Runs broadcast_runs(const Shape& out, const Shape& a, const Shape& b);

/// A window over one or two spatial axes of [N, C, spatial…], brought to two (the second of size
/// 1).
struct Window2 {
    std::int64_t kernel[2] = {1, 1}, stride[2] = {1, 1}, pad[2] = {0, 0}, dilation[2] = {1, 1};
    std::int64_t in[2] = {1, 1}, out[2] = {1, 1};
};

/// Calls visit(in_offset, tap) for each tap of the window at (oy, ox) that lies inside the box;
/// in_offset is within one channel plane, tap = ky * kernel[1] + kx.
template <class Visit>
void for_each_tap(const Window2& w, std::int64_t oy, std::int64_t ox, Visit visit) {
    for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky) {
        const std::int64_t y = oy * w.stride[0] - w.pad[0] + ky * w.dilation[0];
        if (y < 0 || y >= w.in[0]) continue;
        for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx) {
            const std::int64_t x = ox * w.stride[1] - w.pad[1] + kx * w.dilation[1];
            if (x < 0 || x >= w.in[1]) continue;
            visit(static_cast<std::size_t>(y * w.in[1] + x),
                  static_cast<std::size_t>(ky * w.kernel[1] + kx));
        }
    }
}

/// y[o] += factor * x[the tap's element] for every output o of a plane whose tap (ky, kx) lies
/// inside the box.
template <class Sum, class Value, class Factor>
void add_tap(const Window2& w, std::int64_t ky, std::int64_t kx, Factor factor, const Value* x,
             Sum* y) {
    const std::int64_t shift = kx * w.dilation[1] - w.pad[1], step = w.stride[1];
    const std::int64_t first = shift >= 0 ? 0 : (step - 1 - shift) / step;
    const std::int64_t last = std::min(w.out[1], (w.in[1] - 1 - shift + step) / step);
    if (w.in[1] - 1 - shift < 0) return;
    for (std::int64_t oy = 0; oy < w.out[0]; ++oy) {
        const std::int64_t iy = oy * w.stride[0] - w.pad[0] + ky * w.dilation[0];
        if (iy < 0 || iy >= w.in[0]) continue;
        const Value* from = x + iy * w.in[1];
        Sum* to = y + oy * w.out[1];
        if constexpr (std::is_same_v<Sum, double> && std::is_same_v<Value, double>) {
            if (step == 1 && first < last) {
                add_multiple(static_cast<std::size_t>(last - first), factor, from + first + shift,
                             to + first);
                continue;
            }
        }
        if (step == 1) {
            for (std::int64_t ox = first; ox < last; ++ox) to[ox] += Sum{factor} * from[ox + shift];
        } else {
            for (std::int64_t ox = first; ox < last; ++ox)
                to[ox] += Sum{factor} * from[ox * step + shift];
        }
    }
}

/// From the per-axis vectors of an operator and the shapes [N, C, spatial…] of input and output.
/// `kernel` may be longer than the spatial axes (a weight's shape): its last entries count.
template <class Op>
Window2 make_window(const Op& op, std::span<const std::uint32_t> kernel, const Shape& in,
                    const Shape& out) {
    Window2 w;
    const std::size_t spatial = in.size() - 2;
    for (std::size_t i = 0; i < spatial; ++i) {
        w.kernel[i] = kernel[kernel.size() - spatial + i];
        w.stride[i] = op.strides[i];
        w.pad[i] = op.pads_begin[i];
        w.dilation[i] = op.dilations[i];
        w.in[i] = in[2 + i];
        w.out[i] = out[2 + i];
    }
    return w;
}

}  // namespace mintmark::model
