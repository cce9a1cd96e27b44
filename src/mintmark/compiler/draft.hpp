// A circuit under construction: tensors without places, limbs without tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark::compiler {

/// A look-up that a limb needs; requests of the same function share one table over all their
/// inputs.
struct TableRequest {
    TableFunction function = TableFunction::kRange;
    std::int64_t lo = 0, hi = 0;  ///< inputs, inclusive
    std::int32_t out_lo = 0, out_hi = 0;
    float in_step = 0, out_step = 0;
    std::uint16_t alpha = 0;
    /// kRange only: exactly [lo, lo + 2^k), shared with nothing wider (remainder limbs).
    bool is_exact = false;
};

/// What makes two requests share a table: everything but the range of inputs.
[[nodiscard]] inline auto table_key(const TableRequest& r) {
    const std::int64_t exact = r.is_exact ? r.hi : 0;
    return std::tuple(r.function, r.is_exact, exact, r.out_lo, r.out_hi, r.in_step, r.out_step,
                      r.alpha);
}

/// A tensor whose place in its column is not known yet.
struct PendingTensor {
    Column column = Column::kW;
    std::vector<Axis> axes = {};
    /// Hidden tensors: the values, or those of every entry of axis `stack_axis`.
    std::vector<std::span<const std::int64_t>> values = {};
    std::vector<std::size_t> strides = {};  ///< in the values, one per axis; hidden ones only
    std::size_t num_summed = 0;             ///< see HiddenLayout
    std::uint32_t offset = 0;
    std::int32_t twin = -1;        ///< of an F tensor: the G tensor at the same lanes
    std::int32_t stack_axis = -1;  ///< of a hidden tensor that is a stack of others
};

struct Draft {
    std::vector<PendingTensor> tensors = {};
    std::vector<Step> steps = {};
    std::vector<std::vector<TableRequest>> requests = {};  ///< per step, per limb
};

}  // namespace mintmark::compiler
