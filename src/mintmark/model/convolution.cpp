#include "mintmark/model/convolution.hpp"

#include <algorithm>
#include <utility>

#include "mintmark/base/parallel.hpp"
#include "mintmark/model/matrix_product.hpp"

namespace mintmark::model {
namespace {

/// Groups with fewer filters are summed tap by tap: their patches would hardly be used again.
constexpr std::size_t kLeastFilters = 3;

/// The matrix whose columns are the outputs of a plane and whose rows are the elements of x that
/// their taps (channel, row, column) meet.
class Patches {
  public:
    Patches(const ConvSizes& sizes, const double* x)
        : sizes_(sizes), window_(sizes.window), x_(x) {}

    /// Writes to[k * stride + j] for the panel's terms k and columns j.
    void pack(const Panel& panel, std::size_t stride, double* to) const {
        const std::size_t taps = sizes_.taps();
        std::size_t channel = panel.from / taps, tap = panel.from % taps;
        const auto first = signed_size(panel.first);
        const std::int64_t oy = first / window_.out[1], ox = first % window_.out[1];
        for (std::size_t k = 0; k < panel.depth; ++k, to += stride) {
            const auto row = static_cast<std::int64_t>(tap) / window_.kernel[1];
            const auto column = static_cast<std::int64_t>(tap) % window_.kernel[1];
            const double* plane = x_ + channel * sizes_.in_plane();
            pack_tap(plane, {oy * window_.stride[0] + offset(0, row), ox, column}, panel.width, to);
            if (++tap == taps) {
                tap = 0;
                ++channel;
            }
        }
    }

  private:
    /// Where a tap's elements begin: row of the plane, column of the output, column of the tap.
    struct Place {
        std::int64_t iy, ox, column;
    };

    /// What the tap adds to the index of an output's first element along an axis.
    [[nodiscard]] std::int64_t offset(int axis, std::int64_t tap) const {
        return tap * window_.dilation[axis] - window_.pad[axis];
    }

    void pack_tap(const double* plane, Place at, std::size_t width, double* to) const {
        const std::int64_t shift = offset(1, at.column);
        for (std::size_t j = 0; j < width; at.ox = 0, at.iy += window_.stride[0]) {
            // As many outputs as this row of the plane has.
            const std::size_t count =
                std::min(width - j, static_cast<std::size_t>(window_.out[1] - at.ox));
            copy_row(plane, at.iy, at.ox * window_.stride[1] + shift, count, to + j);
            j += count;
        }
    }

    /// `count` elements of row iy from column ix on, a stride apart; 0 outside of the plane.
    void copy_row(const double* plane, std::int64_t iy, std::int64_t ix, std::size_t count,
                  double* to) const {
        const Window2& w = window_;
        if (iy < 0 || iy >= w.in[0]) {
            std::fill_n(to, count, 0.0);
            return;
        }
        const double* row = plane + iy * w.in[1];
        const std::int64_t last = ix + (signed_size(count) - 1) * w.stride[1];
        if (ix >= 0 && last < w.in[1]) {
            if (w.stride[1] == 1 && count == kRightPanel) {
                std::copy_n(row + ix, kRightPanel, to);
                return;
            }
            for (std::size_t j = 0; j < count; ++j, ix += w.stride[1]) to[j] = row[ix];
            return;
        }
        for (std::size_t j = 0; j < count; ++j, ix += w.stride[1])
            to[j] = ix >= 0 && ix < w.in[1] ? row[ix] : 0.0;
    }

    static std::int64_t signed_size(std::size_t count) { return static_cast<std::int64_t>(count); }

    const ConvSizes& sizes_;
    const Window2& window_;
    const double* x_;
};

/// One tap that meets every element.
bool is_pointwise(const ConvSizes& s) {
    return s.taps() == 1 && s.out_plane() == s.in_plane() && s.window.stride[0] == 1 &&
           s.window.stride[1] == 1 && s.window.pad[0] == 0 && s.window.pad[1] == 0;
}

Pack pack_patches(const ConvSizes& s, const double* x) {
    if (is_pointwise(s)) return pack_columns(x, s.in_plane());
    return [patches = Patches(s, x)](const Panel& panel, double* to) {
        patches.pack(panel, kRightPanel, to);
    };
}

Panel half(const Panel& panel) {
    return {panel.first, panel.width, panel.from / 2, panel.depth / 2};
}

/// Terms 2k and 2k + 1: the lower and the upper bound that term k meets.
Pack both_bounds(const Patches& lo, const Patches& hi) {
    return [lo, hi](const Panel& panel, double* to) {
        lo.pack(half(panel), 2 * kRightPanel, to);
        hi.pack(half(panel), 2 * kRightPanel, to + kRightPanel);
    };
}

/// Row m < filters makes the lower bound of filter m: terms 2k, 2k + 1 hold a weight that is not
/// negative, or one that is. Row filters + m makes the upper bound, from the other bounds of x.
Pack split_by_sign(const double* weight, std::size_t filters, std::size_t depth) {
    return [=](const Panel& panel, double* to) {
        for (std::size_t i = 0; i < panel.width; ++i) {
            const std::size_t row = panel.first + i, m = row < filters ? row : row - filters;
            for (std::size_t k = 0; k < panel.depth / 2; ++k) {
                const double factor = weight[m * depth + panel.from / 2 + k];
                const bool second = (factor < 0) == (row < filters);
                to[(2 * k + (second ? 1 : 0)) * kLeftPanel + i] = factor;
                to[(2 * k + (second ? 0 : 1)) * kLeftPanel + i] = 0;
            }
        }
    };
}

/// Calls visit(first filter, offset of its x, offset of its y) for every group of every image.
template <class Visit>
void for_each_group(const ConvSizes& s, Visit visit) {
    for (std::size_t n = 0; n < s.batch; ++n)
        for (std::size_t m = 0; m < s.filters; m += s.group_out)
            visit(m, (n * s.channels + m / s.group_out * s.group_in) * s.in_plane(),
                  (n * s.filters + m) * s.out_plane());
}

/// Calls visit(channel, tap row, tap column, weight) for the taps of filter m.
template <class Visit>
void for_each_tap_weight(const ConvSizes& s, const double* weight, std::size_t m, Visit visit) {
    const double* factor = weight + m * s.group_in * s.taps();
    for (std::size_t c = 0; c < s.group_in; ++c)
        for (std::int64_t ky = 0; ky < s.window.kernel[0]; ++ky)
            for (std::int64_t kx = 0; kx < s.window.kernel[1]; ++kx) visit(c, ky, kx, *factor++);
}

/// Calls visit(filter, offset of its x, offset of its y) for every filter of every image.
template <class Visit>
void for_each_filter(const ConvSizes& s, const Visit& visit) {
    parallel_for(s.batch * s.filters, 1, [&](std::size_t begin, std::size_t end) {
        for (std::size_t f = begin; f < end; ++f) {
            const std::size_t n = f / s.filters, m = f % s.filters;
            visit(m, (n * s.channels + m / s.group_out * s.group_in) * s.in_plane(),
                  f * s.out_plane());
        }
    });
}

}  // namespace

void add_convolution(const ConvSizes& s, const double* weight, const double* x, double* y) {
    const std::size_t depth = s.group_in * s.taps();
    if (s.group_out < kLeastFilters) {
        return for_each_filter(s, [&](std::size_t m, std::size_t from, std::size_t to) {
            for_each_tap_weight(s, weight, m, [&](std::size_t c, auto ky, auto kx, double factor) {
                add_tap(s.window, ky, kx, factor, x + from + c * s.in_plane(), y + to);
            });
        });
    }
    for_each_group(s, [&](std::size_t m, std::size_t from, std::size_t to) {
        add_product({s.group_out, depth, s.out_plane()}, pack_rows(weight + m * depth, depth),
                    pack_patches(s, x + from), y + to);
    });
}

void add_convolution(const ConvSizes& s, const double* weight, const Interval& x, Interval& y) {
    const std::size_t depth = s.group_in * s.taps(), plane = s.out_plane();
    if (s.group_out < kLeastFilters) {
        return for_each_filter(s, [&](std::size_t m, std::size_t from, std::size_t to) {
            for_each_tap_weight(s, weight, m, [&](std::size_t c, auto ky, auto kx, double factor) {
                const double* lo = &x.lo[from + c * s.in_plane()];
                const double* hi = &x.hi[from + c * s.in_plane()];
                if (factor < 0) std::swap(lo, hi);
                add_tap(s.window, ky, kx, factor, lo, &y.lo[to]);
                add_tap(s.window, ky, kx, factor, hi, &y.hi[to]);
            });
        });
    }
    std::vector<double> both(2 * s.group_out * plane);
    const std::ptrdiff_t count = static_cast<std::ptrdiff_t>(s.group_out * plane);
    for_each_group(s, [&](std::size_t m, std::size_t from, std::size_t to) {
        std::copy_n(&y.lo[to], count, both.begin());
        std::copy_n(&y.hi[to], count, both.begin() + count);
        add_product({2 * s.group_out, 2 * depth, plane},
                    split_by_sign(weight + m * depth, s.group_out, depth),
                    both_bounds(Patches(s, &x.lo[from]), Patches(s, &x.hi[from])), both.data());
        std::copy_n(both.begin(), count, &y.lo[to]);
        std::copy_n(both.begin() + count, count, &y.hi[to]);
    });
}

}  // namespace mintmark::model
