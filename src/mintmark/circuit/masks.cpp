#include "mintmark/circuit/masks.hpp"

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/form.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {

MaskLayout::MaskLayout(const Circuit& circuit)
    : rounds_(circuit.n_prod()),
      first_eval_(1 + kRoundDegree * rounds_ + (kLastDegree - kRoundDegree)),
      size_(first_eval_ + 3 + 2 * circuit.num_products()) {}

std::size_t MaskLayout::round(std::size_t round, std::size_t degree) const noexcept {
    return kRoundDegree * round + degree;
}

bool masks_fit(const Circuit& circuit) noexcept {
    return MaskLayout(circuit).size() + 1 <= (std::size_t{1} << circuit.mu) / 2;
}

std::size_t masked_length(std::uint8_t mu) noexcept {
    const std::size_t b = std::size_t{1} << ((mu + 1) / 2);
    return (std::size_t{1} << mu) + (kHighMasks - 1) * (b + 1) + 1;
}

Fr mask_factor(const Fr& last_challenge) {
    return last_challenge * (Fr::one() - last_challenge);
}

MaskForm mask_form(const Circuit& circuit, std::span<const Fr> r, const Fr& lambda) {
    const MaskLayout at(circuit);
    MINTMARK_ASSERT(r.size() == at.rounds());
    MaskForm form{std::vector<Fr>(at.size()), Fr::zero()};
    const Fr half_cube = Fr::from_u64(2).pow(std::uint64_t{at.rounds() - 1});
    form.slots[at.constant()] = half_cube.double_() + lambda;
    for (std::size_t i = 0; i < at.rounds(); ++i) {
        const std::size_t degree = i + 1 == at.rounds() ? kLastDegree : kRoundDegree;
        Fr power = lambda;
        for (std::size_t e = 1; e <= degree; ++e) {
            power *= r[i];
            form.slots[at.round(i, e)] = half_cube + power;
        }
    }
    // Claims 2, 3, ... are h, q, ht, t, a_1, b_1, ...; t has no mask.
    Fr weight = mask_factor(r.back()) * lambda;
    const auto next = [&](std::size_t slot) { form.slots[slot] = weight *= lambda; };
    next(at.h());
    next(at.q());
    next(at.ht());
    weight *= lambda;
    for (std::size_t slot = at.ht() + 1; slot < at.size(); ++slot) next(slot);
    form.all = lambda.pow(std::uint64_t{num_merge_claims(circuit)});
    return form;
}

Fr mask_coef_z(const MaskForm& form, std::span<const Fr> z) {
    const std::size_t low = log2_ceil(form.slots.size());
    const std::vector<Fr> eq = eq_table(z.first(low));
    Fr sum = Fr::zero();
    for (std::size_t s = 0; s < form.slots.size(); ++s) sum += form.slots[s] * eq[s];
    for (const Fr& z_i : z.subspan(low)) sum *= Fr::one() - z_i;
    return sum + form.all;
}

Fr mask_coef_r(const MaskForm& form, std::span<const Fr> z) {
    Fr sum = Fr::zero();
    for (const Fr& z_i : z) sum += z_i;
    return form.all * sum;
}

}  // namespace mintmark
