// Importers of the operators that move entries: everything whose indices are known is a slice, a
// selection or a copy.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/onnx_compose.hpp"
#include "mintmark/model/onnx_index.hpp"

namespace mintmark::model {
namespace {

Result<Ints> normalised(const NodeView& node, Ints indices, std::uint32_t dim) {
    for (std::int64_t& index : indices) {
        MINTMARK_TRY(const std::uint32_t at, normalise_axis(node, index, dim));
        index = at;
    }
    return indices;
}

Result<std::uint32_t> axis_attribute(const NodeView& node, std::int64_t otherwise,
                                     std::size_t rank) {
    MINTMARK_TRY(const std::int64_t axis, node.int_attribute("axis", otherwise));
    return normalise_axis(node, axis, rank);
}

/// Indices that an input decides.
bool is_computed_index(const NodeView& node, ValueId index) {
    const Value& value = node.builder().value(index);
    return !value.is_constant && value.is_integral;
}

// ---- entries by constant indices --------------------------------------------------------------

Result<ValueId> import_gather(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId index, node.input(1));
    const Shape in = node.shape(x), index_shape = node.shape(index);
    MINTMARK_TRY(const std::uint32_t axis, axis_attribute(node, 0, in.size()));
    if (is_computed_index(node, index)) return gather_computed(node, x, index, axis);
    MINTMARK_TRY(Ints indices, node.ints_input(1));
    MINTMARK_TRY(indices, normalised(node, std::move(indices), in[axis]));
    if (static_cast<double>(element_count(in)) / in[axis] * static_cast<double>(indices.size()) >
        static_cast<double>(node.builder().options().max_elements)) {
        return node.unsupported("the result is too large");
    }
    MINTMARK_TRY(const ValueId picked, selected(node, x, axis, indices));
    Shape out(in.begin(), in.begin() + axis);
    out.insert(out.end(), index_shape.begin(), index_shape.end());
    out.insert(out.end(), in.begin() + axis + 1, in.end());
    return reshaped(node, picked, out);
}

/// out.flat[i] = x.flat[from[i]], 0 where from[i] is negative.
Result<ValueId> pick_flat(const NodeView& node, ValueId x, const Ints& from, const Shape& out) {
    const auto count = static_cast<std::uint32_t>(element_count(node.shape(x)));
    MINTMARK_TRY(const ValueId flat, reshaped(node, x, {1, count}));
    MINTMARK_TRY(const ValueId picked, selected(node, flat, 1, from));
    return reshaped(node, picked, out);
}

/// Flat positions in `data` that GatherElements and ScatterElements name.
Result<Ints> element_positions(const NodeView& node, const Shape& data, std::uint32_t axis) {
    MINTMARK_TRY(const ValueId index, node.input(1));
    const Shape shape = node.shape(index);
    MINTMARK_TRY(Ints indices, node.ints_input(1));
    MINTMARK_TRY(indices, normalised(node, std::move(indices), data[axis]));
    if (shape.size() != data.size()) return node.malformed("data and indices differ in rank");
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (i != axis && shape[i] > data[i])
            return node.malformed("the indices' shape does not fit the data");
    }
    std::vector<std::size_t> strides = strides_of(data);
    const std::size_t along = strides[axis];
    strides[axis] = 0;
    const auto base = gather_indices(shape, strides);
    for (std::size_t i = 0; i < indices.size(); ++i)
        indices[i] =
            static_cast<std::int64_t>(base[i] + static_cast<std::size_t>(indices[i]) * along);
    return indices;
}

Result<ValueId> import_gather_elements(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId index, node.input(1));
    MINTMARK_TRY(const std::uint32_t axis, axis_attribute(node, 0, node.shape(x).size()));
    if (is_computed_index(node, index)) return gather_elements_computed(node, x, index, axis);
    MINTMARK_TRY(const Ints from, element_positions(node, node.shape(x), axis));
    return pick_flat(node, x, from, node.shape(index));
}

struct SliceIndex {
    Ints positions;  ///< flat positions in the data
    Shape shape;     ///< of the entries named
};

/// What GatherND and ScatterND name: each tuple of indices is a whole slice of the data.
Result<SliceIndex> slice_positions(const NodeView& node, const Shape& data,
                                   std::size_t batch_dims) {
    MINTMARK_TRY(const ValueId index, node.input(1));
    MINTMARK_TRY(const Ints indices, node.ints_input(1));
    const Shape shape = node.shape(index);
    if (shape.empty() || shape.back() == 0 || batch_dims + shape.back() > data.size() ||
        batch_dims >= shape.size()) {
        return node.malformed("the indices' last axis does not fit the data");
    }
    if (!std::equal(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(batch_dims),
                    shape.begin())) {
        return node.malformed("the batch dims differ");
    }
    const std::size_t depth = shape.back(), tuples = indices.size() / depth;
    const auto strides = strides_of(data);
    const auto first_inner = static_cast<std::ptrdiff_t>(batch_dims + depth);
    const Shape inner(data.begin() + first_inner, data.end());
    const Shape batch(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(batch_dims));
    if (element_count(batch) == 0) return node.malformed("the batch has no elements");
    const std::size_t per_batch = tuples / element_count(batch), block = element_count(inner);
    if (static_cast<double>(tuples) * static_cast<double>(block) >
        static_cast<double>(node.builder().options().max_elements)) {
        return node.unsupported("the result is too large");
    }
    const std::size_t batch_size = element_count(data) / element_count(batch);
    SliceIndex out{{}, Shape(shape.begin(), shape.end() - 1)};
    out.shape.insert(out.shape.end(), inner.begin(), inner.end());
    for (std::size_t t = 0; t < tuples; ++t) {
        std::size_t at = t / per_batch * batch_size;
        for (std::size_t i = 0; i < depth; ++i) {
            MINTMARK_TRY(const std::uint32_t one,
                         normalise_axis(node, indices[t * depth + i], data[batch_dims + i]));
            at += one * strides[batch_dims + i];
        }
        for (std::size_t j = 0; j < block; ++j)
            out.positions.push_back(static_cast<std::int64_t>(at + j));
    }
    return out;
}

Result<ValueId> import_gather_nd(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const std::int64_t batch_dims, node.int_attribute("batch_dims", 0));
    if (batch_dims < 0) return node.malformed("batch_dims is negative");
    MINTMARK_TRY(const ValueId index, node.input(1));
    if (is_computed_index(node, index))
        return gather_nd_computed(node, x, index, static_cast<std::size_t>(batch_dims));
    MINTMARK_TRY(const SliceIndex from,
                 slice_positions(node, node.shape(x), static_cast<std::size_t>(batch_dims)));
    return pick_flat(node, x, from.positions, from.shape);
}

/// The data with `updates` written (or added) at flat positions `to`.
Result<ValueId> scatter(const NodeView& node, ValueId x, const Ints& to) {
    MINTMARK_TRY(const ValueId updates, node.input(2));
    const ElementType type = node.builder().type(x);
    if (node.builder().type(updates) != type)
        return node.malformed("data and updates differ in type");
    MINTMARK_TRY(const std::string reduction, node.string_attribute("reduction", "none"));
    const Shape shape = node.shape(x);
    const std::size_t count = element_count(shape);
    if (element_count(node.shape(updates)) != to.size())
        return node.malformed("updates and indices differ in size");
    if (reduction != "none" && reduction != "add")
        return node.unsupported(fmt::format("reduction '{}'", reduction));
    Ints from(count, -1);
    for (std::size_t i = 0; i < to.size(); ++i) {
        std::int64_t& entry = from[static_cast<std::size_t>(to[i])];
        if (entry >= 0 && reduction == "add")
            return node.unsupported("adds to an entry more than once");
        entry = static_cast<std::int64_t>(i);
    }
    MINTMARK_TRY(const ValueId placed, pick_flat(node, updates, from, shape));
    if (reduction == "none") {
        std::vector<double> mask(count);
        for (std::size_t i = 0; i < count; ++i) mask[i] = from[i] < 0 ? 1 : 0;
        MINTMARK_TRY(x, combined(node, Binary::kMul, x, constant(node, shape, std::move(mask))));
    }
    MINTMARK_TRY(const ValueId out, combined(node, Binary::kAdd, x, placed));
    node.builder().set_type(out, type);
    return out;
}

Result<ValueId> import_scatter_elements(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const std::uint32_t axis, axis_attribute(node, 0, node.shape(x).size()));
    MINTMARK_TRY(const ValueId index, node.input(1));
    if (is_computed_index(node, index)) return scatter_elements_computed(node, x, index, axis);
    MINTMARK_TRY(const Ints to, element_positions(node, node.shape(x), axis));
    return scatter(node, x, to);
}

Result<ValueId> import_scatter_nd(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId index, node.input(1));
    if (is_computed_index(node, index)) return scatter_nd_computed(node, x, index);
    MINTMARK_TRY(const SliceIndex to, slice_positions(node, node.shape(x), 0));
    return scatter(node, x, to.positions);
}

Result<ValueId> import_compress(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId condition, node.input(1));
    if (!node.builder().value(condition).is_constant)
        return node.unsupported("the condition must be a constant");
    const std::vector<double> keep = node.builder().value(condition).data;  // values may move
    std::uint32_t axis = 0;
    if (node.has_attribute("axis")) {
        MINTMARK_TRY(axis, axis_attribute(node, 0, node.shape(x).size()));
    } else {
        MINTMARK_TRY(x,
                     reshaped(node, x, {static_cast<std::uint32_t>(element_count(node.shape(x)))}));
    }
    Ints indices;
    for (std::size_t i = 0; i < keep.size(); ++i)
        if (keep[i] != 0) indices.push_back(static_cast<std::int64_t>(i));
    if (indices.empty() || keep.size() > node.shape(x)[axis])
        return node.malformed("the condition does not fit the axis, or keeps nothing");
    return selected(node, x, axis, indices);
}

/// Along time_axis the first sequence_lens[b] entries of batch b run backwards.
Result<ValueId> import_reverse_sequence(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const Ints lengths, node.ints_input(1));
    MINTMARK_TRY(const std::int64_t time, node.int_attribute("time_axis", 0));
    MINTMARK_TRY(const std::int64_t batch, node.int_attribute("batch_axis", 1));
    const Shape in = node.shape(x);
    if (in.size() < 2 || time + batch != 1 || time * batch != 0)
        return node.malformed("time and batch must be the first two axes");
    const auto t = static_cast<std::size_t>(time), b = static_cast<std::size_t>(batch);
    if (lengths.size() != in[b]) return node.malformed("needs one length for each batch entry");
    const std::size_t block = element_count(in) / in[0] / in[1];
    Ints from;
    for (std::int64_t i = 0; i < in[0]; ++i) {
        for (std::int64_t j = 0; j < in[1]; ++j) {
            const std::int64_t length = lengths[static_cast<std::size_t>(b == 0 ? i : j)];
            if (length < 0 || length > in[t]) return node.malformed("a length is out of range");
            std::int64_t row[2] = {i, j};
            if (row[t] < length) row[t] = length - 1 - row[t];
            for (std::size_t k = 0; k < block; ++k) {
                from.push_back((row[0] * in[1] + row[1]) * static_cast<std::int64_t>(block) +
                               static_cast<std::int64_t>(k));
            }
        }
    }
    return pick_flat(node, x, from, in);
}

// ---- copies -----------------------------------------------------------------------------------

Result<Ints> split_lengths(const NodeView& node, std::uint32_t dim) {
    MINTMARK_TRY(const std::optional<Ints> given, node.ints_either("split", 1, 13));
    if (given) return *given;
    std::int64_t parts = 0;
    while (node.has_output(static_cast<int>(parts))) ++parts;
    MINTMARK_TRY(parts, node.int_attribute("num_outputs", parts));
    if (parts < 1 || parts > dim) return node.malformed("the number of parts does not fit");
    const std::int64_t length = (dim + parts - 1) / parts;
    Ints out(static_cast<std::size_t>(parts), length);
    out.back() = dim - length * (parts - 1);
    return out;
}

Result<ValueId> import_split(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(const std::uint32_t axis, axis_attribute(node, 0, in.size()));
    MINTMARK_TRY(const Ints lengths, split_lengths(node, in[axis]));
    std::int64_t at = 0;
    std::optional<ValueId> first;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        if (lengths[i] < 1 || at + lengths[i] > in[axis])
            return node.malformed("the parts' lengths do not fit the axis");
        MINTMARK_TRY(const ValueId part, sliced(node, x, axis, static_cast<std::uint32_t>(at),
                                                static_cast<std::uint32_t>(lengths[i])));
        at += lengths[i];
        if (i == 0) {
            first = part;
        } else {
            MINTMARK_CHECK(node.bind_output(static_cast<int>(i), part));
        }
    }
    if (!first || at != in[axis]) return node.malformed("the parts do not fill the axis");
    return *first;
}

Result<ValueId> import_expand(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const Ints dims, node.ints_input(1));
    Shape target;
    for (const std::int64_t d : dims) {
        if (d < 1 || d > 1 << 28) return node.malformed(fmt::format("dim {}", d));
        target.push_back(static_cast<std::uint32_t>(d));
    }
    MINTMARK_TRY(const Shape out, broadcast_shape(node, node.shape(x), target));
    return expanded(node, x, out);
}

/// [a, b] repeated (r, s) times is [1, a, 1, b] expanded to [r, a, s, b].
Result<ValueId> import_tile(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    MINTMARK_TRY(const Ints repeats, node.ints_input(1));
    const Shape in = node.shape(x);
    if (repeats.size() != in.size()) return node.malformed("repeats do not fit the input's rank");
    Shape split, wide, out = in;
    for (std::size_t i = 0; i < in.size(); ++i) {
        if (repeats[i] < 1 || repeats[i] > 1 << 24)
            return node.malformed("a repeat is not positive");
        if (repeats[i] != 1) {
            split.push_back(1);
            wide.push_back(static_cast<std::uint32_t>(repeats[i]));
        }
        split.push_back(in[i]);
        wide.push_back(in[i]);
        out[i] *= static_cast<std::uint32_t>(repeats[i]);
    }
    if (split.size() > 8) return node.unsupported("more than 8 axes");
    MINTMARK_TRY(x, reshaped(node, x, split));
    MINTMARK_TRY(x, expanded(node, x, wide));
    return reshaped(node, x, out);
}

Result<ValueId> import_trilu(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const std::int64_t upper, node.int_attribute("upper", 1));
    Ints k = {0};
    if (node.has_input(1)) {
        MINTMARK_TRY(k, node.ints_input(1));
    }
    const Shape in = node.shape(x);
    if (in.size() < 2 || k.size() != 1) return node.malformed("needs a matrix and one diagonal");
    const Shape matrix(in.end() - 2, in.end());
    std::vector<double> mask;
    for (std::int64_t i = 0; i < matrix[0]; ++i) {
        for (std::int64_t j = 0; j < matrix[1]; ++j)
            mask.push_back((upper != 0 ? j - i >= k[0] : j - i <= k[0]) ? 1 : 0);
    }
    return combined(node, Binary::kMul, x, constant(node, matrix, std::move(mask)));
}

Result<ValueId> import_cum_sum(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const ElementType type = node.builder().type(x);
    MINTMARK_TRY(const Ints axes, node.ints_input(1));
    if (axes.size() != 1) return node.malformed("needs one axis");
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, axes[0], node.shape(x).size()));
    MINTMARK_TRY(const std::int64_t exclusive, node.int_attribute("exclusive", 0));
    MINTMARK_TRY(const std::int64_t reverse, node.int_attribute("reverse", 0));
    const std::uint32_t dim = node.shape(x)[axis];
    if (dim > 4096) return node.unsupported("the axis is longer than 4096");
    std::vector<double> matrix;
    for (std::uint32_t from = 0; from < dim; ++from) {
        for (std::uint32_t to = 0; to < dim; ++to) {
            const bool before = reverse != 0 ? from > to : from < to;
            matrix.push_back(before || (from == to && exclusive == 0) ? 1 : 0);
        }
    }
    MINTMARK_TRY(const ValueId sums, mapped(node, x, axis, std::move(matrix), dim));
    node.builder().set_type(sums, type);
    return sums;
}

// ---- blocks of an image -----------------------------------------------------------------------

Result<std::uint32_t> block_size(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const std::int64_t block, node.int_attribute("blocksize", 0));
    if (node.shape(x).size() != 4 || block < 1 || block > 65535)
        return node.malformed("needs an image and a positive blocksize");
    return static_cast<std::uint32_t>(block);
}

Result<ValueId> import_depth_to_space(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    MINTMARK_TRY(const std::uint32_t b, block_size(node, x));
    MINTMARK_TRY(const std::string mode, node.string_attribute("mode", "DCR"));
    const Shape in = node.shape(x);
    if (in[1] % (b * b) != 0) return node.malformed("blocksize does not divide the channels");
    const std::uint32_t c = in[1] / (b * b);
    const bool depth_first = mode == "DCR";
    if (!depth_first && mode != "CRD") return node.malformed(fmt::format("mode '{}'", mode));
    MINTMARK_TRY(x, reshaped(node, x,
                             depth_first ? Shape{in[0], b, b, c, in[2], in[3]}
                                         : Shape{in[0], c, b, b, in[2], in[3]}));
    MINTMARK_TRY(x, transposed(node, x,
                               depth_first ? std::vector<std::uint32_t>{0, 3, 4, 1, 5, 2}
                                           : std::vector<std::uint32_t>{0, 1, 4, 2, 5, 3}));
    return reshaped(node, x, {in[0], c, in[2] * b, in[3] * b});
}

Result<ValueId> import_space_to_depth(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    MINTMARK_TRY(const std::uint32_t b, block_size(node, x));
    const Shape in = node.shape(x);
    if (in[2] % b != 0 || in[3] % b != 0)
        return node.malformed("blocksize does not divide the image");
    MINTMARK_TRY(x, reshaped(node, x, {in[0], in[1], in[2] / b, b, in[3] / b, b}));
    MINTMARK_TRY(x, transposed(node, x, {0, 3, 5, 1, 2, 4}));
    return reshaped(node, x, {in[0], in[1] * b * b, in[2] / b, in[3] / b});
}

Result<ValueId> import_size(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const auto count = static_cast<double>(element_count(node.shape(x)));
    return node.builder().add_constant(node.name(), {{}, ElementType::kInteger, {count}});
}

}  // namespace

void add_movement_importers(ImporterMap& map) {
    map["Gather"] = import_gather;
    map["GatherElements"] = import_gather_elements;
    map["GatherND"] = import_gather_nd;
    map["ScatterElements"] = import_scatter_elements;
    map["Scatter"] = import_scatter_elements;
    map["ScatterND"] = import_scatter_nd;
    map["Compress"] = import_compress;
    map["ReverseSequence"] = import_reverse_sequence;
    map["Split"] = import_split;
    map["Expand"] = import_expand;
    map["Tile"] = import_tile;
    map["Trilu"] = import_trilu;
    map["CumSum"] = import_cum_sum;
    map["DepthToSpace"] = import_depth_to_space;
    map["SpaceToDepth"] = import_space_to_depth;
    map["Size"] = import_size;
}

}  // namespace mintmark::model
