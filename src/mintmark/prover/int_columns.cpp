#include "mintmark/prover/int_columns.hpp"

#include "mintmark/base/assert.hpp"

namespace mintmark::prover {

std::span<const std::int64_t> IntColumns::get(Column column) const noexcept {
    switch (column) {
        case Column::kW:
            return w;
        case Column::kIn:
            return in;
        case Column::kOut:
            return out;
        case Column::kF:
            return f;
        case Column::kG:
            return g;
        default:
            return {};
    }
}

std::size_t num_values(std::span<const Axis> axes) noexcept {
    std::size_t count = 1;
    for (const Axis& axis : axes) count *= axis.dim;
    return count;
}

std::size_t num_lanes(std::span<const Axis> axes) noexcept {
    std::size_t num_vars = 0;
    for (const Axis& axis : axes) num_vars += axis.log();
    return std::size_t{1} << num_vars;
}

std::vector<std::int64_t> to_box(std::span<const Axis> axes, std::span<const std::int64_t> values) {
    MINTMARK_ASSERT(values.size() == num_values(axes));
    std::vector<std::int64_t> box(num_lanes(axes), 0);
    for_each_lane(axes, [&](std::size_t i, std::size_t lane) { box[lane] = values[i]; });
    return box;
}

const Tensor* find_tensor(const Circuit& circuit, Column column) noexcept {
    for (const Tensor& tensor : circuit.tensors)
        if (tensor.column == column) return &tensor;
    return nullptr;
}

}  // namespace mintmark::prover
