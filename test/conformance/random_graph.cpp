#include "random_graph.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include "mintmark/base/rng.hpp"

namespace mintmark {
namespace {

using model::Shape;
using model::ValueId;

constexpr std::size_t kMostElements = 400;

/// Kinds that are continuous on all reals, and grow no faster than their argument.
constexpr std::array kCurves = {
    model::Pointwise::kRelu,     model::Pointwise::kLeakyRelu, model::Pointwise::kSigmoid,
    model::Pointwise::kTanh,     model::Pointwise::kClip,      model::Pointwise::kErf,
    model::Pointwise::kGelu,     model::Pointwise::kGeluTanh,  model::Pointwise::kSoftplus,
    model::Pointwise::kSoftsign, model::Pointwise::kSilu,      model::Pointwise::kHardSwish,
    model::Pointwise::kMish,     model::Pointwise::kElu,       model::Pointwise::kSin,
    model::Pointwise::kCos,      model::Pointwise::kAtan,      model::Pointwise::kAsinh,
    model::Pointwise::kAbs};

class Maker {
  public:
    explicit Maker(std::uint64_t seed) : rng_(seed) {}

    model::Graph make() {
        const std::size_t inputs = below(4) == 0 ? 2 : 1;
        for (std::size_t i = 0; i < inputs; ++i) {
            graph_.inputs.push_back(add_value(random_shape()));
            computed_.push_back(graph_.inputs.back());
        }
        const std::size_t wanted = 2 + below(6);
        for (int tries = 0; graph_.nodes.size() < wanted && tries < 100; ++tries) grow();
        graph_.outputs.push_back(computed_.back());
        // A value that others read is an output too.
        if (below(3) == 0) {
            const ValueId other =
                computed_[graph_.inputs.size() + below(computed_.size() - graph_.inputs.size())];
            if (other != graph_.outputs[0]) graph_.outputs.push_back(other);
        }
        return pruned();
    }

  private:
    std::size_t below(std::size_t n) { return rng_.next() % n; }
    double real(double lo, double hi) {
        return lo + (hi - lo) * static_cast<double>(rng_.next() % 10'001) / 10'000;
    }
    Shape random_shape() {
        Shape shape;
        const std::size_t rank = 1 + below(4);
        for (std::size_t i = 0; i < rank; ++i)
            shape.push_back(static_cast<std::uint32_t>(below(6) == 0 ? 1 : 2 + below(4)));
        return shape;
    }
    ValueId add_value(const Shape& shape) {
        graph_.values.push_back({"v" + std::to_string(graph_.values.size()), shape, false, {}});
        return static_cast<ValueId>(graph_.values.size() - 1);
    }
    ValueId add_constant(const Shape& shape, double least, double most) {
        model::Value value{"c" + std::to_string(graph_.values.size()), shape, true, {}};
        for (std::size_t i = 0; i < model::element_count(shape); ++i) {
            const double magnitude = real(least, most);
            value.data.push_back(below(2) == 0 ? -magnitude : magnitude);
        }
        graph_.values.push_back(std::move(value));
        return static_cast<ValueId>(graph_.values.size() - 1);
    }
    const Shape& shape(ValueId id) const { return graph_.values[id].shape; }

    /// Mostly one of the last values: deep graphs; sometimes any.
    ValueId pick() {
        const std::size_t from =
            below(3) == 0 ? computed_.size() : std::min<std::size_t>(2, computed_.size());
        return computed_[computed_.size() - 1 - below(from)];
    }

    void emit(model::Op op, std::vector<ValueId> inputs, const Shape& out) {
        if (model::element_count(out) > kMostElements || out.size() > 5) return;
        const ValueId id = add_value(out);
        const std::string name = "n" + std::to_string(graph_.nodes.size());
        graph_.nodes.push_back({name, "random", std::move(inputs), id, std::move(op)});
        computed_.push_back(id);
    }

    void grow() {
        switch (below(16)) {
            case 0:
            case 1:
                return curve();
            case 2:
            case 3:
            case 4:
                return with_constant();
            case 5:
            case 6:
                return two_computed();
            case 7:
                return product();
            case 8:
                return window();
            case 9:
                return reshape();
            case 10:
                return transpose();
            case 11:
                return slice();
            case 12:
                return pad();
            case 13:
                return concat();
            case 14:
                return select();
            default:
                return expand_or_softmax();
        }
    }

    void curve() {
        const ValueId x = pick();
        model::PointwiseOp op{kCurves[below(kCurves.size())], 0, 0};
        if (op.kind == model::Pointwise::kLeakyRelu) op.alpha = real(0, 0.9);
        if (op.kind == model::Pointwise::kElu) op.alpha = 1;
        if (op.kind == model::Pointwise::kClip) {
            op.alpha = real(-2, 0);
            op.beta = op.alpha + real(0.5, 2);
        }
        emit(op, {x}, shape(x));
    }

    /// Some axes of `from` set to 1, some in front dropped.
    Shape broadcastable(const Shape& from) {
        Shape out = from;
        for (std::uint32_t& dim : out)
            if (below(2) == 0) dim = 1;
        const std::size_t dropped = below(out.size() + 1);
        if (below(2) == 0)
            out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(dropped));
        return out;
    }
    static Shape joint(const Shape& a, const Shape& b) {
        Shape out(std::max(a.size(), b.size()), 1);
        for (const Shape* s : {&a, &b}) {
            for (std::size_t i = 0; i < s->size(); ++i) {
                std::uint32_t& dim = out[out.size() - s->size() + i];
                dim = std::max(dim, (*s)[i]);
            }
        }
        return out;
    }

    void with_constant() {
        const ValueId x = pick();
        const auto kind = static_cast<model::Binary>(below(4));
        Shape other = below(4) == 0 ? shape(x) : broadcastable(shape(x));
        if (below(6) == 0) {
            // The constant is the larger one.
            other = shape(x);
            for (std::uint32_t& dim : other)
                if (dim == 1) dim = static_cast<std::uint32_t>(1 + below(3));
            if (below(2) == 0) other.insert(other.begin(), 2);
        }
        const ValueId c = add_constant(other, kind == model::Binary::kDiv ? 0.5 : 0.1, 2);
        const bool left = kind != model::Binary::kDiv && below(2) == 0;
        emit(model::BinaryOp{kind}, left ? std::vector{c, x} : std::vector{x, c},
             joint(shape(x), other));
    }

    void two_computed() {
        const ValueId a = pick();
        std::vector<ValueId> fits;
        for (const ValueId id : computed_) {
            const Shape both = joint(shape(a), shape(id));
            if (broadcasts(shape(a), both) && broadcasts(shape(id), both)) fits.push_back(id);
        }
        const ValueId b = fits[below(fits.size())];
        const auto kind = static_cast<model::Binary>(below(3));
        const Shape out = joint(shape(a), shape(b));
        if (below(2) == 0) return emit(model::BinaryOp{kind}, {a, b}, out);
        emit(model::BinaryOp{kind}, {b, a}, out);
    }
    static bool broadcasts(const Shape& from, const Shape& to) {
        for (std::size_t i = 0; i < from.size(); ++i)
            if (from[i] != 1 && from[i] != to[to.size() - from.size() + i]) return false;
        return true;
    }

    void product() {
        const ValueId x = pick();
        const Shape in = shape(x);
        if (in.size() < 2) return;
        Shape out = in;
        const auto columns = static_cast<std::uint32_t>(1 + below(5));
        switch (below(3)) {
            case 0: {
                out.back() = columns;
                return emit(model::MatMulOp{}, {x, add_constant({in.back(), columns}, 0, 0.7)},
                            out);
            }
            case 1: {
                out[out.size() - 2] = columns;
                const std::uint32_t rows = in[in.size() - 2];
                return emit(model::MatMulOp{}, {add_constant({columns, rows}, 0, 0.7), x}, out);
            }
            default: {
                std::vector<ValueId> fits;
                for (const ValueId id : computed_) {
                    const Shape& s = shape(id);
                    if (s.size() == in.size() && s[s.size() - 2] == in.back() &&
                        std::equal(s.begin(), s.end() - 2, in.begin())) {
                        fits.push_back(id);
                    }
                }
                if (fits.empty()) return;
                const ValueId y = fits[below(fits.size())];
                out.back() = shape(y).back();
                return emit(model::MatMulOp{}, {x, y}, out);
            }
        }
    }

    void window() {
        const ValueId x = pick();
        const Shape in = shape(x);
        if (in.size() != 3 && in.size() != 4) return;
        const std::size_t spatial = in.size() - 2;
        model::Window w;
        Shape out = {in[0], in[1]};
        for (std::size_t i = 0; i < spatial; ++i) {
            w.kernel.push_back(
                static_cast<std::uint32_t>(1 + below(std::min<std::size_t>(3, in[2 + i]))));
            w.strides.push_back(static_cast<std::uint32_t>(1 + below(2)));
            const bool wide = w.kernel[i] > 1 && below(2) == 0;
            w.pads_begin.push_back(wide ? static_cast<std::uint32_t>(below(w.kernel[i])) : 0);
            w.pads_end.push_back(wide ? static_cast<std::uint32_t>(below(w.kernel[i])) : 0);
            const std::uint32_t dilated = (w.kernel[i] - 1) * 2 + 1;
            w.dilations.push_back(dilated <= in[2 + i] && below(3) == 0 ? 2 : 1);
            const std::uint32_t reach = (w.kernel[i] - 1) * w.dilations[i] + 1;
            const std::uint32_t room = in[2 + i] + w.pads_begin[i] + w.pads_end[i] - reach;
            out.push_back(room / w.strides[i] + 1);
        }
        if (below(2) == 0) {
            const auto kind = static_cast<model::PoolKind>(below(3));
            return emit(model::PoolOp{kind, w}, {x}, out);
        }
        const auto groups = static_cast<std::uint32_t>(below(3) == 0 ? in[1] : 1);
        const auto filters = static_cast<std::uint32_t>(groups * (1 + below(3)));
        Shape kernel = {filters, in[1] / groups};
        kernel.insert(kernel.end(), w.kernel.begin(), w.kernel.end());
        out[1] = filters;
        std::vector<ValueId> inputs = {x, add_constant(kernel, 0, 0.5)};
        if (below(2) == 0) inputs.push_back(add_constant({filters}, 0, 1));
        emit(model::ConvOp{w, groups}, std::move(inputs), out);
    }

    void reshape() {
        const ValueId x = pick();
        std::uint32_t rest = static_cast<std::uint32_t>(model::element_count(shape(x)));
        Shape out;
        while (rest > 1 && out.size() < 3) {
            std::vector<std::uint32_t> divisors;
            for (std::uint32_t d = 1; d <= rest; ++d)
                if (rest % d == 0) divisors.push_back(d);
            out.push_back(divisors[below(divisors.size())]);
            rest /= out.back();
        }
        out.push_back(rest);
        emit(model::ReshapeOp{}, {x}, out);
    }

    void transpose() {
        const ValueId x = pick();
        const Shape in = shape(x);
        std::vector<std::uint32_t> perm(in.size());
        std::iota(perm.begin(), perm.end(), 0U);
        for (std::size_t i = perm.size(); i > 1; --i) std::swap(perm[i - 1], perm[below(i)]);
        Shape out;
        for (const std::uint32_t axis : perm) out.push_back(in[axis]);
        emit(model::TransposeOp{perm}, {x}, out);
    }

    void slice() {
        const ValueId x = pick();
        const Shape in = shape(x);
        model::SliceOp op;
        Shape out;
        for (const std::uint32_t dim : in) {
            const auto start = static_cast<std::uint32_t>(below(dim));
            const auto step = static_cast<std::uint32_t>(1 + below(2));
            op.starts.push_back(start);
            op.steps.push_back(step);
            const std::uint32_t most = (dim - start - 1) / step + 1;
            out.push_back(static_cast<std::uint32_t>(1 + below(most)));
        }
        emit(op, {x}, out);
    }

    void pad() {
        const ValueId x = pick();
        Shape out = shape(x);
        model::PadOp op{{}, below(2) == 0 ? 0 : real(-1, 1)};
        for (std::uint32_t& dim : out) {
            op.begin.push_back(static_cast<std::uint32_t>(below(2)));
            dim += op.begin.back() + static_cast<std::uint32_t>(below(2));
        }
        emit(op, {x}, out);
    }

    void concat() {
        const ValueId x = pick();
        const auto axis = static_cast<std::uint32_t>(below(shape(x).size()));
        std::vector<ValueId> parts = {x};
        Shape out = shape(x);
        for (const ValueId id : computed_) {
            Shape s = shape(id);
            if (s.size() != out.size() || parts.size() > 2 || below(2) == 0) continue;
            const std::uint32_t dim = s[axis];
            s[axis] = out[axis];
            if (s != out) continue;
            out[axis] += dim;
            parts.push_back(id);
        }
        if (parts.size() > 1) emit(model::ConcatOp{axis}, parts, out);
    }

    void select() {
        const ValueId x = pick();
        Shape out = shape(x);
        model::SelectOp op;
        for (std::size_t i = 0, n = 1 + below(6); i < n; ++i)
            op.indices.push_back(static_cast<std::int32_t>(below(out.back() + 1)) - 1);
        out.back() = static_cast<std::uint32_t>(op.indices.size());
        emit(op, {x}, out);
    }

    void expand_or_softmax() {
        const ValueId x = pick();
        Shape out = shape(x);
        if (std::ranges::find(out, 1U) == out.end() || below(2) == 0) {
            if (out.back() < 2) return;
            const auto kind = static_cast<model::SoftmaxKind>(below(3));
            if (kind == model::SoftmaxKind::kLogSum) out.back() = 1;
            return emit(model::SoftmaxOp{kind}, {x}, out);
        }
        for (std::uint32_t& dim : out)
            if (dim == 1 && below(2) == 0) dim = static_cast<std::uint32_t>(2 + below(2));
        emit(model::ExpandOp{}, {x}, out);
    }

    /// Only nodes that an output needs, as the importer leaves it; all inputs are read.
    model::Graph pruned() {
        std::vector<bool> needed(graph_.values.size());
        for (const ValueId id : graph_.outputs) needed[id] = true;
        std::vector<model::Node> kept;
        for (std::size_t i = graph_.nodes.size(); i-- > 0;) {
            if (!needed[graph_.nodes[i].output]) continue;
            for (const ValueId id : graph_.nodes[i].inputs) needed[id] = true;
            kept.insert(kept.begin(), graph_.nodes[i]);
        }
        graph_.nodes = std::move(kept);
        return std::move(graph_);
    }

    SeededRng rng_;
    model::Graph graph_;
    std::vector<ValueId> computed_;
};

}  // namespace

model::Graph random_graph(std::uint64_t seed) {
    return Maker(seed).make();
}

std::vector<model::Sample> random_samples(const model::Graph& graph, std::uint64_t seed,
                                          std::size_t count) {
    SeededRng rng(seed ^ 0x5eedULL);
    std::vector<model::Sample> samples(count);
    for (model::Sample& sample : samples) {
        for (const ValueId id : graph.inputs) {
            std::vector<double> values(model::element_count(graph.values[id].shape));
            for (double& v : values) v = static_cast<double>(rng.next() % 4'001) / 1'000 - 2;
            sample.push_back(std::move(values));
        }
    }
    return samples;
}

}  // namespace mintmark
