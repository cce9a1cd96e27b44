// Claims as linear functionals on the columns: derived from the circuit, never sent. Shared by
// prover and verifier (protocol sections 3 and 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {

/// An environment axis: its point has log2_ceil(dim) values, lowest variable first.
struct EnvAxis {
    std::uint32_t dim = 1;
    std::vector<Fr> point = {};
};
/// The axes that maps refer to: the out axes, then (product terms) the contraction axes.
using Env = std::vector<EnvAxis>;

/// A map with its points resolved: the weight of each index of one tensor axis (kRegroup: of
/// several consecutive axes, first axis in the highest variables).
struct AxisWeight {
    MapKind kind = MapKind::kAll;
    std::vector<Axis> axes = {};  ///< tensor axes that it covers
    std::vector<EnvAxis> env =
        {};  ///< kEq, kSumWin: p (none for kNoAxis); kWin: p, t; kRegroup: all
    std::uint16_t taps = 0;
    std::uint16_t stride = 0;
    std::uint16_t dilation = 0;
    std::int32_t offset = 0;
    [[nodiscard]] std::uint8_t num_vars() const noexcept { return mintmark::num_vars(axes); }
};

/// All 2^num_vars() weights w(j); prover side, and the definition.
[[nodiscard]] std::vector<Fr> axis_weight_dense(const AxisWeight& weight);
/// w~(z) = sum_j w(j) eq(z, j); z has num_vars() values. O(num_vars) for kAll, kEq and kSumWin
/// with one tap; else linear in the number of pairs (index, tap).
[[nodiscard]] Fr axis_weight_mle(const AxisWeight& weight, std::span<const Fr> z);
/// The weights with their lowest z.size() variables fixed to z: 2^(num_vars() - z.size()) values.
[[nodiscard]] std::vector<Fr> axis_weight_fold(const AxisWeight& weight, std::span<const Fr> z);

/// coef * sum_j prod_i w_i(j_i) V(j) over the tensor at `offset` of `column`; weights in the order
/// of the tensor's axes.
struct FormTerm {
    Fr coef = Fr::zero();
    Column column = Column::kW;
    std::uint32_t offset = 0;
    std::vector<AxisWeight> weights = {};
    [[nodiscard]] std::uint8_t num_vars() const noexcept;
};
struct LinearForm {
    std::vector<FormTerm> terms = {};
};

/// The 2^num_vars() coefficients of a term on the lanes [offset, offset + 2^num_vars()).
[[nodiscard]] std::vector<Fr> form_term_dense(const FormTerm& term);
/// The form's value on columns given as plain lanes (index: Column); the oracle for tests.
[[nodiscard]] Fr evaluate_form(const LinearForm& form,
                               const std::array<std::span<const Fr>, kNumColumns>& columns);

/// Environment of lin terms: the out axes at slices of rho[0 .. n_k).
[[nodiscard]] Env lin_env(const Step& step, std::span<const Fr> rho);
/// Environment of a product term: contraction and shared axes at slices of x (n_x values), free out
/// axes at slices of rho.
[[nodiscard]] Env prod_env(const Step& step, const ProdTerm& term, std::span<const Fr> rho,
                           std::span<const Fr> x);
/// The operand's form, coefficient 1, without broadcast factors.
[[nodiscard]] FormTerm operand_form(const Circuit& circuit, const Operand& operand, const Env& env);
/// coef * operand * lt factors of the broadcast axes.
[[nodiscard]] FormTerm lin_form(const Circuit& circuit, const Step& step, const LinTerm& lin,
                                std::span<const Fr> rho);

/// One product term as an instance of the product sumcheck (section 5, step 5):
/// weight * sum_x E(x) A(x) B(x), E(x) = eq(shared_point, x[0 .. shared_point.size())).
struct ProductInstance {
    std::uint16_t step = 0;
    std::uint16_t term = 0;
    Fr weight = Fr::zero();             ///< gamma^step * coef
    std::uint8_t num_vars = 0;          ///< n_x
    std::vector<Fr> shared_point = {};  ///< slices of rho of the shared axes, lowest variable first
};
[[nodiscard]] std::vector<ProductInstance> product_instances(const Circuit& circuit,
                                                             std::span<const Fr> rho,
                                                             const Fr& gamma);

/// D of section 5, step 4, over committed columns only.
[[nodiscard]] LinearForm direct_form(const Circuit& circuit, std::span<const Fr> rho,
                                     const Fr& gamma);
/// The form of claim 0 without its masks: D + delta^2 M~ + delta^3 (sum of H - sum of HT).
[[nodiscard]] LinearForm sum_form(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma,
                                  const Fr& delta);
/// K = sum_k gamma^k of the constant terms at rho.
[[nodiscard]] Fr const_sum(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma);
/// Pub: the lin terms on public IN / OUT at rho. `input` and `output` are logical row-major values,
/// empty when committed.
[[nodiscard]] Fr public_sum(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma,
                            std::span<const Fr> input, std::span<const Fr> output);
/// id~ at a point of nu variables; tin~ and tid~ at a point of kappa variables.
[[nodiscard]] Fr id_mle(const Circuit& circuit, std::span<const Fr> point);
[[nodiscard]] Fr table_in_mle(const Circuit& circuit, std::span<const Fr> point);
[[nodiscard]] Fr table_id_mle(const Circuit& circuit, std::span<const Fr> point);

/// The challenges that fix the claims of the merge sumcheck.
struct ClaimPoint {
    std::span<const Fr> rho;  ///< n_rho values
    Fr gamma;
    Fr beta;
    Fr delta;
    std::span<const Fr> r;  ///< n_prod values
};
/// J: number of merge claims before the last one, which is on masks only: c and w, then h, q, ht,
/// t, then two per product term.
[[nodiscard]] std::size_t num_merge_claims(const Circuit& circuit) noexcept;
/// The J claims' forms in the order of section 5, step 7, without their parts on Z (masks.hpp).
[[nodiscard]] std::vector<LinearForm> merge_claims(const Circuit& circuit, const ClaimPoint& at);

/// One coefficient for every chunk of every column (index: Column).
using ChunkCoefs = std::array<std::vector<Fr>, kNumColumns>;
/// Zeroes, num_chunks(column) each.
[[nodiscard]] ChunkCoefs zero_chunk_coefs(const Circuit& circuit);
/// coefs += scale * coef_c(z) of the form at the chunk-point z (mu values).
void add_chunk_coefs(ChunkCoefs& coefs, const LinearForm& form, const Fr& scale,
                     std::span<const Fr> z);
/// sum_j lambda^j of the claims' coefficients at z, masks included.
[[nodiscard]] ChunkCoefs merge_chunk_coefs(const Circuit& circuit, const ClaimPoint& at,
                                           const Fr& lambda, std::span<const Fr> z);

}  // namespace mintmark
