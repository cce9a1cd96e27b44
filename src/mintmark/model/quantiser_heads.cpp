// Products of two computed tensors whose rows have bounded length: |a·b| <= |a||b|. The scores of
// attention are such products of heads, slices of what a matrix made of normalised rows: their
// length is at most that of the row times the largest singular value of the head's weights, far
// less than what intervals allow for.
#include <algorithm>
#include <cmath>

#include "mintmark/model/quantiser.hpp"
#include "mintmark/model/quantiser_math.hpp"

namespace mintmark::model {
namespace {

using Indices = std::vector<std::uint32_t>;

/// Flat indices of the entries that a transposition or a slice takes, in the order of its output.
Indices taken(const Shape& in, const Shape& out, const Indices& axis_of, const Indices& starts,
              const Indices& steps) {
    std::vector<std::size_t> stride(in.size(), 1);
    for (std::size_t i = in.size(); i-- > 1;) stride[i - 1] = stride[i] * in[i];
    Indices at(element_count(out));
    Indices place(out.size(), 0);
    for (std::uint32_t& index : at) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < out.size(); ++i)
            sum += (starts[i] + std::size_t{steps[i]} * place[i]) * stride[axis_of[i]];
        index = static_cast<std::uint32_t>(sum);
        for (std::size_t i = out.size(); i-- > 0 && ++place[i] == out[i];) place[i] = 0;
    }
    return at;
}

/// An upper bound of the largest singular value of a list of vectors: (tr G^32)^(1/64), G their
/// Gram matrix.
double largest_singular(const std::vector<std::vector<double>>& vectors) {
    const std::size_t n = vectors.size();
    std::vector<double> gram(n * n), next(n * n);
    double trace = 0;
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = 0;
            for (std::size_t k = 0; k < vectors[i].size(); ++k)
                sum += vectors[i][k] * vectors[j][k];
            gram[i * n + j] = gram[j * n + i] = sum;
            if (i == j) trace += sum;
        }
    if (!(trace > 0)) return 0;
    double log_scale = 0, power = 1;  // G^power = exp(power * log_scale) * gram
    for (int squaring = 0; squaring < 6; ++squaring) {
        log_scale += std::log(trace) / power;
        for (double& g : gram) g /= trace;
        if (squaring == 5) break;
        trace = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double sum = 0;
                for (std::size_t k = 0; k < n; ++k) sum += gram[i * n + k] * gram[k * n + j];
                next[i * n + j] = sum;
                if (i == j) trace += sum;
            }
        gram.swap(next);
        power *= 2;
    }
    return std::exp(log_scale / 2) * (1 + 1e-6);
}

}  // namespace

/// Follows what only moves data back to a product with a matrix whose rows lie in a known ball: the
/// product, and for each entry of `id` where it is in the product's result.
std::optional<Quantiser::Moved> Quantiser::source_of(TensorId id) const {
    std::optional<Indices> at;
    for (auto made = makers_.find(id); made != makers_.end(); made = makers_.find(id)) {
        const QNode& node = graph_.nodes[made->second];
        const Shape& out = graph_.tensors[node.output].shape;
        if (const auto* product = std::get_if<QMatMul>(&node.op)) {
            if (!balls_.contains(node.inputs[0])) return std::nullopt;
            if (!at) {
                at.emplace(element_count(out));
                for (std::uint32_t i = 0; i < at->size(); ++i) (*at)[i] = i;
            }
            return Moved{product, &balls_.at(node.inputs[0]), *std::move(at)};
        }
        const Shape& in = graph_.tensors[node.inputs[0]].shape;
        std::optional<Indices> step;
        if (const auto* turned = std::get_if<QTranspose>(&node.op)) {
            step = taken(in, out, turned->perm, Indices(out.size(), 0), Indices(out.size(), 1));
        } else if (const auto* part = std::get_if<QSlice>(&node.op)) {
            Indices axes(out.size());
            for (std::uint32_t i = 0; i < axes.size(); ++i) axes[i] = i;
            step = taken(in, out, axes, part->starts, part->steps);
        } else if (!std::holds_alternative<QReshape>(node.op)) {
            return std::nullopt;
        }
        if (step && at)
            for (std::uint32_t& index : *at) index = (*step)[index];
        else if (step)
            at = std::move(step);
        id = node.inputs[0];
    }
    return std::nullopt;
}

/// The largest length of columns [first, first + count) of a row of the product's result.
double Quantiser::length_of_columns(const Moved& source, std::size_t first, std::size_t count) {
    const Hidden& weight = source.product->weight;
    const RowBall& ball = *source.ball;
    const std::size_t n = weight.shape[0], m = weight.shape[1];
    const double unit = std::ldexp(1, -source.product->requant.shift);
    std::vector<std::vector<double>> vectors(count, std::vector<double>(n));
    double center = 0, errors = 0;
    for (std::size_t j = 0; j < count; ++j) {
        double middle =
            source.product->bias ? static_cast<double>(source.product->bias->values[first + j]) : 0;
        double size = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const auto w = static_cast<double>(weight.values[i * m + first + j]);
            vectors[j][i] = w * ball.gain[i] * unit;
            middle += w * ball.center[i];
            size += std::abs(w);
        }
        center += middle * unit * middle * unit;
        errors += (size * ball.error * unit + 0.5) * (size * ball.error * unit + 0.5);
    }
    return std::sqrt(center) + largest_singular(vectors) * ball.radius + std::sqrt(errors);
}

/// Bounds of the lengths of a tensor's vectors along its last axis (`by_column`: the one before),
/// row-major without that axis: from where they come from, or else from their entries.
std::vector<double> Quantiser::lengths(const Ints& x, const Shape& shape, bool by_column) const {
    const std::size_t last = shape.back(), before = shape[shape.size() - 2];
    const std::size_t count = by_column ? before : last, stride = by_column ? last : 1;
    const std::optional<Moved> source = source_of(x.id);
    std::map<std::size_t, double> known;
    std::vector<double> out;
    const std::size_t total = x.range.lo.size() / count;
    for (std::size_t v = 0; v < total; ++v) {
        const std::size_t begin = by_column ? v / last * last * before + v % last : v * last;
        double square = 0;
        bool is_slice = source.has_value();
        for (std::size_t k = 0; k < count; ++k) {
            const std::size_t e = begin + k * stride;
            const double reach = std::max(std::abs(x.range.lo[e]), std::abs(x.range.hi[e]));
            square += reach * reach;
            is_slice = is_slice && source->at[e] == source->at[begin] + k;
        }
        double length = std::sqrt(square);
        if (is_slice) {
            const std::size_t m = source->product->weight.shape[1];
            const std::size_t first = source->at[begin] % m;
            if (first + count <= m) {
                const auto [entry, is_new] = known.try_emplace(first, 0);
                if (is_new) entry->second = length_of_columns(*source, first, count);
                length = std::min(length, entry->second);
            }
        }
        out.push_back(length);
    }
    return out;
}

/// sums[…, i, j] = sum over k of a[…, i, k] b[…, k, j].
void Quantiser::tighten_products(Interval& sums, const Ints& a, const Ints& b, const Shape& shape_a,
                                 const Shape& shape_b) const {
    const std::size_t rows = shape_a[shape_a.size() - 2], columns = shape_b.back();
    if (a.range.lo.size() / shape_a.back() * columns != sums.lo.size()) return;
    const std::vector<double> left = lengths(a, shape_a, false), right = lengths(b, shape_b, true);
    for (std::size_t o = 0; o < sums.lo.size(); ++o) {
        const std::size_t row = o / columns, column = row / rows * columns + o % columns;
        const double most = std::ceil(left[row] * right[column] * (1 + 1e-9));
        sums.lo[o] = std::max(sums.lo[o], -most);
        sums.hi[o] = std::min(sums.hi[o], most);
    }
}

}  // namespace mintmark::model
