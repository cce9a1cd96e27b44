#include "mintmark/model/onnx_volume.hpp"

#include <algorithm>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

using Dims = std::vector<std::uint32_t>;

Window last_two(const Window& w) {
    const auto tail = [](const Dims& v) { return Dims(v.begin() + 1, v.end()); };
    return {tail(w.kernel), tail(w.strides), tail(w.pads_begin), tail(w.pads_end),
            tail(w.dilations)};
}

Window first_of(const Window& w) {
    return {{w.kernel[0], 1},
            {w.strides[0], 1},
            {w.pads_begin[0], 0},
            {w.pads_end[0], 0},
            {w.dilations[0], 1}};
}

/// x [N, C, D, H, W] -> [N·Do, C·k, H, W]: the entries that each window meets along D, channel by
/// channel.
Result<ValueId> depth_windows(const NodeView& node, ValueId x, const Window& w, std::uint32_t out) {
    const Shape in = node.shape(x);
    const std::uint32_t taps = w.kernel[0];
    const std::uint32_t reach = (out - 1) * w.strides[0] + (taps - 1) * w.dilations[0] + 1;
    Shape wide = in;
    wide[2] = std::max(in[2] + w.pads_begin[0], reach);
    MINTMARK_TRY(x, padded(node, x, {0, 0, w.pads_begin[0], 0, 0}, wide));
    std::vector<ValueId> parts;
    for (std::uint32_t tap = 0; tap < taps; ++tap) {
        Ints at;
        for (std::uint32_t i = 0; i < out; ++i)
            at.push_back(std::int64_t{i} * w.strides[0] + std::int64_t{tap} * w.dilations[0]);
        MINTMARK_TRY(ValueId part, selected(node, x, 2, at));
        MINTMARK_TRY(part, reshaped(node, part, {in[0], in[1], 1, out, in[3] * in[4]}));
        parts.push_back(part);
    }
    MINTMARK_TRY(x, joined(node, parts, 2));
    MINTMARK_TRY(x, transposed(node, x, {0, 3, 1, 2, 4}));
    return reshaped(node, x, {in[0] * out, in[1] * taps, in[3], in[4]});
}

}  // namespace

Result<ValueId> convolved(const NodeView& node, ConvOp conv, std::vector<ValueId> inputs,
                          const Shape& out) {
    if (conv.window.kernel.size() < 3) return node.emit(std::move(conv), std::move(inputs), out);
    MINTMARK_TRY(inputs[0], depth_windows(node, inputs[0], conv.window, out[2]));
    const Shape k = node.shape(inputs[1]);
    MINTMARK_TRY(inputs[1], reshaped(node, inputs[1], {k[0], k[1] * k[2], k[3], k[4]}));
    conv.window = last_two(conv.window);
    MINTMARK_TRY(ValueId y, node.emit(std::move(conv), std::move(inputs),
                                      {out[0] * out[2], out[1], out[3], out[4]}));
    MINTMARK_TRY(y, reshaped(node, y, {out[0], out[2], out[1], out[3], out[4]}));
    return transposed(node, y, {0, 2, 1, 3, 4});
}

Result<ValueId> pooled(const NodeView& node, PoolOp pool, ValueId x, const Shape& out) {
    if (pool.window.kernel.size() < 3) return node.emit(std::move(pool), {x}, out);
    const Shape in = node.shape(x);
    const PoolOp planes{pool.kind, last_two(pool.window)}, depth{pool.kind, first_of(pool.window)};
    const std::uint32_t area = out[3] * out[4];
    MINTMARK_TRY(x, reshaped(node, x, {in[0], in[1] * in[2], in[3], in[4]}));
    MINTMARK_TRY(x, node.emit(planes, {x}, {in[0], in[1] * in[2], out[3], out[4]}));
    MINTMARK_TRY(x, reshaped(node, x, {in[0], in[1], in[2], area}));
    MINTMARK_TRY(x, node.emit(depth, {x}, {in[0], in[1], out[2], area}));
    return reshaped(node, x, out);
}

}  // namespace mintmark::model
