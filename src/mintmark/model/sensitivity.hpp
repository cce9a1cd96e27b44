// Backward analysis: where steps may differ between channels, and which values end in an output.
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/model/plan.hpp"

namespace mintmark::model {

/// For every value of a plan.
struct Sensitivity {
    /// varies[v][axis]: every reader of v can take a step that differs along that axis, because it
    /// folds into hidden weights that the axis is contracted with.
    std::vector<std::vector<bool>> varies;
    /// precise[v]: v reaches outputs of the model through data movement only.
    std::vector<bool> precise;
    /// compared[v]: v is compared or rounded (maxima and data movement in between) and nothing
    /// else: the finer its step, the fewer ties.
    std::vector<bool> compared;
};

/// kMatMul: no column of the weights has more than one entry that is not 0.
[[nodiscard]] bool asks_single(const Layer& layer);

[[nodiscard]] Sensitivity analyse(const Plan& plan);

}  // namespace mintmark::model
