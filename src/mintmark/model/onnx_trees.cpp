// Readers of the attributes of tree ensembles.
#include "mintmark/model/onnx_trees.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mintmark::model {
namespace {

using Strings = std::vector<std::string>;

Result<Strings> strings_attribute(const NodeView& node, std::string_view name) {
    const onnx::AttributeProto* a = node.attribute(name);
    if (a == nullptr) return Strings{};
    return Strings(a->strings().begin(), a->strings().end());
}

/// Floats from the attribute `name`, or from the tensor `name`_as_tensor.
Result<std::vector<double>> floats_attribute(const NodeView& node, const std::string& name) {
    if (const onnx::AttributeProto* a = node.attribute(name + "_as_tensor")) {
        MINTMARK_TRY(const Constant tensor, read_tensor(a->t(), 1U << 28U));
        return tensor.data;
    }
    const onnx::AttributeProto* a = node.attribute(name);
    if (a == nullptr) return std::vector<double>{};
    return std::vector<double>(a->floats().begin(), a->floats().end());
}

Result<std::vector<double>> tensor_attribute(const NodeView& node, std::string_view name) {
    const onnx::AttributeProto* a = node.attribute(name);
    if (a == nullptr || !a->has_t())
        return node.malformed(fmt::format("attribute '{}' is no tensor", name));
    MINTMARK_TRY(const Constant tensor, read_tensor(a->t(), 1U << 28U));
    return tensor.data;
}

/// [x <= v], [x < v], [x >= v], [x > v] as a sign of a sum, and which branch it leads to.
Result<Decision> comparison(const NodeView& node, std::string_view mode, double value,
                            std::size_t when_true, std::size_t when_false) {
    Decision out;
    out.is_leaf = false;
    const bool below = mode == "BRANCH_LEQ" || mode == "BRANCH_GT";
    const bool above = mode == "BRANCH_GTE" || mode == "BRANCH_LT";
    if (!below && !above) return node.unsupported(fmt::format("nodes of mode '{}'", mode));
    out.sign = below ? -1 : 1;
    out.bound = below ? value : -value;
    const bool strict = mode == "BRANCH_GT" || mode == "BRANCH_LT";
    out.yes = strict ? when_false : when_true;
    out.no = strict ? when_true : when_false;
    return out;
}

/// Every path from the root ends: no node has two parents, none is its own ancestor.
Status check_tree(const NodeView& node, const Tree& tree) {
    std::vector<bool> seen(tree.nodes.size(), false);
    std::vector<std::pair<std::size_t, std::size_t>> open = {{tree.root, 0}};
    while (!open.empty()) {
        const auto [at, depth] = open.back();
        open.pop_back();
        if (at >= tree.nodes.size() || seen[at] || depth > 256)
            return node.malformed("a tree's nodes are no tree, or deeper than 256");
        seen[at] = true;
        if (tree.nodes[at].is_leaf) continue;
        open.emplace_back(tree.nodes[at].yes, depth + 1);
        open.emplace_back(tree.nodes[at].no, depth + 1);
    }
    return {};
}

using Key = std::pair<std::int64_t, std::int64_t>;  ///< tree, node

struct Columns {
    Ints trees, nodes, features, yes, no;
    std::vector<double> values;
    Strings modes;
};

Result<Columns> node_columns(const NodeView& node) {
    Columns c;
    MINTMARK_TRY(c.trees, node.ints_attribute("nodes_treeids", {}));
    MINTMARK_TRY(c.nodes, node.ints_attribute("nodes_nodeids", {}));
    MINTMARK_TRY(c.features, node.ints_attribute("nodes_featureids", {}));
    MINTMARK_TRY(c.yes, node.ints_attribute("nodes_truenodeids", {}));
    MINTMARK_TRY(c.no, node.ints_attribute("nodes_falsenodeids", {}));
    MINTMARK_TRY(c.values, floats_attribute(node, "nodes_values"));
    MINTMARK_TRY(c.modes, strings_attribute(node, "nodes_modes"));
    const std::size_t count = c.trees.size();
    const bool fits = c.nodes.size() == count && c.features.size() == count &&
                      c.yes.size() == count && c.no.size() == count && c.values.size() == count &&
                      c.modes.size() == count && count > 0;
    if (!fits) return node.malformed("the columns of the nodes differ in length");
    return c;
}

/// The leaves' weights: `prefix`_treeids, _nodeids, _ids, _weights.
Status add_weights(const NodeView& node, const std::string& prefix,
                   const std::map<Key, Decision*>& places, Forest& forest) {
    MINTMARK_TRY(const Ints trees, node.ints_attribute(prefix + "_treeids", {}));
    MINTMARK_TRY(const Ints nodes, node.ints_attribute(prefix + "_nodeids", {}));
    MINTMARK_TRY(const Ints ids, node.ints_attribute(prefix + "_ids", {}));
    MINTMARK_TRY(const auto weights, floats_attribute(node, prefix + "_weights"));
    if (nodes.size() != trees.size() || ids.size() != trees.size() ||
        weights.size() != trees.size())
        return node.malformed("the columns of the leaves differ in length");
    for (std::size_t i = 0; i < trees.size(); ++i) {
        const auto it = places.find({trees[i], nodes[i]});
        if (it == places.end() || ids[i] < 0 || ids[i] >= forest.targets)
            return node.malformed("a weight belongs to no leaf or no target");
        it->second->weights.emplace_back(static_cast<std::uint32_t>(ids[i]), weights[i]);
    }
    return {};
}

Result<std::uint32_t> target_count(const NodeView& node, bool is_classifier) {
    if (!is_classifier) {
        MINTMARK_TRY(const std::int64_t targets, node.int_attribute("n_targets", 1));
        if (targets < 1 || targets > 65535) return node.malformed("n_targets is out of range");
        return static_cast<std::uint32_t>(targets);
    }
    MINTMARK_TRY(const Ints ints, node.ints_attribute("classlabels_int64s", {}));
    MINTMARK_TRY(const Strings strings, strings_attribute(node, "classlabels_strings"));
    const std::size_t classes = std::max(ints.size(), strings.size());
    if (classes < 1 || classes > 65535) return node.malformed("the class labels are missing");
    return static_cast<std::uint32_t>(classes);
}

/// The aggregate as a factor of the sums; kUnsupported for minimum and maximum.
Result<double> aggregate_factor(const NodeView& node, std::size_t trees) {
    MINTMARK_TRY(const std::string kind, node.string_attribute("aggregate_function", "SUM"));
    if (kind == "SUM") return 1.0;
    if (kind == "AVERAGE") return 1 / static_cast<double>(trees);
    return node.unsupported(fmt::format("aggregate function '{}'", kind));
}

void scale_weights(Forest& forest, double factor) {
    for (Tree& tree : forest.trees)
        for (Decision& one : tree.nodes)
            for (auto& [target, weight] : one.weights) weight *= factor;
}

}  // namespace

Result<Forest> read_ensemble(const NodeView& node) {
    const bool is_classifier = node.op_type() == "TreeEnsembleClassifier";
    MINTMARK_TRY(const Columns c, node_columns(node));
    Forest forest;
    MINTMARK_TRY(forest.targets, target_count(node, is_classifier));
    std::map<Key, std::pair<std::size_t, std::size_t>> place;
    std::map<std::int64_t, std::size_t> tree_of;
    for (std::size_t i = 0; i < c.trees.size(); ++i) {
        const auto [it, is_new] = tree_of.emplace(c.trees[i], forest.trees.size());
        if (is_new) forest.trees.emplace_back();
        Tree& tree = forest.trees[it->second];
        if (!place.emplace(Key{c.trees[i], c.nodes[i]}, std::pair{it->second, tree.nodes.size()})
                 .second)
            return node.malformed("two nodes have one id");
        tree.nodes.emplace_back();
    }
    for (std::size_t i = 0; i < c.trees.size(); ++i) {
        if (c.modes[i] == "LEAF") continue;
        const auto yes = place.find({c.trees[i], c.yes[i]}), no = place.find({c.trees[i], c.no[i]});
        if (yes == place.end() || no == place.end() || c.features[i] < 0)
            return node.malformed("a branch leads to no node");
        MINTMARK_TRY(Decision one, comparison(node, c.modes[i], c.values[i], yes->second.second,
                                              no->second.second));
        one.feature = static_cast<std::uint32_t>(std::min<std::int64_t>(c.features[i], 1 << 30));
        const auto [t, n] = place.at({c.trees[i], c.nodes[i]});
        forest.trees[t].nodes[n] = std::move(one);
    }
    std::map<Key, Decision*> leaves;
    for (const auto& [key, at] : place) {
        Decision& one = forest.trees[at.first].nodes[at.second];
        if (one.is_leaf) leaves[key] = &one;
    }
    for (const Tree& tree : forest.trees) MINTMARK_CHECK(check_tree(node, tree));
    MINTMARK_CHECK(add_weights(node, is_classifier ? "class" : "target", leaves, forest));
    MINTMARK_TRY(const double factor,
                 is_classifier ? 1.0 : aggregate_factor(node, forest.trees.size()));
    scale_weights(forest, factor);
    return forest;
}

Result<Forest> read_tree_ensemble(const NodeView& node) {
    static constexpr std::string_view kModes[] = {"BRANCH_LEQ",   "BRANCH_LT", "BRANCH_GTE",
                                                  "BRANCH_GT",    "BRANCH_EQ", "BRANCH_NEQ",
                                                  "BRANCH_MEMBER"};
    MINTMARK_TRY(const Ints roots, node.ints_attribute("tree_roots", {}));
    MINTMARK_TRY(const Ints features, node.ints_attribute("nodes_featureids", {}));
    MINTMARK_TRY(const Ints yes, node.ints_attribute("nodes_truenodeids", {}));
    MINTMARK_TRY(const Ints no, node.ints_attribute("nodes_falsenodeids", {}));
    MINTMARK_TRY(const Ints yes_leaf, node.ints_attribute("nodes_trueleafs", {}));
    MINTMARK_TRY(const Ints no_leaf, node.ints_attribute("nodes_falseleafs", {}));
    MINTMARK_TRY(const auto splits, tensor_attribute(node, "nodes_splits"));
    MINTMARK_TRY(const auto modes, tensor_attribute(node, "nodes_modes"));
    MINTMARK_TRY(const Ints targets, node.ints_attribute("leaf_targetids", {}));
    MINTMARK_TRY(const auto weights, tensor_attribute(node, "leaf_weights"));
    const std::size_t count = features.size(), leaves = targets.size();
    const bool fits = yes.size() == count && no.size() == count && yes_leaf.size() == count &&
                      no_leaf.size() == count && splits.size() == count && modes.size() == count &&
                      weights.size() == leaves && !roots.empty();
    if (!fits) return node.malformed("the columns differ in length");
    // Inner nodes first, then leaves: one list for all trees.
    std::vector<Decision> all(count + leaves);
    const auto child = [&](std::int64_t id, std::int64_t is_leaf) -> Result<std::size_t> {
        const std::size_t most = is_leaf != 0 ? leaves : count;
        if (id < 0 || static_cast<std::size_t>(id) >= most)
            return node.malformed("a branch leads to no node");
        return static_cast<std::size_t>(id) + (is_leaf != 0 ? count : 0);
    };
    for (std::size_t i = 0; i < count; ++i) {
        MINTMARK_TRY(const std::size_t when_true, child(yes[i], yes_leaf[i]));
        MINTMARK_TRY(const std::size_t when_false, child(no[i], no_leaf[i]));
        if (!(modes[i] >= 0 && modes[i] <= 6) || features[i] < 0)
            return node.malformed("a node's mode or feature is out of range");
        MINTMARK_TRY(all[i], comparison(node, kModes[static_cast<std::size_t>(modes[i])], splits[i],
                                        when_true, when_false));
        all[i].feature = static_cast<std::uint32_t>(std::min<std::int64_t>(features[i], 1 << 30));
    }
    Forest forest;
    MINTMARK_TRY(forest.targets, target_count(node, false));
    for (std::size_t i = 0; i < leaves; ++i) {
        if (targets[i] < 0 || targets[i] >= forest.targets)
            return node.malformed("a leaf belongs to no target");
        all[count + i].weights.emplace_back(static_cast<std::uint32_t>(targets[i]), weights[i]);
    }
    for (const std::int64_t root : roots) {
        MINTMARK_TRY(const std::size_t at, child(root, 0));
        // A tree's own nodes, in order: those that its root reaches.
        Tree tree;
        std::vector<std::size_t> open = {at};
        std::map<std::size_t, std::size_t> place = {{at, 0}};
        for (std::size_t next = 0; next < open.size(); ++next) {
            tree.nodes.push_back(all[open[next]]);
            Decision& one = tree.nodes.back();
            for (std::size_t* branch : {&one.yes, &one.no}) {
                if (one.is_leaf) continue;
                if (!place.emplace(*branch, open.size()).second)
                    return node.malformed("a tree's nodes are no tree");
                open.push_back(*branch);
                *branch = open.size() - 1;
            }
        }
        MINTMARK_CHECK(check_tree(node, tree));
        forest.trees.push_back(std::move(tree));
    }
    MINTMARK_TRY(const std::int64_t aggregate, node.int_attribute("aggregate_function", 1));
    if (aggregate > 1) return node.unsupported("aggregate functions MIN and MAX");
    if (aggregate == 0) scale_weights(forest, 1 / static_cast<double>(forest.trees.size()));
    return forest;
}

}  // namespace mintmark::model
