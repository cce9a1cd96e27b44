// The public statement of a proof: input and output, as values or as commitments (section 4).
#pragma once

#include <span>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/curve.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {

/// Public parts are logical row-major values; committed parts one point per chunk. Of each pair one
/// is empty.
struct Instances {
    std::vector<Fr> input, output;
    std::vector<G1Affine> input_commitments, output_commitments;
};

/// Number of 32-byte words for a circuit.
[[nodiscard]] std::size_t num_instance_words(const Circuit& circuit) noexcept;
/// As in verifyProof(bytes, uint256[]): input part, output part.
[[nodiscard]] std::vector<Bytes32> to_words(const Instances& instances);
/// kMalformed for a wrong number of words, values >= r, points off the curve.
[[nodiscard]] Result<Instances> instances_from_words(const Circuit& circuit,
                                                     std::span<const Bytes32> words);
/// kMalformed unless the parts have the lengths that the circuit gives.
[[nodiscard]] Status check_instances(const Circuit& circuit, const Instances& instances);

}  // namespace mintmark
