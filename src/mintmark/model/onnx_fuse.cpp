// Functions that exporters write out (Gelu as a product with an erf, SiLU as a product with a
// sigmoid, …) become one look-up: a value that depends on one other element by element, and equals
// a known function of it at many places, is that function, whatever its formula looks like.
#include <algorithm>
#include <cmath>
#include <optional>

#include "mintmark/model/float_executor.hpp"
#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {
namespace {

constexpr std::size_t kMostNodes = 24;  ///< of one formula
constexpr double kTolerance = 2e-6;     ///< constants of a file are binary32
constexpr Pointwise kKnown[] = {Pointwise::kGelu,    Pointwise::kGeluTanh, Pointwise::kSilu,
                                Pointwise::kMish,    Pointwise::kSoftplus, Pointwise::kSoftsign,
                                Pointwise::kSigmoid, Pointwise::kTanh,     Pointwise::kHardSwish};

using Samples = std::vector<double>;

class Fuser {
  public:
    explicit Fuser(Graph& graph) : graph_(graph), producer_(graph.values.size()) {
        for (std::size_t i = 0; i < graph.nodes.size(); ++i) producer_[graph.nodes[i].output] = i;
        for (int i = -48; i <= 48; ++i) places_.push_back(0.125 * i + 0.01);
    }

    void run() {
        for (std::size_t i = graph_.nodes.size(); i-- > 0;) fuse(i);
    }

  private:
    [[nodiscard]] bool is_elementwise(ValueId id) const {
        if (!producer_[id]) return false;
        const Op& op = graph_.nodes[*producer_[id]].op;
        return std::holds_alternative<PointwiseOp>(op) || std::holds_alternative<BinaryOp>(op);
    }
    [[nodiscard]] bool is_scalar(ValueId id) const {
        return graph_.values[id].is_constant && graph_.values[id].data.size() == 1;
    }

    /// What `id` is computed from element by element, itself first; empty if that is too much.
    [[nodiscard]] std::vector<ValueId> ancestors(ValueId id) const {
        std::vector<ValueId> found = {id};
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (!is_elementwise(found[i])) continue;
            for (const ValueId in : graph_.nodes[*producer_[found[i]]].inputs) {
                if (!is_scalar(in) && std::ranges::find(found, in) == found.end())
                    found.push_back(in);
            }
            if (found.size() > kMostNodes) return {};
        }
        return found;
    }

    /// `id` at the places of `base`, or nothing where it depends on more.
    [[nodiscard]] std::optional<Samples> at_places(ValueId id, ValueId base, int depth) const {
        if (id == base) return places_;
        if (is_scalar(id)) return Samples(places_.size(), graph_.values[id].data[0]);
        const bool same = graph_.values[id].shape == graph_.values[base].shape;
        if (!is_elementwise(id) || !same || depth == 0) return std::nullopt;
        const Node& node = graph_.nodes[*producer_[id]];
        const Shape shape = {static_cast<std::uint32_t>(places_.size())};
        std::vector<Samples> data;
        for (const ValueId in : node.inputs) {
            auto operand = at_places(in, base, depth - 1);
            if (!operand) return std::nullopt;
            data.push_back(*std::move(operand));
        }
        std::vector<FloatTensor> operands;
        for (const Samples& operand : data) operands.push_back({&shape, operand});
        return evaluate(node.op, operands, shape);
    }

    [[nodiscard]] std::optional<Pointwise> known(const Samples& y) const {
        const Shape shape = {static_cast<std::uint32_t>(places_.size())};
        const FloatTensor x{&shape, places_};
        for (const Pointwise kind : kKnown) {
            const Samples f = evaluate(PointwiseOp{kind, 0, 0}, {&x, 1}, shape);
            bool equal = true;
            for (std::size_t i = 0; i < y.size(); ++i)
                equal = equal && std::abs(y[i] - f[i]) <= kTolerance * (1 + std::abs(f[i]));
            if (equal) return kind;
        }
        return std::nullopt;
    }

    void fuse(std::size_t i) {
        Node& node = graph_.nodes[i];
        if (!std::holds_alternative<BinaryOp>(node.op)) return;
        const std::vector<ValueId> from = ancestors(node.output);
        for (std::size_t a = 1; a < from.size(); ++a) {
            const auto y = at_places(node.output, from[a], 12);
            if (!y) continue;
            if (const auto kind = known(*y)) {
                node.op = PointwiseOp{*kind, 0, 0};
                node.inputs = {from[a]};
                return;
            }
        }
    }

    Graph& graph_;
    std::vector<std::optional<std::size_t>> producer_;
    Samples places_;
};

}  // namespace

void fuse_functions(Graph& graph) {
    Fuser(graph).run();
}

}  // namespace mintmark::model
