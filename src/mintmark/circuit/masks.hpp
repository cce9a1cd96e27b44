// Where the masks of a proof lie in the columns Z and R, and the claims on them (protocol section
// 5a). Shared by prover and verifier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {

/// Degree of the last round of the product sumcheck, and of the others.
inline constexpr std::size_t kLastDegree = 5;
inline constexpr std::size_t kRoundDegree = 3;
/// Z has uniform coefficients at X^(m + i + b j) for i, j below this (b = 2^ceil(mu/2)).
inline constexpr std::size_t kHighMasks = 8;

/// Slot numbers: lanes of Z from 0.
class MaskLayout {
  public:
    explicit MaskLayout(const Circuit& circuit);

    [[nodiscard]] std::size_t constant() const noexcept { return 0; }
    /// g_{round, degree}, 1 <= degree <= 3, in the last round 5.
    [[nodiscard]] std::size_t round(std::size_t round, std::size_t degree) const noexcept;
    [[nodiscard]] std::size_t h() const noexcept { return first_eval_; }
    [[nodiscard]] std::size_t q() const noexcept { return first_eval_ + 1; }
    [[nodiscard]] std::size_t ht() const noexcept { return first_eval_ + 2; }
    [[nodiscard]] std::size_t a(std::size_t product) const noexcept {
        return first_eval_ + 3 + 2 * product;
    }
    [[nodiscard]] std::size_t b(std::size_t product) const noexcept { return a(product) + 1; }
    /// K_Z.
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t rounds() const noexcept { return rounds_; }

  private:
    std::size_t rounds_, first_eval_, size_;
};

/// K_Z <= m/2 - 1: the slots are apart from the lanes m-1 and m-1-2^i.
[[nodiscard]] bool masks_fit(const Circuit& circuit) noexcept;

/// 1 + the highest degree of Z: what the SRS must have, and the length of the opened polynomial.
[[nodiscard]] std::size_t masked_length(std::uint8_t mu) noexcept;

/// theta = r_last (1 - r_last), the factor of every masked evaluation.
[[nodiscard]] Fr mask_factor(const Fr& last_challenge);

/// What the merge claims together ask of Z and R: sum_s slots[s] Z[s] + all sum_x Z(x) +
/// all sum_x (sum_i x_i) R(x).
struct MaskForm {
    std::vector<Fr> slots;  ///< K_Z weights
    Fr all = Fr::zero();    ///< lambda^J
};
/// The weights at the challenges r (N values) of the product sumcheck and lambda.
[[nodiscard]] MaskForm mask_form(const Circuit& circuit, std::span<const Fr> r, const Fr& lambda);
/// coef_Z(z) and coef_R(z).
[[nodiscard]] Fr mask_coef_z(const MaskForm& form, std::span<const Fr> z);
[[nodiscard]] Fr mask_coef_r(const MaskForm& form, std::span<const Fr> z);

}  // namespace mintmark
