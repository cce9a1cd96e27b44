// The random masks of one proof (docs/spec/protocol.md §5a): fresh for every proof, never stored.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/math/curve.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/sumcheck/merge_mask.hpp"
#include "mintmark/sumcheck/product.hpp"

namespace mintmark::prover {

/// The lanes and high coefficients of Z and R that are not zero.
struct Masks {
    std::vector<Fr> slots;     ///< K_Z, lanes of Z from 0
    std::vector<Fr> z_rounds;  ///< Z at m-1-2^i, i < mu
    Fr z_top = Fr::zero();     ///< Z at m-1: makes the sum of Z + (sum_i x_i) R zero
    std::vector<Fr> r_rounds;  ///< R at m-1-2^i
    std::array<Fr, kHighMasks * kHighMasks> high{};  ///< Z at X^(m + i + b j), index i + 8 j
    Fr r_blinder = Fr::zero();                       ///< R at X^m
};

/// Uniform masks. The generator must be the operating system's outside of tests.
[[nodiscard]] Masks random_masks(const Circuit& circuit, Rng& rng);
/// Chooses z_top, after a change to the others.
void balance(Masks& masks);

/// g of the product sumcheck.
[[nodiscard]] sumcheck::RoundMasks round_masks(const Circuit& circuit, const Masks& masks);
/// The lanes below m of Z and R.
[[nodiscard]] sumcheck::SparseColumn z_lanes(const Circuit& circuit, const Masks& masks);
[[nodiscard]] sumcheck::SparseColumn r_lanes(const Circuit& circuit, const Masks& masks);

/// All coefficients of Z and R that are not zero, by their degree.
[[nodiscard]] sumcheck::SparseColumn z_coefs(const Circuit& circuit, const Masks& masks);
[[nodiscard]] sumcheck::SparseColumn r_coefs(const Circuit& circuit, const Masks& masks);
/// [sum of coefs X^degree at tau]_1. Degrees must be below srs.g1.size() (asserted).
[[nodiscard]] G1Affine commit_sparse(const Srs& srs, const sumcheck::SparseColumn& coefs);
}  // namespace mintmark::prover
