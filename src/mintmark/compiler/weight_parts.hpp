// Weight chunks of one size read in a circuit of larger chunks: a tensor that spans several chunks
// becomes several tensors, one in each (docs/spec/accuracy.md section 2).
#pragma once

#include <cstdint>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"

namespace mintmark::compiler {

/// The entries begin[i] .. begin[i] + axes[i].dim - 1 of every axis i of a weight tensor: what of
/// it lies in one chunk.
struct WeightPart {
    std::uint64_t chunk = 0;  ///< of the W column
    std::uint64_t lane = 0;   ///< first lane in the chunk
    std::vector<std::uint32_t> begin;
    std::vector<Axis> axes;
    std::uint16_t tensor = 0;  ///< id in the new circuit; set by the user
};

/// The parts of a W tensor in chunks of 2^mu lanes, padding left out. One part when it fits.
[[nodiscard]] std::vector<WeightPart> split_weights(const Tensor& tensor, std::uint8_t mu);

/// `lin` (whose operand reads `whole`) on one part of it; out axes keep their numbers. kUnsupported
/// for a map on a divided axis that has no counterpart.
[[nodiscard]] Result<LinTerm> lin_on_part(const LinTerm& lin, const Tensor& whole,
                                          const WeightPart& part);
/// `prod` on one part of the tensor that its weight operand (a, or else b) reads: contraction axes
/// shrink to the part and the other operand reads them from `begin` on. `num_out`: axes of the
/// step's out box. kUnsupported as above.
[[nodiscard]] Result<ProdTerm> prod_on_part(const ProdTerm& prod, bool weight_is_a,
                                            std::size_t num_out, const Tensor& whole,
                                            const WeightPart& part);

}  // namespace mintmark::compiler
