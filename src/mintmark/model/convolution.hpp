// Convolutions of doubles, by way of products of matrices where channels are many. Internal to the
// module. Sums as in matrix_product.hpp: in the order channel, row of the tap, column of the tap.
#pragma once

#include <cstddef>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/interval.hpp"

namespace mintmark::model {

/// Sizes of a convolution: x [batch, channels, plane], weight [filters, group_in, taps], y [batch,
/// filters, plane].
struct ConvSizes {
    Window2 window;
    std::size_t batch = 0, channels = 0, filters = 0, group_in = 0, group_out = 0;

    [[nodiscard]] std::size_t in_plane() const {
        return static_cast<std::size_t>(window.in[0] * window.in[1]);
    }
    [[nodiscard]] std::size_t out_plane() const {
        return static_cast<std::size_t>(window.out[0] * window.out[1]);
    }
    [[nodiscard]] std::size_t taps() const {
        return static_cast<std::size_t>(window.kernel[0] * window.kernel[1]);
    }
};

/// `op` has strides, pads_begin and dilations; shapes of weight, x and y.
template <class Op>
ConvSizes conv_sizes(const Op& op, const Shape& weight, const Shape& x, const Shape& y,
                     std::uint32_t groups) {
    return {make_window(op, weight, x, y), x[0], x[1], y[1], weight[1], y[1] / groups};
}

/// y += the convolution of x with weight. Arrays as in ConvSizes, row-major; x finite.
void add_convolution(const ConvSizes& sizes, const double* weight, const double* x, double* y);

/// The same for bounds of x: y becomes the bounds of what it was (lo, hi) plus the convolution.
void add_convolution(const ConvSizes& sizes, const double* weight, const Interval& x, Interval& y);

}  // namespace mintmark::model
