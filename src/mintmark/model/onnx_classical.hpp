// What classical models share: scores to results. Internal to the importers.
#pragma once

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

void add_kernel_importers(ImporterMap& map);  ///< SVM*, OneHotEncoder

/// The numbers of a list attribute; empty if it is absent.
[[nodiscard]] std::vector<double> numbers_attribute(const NodeView& node, std::string_view name);

/// scores [rows, targets] after `post_transform` (NONE, LOGISTIC, SOFTMAX).
[[nodiscard]] Result<ValueId> transformed(const NodeView& node, ValueId scores,
                                          std::string_view transform);

/// The integer label of a class number for each row, from classlabels_int64s (or _ints).
[[nodiscard]] Result<ValueId> labelled(const NodeView& node, ValueId class_number);

/// The number [rows, 1] of the largest score (the first of equal ones).
[[nodiscard]] Result<ValueId> best_class(const NodeView& node, ValueId scores);

}  // namespace mintmark::model
