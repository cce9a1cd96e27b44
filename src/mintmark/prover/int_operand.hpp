// Operands in plain integers: what an operand is worth at every index of its environment axes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/base/uninit.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/prover/int_columns.hpp"

namespace mintmark::prover {

/// Dims of a term's environment axes: the step's out axes, then the term's contraction axes.
[[nodiscard]] std::vector<std::uint32_t> env_dims(const Step& step,
                                                  std::span<const Axis> contract = {});

/// An operand's values over the environment axes that its maps use, in the order of the maps,
/// row-major over the logical dims.
struct EnvTensor {
    std::vector<std::uint8_t> env_axes;
    std::vector<std::uint32_t> dims;
    std::span<const std::int64_t> values;  ///< `storage`, or the column itself if nothing changed
    UninitVector<std::int64_t> storage;

    EnvTensor() = default;
    EnvTensor(const EnvTensor&) = delete;  // a copy's `values` would be the original's
    EnvTensor& operator=(const EnvTensor&) = delete;
    EnvTensor(EnvTensor&&) = default;
    EnvTensor& operator=(EnvTensor&&) = default;
    ~EnvTensor() = default;
};

/// Applies the axis maps one by one (windows unfold to one value per position and tap). Cost and
/// memory: the size of the tensor and of the result; none when the maps change nothing. The result
/// may view the column, which must outlive it. kMalformed when the tensor leaves its column;
/// kOutOfRange when a sum could pass 2^62.
[[nodiscard]] Result<EnvTensor> unfold(const Circuit& circuit, const Operand& operand,
                                       std::span<const std::uint32_t> dims,
                                       const IntColumns& columns);

/// Values in an order of their own, or another tensor's where they lie.
struct Arranged {
    std::span<const std::int64_t> values;
    UninitVector<std::int64_t> storage;
};

/// The values in the row-major order of `order` (environment axes); axes that the operand does not
/// use repeat it. `tensor` must outlive the result. Threaded.
[[nodiscard]] Arranged arrange(const EnvTensor& tensor, std::span<const std::uint8_t> order,
                               std::span<const std::uint32_t> dims);

/// Bits of the largest magnitude (of the union of all). Threaded.
[[nodiscard]] int magnitude_bits(std::span<const std::int64_t> values);

}  // namespace mintmark::prover
