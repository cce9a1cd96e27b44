// GridSample by a constant grid: every output pixel is a fixed combination of input pixels, so it
// is a product with a matrix. AffineGrid: the grid itself.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

constexpr double kCubicA = -0.75;  // PyTorch's and ONNX's

struct Sampling {
    std::string mode, padding;
    bool align_corners = false;
};

/// Grid coordinate in [-1, 1] to a pixel's index.
double to_pixel(const Sampling& s, double x, double dim) {
    return s.align_corners ? (x + 1) / 2 * (dim - 1) : ((x + 1) * dim - 1) / 2;
}

double reflected(double x, double low, double high) {
    const double span = high - low;
    if (span == 0) return low;
    const double folded = std::fmod(std::abs(x - low), 2 * span);
    return low + (folded <= span ? folded : 2 * span - folded);
}

/// The index that is read for `at` (-1: a zero).
std::int64_t inside(const Sampling& s, double at, std::uint32_t dim) {
    const double last = dim - 1.0;
    if (at < 0 || at > last) {
        if (s.padding == "zeros") return -1;
        if (s.padding == "reflection") {
            const double edge = s.align_corners ? 0 : 0.5;
            at = reflected(at, -edge, last + edge);
        }
        at = std::clamp(at, 0.0, last);
    }
    return static_cast<std::int64_t>(at);
}

double cubic(double t) {
    t = std::abs(t);
    if (t <= 1) return ((kCubicA + 2) * t - (kCubicA + 3)) * t * t + 1;
    if (t < 2) return ((kCubicA * t - 5 * kCubicA) * t + 8 * kCubicA) * t - 4 * kCubicA;
    return 0;
}

struct Tap {
    std::int64_t index;
    double weight;
};

/// The entries of one axis that coordinate `x` reads.
std::vector<Tap> taps_of(const Sampling& s, double x, std::uint32_t dim) {
    double at = to_pixel(s, x, dim);
    if (s.mode != "cubic" && s.padding == "border") at = std::clamp(at, 0.0, dim - 1.0);
    if (s.mode != "cubic" && s.padding == "reflection") {
        const double edge = s.align_corners ? 0 : 0.5;
        at = std::clamp(reflected(at, -edge, dim - 1 + edge), 0.0, dim - 1.0);
    }
    if (s.mode == "nearest") return {{inside(s, std::nearbyint(at), dim), 1}};
    const double base = std::floor(at), part = at - base;
    if (s.mode == "linear")
        return {{inside(s, base, dim), 1 - part}, {inside(s, base + 1, dim), part}};
    std::vector<Tap> out;
    for (int t = -1; t <= 2; ++t) out.push_back({inside(s, base + t, dim), cubic(part - t)});
    return out;
}

Result<Sampling> read_sampling(const NodeView& node) {
    Sampling s;
    MINTMARK_TRY(s.mode, node.string_attribute("mode", "linear"));
    MINTMARK_TRY(s.padding, node.string_attribute("padding_mode", "zeros"));
    MINTMARK_TRY(const std::int64_t align, node.int_attribute("align_corners", 0));
    s.align_corners = align != 0;
    if (s.mode == "bilinear") s.mode = "linear";  // until opset 20
    if (s.mode == "bicubic") s.mode = "cubic";
    if (s.mode != "linear" && s.mode != "nearest" && s.mode != "cubic")
        return node.malformed(fmt::format("mode '{}'", s.mode));
    if (s.padding != "zeros" && s.padding != "border" && s.padding != "reflection")
        return node.malformed(fmt::format("padding_mode '{}'", s.padding));
    return s;
}

/// [in pixels, out pixels] of one image.
std::vector<double> sample_matrix(const Sampling& s, const Shape& in,
                                  std::span<const double> grid) {
    const std::size_t pixels = grid.size() / 2;
    std::vector<double> matrix(std::size_t{in[2]} * in[3] * pixels, 0);
    for (std::size_t o = 0; o < pixels; ++o) {
        for (const Tap& y : taps_of(s, grid[2 * o + 1], in[2])) {
            for (const Tap& x : taps_of(s, grid[2 * o], in[3])) {
                if (y.index < 0 || x.index < 0) continue;
                const auto from = static_cast<std::size_t>(y.index * in[3] + x.index);
                matrix[from * pixels + o] += y.weight * x.weight;
            }
        }
    }
    return matrix;
}

Result<ValueId> import_grid_sample(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.real_input(0));
    MINTMARK_TRY(const ValueId grid, node.constant_input(1));
    MINTMARK_TRY(const Sampling sampling, read_sampling(node));
    const Shape in = node.shape(x), g = node.shape(grid);
    if (in.size() != 4) return node.unsupported("samples something else than 2-D images");
    if (g.size() != 4 || g[0] != in[0] || g[3] != 2 || element_count(g) == 0 ||
        element_count(in) == 0) {
        return node.malformed("the grid does not fit the images");
    }
    const std::uint32_t area = in[2] * in[3], pixels = g[1] * g[2];
    if (std::uint64_t{area} * pixels > std::uint64_t{1} << 24U)
        return node.unsupported(fmt::format("samples {} of {} pixels: too many", pixels, area));
    const std::vector<double> points = node.builder().value(grid).data;
    std::vector<ValueId> images;
    for (std::uint32_t n = 0; n < in[0]; ++n) {
        const std::span<const double> own(points.data() + std::size_t{n} * pixels * 2,
                                          std::size_t{pixels} * 2);
        MINTMARK_TRY(ValueId image, sliced(node, x, 0, n, 1));
        MINTMARK_TRY(image, reshaped(node, image, {in[1], area}));
        MINTMARK_TRY(image, mapped(node, image, 1, sample_matrix(sampling, in, own), pixels));
        MINTMARK_TRY(image, reshaped(node, image, {1, in[1], g[1], g[2]}));
        images.push_back(image);
    }
    return joined(node, images, 0);
}

/// The coordinates of `count` positions in [-1, 1].
double coordinate(bool align_corners, std::uint32_t i, std::uint32_t count) {
    if (align_corners) return count == 1 ? 0 : -1 + 2.0 * i / (count - 1);
    return -1 + (2.0 * i + 1) / count;
}

/// theta [N, 2, 3], size (N, C, H, W) -> grid [N, H, W, 2] = (x, y, 1) · thetaᵀ.
Result<ValueId> import_affine_grid(const NodeView& node) {
    MINTMARK_TRY(ValueId theta, node.real_input(0));
    MINTMARK_TRY(const Ints size, node.ints_input(1));
    MINTMARK_TRY(const std::int64_t align, node.int_attribute("align_corners", 0));
    const Shape t = node.shape(theta);
    if (size.size() != 4) return node.unsupported("a grid of something else than 2-D images");
    if (t.size() != 3 || t[1] != 2 || t[2] != 3 || size[0] != t[0])
        return node.malformed("theta does not fit the size");
    for (const std::int64_t dim : {size[2], size[3]})
        if (dim < 1 || dim > 65535) return node.unsupported(fmt::format("dim {}", dim));
    const auto h = static_cast<std::uint32_t>(size[2]), w = static_cast<std::uint32_t>(size[3]);
    if (std::uint64_t{h} * w * t[0] > node.builder().options().max_elements / 3)
        return node.unsupported("the result is too large");
    std::vector<double> base;
    for (std::uint32_t y = 0; y < h; ++y) {
        for (std::uint32_t x = 0; x < w; ++x) {
            base.push_back(coordinate(align != 0, x, w));
            base.push_back(coordinate(align != 0, y, h));
            base.push_back(1);
        }
    }
    MINTMARK_TRY(theta, transposed(node, theta, {0, 2, 1}));
    MINTMARK_TRY(const ValueId grid,
                 multiplied(node, constant(node, {1, h * w, 3}, std::move(base)), theta));
    return reshaped(node, grid, {t[0], h, w, 2});
}

}  // namespace

void add_sampling_importers(ImporterMap& map) {
    map["GridSample"] = import_grid_sample;
    map["AffineGrid"] = import_affine_grid;
}

}  // namespace mintmark::model
