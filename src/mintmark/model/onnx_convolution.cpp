// ConvTranspose and Resize: a convolution of the input with zeros between its entries, and a linear
// map of each axis.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/onnx_compose.hpp"
#include "mintmark/model/onnx_volume.hpp"

namespace mintmark::model {
namespace {

using Dims = std::vector<std::uint32_t>;

// ---- ConvTranspose ----------------------------------------------------------------------------

Result<Dims> entries(const NodeView& node, std::string_view name, std::size_t count,
                     std::int64_t otherwise, std::int64_t least) {
    MINTMARK_TRY(const Ints values, node.ints_attribute(name, Ints(count, otherwise)));
    if (values.size() != count)
        return node.malformed(fmt::format("attribute '{}' needs {} entries", name, count));
    Dims out;
    for (const std::int64_t v : values) {
        if (v < least || v > 65535)
            return node.unsupported(fmt::format("attribute '{}' has the entry {}", name, v));
        out.push_back(static_cast<std::uint32_t>(v));
    }
    return out;
}

struct Transposed {
    Dims strides, dilations, begin, end, output_padding;
};

Result<Transposed> read_transposed(const NodeView& node, const Shape& in, const Dims& kernel) {
    const std::size_t spatial = kernel.size();
    Transposed t;
    MINTMARK_TRY(t.strides, entries(node, "strides", spatial, 1, 1));
    MINTMARK_TRY(t.dilations, entries(node, "dilations", spatial, 1, 1));
    MINTMARK_TRY(t.output_padding, entries(node, "output_padding", spatial, 0, 0));
    MINTMARK_TRY(const Dims pads, entries(node, "pads", 2 * spatial, 0, 0));
    t.begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(spatial));
    t.end.assign(pads.begin() + static_cast<std::ptrdiff_t>(spatial), pads.end());
    MINTMARK_TRY(const std::string auto_pad, node.string_attribute("auto_pad", "NOTSET"));
    const bool is_same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
    const bool sized = node.has_attribute("output_shape");
    if (!is_same && !sized) return t;
    MINTMARK_TRY(Ints wanted, node.ints_attribute("output_shape", {}));
    if (sized && wanted.size() != spatial)
        return node.malformed("attribute 'output_shape' needs one entry for each spatial axis");
    for (std::size_t i = 0; i < spatial; ++i) {
        const std::int64_t size = sized ? wanted[i] : std::int64_t{in[2 + i]} * t.strides[i];
        const std::int64_t total = std::int64_t{t.strides[i]} * (in[2 + i] - 1) +
                                   t.output_padding[i] +
                                   std::int64_t{kernel[i] - 1} * t.dilations[i] + 1 - size;
        if (total < 0) return node.unsupported("output_shape is larger than the whole result");
        const auto small = static_cast<std::uint32_t>(total / 2);
        const auto large = static_cast<std::uint32_t>(total - total / 2);
        t.begin[i] = auto_pad == "SAME_UPPER" ? small : large;
        t.end[i] = auto_pad == "SAME_UPPER" ? large : small;
    }
    return t;
}

/// [C, M/g, k…] -> [M, C/g, k…], every kernel reversed.
ValueId turned_weight(const NodeView& node, ValueId weight, std::uint32_t groups) {
    const Shape in = node.shape(weight);
    const std::vector<double>& data = node.builder().value(weight).data;
    const std::size_t taps = element_count(Shape(in.begin() + 2, in.end()));
    const std::uint32_t per_in = in[0] / groups, per_out = in[1];
    Shape out = in;
    out[0] = per_out * groups;
    out[1] = per_in;
    std::vector<double> turned(data.size());
    for (std::size_t m = 0; m < out[0]; ++m) {
        for (std::size_t c = 0; c < per_in; ++c) {
            const std::size_t from = (m / per_out * per_in + c) * per_out + m % per_out;
            for (std::size_t t = 0; t < taps; ++t)
                turned[(m * per_in + c) * taps + t] = data[from * taps + taps - 1 - t];
        }
    }
    return constant(node, out, std::move(turned));
}

/// s - 1 zeros after every entry of the spatial axes, the last ones cut off.
Result<ValueId> spread(const NodeView& node, ValueId x, const Dims& strides) {
    const Shape in = node.shape(x);
    for (std::size_t i = 0; i < strides.size(); ++i) {
        const auto axis = static_cast<std::uint32_t>(2 + i);
        if (strides[i] == 1) continue;
        Shape split = node.shape(x), dense = split;
        split.insert(split.begin() + axis + 1, 1);
        Shape wide = split;
        wide[axis + 1] = strides[i];
        dense[axis] *= strides[i];
        MINTMARK_TRY(x, reshaped(node, x, split));
        MINTMARK_TRY(x, padded(node, x, Dims(split.size(), 0), wide));
        MINTMARK_TRY(x, reshaped(node, x, dense));
    }
    return x;
}

Result<ValueId> import_conv_transpose(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.real_input(0));
    MINTMARK_TRY(const ValueId weight, node.constant_input(1));
    const Shape in = node.shape(x), kernel = node.shape(weight);
    if (in.size() < 3 || in.size() > 5)
        return node.unsupported(fmt::format("input has {} axes (supported: 3 to 5)", in.size()));
    MINTMARK_TRY(const std::int64_t groups, node.int_attribute("group", 1));
    if (kernel.size() != in.size() || kernel[0] != in[1] || groups < 1 || in[1] % groups != 0)
        return node.malformed("weight, groups and input do not fit");
    const Dims sizes(kernel.begin() + 2, kernel.end());
    if (element_count(kernel) == 0) return node.malformed("the weight has no elements");
    MINTMARK_TRY(const Transposed t, read_transposed(node, in, sizes));
    MINTMARK_TRY(x, spread(node, x, t.strides));
    ConvOp conv{{sizes, Dims(sizes.size(), 1), {}, {}, t.dilations},
                static_cast<std::uint32_t>(groups)};
    Shape out = {in[0], kernel[1] * static_cast<std::uint32_t>(groups)};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const std::int64_t reach = std::int64_t{sizes[i] - 1} * t.dilations[i];
        const std::int64_t size = std::int64_t{in[2 + i] - 1} * t.strides[i] + reach + 1 +
                                  t.output_padding[i] - t.begin[i] - t.end[i];
        if (size < 1) return node.malformed("the result has no elements");
        if (size > 1 << 24) return node.unsupported("the result is too large");
        if (t.begin[i] > reach) return node.unsupported("a pad is larger than the kernel");
        conv.window.pads_begin.push_back(static_cast<std::uint32_t>(reach) - t.begin[i]);
        conv.window.pads_end.push_back(static_cast<std::uint32_t>(reach));
        out.push_back(static_cast<std::uint32_t>(size));
    }
    std::vector<ValueId> inputs = {x,
                                   turned_weight(node, weight, static_cast<std::uint32_t>(groups))};
    if (node.has_input(2)) {
        MINTMARK_TRY(const ValueId bias, node.constant_input(2));
        if (node.shape(bias) != Shape{out[1]}) return node.malformed("bias has a wrong shape");
        inputs.push_back(bias);
    }
    return convolved(node, std::move(conv), std::move(inputs), out);
}

// ---- Resize -----------------------------------------------------------------------------------

struct Resize {
    std::string mode, coordinates, nearest;
    double cubic_a = -0.75;
    bool exclude_outside = false;
};

/// Where output position i lies in the input.
double source(const Resize& r, double i, double scale, double in, double out) {
    if (r.coordinates == "asymmetric") return i / scale;
    if (r.coordinates == "align_corners") return out == 1 ? 0 : i * (in - 1) / (out - 1);
    if (r.coordinates == "pytorch_half_pixel" && out == 1) return 0;
    if (r.coordinates == "half_pixel_symmetric") {
        const double centre = in / 2 * (1 - out / (scale * in));
        return centre + (i + 0.5) / scale - 0.5;
    }
    return (i + 0.5) / scale - 0.5;
}

double nearest_index(const Resize& r, double x) {
    if (r.nearest == "floor") return std::floor(x);
    if (r.nearest == "ceil") return std::ceil(x);
    if (r.nearest == "round_prefer_ceil") return std::floor(x + 0.5);
    return std::ceil(x - 0.5);
}

double cubic(double a, double t) {
    t = std::abs(t);
    if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
    if (t < 2) return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
    return 0;
}

/// The matrix [in, out] of one axis.
std::vector<double> resize_matrix(const Resize& r, std::uint32_t in, std::uint32_t out,
                                  double scale) {
    std::vector<double> matrix(std::size_t{in} * out, 0);
    const auto add = [&](double at, std::uint32_t o, double weight) {
        const double inside = std::clamp(at, 0.0, in - 1.0);
        matrix[static_cast<std::size_t>(inside) * out + o] += weight;
    };
    for (std::uint32_t o = 0; o < out; ++o) {
        const double x = source(r, o, scale, in, out), base = std::floor(x);
        if (r.mode == "nearest") {
            add(nearest_index(r, x), o, 1);
        } else if (r.mode == "linear") {
            add(base, o, 1 - (x - base));
            add(base + 1, o, x - base);
        } else {
            double sum = 0;
            const auto weight = [&](double at) {
                const bool outside = at < 0 || at >= in;
                return r.exclude_outside && outside ? 0.0 : cubic(r.cubic_a, x - at);
            };
            for (int t = -1; t <= 2; ++t) sum += weight(base + t);
            if (sum == 0) sum = 1;
            for (int t = -1; t <= 2; ++t) add(base + t, o, weight(base + t) / sum);
        }
    }
    return matrix;
}

Result<Resize> read_resize(const NodeView& node) {
    Resize r;
    MINTMARK_TRY(r.mode, node.string_attribute("mode", "nearest"));
    if (r.mode == "bilinear") r.mode = "linear";
    const bool old = node.op_type() == "Upsample" || node.opset() < 11;
    MINTMARK_TRY(r.coordinates, node.string_attribute("coordinate_transformation_mode",
                                                      old ? "asymmetric" : "half_pixel"));
    MINTMARK_TRY(r.nearest,
                 node.string_attribute("nearest_mode", old ? "floor" : "round_prefer_floor"));
    MINTMARK_TRY(r.cubic_a, node.float_attribute("cubic_coeff_a", -0.75));
    MINTMARK_TRY(const std::int64_t outside, node.int_attribute("exclude_outside", 0));
    MINTMARK_TRY(const std::int64_t antialias, node.int_attribute("antialias", 0));
    r.exclude_outside = outside != 0;
    if (antialias != 0) return node.unsupported("antialias is on");
    if (r.coordinates == "tf_crop_and_resize") return node.unsupported("tf_crop_and_resize");
    if (r.mode != "nearest" && r.mode != "linear" && r.mode != "cubic")
        return node.unsupported(fmt::format("mode '{}'", r.mode));
    return r;
}

struct AxisSize {
    double scale = 1;
    std::uint32_t out = 1;
};

/// Sizes or scales of the axes that the node names, in the order of `axes`.
Result<std::vector<AxisSize>> resize_sizes(const NodeView& node, const Shape& in,
                                           const std::vector<std::uint32_t>& axes) {
    const bool upsample = node.op_type() == "Upsample";
    const std::size_t scales_at = upsample || node.opset() < 11 ? 1 : 2;
    std::vector<AxisSize> out(axes.size());
    if (!upsample && node.has_input(3)) {
        MINTMARK_TRY(const Ints sizes, node.ints_input(3));
        if (sizes.size() != axes.size()) return node.malformed("sizes do not fit the axes");
        MINTMARK_TRY(const std::string policy,
                     node.string_attribute("keep_aspect_ratio_policy", "stretch"));
        if (policy != "stretch") return node.unsupported(fmt::format("policy '{}'", policy));
        for (std::size_t i = 0; i < axes.size(); ++i) {
            if (sizes[i] < 1 || sizes[i] > 65535) return node.unsupported("a size out of range");
            out[i] = {static_cast<double>(sizes[i]) / in[axes[i]],
                      static_cast<std::uint32_t>(sizes[i])};
        }
        return out;
    }
    MINTMARK_TRY(const ValueId scales, node.constant_input(scales_at));
    const std::vector<double>& factors = node.builder().value(scales).data;
    if (factors.size() != axes.size()) return node.malformed("scales do not fit the axes");
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const double size = std::floor(in[axes[i]] * factors[i]);
        if (!(factors[i] > 0) || size < 1 || size > 65535)
            return node.unsupported(fmt::format("scale {}", factors[i]));
        out[i] = {factors[i], static_cast<std::uint32_t>(size)};
    }
    return out;
}

Result<ValueId> import_resize(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.real_input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(const Resize r, read_resize(node));
    MINTMARK_TRY(const Ints named, node.ints_attribute("axes", {}));
    std::vector<std::uint32_t> axes;
    for (const std::int64_t axis : named) {
        MINTMARK_TRY(const std::uint32_t one, normalise_axis(node, axis, in.size()));
        axes.push_back(one);
    }
    if (named.empty())
        for (std::uint32_t i = 0; i < in.size(); ++i) axes.push_back(i);
    MINTMARK_TRY(const auto sizes, resize_sizes(node, in, axes));
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const std::uint32_t dim = in[axes[i]];
        if (sizes[i].out == dim && sizes[i].scale == 1) continue;
        if (std::uint64_t{dim} * sizes[i].out > std::uint64_t{1} << 24U)
            return node.unsupported(fmt::format("resizes {} entries to {}", dim, sizes[i].out));
        const auto matrix = resize_matrix(r, dim, sizes[i].out, sizes[i].scale);
        if (r.mode == "nearest") {
            Ints from(sizes[i].out);
            for (std::size_t at = 0; at < matrix.size(); ++at)
                if (matrix[at] == 1)
                    from[at % sizes[i].out] = static_cast<std::int64_t>(at / sizes[i].out);
            MINTMARK_TRY(x, selected(node, x, axes[i], from));
        } else {
            MINTMARK_TRY(x, mapped(node, x, axes[i], matrix, sizes[i].out));
        }
    }
    return x;
}

}  // namespace

void add_convolution_importers(ImporterMap& map) {
    map["ConvTranspose"] = import_conv_transpose;
    map["Resize"] = import_resize;
    map["Upsample"] = import_resize;
}

}  // namespace mintmark::model
