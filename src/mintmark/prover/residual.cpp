#include "mintmark/prover/residual.hpp"

#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark::prover {

Fr product_claim(const Challenges& at, const Proof& proof) {
    Fr claim = proof.sum;
    const std::size_t last = proof.product_rounds.size();
    for (std::size_t j = 0; j < last; ++j) {
        const auto& [c0, c2, c3] = proof.product_rounds[j];
        const Fr c1 = claim - c0.double_() - c2 - c3;
        claim = c0 + at.r[j] * (c1 + at.r[j] * (c2 + at.r[j] * c3));
    }
    const auto& [c0, c2, c3, c4, c5] = proof.last_product_round;
    const Fr& x = at.r[last];
    const Fr c1 = claim - c0.double_() - c2 - c3 - c4 - c5;
    return c0 + x * (c1 + x * (c2 + x * (c3 + x * (c4 + x * c5))));
}

Fr combine_evals(const Circuit& circuit, const Challenges& at, std::span<const Fr> evals) {
    const std::span<const Fr> rho(at.rho), r(at.r);
    const std::size_t rounds = circuit.n_prod();
    const auto scale = [&](std::size_t n) { return Fr::inv2().pow(rounds - n); };
    Fr sum = Fr::zero();
    std::size_t next = 4;
    for (const auto& product : product_instances(circuit, rho, at.gamma)) {
        const auto x = suffix(r, product.num_vars).first(product.shared_point.size());
        sum += product.weight * scale(product.num_vars) * eq_eval(product.shared_point, x) *
               evals[next] * evals[next + 1];
        next += 2;
    }
    const std::size_t nu = circuit.nu(), kappa = circuit.kappa();
    const auto r_nu = suffix(r, nu), r_kappa = suffix(r, kappa);
    const Fr beta2 = at.beta.square();
    const Fr &h = evals[0], &q = evals[1], &ht = evals[2], &t = evals[3];
    sum += at.delta * scale(nu) * eq_eval(rho.first(nu), r_nu) * h *
           (at.alpha + q + beta2 * id_mle(circuit, r_nu));
    return sum + at.delta.square() * scale(kappa) * eq_eval(rho.first(kappa), r_kappa) * ht *
                     (at.alpha + table_in_mle(circuit, r_kappa) + at.beta * t +
                      beta2 * table_id_mle(circuit, r_kappa));
}

}  // namespace mintmark::prover
