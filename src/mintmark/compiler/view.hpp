// A tensor as an operation sees it: logical dimensions over the axes that lie in a column.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace mintmark::compiler {

/// Dimensions of a tensor without its padding, outermost first.
using Dims = std::vector<std::uint32_t>;

/// A tensor of the circuit and the order in which its stored axes are read.
///
/// The logical row-major order of the values is the row-major order of `dims()`: reshaping is free
/// (it only groups axes differently), transposing is free (it only permutes `order`), and so is
/// taking one entry of an axis.
struct View {
    std::uint16_t tensor = 0;         ///< tensor id
    Dims stored;                      ///< dims of the stored axes, outermost first; no dim is 1
    std::vector<std::uint8_t> order;  ///< order[i] = stored axis that is the i-th logical axis
    /// Stored axes of which one entry is read (they are no logical axis): axis and entry.
    std::vector<std::pair<std::uint8_t, std::uint32_t>> fixed = {};

    /// Dims in logical order.
    [[nodiscard]] Dims dims() const;
    /// True when the axes are stored in logical order, side by side.
    [[nodiscard]] bool is_in_order() const;
};

/// For each dim of `shape`, the positions of `dims` whose product it is (empty for 1); nullopt when
/// the shapes do not share these cut points. Both must have the same product.
[[nodiscard]] std::optional<std::vector<std::vector<std::uint8_t>>> group_axes(const Dims& dims,
                                                                               const Dims& shape);

/// One group of a common refinement: `from` axes of the first and `to` axes of the second shape
/// with the same product, as small as possible.
struct AxisGroup {
    std::vector<std::uint8_t> from;
    std::vector<std::uint8_t> to;
    std::uint64_t size = 1;
};

/// The finest partition of both shapes (no dim 1, same product) into groups of equal product.
[[nodiscard]] std::vector<AxisGroup> common_groups(const Dims& from, const Dims& to);

/// `shape` without dims of 1.
[[nodiscard]] Dims without_ones(const Dims& shape);

/// Product of the dims; 1 when empty.
[[nodiscard]] std::uint64_t volume(const Dims& dims);

}  // namespace mintmark::compiler
