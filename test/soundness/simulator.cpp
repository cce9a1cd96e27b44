#include "simulator.hpp"

#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/mercury_shape.hpp"
#include "mintmark/proof/proof.hpp"
#include "mintmark/prover/residual.hpp"

namespace mintmark::testing {
namespace {

G1Affine random_point(Rng& rng) {
    return G1::generator().mul(Fr::random(rng)).to_affine();
}

void fill(std::vector<G1Affine>& points, std::size_t count, Rng& rng) {
    points.resize(count);
    for (G1Affine& p : points) p = random_point(rng);
}

/// (point - value G) / (tau - x): the quotient of the KZG check at x.
G1Affine quotient(const G1& point, const Fr& value, const Fr& divisor) {
    return (point - G1::generator().mul(value)).mul(divisor.inverse()).to_affine();
}

/// The polynomial of least degree through the points, at x.
Fr interpolate(const std::vector<std::pair<Fr, Fr>>& points, const Fr& x) {
    Fr sum;
    for (const auto& [at, value] : points) {
        Fr term = value;
        for (const auto& other : points)
            if (other.first != at) term *= (x - other.first) * (at - other.first).inverse();
        sum += term;
    }
    return sum;
}

/// A commitment, and what it is opened to where.
struct Opened {
    G1Affine point;
    std::vector<std::pair<Fr, Fr>> values;

    [[nodiscard]] Fr vanishing(const Fr& x) const {
        Fr product = Fr::one();
        for (const auto& value : values) product *= x - value.first;
        return product;
    }
};

/// h(a) as section 6, step 4, computes it.
Fr claimed_h_at_a(const MercuryProof& p, const mercury::Shape& shape, const Fr& gamma,
                  const Fr& zeta) {
    const auto pair = [&](std::span<const Fr> u, const Fr& at_zeta, const Fr& at_inverse) {
        return at_zeta * mercury::eval_p(u, p.zeta_inv) + at_inverse * mercury::eval_p(u, zeta);
    };
    return Fr::inv2() * (pair(shape.u1, p.g_z, p.g_zi) + gamma * pair(shape.u2, p.h_z, p.h_zi) -
                         zeta * p.s_z - p.zeta_inv * p.s_zi);
}

/// The messages of section 5 in order.
class Simulator {
  public:
    Simulator(const PublicStatement& statement, const Fr& tau, Rng& rng)
        : st_(statement), circuit_(statement.vk.circuit), tau_(tau), rng_(rng) {}

    Bytes run() {
        absorb_statement();
        commitments();
        product_rounds();
        evals();
        merge_rounds();
        proof_.opening = forge_opening({combined(), z_, claim_}, tau_, transcript_, rng_);
        return encode(proof_);
    }

  private:
    void absorb_statement() {
        transcript_.absorb("vk", digest(st_.vk));
        transcript_.absorb("ctx", st_.context);
        Bytes io;
        for (const Bytes32& word : to_words(st_.instances)) append(io, word);
        transcript_.absorb("io", io);
    }

    void commitments() {
        fill(proof_.f, circuit_.n_f, rng_);
        fill(proof_.g, circuit_.n_g, rng_);
        fill(proof_.m, circuit_.n_t, rng_);
        proof_.z = random_point(rng_);
        proof_.r = random_point(rng_);
        std::vector<G1Affine> points;
        for (const auto* column : {&proof_.f, &proof_.g, &proof_.m})
            points.insert(points.end(), column->begin(), column->end());
        points.push_back(proof_.z);
        points.push_back(proof_.r);
        transcript_.absorb_points("trace", points);
        at_.alpha = transcript_.challenge("alpha");
        at_.beta = transcript_.challenge("beta");
        fill(proof_.h, circuit_.n_f, rng_);
        fill(proof_.ht, circuit_.n_t, rng_);
        points = proof_.h;
        points.insert(points.end(), proof_.ht.begin(), proof_.ht.end());
        transcript_.absorb_points("inv", points);
        at_.rho = transcript_.challenges("rho", circuit_.n_rho());
        at_.gamma = transcript_.challenge("gamma");
        at_.delta = transcript_.challenge("delta");
    }

    template <std::size_t N>
    std::array<Fr, N> say(std::string_view label) {
        std::array<Fr, N> message;
        for (Fr& value : message) value = Fr::random(rng_);
        transcript_.absorb_fr(label, message);
        return message;
    }

    void product_rounds() {
        proof_.sum = say<1>("sum")[0];
        for (std::size_t i = 0; i + 1 < circuit_.n_prod(); ++i) {
            proof_.product_rounds.push_back(say<3>("prod"));
            at_.r.push_back(transcript_.challenge("r"));
        }
        proof_.last_product_round = say<5>("prod");
        at_.r.push_back(transcript_.challenge("r"));
    }

    /// All uniform but t, which is public.
    void evals() {
        ProductEvals& e = proof_.evals;
        for (Fr* value : {&e.h, &e.q, &e.ht}) *value = Fr::random(rng_);
        const std::vector<Fr> eq = eq_table(suffix(at_.r, circuit_.kappa()));
        const std::vector<std::int64_t> table = table_output_column(circuit_);
        for (std::size_t x = 0; x < table.size(); ++x) e.t += eq[x] * Fr::from_i64(table[x]);
        e.products.resize(circuit_.num_products());
        for (auto& [a, b] : e.products) {
            a = Fr::random(rng_);
            b = Fr::random(rng_);
        }
        transcript_.absorb_fr("evals", to_scalars(e));
    }

    /// The value of merge claim 0.
    [[nodiscard]] Fr hidden_sum() const {
        const std::span<const Fr> rho(at_.rho);
        const Instances& io = st_.instances;
        const Fr lanes = lt_eval(circuit_.num_lanes(), rho.first(circuit_.nu()));
        return proof_.sum + const_sum(circuit_, rho, at_.gamma) +
               public_sum(circuit_, rho, at_.gamma, io.input, io.output) - at_.delta * lanes;
    }

    void merge_rounds() {
        lambda_ = transcript_.challenge("lambda");
        const std::vector<Fr> values = to_scalars(proof_.evals);
        const Fr w =
            prover::product_claim(at_, proof_) - prover::combine_evals(circuit_, at_, values);
        claim_ = hidden_sum() + lambda_ * (w + lambda_ * horner(values, lambda_));
        for (std::size_t i = 0; i < circuit_.mu; ++i) {
            proof_.merge_rounds.push_back(say<2>("merge"));
            z_.push_back(transcript_.challenge("z"));
            const auto& [c0, c2] = proof_.merge_rounds.back();
            claim_ = c0 + z_.back() * (claim_ - c0.double_() - c2 + z_.back() * c2);
        }
    }

    [[nodiscard]] G1Affine combined() const {
        const ChunkCoefs coefs = merge_chunk_coefs(
            circuit_, {at_.rho, at_.gamma, at_.beta, at_.delta, at_.r}, lambda_, z_);
        const std::vector<G1Affine> z{proof_.z}, r{proof_.r};
        const Instances& io = st_.instances;
        const std::array columns = {&st_.vk.w,
                                    &io.input_commitments,
                                    &io.output_commitments,
                                    &proof_.f,
                                    &proof_.g,
                                    &proof_.m,
                                    &proof_.h,
                                    &proof_.ht,
                                    &st_.vk.t,
                                    &z,
                                    &r};
        G1 sum;
        for (std::size_t i = 0; i < columns.size(); ++i) sum += msm(*columns[i], coefs[i]);
        return sum.to_affine();
    }

    const PublicStatement& st_;
    const Circuit& circuit_;
    const Fr& tau_;
    Rng& rng_;
    Transcript transcript_;
    prover::Challenges at_;
    Fr lambda_, claim_;
    std::vector<Fr> z_;
    Proof proof_;
};

}  // namespace

MercuryProof forge_opening(const OpeningClaim& claim, const Fr& tau, Transcript& transcript,
                           Rng& rng) {
    const mercury::Shape shape(claim.z);
    MercuryProof p;
    for (G1Affine* point : {&p.h, &p.g, &p.s, &p.d}) *point = random_point(rng);
    const Fr a = mercury::after_h(transcript, p);
    const G1 rest = G1(claim.commitment) - G1(p.g);
    p.q = quotient(rest, Fr::zero(), mercury::pow_two_power(tau, shape.mu1) - a);
    const Fr gamma = mercury::after_qg(transcript, p);
    const Fr zeta = mercury::after_sd(transcript, p);
    p.zeta_inv = zeta.inverse();
    for (Fr* value : {&p.g_z, &p.g_zi, &p.h_z, &p.h_zi, &p.s_z, &p.s_zi}) *value = Fr::random(rng);
    const Fr nu = mercury::after_evals(transcript, p);

    const Fr zeta_b = mercury::pow_two_power(zeta, shape.mu1);
    const Fr h_a = claimed_h_at_a(p, shape, gamma, zeta) - gamma * claim.value;
    const Fr zi = p.zeta_inv;
    const std::array opened = {
        Opened{p.h, {{zeta, p.h_z}, {zi, p.h_zi}, {a, h_a}}},
        Opened{p.g, {{zeta, p.g_z}, {zi, p.g_zi}}},
        Opened{p.s, {{zeta, p.s_z}, {zi, p.s_zi}}},
        Opened{p.d, {{zeta, zeta_b * zi * p.g_zi}}},
    };
    G1 sum;
    Fr power = nu;
    for (const Opened& o : opened) {
        sum += G1(quotient(G1(o.point), interpolate(o.values, tau), o.vanishing(tau))).mul(power);
        power *= nu;
    }
    p.w = sum.to_affine();
    const Fr y = mercury::after_w(transcript, p);
    const Fr all = opened[0].vanishing(y);
    sum = G1(p.w).mul(-all);
    power = nu;
    for (const Opened& o : opened) {
        const G1 left = G1(o.point) - G1::generator().mul(interpolate(o.values, y));
        sum += left.mul(power * all * o.vanishing(y).inverse());
        power *= nu;
    }
    const Fr scale = (zeta - zi) * (a - zeta) * (a - zi);
    p.w_y = quotient(sum.mul(scale), Fr::zero(), tau - y);
    mercury::finish(transcript, p);
    return p;
}

Bytes simulate(const PublicStatement& statement, const Fr& tau, Rng& rng) {
    return Simulator(statement, tau, rng).run();
}

}  // namespace mintmark::testing
