#include "mintmark/model/interval.hpp"

#include <algorithm>

#include "mintmark/base/parallel.hpp"
#include "mintmark/model/convolution.hpp"
#include "mintmark/model/matrix_product.hpp"

namespace mintmark::model {
namespace {

/// [lo, hi] of a product of two intervals.
std::pair<double, double> times(double alo, double ahi, double blo, double bhi) {
    return std::minmax({alo * blo, alo * bhi, ahi * blo, ahi * bhi});
}

Interval zeros(std::size_t count) {
    return {std::vector<double>(count, 0), std::vector<double>(count, 0)};
}

/// The rows of bounds that differ from the row before, and for each row which of them it is.
struct Rows {
    std::vector<std::size_t> distinct, which;
};

Rows distinct_rows(const Interval& x, std::size_t depth) {
    Rows rows;
    for (std::size_t at = 0; at < x.lo.size(); at += depth) {
        const auto same = [&](const std::vector<double>& bounds) {
            const auto row = bounds.begin() + static_cast<std::ptrdiff_t>(at);
            const auto length = static_cast<std::ptrdiff_t>(depth);
            return std::equal(row, row + length, row - length);
        };
        if (at == 0 || !same(x.lo) || !same(x.hi)) rows.distinct.push_back(at / depth);
        rows.which.push_back(rows.distinct.size() - 1);
    }
    return rows;
}

/// Rows of lower bounds, then of upper ones. Terms 2k and 2k + 1 are the bounds that weight k meets
/// if it is not negative, and if it is.
Pack pack_bounds(const Interval& x, const Rows& rows, std::size_t depth) {
    return [&x, &rows, depth](const Panel& panel, double* to) {
        const std::size_t count = rows.distinct.size();
        for (std::size_t i = 0; i < panel.width; ++i) {
            const std::size_t row = panel.first + i;
            const bool is_lower = row < count;
            const std::size_t from =
                rows.distinct[is_lower ? row : row - count] * depth + panel.from / 2;
            const double* first = &(is_lower ? x.lo : x.hi)[from];
            const double* second = &(is_lower ? x.hi : x.lo)[from];
            for (std::size_t k = 0; k < panel.depth / 2; ++k) {
                to[2 * k * kLeftPanel + i] = first[k];
                to[(2 * k + 1) * kLeftPanel + i] = second[k];
            }
        }
    };
}

/// Terms 2k and 2k + 1: weight k if it is not negative, and if it is.
Pack pack_signs(std::span<const double> weight, std::size_t columns) {
    return [=](const Panel& panel, double* to) {
        for (std::size_t k = 0; k < panel.depth / 2; ++k, to += 2 * kRightPanel) {
            const double* row = &weight[(panel.from / 2 + k) * columns + panel.first];
            for (std::size_t j = 0; j < panel.width; ++j) {
                to[j] = std::max(row[j], 0.0);
                to[kRightPanel + j] = std::min(row[j], 0.0);
            }
        }
    };
}

/// acc (the bias) becomes the bounds; rows with the same inputs have the same sums.
void add_matrix_product(const Layer& layer, std::span<const double> weight, const Interval& x,
                        Interval& acc) {
    const std::size_t depth = layer.weight.shape[0], columns = layer.weight.shape[1];
    const Rows rows = distinct_rows(x, depth);
    const std::size_t count = rows.distinct.size();
    std::vector<double> sums(2 * count * columns);
    for (std::size_t i = 0; i < 2 * count; ++i)
        std::copy_n(acc.lo.data(), columns, &sums[i * columns]);
    add_product({2 * count, 2 * depth, columns}, pack_bounds(x, rows, depth),
                pack_signs(weight, columns), sums.data());
    for (std::size_t row = 0; row < rows.which.size(); ++row) {
        std::copy_n(&sums[rows.which[row] * columns], columns, &acc.lo[row * columns]);
        std::copy_n(&sums[(count + rows.which[row]) * columns], columns, &acc.hi[row * columns]);
    }
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
        add_convolution(conv_sizes(layer.window, layer.weight.shape, in, out, layer.groups),
                        weight.data(), x, acc);
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
    parallel_for(acc.lo.size() / columns, 1 + 4096 / (depth * columns), [&](auto begin, auto end) {
        for (std::size_t row = begin; row < end; ++row) {
            double *low = &acc.lo[row * columns], *high = &acc.hi[row * columns];
            for (std::size_t k = 0; k < depth; ++k) {
                const double alo = a.lo[row * depth + k], ahi = a.hi[row * depth + k];
                const std::size_t from = (row / rows * depth + k) * columns;
                for (std::size_t j = 0; j < columns; ++j) {
                    const auto [lo, hi] = times(alo, ahi, b.lo[from + j], b.hi[from + j]);
                    low[j] += lo;
                    high[j] += hi;
                }
            }
        }
    });
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
