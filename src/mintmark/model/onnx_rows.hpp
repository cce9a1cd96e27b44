// Formulas over rows that exporters write out. Internal to the importer.
#pragma once

#include <optional>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// a - b where that is E x² - (E x)² over some axes: E (x - E x)², in which nothing cancels.
[[nodiscard]] Result<std::optional<ValueId>> variance(const NodeView& node, ValueId a, ValueId b);

/// x - b where b is the mean of x over some axes: the difference that their variance has.
[[nodiscard]] Result<std::optional<ValueId>> row_deviation(const NodeView& node, ValueId x,
                                                           ValueId b);

/// a / b where that is e^z / Σ e^z over the last axis, and z - b where b is ln Σ e^z.
[[nodiscard]] Result<std::optional<ValueId>> share(const NodeView& node, ValueId a, ValueId b);
[[nodiscard]] Result<std::optional<ValueId>> log_share(const NodeView& node, ValueId z, ValueId b);

/// d (r c) as (d r) c, r a factor for each row (1 / sqrt of a variance) and c constant: what is
/// normalised is bounded, whatever c is.
[[nodiscard]] Result<std::optional<ValueId>> scaled_rows(const NodeView& node, ValueId a,
                                                         ValueId b);

/// sqrt(a² + b²), x being the argument of the root: the magnitude of a complex number.
[[nodiscard]] Result<std::optional<ValueId>> magnitude(const NodeView& node, ValueId x);

/// Squares, their sums, exponentials, …
[[nodiscard]] bool is_never_negative(const NodeView& node, ValueId x);

}  // namespace mintmark::model
