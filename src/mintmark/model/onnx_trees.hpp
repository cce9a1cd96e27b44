// Trees of decisions as ONNX's two families of operators state them, in one form. Internal.
#pragma once

#include <string>
#include <vector>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// Asks [sign · x[feature] + bound >= 0] and goes on to `yes` or `no`; a leaf adds its weights.
struct Decision {
    bool is_leaf = true;
    std::uint32_t feature = 0;
    double sign = 1, bound = 0;
    std::size_t yes = 0, no = 0;                              ///< in Tree::nodes
    std::vector<std::pair<std::uint32_t, double>> weights{};  ///< (target, weight)
};

struct Tree {
    std::vector<Decision> nodes;
    std::size_t root = 0;
};

/// The sum over all trees of the weights of the leaves that x reaches.
struct Forest {
    std::vector<Tree> trees;
    std::uint32_t targets = 1;
};

/// TreeEnsembleRegressor and TreeEnsembleClassifier (ai.onnx.ml 1 to 3; the latter's targets are
/// its classes), and TreeEnsemble (5).
[[nodiscard]] Result<Forest> read_ensemble(const NodeView& node);
[[nodiscard]] Result<Forest> read_tree_ensemble(const NodeView& node);

/// x [rows, features] through the forest: [rows, targets], before base values.
[[nodiscard]] Result<ValueId> grown(const NodeView& node, const Forest& forest, ValueId x);

}  // namespace mintmark::model
