#include "mintmark/prover/masks.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/math/msm.hpp"

namespace mintmark::prover {
namespace {

using sumcheck::SparseColumn;

std::size_t chunk_size(const Circuit& circuit) {
    return std::size_t{1} << circuit.mu;
}

// Lanes m-1-2^i in increasing order, i from mu-1 down.
void append_round_lanes(SparseColumn& out, const Circuit& circuit, std::span<const Fr> values) {
    for (std::size_t i = values.size(); i-- > 0;)
        out.emplace_back(chunk_size(circuit) - 1 - (std::size_t{1} << i), values[i]);
}

std::vector<Fr> random_values(std::size_t count, Rng& rng) {
    std::vector<Fr> out(count);
    for (Fr& value : out) value = Fr::random(rng);
    return out;
}

}  // namespace

Masks random_masks(const Circuit& circuit, Rng& rng) {
    Masks masks;
    masks.slots = random_values(MaskLayout(circuit).size(), rng);
    masks.z_rounds = random_values(circuit.mu, rng);
    masks.r_rounds = random_values(circuit.mu, rng);
    for (Fr& value : masks.high) value = Fr::random(rng);
    masks.r_blinder = Fr::random(rng);
    balance(masks);
    return masks;
}

void balance(Masks& masks) {
    Fr sum = Fr::zero();
    for (const Fr& value : masks.r_rounds) sum += value;
    sum *= Fr::from_u64(masks.r_rounds.size() - 1);  // each of these lanes has mu - 1 bits
    for (const auto* values : {&masks.slots, &masks.z_rounds})
        for (const Fr& value : *values) sum += value;
    masks.z_top = -sum;
}

sumcheck::RoundMasks round_masks(const Circuit& circuit, const Masks& masks) {
    const MaskLayout at(circuit);
    sumcheck::RoundMasks out;
    out.constant = masks.slots[at.constant()];
    out.coefs.resize(at.rounds() - 1);
    for (std::size_t i = 0; i < out.coefs.size(); ++i)
        for (std::size_t e = 0; e < kRoundDegree; ++e)
            out.coefs[i][e] = masks.slots[at.round(i, e + 1)];
    for (std::size_t e = 0; e < kLastDegree; ++e)
        out.last[e] = masks.slots[at.round(at.rounds() - 1, e + 1)];
    return out;
}

SparseColumn z_lanes(const Circuit& circuit, const Masks& masks) {
    SparseColumn out;
    for (std::size_t s = 0; s < masks.slots.size(); ++s) out.emplace_back(s, masks.slots[s]);
    append_round_lanes(out, circuit, masks.z_rounds);
    out.emplace_back(chunk_size(circuit) - 1, masks.z_top);
    return out;
}

SparseColumn r_lanes(const Circuit& circuit, const Masks& masks) {
    SparseColumn out;
    append_round_lanes(out, circuit, masks.r_rounds);
    return out;
}

SparseColumn z_coefs(const Circuit& circuit, const Masks& masks) {
    SparseColumn out = z_lanes(circuit, masks);
    const std::size_t b = std::size_t{1} << ((circuit.mu + 1) / 2);
    for (std::size_t j = 0; j < kHighMasks; ++j)
        for (std::size_t i = 0; i < kHighMasks; ++i)
            out.emplace_back(chunk_size(circuit) + i + b * j, masks.high[i + kHighMasks * j]);
    return out;
}

SparseColumn r_coefs(const Circuit& circuit, const Masks& masks) {
    SparseColumn out = r_lanes(circuit, masks);
    out.emplace_back(chunk_size(circuit), masks.r_blinder);
    return out;
}

G1Affine commit_sparse(const Srs& srs, const SparseColumn& coefs) {
    std::vector<G1Affine> points;
    std::vector<Fr> scalars;
    for (const auto& [degree, value] : coefs) {
        MINTMARK_ASSERT(degree < srs.g1.size());
        points.push_back(srs.g1[degree]);
        scalars.push_back(value);
    }
    return msm(points, scalars).to_affine();
}

}  // namespace mintmark::prover
