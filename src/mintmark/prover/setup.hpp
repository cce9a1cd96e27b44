// Keys from a circuit and its weights, and commitments to inputs and outputs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/proof/instances.hpp"
#include "mintmark/prover/witness.hpp"

namespace mintmark::prover {

/// What the prover holds. Secret: weights and blinders.
struct ProvingKey {
    VerifyingKey vk;
    std::vector<std::int64_t> weights;  ///< the W column, n_w * m lanes
    std::vector<Fr> weight_blinders;    ///< n_w
    /// Where a weight chunk has its blinder: m, or less where the chunks were committed at a
    /// smaller size (docs/spec/accuracy.md section 2); that lane is then zero in `weights`.
    std::size_t blinder_degree = 0;
};

/// Blinder of weight chunk c: keccak256("mintmark-blinder" | seed | u32 c big-endian) mod r.
/// An auditor who is given weights and seed rebuilds the key from them.
[[nodiscard]] Fr weight_blinder(const Bytes32& seed, std::uint32_t chunk);

/// Commits weights and tables. `seed` is secret and stays with the model. kMalformed for a circuit
/// that check_circuit refuses, kInvalidArgument for a wrong number of weights, kUnsupported when
/// the SRS has fewer than m + 1 points. Cost: one multi-scalar multiplication of small integers per
/// chunk.
[[nodiscard]] Result<ProvingKey> setup(const Circuit& circuit,
                                       std::span<const std::int64_t> weights, const Srs& srs,
                                       const Bytes32& seed);

/// The T commitments of a circuit: public, without blinders. The SRS must have m points (asserted).
[[nodiscard]] std::vector<G1Affine> commit_tables(const Circuit& circuit, const Srs& srs);

/// Blinders of the committed parts, one per chunk; empty for public ones. Secret.
struct Openings {
    std::vector<Fr> input, output;
};
/// Fresh random blinders for the parts that the circuit commits to.
[[nodiscard]] Openings random_openings(const Circuit& circuit, Rng& rng);

/// Commitments to a column that holds one box (the input or the output): one point per blinder.
[[nodiscard]] std::vector<G1Affine> commit_box(const Circuit& circuit, const Srs& srs,
                                               const Tensor& tensor,
                                               std::span<const std::int64_t> values,
                                               std::span<const Fr> blinders);

/// The public statement of a witness: values, or commitments under the openings.
[[nodiscard]] Instances make_instances(const Circuit& circuit, const Srs& srs,
                                       const Witness& witness, const Openings& openings);

}  // namespace mintmark::prover
