#include "mintmark/model/interval.hpp"

#include "mintmark/base/parallel.hpp"

namespace mintmark::model {
namespace {

/// [lo, hi] of a product of two intervals.
std::pair<double, double> times(double alo, double ahi, double blo, double bhi) {
    return std::minmax({alo * blo, alo * bhi, ahi * blo, ahi * bhi});
}

Interval zeros(std::size_t count) {
    return {std::vector<double>(count, 0), std::vector<double>(count, 0)};
}

// The products of for_each_product in an order that is kind to caches; large models have millions.

void add_convolution(const Layer& layer, const Shape& in, const Shape& out,
                     std::span<const double> weight, const Interval& x, Interval& acc) {
    const Window2 w = make_window(layer.window, layer.window.kernel, in, out);
    const auto in_plane = static_cast<std::size_t>(w.in[0] * w.in[1]);
    const auto out_plane = static_cast<std::size_t>(w.out[0] * w.out[1]);
    const auto taps = static_cast<std::size_t>(w.kernel[0] * w.kernel[1]);
    const std::size_t filters = out[1], group_in = layer.weight.shape[1];
    const std::size_t group_out = filters / layer.groups;
    parallel_for(out[0] * filters, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t f = begin; f < end; ++f) {
            const std::size_t n = f / filters, m = f % filters;
            const std::size_t from = (n * in[1] + m / group_out * group_in) * in_plane;
            const double* factor = weight.data() + m * group_in * taps;
            for (std::size_t at = from; at < from + group_in * in_plane; at += in_plane)
                for (std::int64_t ky = 0; ky < w.kernel[0]; ++ky)
                    for (std::int64_t kx = 0; kx < w.kernel[1]; ++kx, ++factor) {
                        const double* small = *factor >= 0 ? &x.lo[at] : &x.hi[at];
                        const double* large = *factor >= 0 ? &x.hi[at] : &x.lo[at];
                        add_tap(w, ky, kx, *factor, small, &acc.lo[f * out_plane]);
                        add_tap(w, ky, kx, *factor, large, &acc.hi[f * out_plane]);
                    }
        }
    });
}

void add_matrix_product(const Layer& layer, std::span<const double> weight, const Interval& x,
                        Interval& acc) {
    const std::size_t depth = layer.weight.shape[0], columns = layer.weight.shape[1];
    const std::size_t rows = acc.lo.size() / columns;
    parallel_for(columns, 64, [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = 0; row < rows; ++row)
            for (std::size_t k = 0; k < depth; ++k) {
                const double lo = x.lo[row * depth + k], hi = x.hi[row * depth + k];
                for (std::size_t j = begin; j < end; ++j) {
                    const double a = weight[k * columns + j] * lo, b = weight[k * columns + j] * hi;
                    acc.lo[row * columns + j] += std::min(a, b);
                    acc.hi[row * columns + j] += std::max(a, b);
                }
            }
    });
}

}  // namespace

std::int64_t first_output_of_tap(const Window2& w, std::size_t axis, std::int64_t tap) noexcept {
    for (std::int64_t o = 0; o < w.out[axis]; ++o) {
        const std::int64_t at = o * w.stride[axis] - w.pad[axis] + tap * w.dilation[axis];
        if (at >= 0 && at < w.in[axis]) return o;
    }
    return -1;
}

std::vector<std::size_t> bias_indices(const Layer& layer, const Shape& out) {
    std::vector<std::size_t> strides(out.size(), 0);
    if (layer.kind == LayerKind::kConv) {
        strides[1] = 1;
    } else if (layer.kind == LayerKind::kMatMul) {
        strides.back() = 1;
    } else {
        strides = broadcast_strides(layer.bias.shape, out);
    }
    return gather_indices(out, strides);
}

Interval linear_interval(const Layer& layer, const Shape& in, const Shape& out,
                         std::span<const double> weight, std::span<const double> bias,
                         const Interval& x) {
    Interval acc = zeros(element_count(out));
    if (!bias.empty()) {
        const auto at = bias_indices(layer, out);
        for (std::size_t o = 0; o < at.size(); ++o) acc.lo[o] = acc.hi[o] = bias[at[o]];
    }
    if (layer.kind == LayerKind::kConv) {
        add_convolution(layer, in, out, weight, x, acc);
    } else if (layer.kind == LayerKind::kMatMul) {
        add_matrix_product(layer, weight, x, acc);
    } else {
        for_each_product(layer, in, out, [&](std::size_t o, std::size_t i, std::size_t w) {
            const double factor = weight[w];
            acc.lo[o] += factor * (factor >= 0 ? x.lo[i] : x.hi[i]);
            acc.hi[o] += factor * (factor >= 0 ? x.hi[i] : x.lo[i]);
        });
    }
    return acc;
}

Interval pool_interval(const Layer& layer, const Shape& in, const Shape& out, const Interval& x) {
    const Window2 w = make_window(layer.window, layer.window.kernel, in, out);
    const auto in_plane = static_cast<std::size_t>(w.in[0] * w.in[1]);
    const auto out_plane = static_cast<std::size_t>(w.out[0] * w.out[1]);
    Interval acc = zeros(element_count(out));
    for (std::size_t o = 0; o < acc.lo.size(); ++o) {
        const std::size_t base = o / out_plane * in_plane;
        const auto at_plane = static_cast<std::int64_t>(o % out_plane);
        for_each_tap(w, at_plane / w.out[1], at_plane % w.out[1], [&](std::size_t at, std::size_t) {
            acc.lo[o] += x.lo[base + at];
            acc.hi[o] += x.hi[base + at];
        });
    }
    return acc;
}

Interval product_interval(const Shape& a_shape, const Shape& out, const Interval& a,
                          const Interval& b) {
    const std::size_t rank = out.size(), rows = out[rank - 2], columns = out[rank - 1];
    const std::size_t depth = a_shape.back();
    Interval acc = zeros(element_count(out));
    for (std::size_t o = 0; o < acc.lo.size(); ++o) {
        const std::size_t n = o / (rows * columns), row = o / columns, column = o % columns;
        for (std::size_t k = 0; k < depth; ++k) {
            const std::size_t i = row * depth + k, j = (n * depth + k) * columns + column;
            const auto [lo, hi] = times(a.lo[i], a.hi[i], b.lo[j], b.hi[j]);
            acc.lo[o] += lo;
            acc.hi[o] += hi;
        }
    }
    return acc;
}

Interval multiply_interval(std::span<const Shape> shapes, const Shape& out, const Interval& a,
                           const Interval& b, Operands2 operands) {
    const auto at_a = gather_indices(out, broadcast_strides(shapes[0], out));
    const auto at_b = gather_indices(out, broadcast_strides(shapes[1], out));
    Interval acc = zeros(at_a.size());
    for (std::size_t o = 0; o < at_a.size(); ++o) {
        const std::size_t i = at_a[o], j = at_b[o];
        const auto [lo, hi] = times(a.lo[i], a.hi[i], b.lo[j], b.hi[j]);
        const bool square = operands == Operands2::kSame && i == j;
        acc.lo[o] = square ? (a.lo[i] > 0   ? a.lo[i] * a.lo[i]
                              : a.hi[i] < 0 ? a.hi[i] * a.hi[i]
                                            : 0)
                           : lo;
        acc.hi[o] = hi;
    }
    return acc;
}

}  // namespace mintmark::model
