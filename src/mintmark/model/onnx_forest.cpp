// A forest as sums and signs. Every node of every tree decides; a leaf is reached when all nodes on
// its path decide for it.
//
//   decide   bit = [sign x_f + bound >= 0]                 one product with a matrix of 0, 1, -1
//   reach    [Σ (bits against the path) = 0]               of complete sub-trees, of up to 6 levels
//   join     upper · lower                                 where trees are deeper than that
//   weigh    Σ reached · weight                            one product
//
// A tree that is not complete is filled up: what is below a leaf is that leaf on both sides, so the
// shape of the trees stays in the (hidden) weights. Deep, thin trees would grow too large that way;
// theirs is a matrix of nodes and leaves for each tree.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/model/onnx_trees.hpp"
#include "mintmark/model/onnx_whole.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint32_t kMostLevels = 12, kBlockLevels = 6;
constexpr std::uint64_t kMostLeaves = std::uint64_t{1} << 19U;
constexpr std::uint64_t kMostWeights = std::uint64_t{1} << 24U;

std::uint32_t depth_of(const Tree& tree, std::size_t at) {
    const Decision& node = tree.nodes[at];
    if (node.is_leaf) return 0;
    return 1 + std::max(depth_of(tree, node.yes), depth_of(tree, node.no));
}

/// What a product with x needs for a row of decisions: weights [features, columns], bounds.
struct Questions {
    std::uint32_t features, columns;
    std::vector<double> weight, bound;

    Questions(std::uint32_t count, std::uint64_t width)
        : features(count), columns(static_cast<std::uint32_t>(width)) {
        weight.assign(std::size_t{features} * columns, 0);
        bound.assign(columns, 0);
    }
    void set(std::size_t column, const Decision& node) {
        weight[std::size_t{node.feature} * columns + column] = node.sign;
        bound[column] = node.bound;
    }
};

Result<ValueId> decided(const NodeView& node, ValueId x, Questions questions) {
    const std::uint32_t columns = questions.columns;
    MINTMARK_TRY(const ValueId sums, mapped(node, x, 1, std::move(questions.weight), columns));
    MINTMARK_TRY(
        const ValueId moved,
        combined(node, Binary::kAdd, sums, constant(node, {columns}, std::move(questions.bound))));
    return is_not_negative(node, moved);
}

/// Nodes of a complete tree in order of their levels: bit 1 of node i leads to node 2 i + 2. Entry
/// [i, leaf] is 1 (-1) where the leaf is below the node's yes (no).
Result<ValueId> reached(const NodeView& node, ValueId bits, std::uint32_t levels) {
    const std::uint32_t nodes = (1U << levels) - 1, leaves = 1U << levels;
    std::vector<double> path(std::size_t{nodes} * leaves, 0), yes(leaves, 0);
    for (std::uint32_t leaf = 0; leaf < leaves; ++leaf) {
        for (std::uint32_t level = 0; level < levels; ++level) {
            const std::uint32_t prefix = leaf >> (levels - level);
            const bool is_yes = ((leaf >> (levels - level - 1)) & 1U) != 0;
            path[std::size_t{(1U << level) - 1 + prefix} * leaves + leaf] = is_yes ? 1 : -1;
            if (is_yes) yes[leaf] -= 1;
        }
    }
    const auto axis = static_cast<std::uint32_t>(node.shape(bits).size() - 1);
    MINTMARK_TRY(const ValueId sums, mapped(node, bits, axis, std::move(path), leaves));
    MINTMARK_TRY(const ValueId agree, whole(node, Binary::kAdd, as_integers(node, sums),
                                            constant(node, {leaves}, std::move(yes))));
    MINTMARK_TRY(const ValueId leaf, is_not_negative(node, agree));
    node.builder().limit_rows(leaf, 1);
    return leaf;
}

/// The trees filled up to `levels` levels.
class CompleteForest {
  public:
    CompleteForest(const Forest& forest, std::uint32_t features, std::uint32_t levels)
        : forest_(forest),
          upper_(levels > kBlockLevels ? levels / 2 : levels),
          lower_(levels - upper_),
          top_(features, forest.trees.size() * ((std::size_t{1} << upper_) - 1)),
          below_(
              features,
              lower_ == 0 ? 0 : (forest.trees.size() << upper_) * ((std::size_t{1} << lower_) - 1)),
          weights_((forest.trees.size() << levels) * forest.targets, 0) {
        for (std::size_t t = 0; t < forest.trees.size(); ++t) fill(t, forest.trees[t].root, 0, 0);
    }

    Result<ValueId> apply(const NodeView& node, ValueId x) {
        const std::uint32_t rows = node.shape(x)[0];
        const auto trees = static_cast<std::uint32_t>(forest_.trees.size());
        MINTMARK_TRY(ValueId bits, decided(node, x, std::move(top_)));
        MINTMARK_TRY(bits, reshaped(node, bits, {rows, trees, (1U << upper_) - 1}));
        MINTMARK_TRY(ValueId leaf, reached(node, bits, upper_));
        if (lower_ > 0) {
            MINTMARK_TRY(ValueId low, decided(node, x, std::move(below_)));
            MINTMARK_TRY(low, reshaped(node, low, {rows, trees, 1U << upper_, (1U << lower_) - 1}));
            MINTMARK_TRY(low, reached(node, low, lower_));
            MINTMARK_TRY(leaf, reshaped(node, leaf, {rows, trees, 1U << upper_, 1}));
            MINTMARK_TRY(leaf, whole(node, Binary::kMul, leaf, low));
        }
        const std::uint32_t all = trees << (upper_ + lower_);
        MINTMARK_TRY(leaf, reshaped(node, leaf, {rows, all}));
        node.builder().limit_rows(leaf, trees);
        MINTMARK_TRY(const ValueId sums,
                     mapped(node, leaf, 1, std::move(weights_), forest_.targets));
        node.builder().set_type(sums, ElementType::kReal);
        return sums;
    }

  private:
    /// Puts node `at` of tree t at place `index` of its level.
    void fill(std::size_t t, std::size_t at, std::uint32_t level, std::size_t index) {
        const Decision& here = forest_.trees[t].nodes[at];
        if (level == upper_ + lower_) {
            for (const auto& [target, weight] : here.weights)
                weights_[((t << level) + index) * forest_.targets + target] += weight;
            return;
        }
        if (!here.is_leaf) question(t, here, level, index);
        fill(t, here.is_leaf ? at : here.no, level + 1, 2 * index);
        fill(t, here.is_leaf ? at : here.yes, level + 1, 2 * index + 1);
    }

    void question(std::size_t t, const Decision& node, std::uint32_t level, std::size_t index) {
        if (level < upper_) {
            const std::size_t per_tree = (std::size_t{1} << upper_) - 1;
            top_.set(t * per_tree + (std::size_t{1} << level) - 1 + index, node);
            return;
        }
        const std::uint32_t own = level - upper_;
        const std::size_t block = (t << upper_) + (index >> own);
        const std::size_t within = index & ((std::size_t{1} << own) - 1);
        const std::size_t per_block = (std::size_t{1} << lower_) - 1;
        below_.set(block * per_block + (std::size_t{1} << own) - 1 + within, node);
    }

    const Forest& forest_;
    std::uint32_t upper_, lower_;
    Questions top_, below_;
    std::vector<double> weights_;
};

/// The trees as they are: for each one a matrix of its nodes and leaves.
class ThinForest {
  public:
    ThinForest(const Forest& forest, std::uint32_t features)
        : forest_(forest), features_(features) {
        for (const Tree& tree : forest.trees) {
            std::uint32_t leaves = 0;
            for (const Decision& node : tree.nodes) leaves += node.is_leaf ? 1 : 0;
            leaves_ = std::max(leaves_, leaves);
            nodes_ = std::max(nodes_, static_cast<std::uint32_t>(tree.nodes.size()) - leaves);
        }
    }

    [[nodiscard]] std::uint64_t size() const {
        const std::uint64_t trees = forest_.trees.size();
        return trees * nodes_ * std::max<std::uint64_t>(leaves_, features_);
    }

    Result<ValueId> apply(const NodeView& node, ValueId x) {
        const std::uint32_t rows = node.shape(x)[0];
        const auto trees = static_cast<std::uint32_t>(forest_.trees.size());
        Questions questions(features_, std::uint64_t{trees} * nodes_);
        path_.assign(std::size_t{trees} * leaves_ * nodes_, 0);
        // Places that no leaf takes are never reached.
        yes_.assign(std::size_t{trees} * leaves_, -1.0 - nodes_);
        weights_.assign(std::size_t{trees} * leaves_ * forest_.targets, 0);
        for (std::size_t t = 0; t < trees; ++t) {
            next_node_ = next_leaf_ = 0;
            walk(t, forest_.trees[t].root, {}, questions);
        }
        MINTMARK_TRY(ValueId bits, decided(node, x, std::move(questions)));
        MINTMARK_TRY(bits, reshaped(node, bits, {rows, trees * nodes_, 1}));
        const ConvOp match{{{1}, {1}, {0}, {0}, {1}}, trees};
        const std::uint32_t all = trees * leaves_;
        MINTMARK_TRY(const ValueId agree,
                     node.emit(match,
                               {bits, constant(node, {all, nodes_, 1}, std::move(path_)),
                                constant(node, {all}, std::move(yes_))},
                               {rows, all, 1}));
        MINTMARK_TRY(ValueId leaf, is_not_negative(node, as_integers(node, agree)));
        MINTMARK_TRY(leaf, reshaped(node, leaf, {rows, all}));
        node.builder().limit_rows(leaf, trees);
        MINTMARK_TRY(const ValueId sums,
                     mapped(node, leaf, 1, std::move(weights_), forest_.targets));
        node.builder().set_type(sums, ElementType::kReal);
        return sums;
    }

  private:
    using Path = std::vector<std::pair<std::uint32_t, bool>>;

    void walk(std::size_t t, std::size_t at, const Path& path, Questions& questions) {
        const Decision& here = forest_.trees[t].nodes[at];
        if (here.is_leaf) {
            const std::size_t leaf = t * leaves_ + next_leaf_++;
            yes_[leaf] = 0;
            for (const auto& [node, is_yes] : path) {
                path_[leaf * nodes_ + node] = is_yes ? 1 : -1;
                yes_[leaf] -= is_yes ? 1 : 0;
            }
            for (const auto& [target, weight] : here.weights)
                weights_[leaf * forest_.targets + target] += weight;
            return;
        }
        const std::uint32_t own = next_node_++;
        questions.set(t * nodes_ + own, here);
        for (const bool is_yes : {false, true}) {
            Path longer = path;
            longer.emplace_back(own, is_yes);
            walk(t, is_yes ? here.yes : here.no, longer, questions);
        }
    }

    const Forest& forest_;
    std::uint32_t features_, nodes_ = 1, leaves_ = 1, next_node_ = 0, next_leaf_ = 0;
    std::vector<double> path_, yes_, weights_;
};

}  // namespace

Result<ValueId> grown(const NodeView& node, const Forest& forest, ValueId x) {
    const Shape in = node.shape(x);
    if (in.size() != 2 || forest.trees.empty())
        return node.malformed("needs rows of features, and a tree");
    std::uint32_t levels = 1;
    for (const Tree& tree : forest.trees) {
        levels = std::max(levels, depth_of(tree, tree.root));
        for (const Decision& one : tree.nodes)
            if (one.feature >= in[1])
                return node.malformed("a node asks for a feature that is none");
    }
    const bool is_small = levels <= kMostLevels && (forest.trees.size() << levels) <= kMostLeaves &&
                          (forest.trees.size() << levels) * in[1] <= kMostWeights;
    ThinForest thin(forest, in[1]);
    if (is_small && (levels <= kBlockLevels || (forest.trees.size() << levels) <= 4 * thin.size()))
        return CompleteForest(forest, in[1], levels).apply(node, x);
    if (thin.size() > kMostWeights)
        return node.unsupported(fmt::format("{} trees of {} levels: too many nodes and leaves",
                                            forest.trees.size(), levels));
    return thin.apply(node, x);
}

}  // namespace mintmark::model
