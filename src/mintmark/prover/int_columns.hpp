// The witness columns as plain integers, and the box layout of tensors (docs/spec/protocol.md §0).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark::prover {

/// Columns that operands may read. Sizes are not checked against each other; lane x of a column is
/// element x. `in` and `out` hold whole boxes (padding included).
struct IntColumns {
    std::span<const std::int64_t> w, in, out, f, g;

    /// The column's lanes; empty for columns that hold no operands (M, H, HT, T).
    [[nodiscard]] std::span<const std::int64_t> get(Column column) const noexcept;
};

/// Number of logical values of a box: the product of its dims.
[[nodiscard]] std::size_t num_values(std::span<const Axis> axes) noexcept;
/// Number of lanes of a box: the product of the padded dims.
[[nodiscard]] std::size_t num_lanes(std::span<const Axis> axes) noexcept;

/// Calls visit(logical index, lane within the box) for the logical indices begin <= i < end in
/// row-major order.
template <class Visit>
void for_each_lane(std::span<const Axis> axes, std::size_t begin, std::size_t end, Visit&& visit) {
    std::vector<std::uint32_t> index(axes.size(), 0);
    std::size_t rest = begin;
    for (std::size_t k = axes.size(); k-- > 0; rest /= axes[k].dim)
        index[k] = static_cast<std::uint32_t>(rest % axes[k].dim);
    for (std::size_t i = begin; i < end; ++i) {
        std::size_t lane = 0;
        for (std::size_t k = 0; k < axes.size(); ++k) lane = (lane << axes[k].log()) | index[k];
        visit(i, lane);
        for (std::size_t k = axes.size(); k-- > 0;) {
            if (++index[k] < axes[k].dim) break;
            index[k] = 0;
        }
    }
}

/// The same for all logical indices.
template <class Visit>
void for_each_lane(std::span<const Axis> axes, Visit&& visit) {
    for_each_lane(axes, 0, num_values(axes), visit);
}

/// Logical row-major values to a padded box (zeros in the padding); values.size() = num_values.
[[nodiscard]] std::vector<std::int64_t> to_box(std::span<const Axis> axes,
                                               std::span<const std::int64_t> values);

/// The first tensor of a column, or null.
[[nodiscard]] const Tensor* find_tensor(const Circuit& circuit, Column column) noexcept;

}  // namespace mintmark::prover
