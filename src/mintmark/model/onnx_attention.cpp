// Importers of ONNX's own Attention and RotaryEmbedding (opset 23): products, a softmax, halves.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/onnx_compose.hpp"

namespace mintmark::model {
namespace {

// Below, tensors are [batch, heads, length, width].

/// [batch, length, heads width] to four axes; those of four are as they come.
Result<ValueId> split_heads(const NodeView& node, ValueId x, std::string_view heads_name) {
    const Shape shape = node.shape(x);
    if (shape.size() == 4) return x;
    MINTMARK_TRY(const std::int64_t heads, node.int_attribute(heads_name, 0));
    if (shape.size() != 3 || heads < 1 || shape[2] % heads != 0)
        return node.malformed(fmt::format("{} does not fit an input", heads_name));
    const auto count = static_cast<std::uint32_t>(heads);
    MINTMARK_TRY(const ValueId split,
                 reshaped(node, x, {shape[0], shape[1], count, shape[2] / count}));
    return transposed(node, split, {0, 2, 1, 3});
}

Result<ValueId> join_heads(const NodeView& node, ValueId x, const Shape& as) {
    if (as.size() == 4) return x;
    const Shape shape = node.shape(x);
    MINTMARK_TRY(const ValueId turned, transposed(node, x, {0, 2, 1, 3}));
    return reshaped(node, turned, {shape[0], shape[2], shape[1] * shape[3]});
}

// ---- RotaryEmbedding --------------------------------------------------------------------------

/// Cosines or sines [batch or 1, 1, length, half] from input i: by position, or as they come.
Result<ValueId> angles(const NodeView& node, std::size_t i, const Shape& x, std::uint32_t half) {
    MINTMARK_TRY(const ValueId cache, node.real_input(i));
    const Shape shape = node.shape(cache);
    if (!node.has_input(3)) {
        if (shape.size() != 3 || shape[1] != x[2] || shape[2] != half)
            return node.malformed("the caches do not fit the input");
        return reshaped(node, cache, {shape[0], 1, shape[1], half});
    }
    MINTMARK_TRY(const Ints positions, node.ints_input(3));
    if (shape.size() != 2 || shape[1] != half || positions.size() != std::size_t{x[0]} * x[2])
        return node.malformed("caches or position_ids do not fit the input");
    for (const std::int64_t position : positions)
        if (position < 0 || position >= shape[0])
            return node.malformed(fmt::format("position {} is not in the caches", position));
    MINTMARK_TRY(const ValueId rows, selected(node, cache, 0, positions));
    return reshaped(node, rows, {x[0], 1, x[2], half});
}

/// Entries first, first + step, … of the last axis.
Result<ValueId> every(const NodeView& node, ValueId x, std::uint32_t first, std::uint32_t step,
                      std::uint32_t count) {
    Ints indices;
    for (std::uint32_t k = 0; k < count; ++k) indices.push_back(first + k * step);
    return selected(node, x, 3, indices);
}

/// (a cos − b sin, b cos + a sin) along the last axis, interleaved or in halves.
Result<ValueId> turned_pairs(const NodeView& node, ValueId x, bool is_interleaved) {
    const Shape shape = node.shape(x);
    const std::uint32_t half = shape[3] / 2;
    const std::uint32_t second = is_interleaved ? 1 : half, step = is_interleaved ? 2 : 1;
    MINTMARK_TRY(const ValueId cosine, angles(node, 1, shape, half));
    MINTMARK_TRY(const ValueId sine, angles(node, 2, shape, half));
    MINTMARK_TRY(const ValueId a, every(node, x, 0, step, half));
    MINTMARK_TRY(const ValueId b, every(node, x, second, step, half));
    MINTMARK_TRY(const ValueId a_cos, combined(node, Binary::kMul, a, cosine));
    MINTMARK_TRY(const ValueId b_sin, combined(node, Binary::kMul, b, sine));
    MINTMARK_TRY(const ValueId b_cos, combined(node, Binary::kMul, b, cosine));
    MINTMARK_TRY(const ValueId a_sin, combined(node, Binary::kMul, a, sine));
    MINTMARK_TRY(const ValueId real, combined(node, Binary::kSub, a_cos, b_sin));
    MINTMARK_TRY(const ValueId imaginary, combined(node, Binary::kAdd, b_cos, a_sin));
    MINTMARK_TRY(const ValueId halves, joined(node, {real, imaginary}, 3));
    if (!is_interleaved) return halves;
    Ints order;
    for (std::uint32_t k = 0; k < half; ++k) {
        order.push_back(k);
        order.push_back(half + k);
    }
    return selected(node, halves, 3, order);
}

Result<ValueId> import_rotary(const NodeView& node) {
    MINTMARK_TRY(const ValueId given, node.real_input(0));
    MINTMARK_TRY(const ValueId x, split_heads(node, given, "num_heads"));
    const std::uint32_t width = node.shape(x)[3];
    MINTMARK_TRY(const std::int64_t interleaved, node.int_attribute("interleaved", 0));
    MINTMARK_TRY(std::int64_t turned, node.int_attribute("rotary_embedding_dim", 0));
    if (turned == 0) turned = width;
    if (turned < 2 || turned > width || turned % 2 != 0)
        return node.malformed("rotary_embedding_dim does not fit the input");
    const auto count = static_cast<std::uint32_t>(turned);
    MINTMARK_TRY(const ValueId part, sliced(node, x, 3, 0, count));
    MINTMARK_TRY(ValueId y, turned_pairs(node, part, interleaved != 0));
    if (count < width) {
        MINTMARK_TRY(const ValueId rest, sliced(node, x, 3, count, width - count));
        MINTMARK_TRY(y, joined(node, {y, rest}, 3));
    }
    return join_heads(node, y, node.shape(given));
}

// ---- Attention --------------------------------------------------------------------------------

/// Each head of keys or values for as many heads of queries.
Result<ValueId> repeated_heads(const NodeView& node, ValueId x, std::uint32_t heads) {
    const Shape shape = node.shape(x);
    if (shape[1] == heads) return x;
    if (heads % shape[1] != 0) return node.malformed("the heads of queries and keys do not fit");
    const std::uint32_t times = heads / shape[1];
    MINTMARK_TRY(const ValueId apart,
                 reshaped(node, x, {shape[0], shape[1], 1, shape[2], shape[3]}));
    MINTMARK_TRY(const ValueId all,
                 expanded(node, apart, {shape[0], shape[1], times, shape[2], shape[3]}));
    return reshaped(node, all, {shape[0], heads, shape[2], shape[3]});
}

/// Keys or values with those of before, which become output `present`.
Result<ValueId> with_past(const NodeView& node, ValueId x, std::size_t past, int present) {
    if (node.has_input(past)) {
        MINTMARK_TRY(const ValueId before, node.real_input(past));
        if (node.shape(before).size() != 4) return node.malformed("a past has not four axes");
        MINTMARK_TRY(x, joined(node, {before, x}, 2));
    }
    MINTMARK_CHECK(node.bind_output(present, x));
    return x;
}

/// 1 where the query (of `past` and more keys before it) may look.
ValueId causal(const NodeView& node, std::uint32_t queries, std::uint32_t keys,
               std::uint32_t past) {
    std::vector<double> keep;
    for (std::uint32_t i = 0; i < queries; ++i)
        for (std::uint32_t j = 0; j < keys; ++j) keep.push_back(j <= i + past ? 1 : 0);
    return constant(node, {queries, keys}, std::move(keep));
}

/// scores + mask, where entries of the mask that are far below zero say what not to look at.
Result<ValueId> added_mask(const NodeView& node, ValueId scores, ValueId mask) {
    if (!node.builder().value(mask).is_constant) return combined(node, Binary::kAdd, scores, mask);
    const Shape shape = node.shape(mask);
    std::vector<double> bias = node.builder().value(mask).data, keep;
    for (double& v : bias) {
        keep.push_back(v > -kMasking ? 1 : 0);
        if (keep.back() == 0) v = 0;
    }
    const bool hides = std::ranges::find(keep, 0) != keep.end();
    const bool moves = std::ranges::any_of(bias, [](double v) { return v != 0; });
    if (moves) {
        MINTMARK_TRY(scores,
                     combined(node, Binary::kAdd, scores, constant(node, shape, std::move(bias))));
    }
    return hides ? masked(node, scores, constant(node, shape, std::move(keep))) : scores;
}

Result<ValueId> with_mask(const NodeView& node, ValueId scores, std::uint32_t past) {
    MINTMARK_TRY(const std::int64_t is_causal, node.int_attribute("is_causal", 0));
    const Shape shape = node.shape(scores);
    if (node.has_input(3)) {
        MINTMARK_TRY(const ValueId mask, node.input(3));
        if (node.builder().type(mask) == ElementType::kBoolean) {
            if (!node.builder().value(mask).is_constant)
                return node.unsupported("a computed mask of booleans");
            MINTMARK_TRY(scores, masked(node, scores, mask));
        } else {
            MINTMARK_TRY(scores, added_mask(node, scores, mask));
        }
    }
    if (is_causal == 0) return scores;
    return masked(node, scores, causal(node, shape[2], shape[3], past));
}

/// softcap · tanh(x / softcap); 0: x.
Result<ValueId> capped(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const double cap, node.float_attribute("softcap", 0));
    if (cap == 0) return x;
    MINTMARK_TRY(const std::int64_t is_causal, node.int_attribute("is_causal", 0));
    if (is_causal != 0 || node.has_input(3)) return node.unsupported("softcap with a mask");
    MINTMARK_TRY(const ValueId small, scaled(node, x, 1 / cap));
    MINTMARK_TRY(const ValueId bent, applied(node, Pointwise::kTanh, small));
    return scaled(node, bent, cap);
}

Result<ValueId> import_attention(const NodeView& node) {
    if (node.has_input(6)) return node.unsupported("nonpad_kv_seqlen");
    if (node.has_output(3)) return node.unsupported("the output qk_matmul_output");
    MINTMARK_TRY(const ValueId given, node.real_input(0));
    MINTMARK_TRY(const ValueId given_k, node.real_input(1));
    MINTMARK_TRY(const ValueId given_v, node.real_input(2));
    MINTMARK_TRY(const ValueId q, split_heads(node, given, "q_num_heads"));
    MINTMARK_TRY(const ValueId new_k, split_heads(node, given_k, "kv_num_heads"));
    MINTMARK_TRY(const ValueId new_v, split_heads(node, given_v, "kv_num_heads"));
    MINTMARK_TRY(const ValueId all_k, with_past(node, new_k, 4, 1));
    MINTMARK_TRY(const ValueId all_v, with_past(node, new_v, 5, 2));
    const std::uint32_t past = node.shape(all_k)[2] - node.shape(new_k)[2];
    MINTMARK_TRY(const ValueId k, repeated_heads(node, all_k, node.shape(q)[1]));
    MINTMARK_TRY(const ValueId v, repeated_heads(node, all_v, node.shape(q)[1]));
    MINTMARK_TRY(
        const double scale,
        node.float_attribute("scale", 1 / std::sqrt(static_cast<double>(node.shape(q)[3]))));
    MINTMARK_TRY(const ValueId turned, transposed(node, k, {0, 1, 3, 2}));
    MINTMARK_TRY(const ValueId smaller, scaled(node, q, scale));
    MINTMARK_TRY(const ValueId product, matrix_product(node, smaller, turned));
    MINTMARK_TRY(const ValueId flat, capped(node, product));
    MINTMARK_TRY(const ValueId scores, with_mask(node, flat, past));
    MINTMARK_TRY(const ValueId shares, softmax(node, scores, SoftmaxKind::kShare));
    MINTMARK_TRY(const ValueId y, matrix_product(node, shares, v));
    return join_heads(node, y, node.shape(given));
}

}  // namespace

void add_attention_importers(ImporterMap& map) {
    map["Attention"] = import_attention;
    map["RotaryEmbedding"] = import_rotary;
}

}  // namespace mintmark::model
