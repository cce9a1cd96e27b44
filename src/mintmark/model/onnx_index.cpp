// Importers of the operators that make indices (ArgMax, TopK, OneHot, Hardmax) and that take
// computed ones (Gather*, Scatter*): an index becomes a one-hot row, an entry a product with it.
#include "mintmark/model/onnx_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "mintmark/model/indexing.hpp"
#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint32_t kLongestFirst = 1024;  ///< a matrix finds the first of equal maxima
constexpr std::uint32_t kLongestRanked = 192;  ///< n (n - 1) / 2 comparisons, n^3 small weights
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 24U;  ///< of one-hot rows
constexpr std::uint32_t kPlainDepth = 512, kDigit = 256;

std::uint32_t last_axis(const NodeView& node, ValueId x) {
    return static_cast<std::uint32_t>(node.shape(x).size() - 1);
}

// ---- maxima -----------------------------------------------------------------------------------

enum class Tie : std::uint8_t { kFirst, kLast };

/// [x = max x] along the last axis.
Result<ValueId> largest(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId most, reduced(node, x, {last_axis(node, x)}, Reduction::kMax));
    return is_at_least(node, x, most);
}

/// Of the ones in each row the first (last) one: 1 where the entry less those before it is 1.
Result<ValueId> one_of_row(const NodeView& node, ValueId ones, Tie tie) {
    const std::uint32_t axis = last_axis(node, ones), n = node.shape(ones)[axis];
    std::vector<double> matrix(std::size_t{n} * n, 0);
    for (std::size_t from = 0; from < n; ++from) {
        for (std::size_t to = 0; to < n; ++to) {
            const bool before = tie == Tie::kFirst ? from < to : from > to;
            matrix[from * n + to] = from == to ? 1 : before ? -1 : 0;
        }
    }
    MINTMARK_TRY(const ValueId alone, mapped(node, ones, axis, std::move(matrix), n));
    MINTMARK_TRY(const ValueId less, plus(node, alone, -1));
    return is_not_negative(node, less);
}

/// Σ j x_j along the last axis, of a one-hot row its place; the axis stays with dim 1.
Result<ValueId> place_of(const NodeView& node, ValueId row) {
    const std::uint32_t axis = last_axis(node, row), n = node.shape(row)[axis];
    std::vector<double> numbers(n);
    std::iota(numbers.begin(), numbers.end(), 0.0);
    MINTMARK_TRY(const ValueId place, mapped(node, row, axis, std::move(numbers), 1));
    return as_integers(node, place);
}

/// The greatest of n - j (or j + 1) over the ones of a row tells their first (last) place.
Result<ValueId> place_by_maximum(const NodeView& node, ValueId ones, Tie tie) {
    const std::uint32_t axis = last_axis(node, ones), n = node.shape(ones)[axis];
    std::vector<double> weight(n);
    for (std::uint32_t j = 0; j < n; ++j) weight[j] = tie == Tie::kFirst ? n - j : j + 1;
    MINTMARK_TRY(const ValueId marked,
                 whole(node, Binary::kMul, ones, constant(node, {n}, std::move(weight))));
    MINTMARK_TRY(ValueId most, reduced(node, marked, {axis}, Reduction::kMax));
    most = as_integers(node, most);
    if (tie == Tie::kLast) return plus(node, most, -1);
    MINTMARK_TRY(const ValueId minus, times(node, most, -1));
    return plus(node, minus, n);
}

Result<ValueId> without_last(const NodeView& node, ValueId x) {
    const Shape in = node.shape(x);
    return reshaped(node, x, Shape(in.begin(), in.end() - 1));
}

enum class Extreme : std::uint8_t { kMax, kMin };

template <Extreme Kind>
Result<ValueId> import_arg_extreme(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    const std::size_t rank = node.shape(x).size();
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", 0));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, rank));
    MINTMARK_TRY(const std::int64_t last, node.int_attribute("select_last_index", 0));
    MINTMARK_TRY(const std::int64_t keep, node.int_attribute("keepdims", 1));
    const Tie tie = last != 0 ? Tie::kLast : Tie::kFirst;
    if (Kind == Extreme::kMin) {
        MINTMARK_TRY(x, as_scaled(node, x, -1));
    }
    MINTMARK_TRY(x, axis_to_end(node, x, axis));
    MINTMARK_TRY(const ValueId ones, largest(node, x));
    std::optional<ValueId> place;
    if (node.shape(x).back() <= kLongestFirst) {
        MINTMARK_TRY(const ValueId row, one_of_row(node, ones, tie));
        MINTMARK_TRY(place, place_of(node, row));
    } else {
        MINTMARK_TRY(place, place_by_maximum(node, ones, tie));
    }
    if (keep == 0) return without_last(node, *place);
    return axis_from_end(node, *place, axis);
}

/// Before opset 13 all axes from `axis` on are one row.
Result<ValueId> import_hardmax(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    const Shape in = node.shape(x);
    const bool flattens = node.opset() < 13;
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", flattens ? 1 : -1));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, in.size()));
    if (flattens) {
        const Shape head(in.begin(), in.begin() + axis), tail(in.begin() + axis, in.end());
        MINTMARK_TRY(x, reshaped(node, x,
                                 {static_cast<std::uint32_t>(element_count(head)),
                                  static_cast<std::uint32_t>(element_count(tail))}));
    } else {
        MINTMARK_TRY(x, axis_to_end(node, x, axis));
    }
    if (node.shape(x).back() > kLongestFirst)
        return node.unsupported("rows of more than 1024 entries");
    MINTMARK_TRY(const ValueId ones, largest(node, x));
    MINTMARK_TRY(ValueId row, one_of_row(node, ones, Tie::kFirst));
    node.builder().set_type(row, ElementType::kReal);
    node.builder().mark_integral(row);
    if (!flattens) return axis_from_end(node, row, axis);
    return reshaped(node, row, in);
}

// ---- TopK -------------------------------------------------------------------------------------

/// How many entries of the row come before each one: one sign for every pair, then sums of signs.
Result<ValueId> ranks(const NodeView& node, ValueId x, Extreme kind) {
    const std::uint32_t axis = last_axis(node, x), n = node.shape(x)[axis];
    const std::uint32_t pairs = n * (n - 1) / 2;
    const double sign = kind == Extreme::kMax ? 1 : -1;
    std::vector<double> difference(std::size_t{n} * pairs, 0), votes(std::size_t{pairs} * n, 0);
    std::vector<double> after(n);
    std::size_t p = 0;
    for (std::size_t a = 0; a < n; ++a) {
        after[a] = static_cast<double>(n - 1 - a);
        for (std::size_t b = a + 1; b < n; ++b, ++p) {
            difference[a * pairs + p] = sign;  // [x_a >= x_b]: the earlier entry wins ties
            difference[b * pairs + p] = -sign;
            votes[p * n + a] = -1;
            votes[p * n + b] = 1;
        }
    }
    MINTMARK_TRY(const ValueId gaps, mapped(node, x, axis, std::move(difference), pairs));
    MINTMARK_TRY(const ValueId wins, is_not_negative(node, gaps));
    MINTMARK_TRY(const ValueId count, mapped(node, wins, axis, std::move(votes), n));
    return whole(node, Binary::kAdd, as_integers(node, count),
                 constant(node, {n}, std::move(after)));
}

Result<std::int64_t> top_count(const NodeView& node) {
    if (node.opset() < 10) return node.int_attribute("k", 0);
    MINTMARK_TRY(const Ints k, node.ints_input(1));
    if (k.size() != 1) return node.malformed("k is not one number");
    return k[0];
}

Result<ValueId> import_top_k(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    const Shape in = node.shape(x);
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", -1));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, in.size()));
    MINTMARK_TRY(const std::int64_t k, top_count(node));
    MINTMARK_TRY(const std::int64_t is_largest, node.int_attribute("largest", 1));
    const std::uint32_t n = in[axis];
    if (k < 1 || k > n) return node.malformed(fmt::format("k is {}, the axis has {}", k, n));
    if (n > kLongestRanked)
        return node.unsupported(fmt::format("ranks of {} entries (at most 192)", n));
    const ValueId original = x;
    MINTMARK_TRY(x, axis_to_end(node, x, axis));
    const Shape turned = node.shape(x);
    const auto count = static_cast<std::uint32_t>(element_count(turned) / n);
    MINTMARK_TRY(const ValueId rows, reshaped(node, x, {count, n}));
    const auto depth = static_cast<std::uint32_t>(k);
    std::optional<ValueId> rank;
    if (n == 1) {
        rank = counting(node, {count, 1}, 0);
    } else {
        MINTMARK_TRY(rank, ranks(node, rows, is_largest != 0 ? Extreme::kMax : Extreme::kMin));
    }
    MINTMARK_TRY(const ValueId spread, reshaped(node, *rank, {count, 1, n}));
    // The ranks of a row are distinct, so each place is taken once.
    MINTMARK_TRY(const ValueId order, one_hot(node, spread, 1, depth));
    node.builder().limit_rows(order, 1);
    Shape out = turned;
    out.back() = depth;
    const auto back = [&](ValueId y) -> Result<ValueId> {
        MINTMARK_TRY(y, reshaped(node, y, out));
        return axis_from_end(node, y, axis);
    };
    MINTMARK_TRY(ValueId places, place_of(node, order));
    MINTMARK_TRY(places, back(places));
    MINTMARK_CHECK(node.bind_output(1, as_integers(node, places)));
    MINTMARK_TRY(const ValueId column, reshaped(node, rows, {count, n, 1}));
    MINTMARK_TRY(ValueId values, multiplied(node, order, column));
    MINTMARK_TRY(values, back(as_type_of(node, values, original)));
    return as_type_of(node, values, original);
}

// ---- OneHot -----------------------------------------------------------------------------------

Result<ValueId> import_one_hot(const NodeView& node) {
    MINTMARK_TRY(ValueId x, node.input(0));
    MINTMARK_TRY(const ValueId depth_id, node.input(1));
    MINTMARK_TRY(const ValueId values, node.input(2));
    const Value &depth_value = node.builder().value(depth_id), &pair = node.builder().value(values);
    if (!depth_value.is_constant || depth_value.data.size() != 1 || !pair.is_constant ||
        pair.data.size() != 2) {
        return node.unsupported("depth and values must be constants");
    }
    const double depth = depth_value.data[0], off = pair.data[0], on = pair.data[1];
    if (!(depth >= 1 && depth <= 32767)) return node.unsupported(fmt::format("depth {}", depth));
    if (!node.builder().value(x).is_integral)
        return node.unsupported("the indices are not whole numbers");
    const Shape in = node.shape(x);
    MINTMARK_TRY(const std::int64_t given, node.int_attribute("axis", -1));
    MINTMARK_TRY(const std::uint32_t axis, normalise_axis(node, given, in.size() + 1));
    Shape spread = in;
    spread.insert(spread.begin() + axis, 1);
    const auto size = static_cast<std::uint32_t>(depth);
    // Below -depth and from depth on nothing is on: the place of x, and of x + depth.
    MINTMARK_TRY(x, reshaped(node, x, spread));
    MINTMARK_TRY(const ValueId plain, one_hot(node, x, axis, size));
    MINTMARK_TRY(const ValueId moved, plus(node, x, depth));
    MINTMARK_TRY(const ValueId negative, one_hot(node, moved, axis, size));
    MINTMARK_TRY(ValueId y, whole(node, Binary::kAdd, plain, negative));
    MINTMARK_TRY(y, as_scaled(node, y, on - off));
    if (off != 0) {
        MINTMARK_TRY(y, combined(node, Binary::kAdd, y, node.scalar(off)));
    }
    return as_type_of(node, y, values);
}

// ---- entries by computed indices --------------------------------------------------------------

/// x with rows of zeros up to a whole number of digits, where one-hot rows are made of two.
Result<ValueId> whole_digits(const NodeView& node, ValueId x) {
    Shape shape = node.shape(x);
    if (shape[0] <= kPlainDepth || shape[0] % kDigit == 0) return x;
    shape[0] = (shape[0] + kDigit - 1) / kDigit * kDigit;
    return padded(node, x, std::vector<std::uint32_t>(shape.size(), 0), shape);
}

Status check_rows(const NodeView& node, std::uint64_t rows, std::uint64_t length) {
    if (rows == 0 || length == 0) return node.malformed("no indices, or nothing to index");
    if (rows * length <= kMostEntries) return {};
    return node.unsupported(
        fmt::format("{} computed indices into {} entries: too many", rows, length));
}

/// One-hot rows [count, dim] of computed indices.
Result<ValueId> index_rows(const NodeView& node, ValueId index, std::uint32_t dim) {
    const auto count = static_cast<std::uint32_t>(element_count(node.shape(index)));
    MINTMARK_CHECK(check_rows(node, count, dim));
    MINTMARK_TRY(const ValueId column, reshaped(node, index, {count, 1}));
    return one_hot(node, column, 1, dim);
}

/// rows of the table [entries, width] at indices that are not negative: [count, width].
Result<ValueId> look_up_rows(const NodeView& node, ValueId table, ValueId index) {
    MINTMARK_TRY(const ValueId whole_table, whole_digits(node, table));
    MINTMARK_TRY(const ValueId rows, index_rows(node, index, node.shape(whole_table)[0]));
    MINTMARK_TRY(const ValueId picked, multiplied(node, rows, whole_table));
    return as_type_of(node, picked, table);
}

/// Places of tuples of indices (last axis) in an array of `dims`, plus `base`.
Result<ValueId> tuple_places(const NodeView& node, ValueId index, const Shape& dims) {
    const std::uint32_t axis = last_axis(node, index);
    std::optional<ValueId> place;
    for (std::uint32_t i = 0; i < dims.size(); ++i) {
        MINTMARK_TRY(ValueId one, sliced(node, index, axis, i, 1));
        MINTMARK_TRY(one, wrapped(node, one, dims[i]));
        const Shape inner(dims.begin() + i + 1, dims.end());
        MINTMARK_TRY(one, times(node, one, static_cast<double>(element_count(inner))));
        if (place) {
            MINTMARK_TRY(one, whole(node, Binary::kAdd, *place, one));
        }
        place = one;
    }
    return *place;
}

/// Places of GatherElements' and ScatterElements' indices in the flat data. `data` is a copy: the
/// graph's own shapes move when nodes are added.
Result<ValueId> element_places(const NodeView& node, Shape data, ValueId index,
                               std::uint32_t axis) {
    const Shape shape = node.shape(index);
    if (shape.size() != data.size()) return node.malformed("data and indices differ in rank");
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (i != axis && shape[i] > data[i])
            return node.malformed("the indices' shape does not fit the data");
    }
    auto strides = strides_of(data);
    const auto along = static_cast<double>(strides[axis]);
    strides[axis] = 0;
    std::vector<double> base;
    for (const std::size_t at : gather_indices(shape, strides))
        base.push_back(static_cast<double>(at));
    MINTMARK_TRY(ValueId place, wrapped(node, index, data[axis]));
    MINTMARK_TRY(place, times(node, place, along));
    if (element_count(data) == data[axis]) return place;
    return whole(node, Binary::kAdd, place, constant(node, shape, std::move(base)));
}

Result<ValueId> flat(const NodeView& node, ValueId x, std::size_t width = 1) {
    if (width == 0) return node.malformed("the data has no elements");
    const std::size_t count = element_count(node.shape(x)) / width;
    return reshaped(node, x,
                    {static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(width)});
}

/// The data [entries, width] with the updates [count, width] written (or added) at `rows`.
Result<ValueId> scattered(const NodeView& node, ValueId data, ValueId place, ValueId updates) {
    MINTMARK_TRY(const std::string reduction, node.string_attribute("reduction", "none"));
    if (reduction != "none" && reduction != "add")
        return node.unsupported(fmt::format("reduction '{}' with computed indices", reduction));
    const std::uint32_t entries = node.shape(data)[0];
    MINTMARK_TRY(const ValueId rows, index_rows(node, place, entries));
    MINTMARK_TRY(const ValueId turned, transposed(node, rows, {1, 0}));
    MINTMARK_TRY(const ValueId written, multiplied(node, turned, updates));
    const ValueId added = as_type_of(node, written, data);
    if (reduction == "add") return combined(node, Binary::kAdd, data, added);
    const std::uint32_t count = node.shape(turned)[1];
    MINTMARK_TRY(
        const ValueId hits,
        multiplied(node, turned, constant(node, {count, 1}, std::vector<double>(count, 1))));
    MINTMARK_TRY(const ValueId free, is_zero(node, as_integers(node, hits)));
    MINTMARK_TRY(const ValueId kept, combined(node, Binary::kMul, data, free));
    return combined(node, Binary::kAdd, as_type_of(node, kept, data), added);
}

}  // namespace

Result<ValueId> as_scaled(const NodeView& node, ValueId x, double factor) {
    if (factor == 1) return x;
    const ValueId like = x;
    MINTMARK_TRY(const ValueId y, combined(node, Binary::kMul, x, node.scalar(factor)));
    return as_type_of(node, y, like);
}

Result<ValueId> argument_of_maximum(const NodeView& node, ValueId x) {
    MINTMARK_TRY(const ValueId ones, largest(node, x));
    if (node.shape(x).back() > kLongestFirst) return place_by_maximum(node, ones, Tie::kFirst);
    MINTMARK_TRY(const ValueId row, one_of_row(node, ones, Tie::kFirst));
    return place_of(node, row);
}

Result<ValueId> gather_computed(const NodeView& node, ValueId x, ValueId index,
                                std::uint32_t axis) {
    const Shape in = node.shape(x), index_shape = node.shape(index);
    std::vector<std::uint32_t> first = {axis};
    Shape rest;
    for (std::uint32_t i = 0; i < in.size(); ++i) {
        if (i == axis) continue;
        first.push_back(i);
        rest.push_back(in[i]);
    }
    MINTMARK_TRY(const ValueId turned, transposed(node, x, first));
    MINTMARK_TRY(ValueId table, flat(node, turned, element_count(rest)));
    table = as_type_of(node, table, x);
    MINTMARK_TRY(const ValueId place, wrapped(node, index, in[axis]));
    MINTMARK_TRY(ValueId picked, look_up_rows(node, table, place));
    Shape joint = index_shape;
    joint.insert(joint.end(), rest.begin(), rest.end());
    if (joint.size() > 8) return node.unsupported("more than 8 axes");
    MINTMARK_TRY(picked, reshaped(node, picked, joint));
    std::vector<std::uint32_t> perm(joint.size());
    const auto q = static_cast<std::uint32_t>(index_shape.size());
    for (std::uint32_t i = 0; i < joint.size(); ++i)
        perm[i] = i < axis ? q + i : i < axis + q ? i - axis : i;
    return transposed(node, picked, perm);
}

Result<ValueId> gather_elements_computed(const NodeView& node, ValueId x, ValueId index,
                                         std::uint32_t axis) {
    const Shape out = node.shape(index);
    MINTMARK_TRY(const ValueId place, element_places(node, node.shape(x), index, axis));
    MINTMARK_TRY(const ValueId table, flat(node, x));
    MINTMARK_TRY(const ValueId picked, look_up_rows(node, as_type_of(node, table, x), place));
    return reshaped(node, picked, out);
}

Result<ValueId> gather_nd_computed(const NodeView& node, ValueId x, ValueId index,
                                   std::size_t batch_dims) {
    const Shape in = node.shape(x), shape = node.shape(index);
    if (shape.empty() || shape.back() == 0 || batch_dims + shape.back() > in.size() ||
        batch_dims >= shape.size()) {
        return node.malformed("the indices' last axis does not fit the data");
    }
    const auto split = static_cast<std::ptrdiff_t>(batch_dims);
    const Shape batch(in.begin(), in.begin() + split);
    const Shape named(in.begin() + split, in.begin() + split + shape.back());
    const Shape inner(in.begin() + split + shape.back(), in.end());
    MINTMARK_TRY(ValueId place, tuple_places(node, index, named));
    if (element_count(batch) > 1) {
        // Each batch entry's places begin where the one before it ends.
        Shape first(shape.size(), 1);
        std::copy(batch.begin(), batch.end(), first.begin());
        const auto block = static_cast<double>(element_count(named));
        MINTMARK_TRY(place, whole(node, Binary::kAdd, place, counting(node, first, block)));
    }
    MINTMARK_TRY(const ValueId table, flat(node, x, element_count(inner)));
    MINTMARK_TRY(const ValueId picked, look_up_rows(node, as_type_of(node, table, x), place));
    Shape out(shape.begin(), shape.end() - 1);
    out.insert(out.end(), inner.begin(), inner.end());
    return reshaped(node, picked, out);
}

Result<ValueId> scatter_elements_computed(const NodeView& node, ValueId x, ValueId index,
                                          std::uint32_t axis) {
    const Shape in = node.shape(x);
    MINTMARK_TRY(const ValueId updates, node.input(2));
    if (node.shape(updates) != node.shape(index))
        return node.malformed("updates and indices differ in shape");
    MINTMARK_TRY(const ValueId place, element_places(node, in, index, axis));
    MINTMARK_TRY(const ValueId data, flat(node, x));
    MINTMARK_TRY(const ValueId written, flat(node, updates));
    MINTMARK_TRY(const ValueId y, scattered(node, as_type_of(node, data, x), place, written));
    return reshaped(node, as_type_of(node, y, x), in);
}

Result<ValueId> scatter_nd_computed(const NodeView& node, ValueId x, ValueId index) {
    const Shape in = node.shape(x), shape = node.shape(index);
    MINTMARK_TRY(const ValueId updates, node.input(2));
    if (shape.empty() || shape.back() == 0 || shape.back() > in.size())
        return node.malformed("the indices' last axis does not fit the data");
    const Shape named(in.begin(), in.begin() + shape.back());
    const Shape inner(in.begin() + shape.back(), in.end());
    MINTMARK_TRY(const ValueId place, tuple_places(node, index, named));
    const std::size_t width = element_count(inner);
    if (element_count(node.shape(updates)) != element_count(node.shape(place)) * width)
        return node.malformed("updates and indices differ in size");
    MINTMARK_TRY(const ValueId data, flat(node, x, width));
    MINTMARK_TRY(const ValueId written, flat(node, updates, width));
    MINTMARK_TRY(const ValueId y, scattered(node, as_type_of(node, data, x), place, written));
    return reshaped(node, as_type_of(node, y, x), in);
}

void add_index_importers(ImporterMap& map) {
    map["ArgMax"] = import_arg_extreme<Extreme::kMax>;
    map["ArgMin"] = import_arg_extreme<Extreme::kMin>;
    map["Hardmax"] = import_hardmax;
    map["OneHot"] = import_one_hot;
    map["TopK"] = import_top_k;
}

}  // namespace mintmark::model
