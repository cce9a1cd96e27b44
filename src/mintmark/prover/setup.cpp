#include "mintmark/prover/setup.hpp"

#include <fmt/format.h>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/pcs/kzg.hpp"
#include "mintmark/pcs/mercury_shape.hpp"

namespace mintmark::prover {
namespace {

std::vector<Fr> to_field(std::span<const std::int64_t> values) {
    std::vector<Fr> out;
    out.reserve(values.size());
    for (const std::int64_t value : values) out.push_back(Fr::from_i64(value));
    return out;
}

std::vector<Fr> random_vector(std::size_t size, Rng& rng) {
    std::vector<Fr> out(size);
    for (auto& value : out) value = Fr::random(rng);
    return out;
}

}  // namespace

Fr weight_blinder(const Bytes32& seed, std::uint32_t chunk) {
    Bytes data;
    append(data, as_bytes("mintmark-blinder"));
    append(data, seed);
    for (int shift = 24; shift >= 0; shift -= 8)
        data.push_back(static_cast<std::uint8_t>(chunk >> shift));
    return Fr::from_bytes_reduce(keccak256(data));
}

Result<ProvingKey> setup(const Circuit& circuit, std::span<const std::int64_t> weights,
                         const Srs& srs, const Bytes32& seed) {
    MINTMARK_CHECK(check_circuit(circuit));
    const std::size_t m = std::size_t{1} << circuit.mu;
    if (weights.size() != circuit.n_w * m)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} weight lanes given, the circuit has {}", weights.size(),
                                circuit.n_w * m));
    if (srs.g1.size() < masked_length(circuit.mu))
        return fail(ErrorCode::kUnsupported,
                    fmt::format("the SRS has {} points, the circuit needs {}", srs.g1.size(),
                                masked_length(circuit.mu)),
                    fmt::format("take one of at least 2^{} points", circuit.mu + 1));
    if (srs.tau.g2.size() <= mercury::num_low_vars(circuit.mu))
        return fail(ErrorCode::kUnsupported,
                    fmt::format("the SRS has {} powers of tau in G2, the circuit needs {}",
                                srs.tau.g2.size(), mercury::num_low_vars(circuit.mu) + 1),
                    "import the ceremony's .ptau again: mintmark zk get-srs");
    ProvingKey key{{circuit, srs.digest(), {}, {}}, {weights.begin(), weights.end()}, {}, m};
    for (std::uint32_t c = 0; c < circuit.n_w; ++c)
        key.weight_blinders.push_back(weight_blinder(seed, c));
    key.vk.w = commit_small_each(srs, weights, key.weight_blinders, m);
    key.vk.t = commit_tables(circuit, srs);
    return key;
}

std::vector<G1Affine> commit_tables(const Circuit& circuit, const Srs& srs) {
    const std::size_t m = std::size_t{1} << circuit.mu;
    MINTMARK_ASSERT(srs.g1.size() >= m);
    const auto rows = table_output_column(circuit);
    return commit_small_each(srs, rows, std::vector<Fr>(circuit.n_t), m);
}

Openings random_openings(const Circuit& circuit, Rng& rng) {
    return {random_vector(circuit.n_in, rng), random_vector(circuit.n_out, rng)};
}

std::vector<G1Affine> commit_box(const Circuit& circuit, const Srs& srs, const Tensor& tensor,
                                 std::span<const std::int64_t> values,
                                 std::span<const Fr> blinders) {
    const std::size_t m = std::size_t{1} << circuit.mu;
    auto lanes = to_box(tensor.axes, values);
    MINTMARK_ASSERT(lanes.size() <= blinders.size() * m);
    lanes.resize(blinders.size() * m, 0);
    std::vector<G1Affine> out;
    for (std::size_t c = 0; c < blinders.size(); ++c)
        out.push_back(commit_small(srs, std::span(lanes).subspan(c * m, m), blinders[c], m));
    return out;
}

Instances make_instances(const Circuit& circuit, const Srs& srs, const Witness& witness,
                         const Openings& openings) {
    Instances out;
    if (circuit.input == Visibility::kPublic)
        out.input = to_field(witness.input);
    else
        out.input_commitments =
            commit_box(circuit, srs, circuit.input_tensor(), witness.input, openings.input);
    if (circuit.output == Visibility::kPublic)
        out.output = to_field(witness.output);
    else
        out.output_commitments =
            commit_box(circuit, srs, circuit.output_tensor(), witness.output, openings.output);
    return out;
}

}  // namespace mintmark::prover
