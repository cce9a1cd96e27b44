#include "mintmark/verifier/verifier.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/proof/proof.hpp"
#include "mintmark/transcript/transcript.hpp"

namespace mintmark {
namespace {

std::unexpected<Error> rejected(const std::string& check) {
    return fail(ErrorCode::kRejected, "proof rejected: " + check);
}

struct Statement {
    const VerifyingKey& vk;
    const Bytes32& context;
    const Instances& instances;
};

/// c_0 + c_1 X + c_2 X^2 + ... at x, given c_0, c_2, c_3, ... and p(0) + p(1) = claim.
Fr next_claim(const Fr& claim, std::span<const Fr> c, const Fr& x) {
    Fr c1 = claim - c[0];
    for (const Fr& coef : c) c1 -= coef;
    return c[0] + x * (c1 + x * horner(c.subspan(1), x));
}

/// Runs the protocol of section 5; one instance verifies one proof.
class Session {
  public:
    Session(const Statement& statement, const Proof& proof)
        : st_(statement), circuit_(statement.vk.circuit), proof_(proof) {}

    /// What the opening's equation is about; nothing if the opening fails before it.
    std::optional<MercuryCheck> run() {
        absorb_statement();
        commitments();
        product_rounds();
        merge_rounds();
        const G1Affine combined = combined_commitment();
        return mercury_reduce(combined, z_, claim_, proof_.opening, transcript_);
    }

    /// Hangs on everything that the proof consists of.
    Fr fingerprint() { return transcript_.challenge("batch"); }

  private:
    void absorb_statement() {
        transcript_.absorb("vk", digest(st_.vk));
        transcript_.absorb("ctx", st_.context);
        Bytes io;
        for (const Bytes32& word : to_words(st_.instances)) append(io, word);
        transcript_.absorb("io", io);
    }

    void commitments() {
        std::vector<G1Affine> points = proof_.f;
        points.insert(points.end(), proof_.g.begin(), proof_.g.end());
        points.insert(points.end(), proof_.m.begin(), proof_.m.end());
        points.push_back(proof_.z);
        points.push_back(proof_.r);
        transcript_.absorb_points("trace", points);
        alpha_ = transcript_.challenge("alpha");
        beta_ = transcript_.challenge("beta");
        points = proof_.h;
        points.insert(points.end(), proof_.ht.begin(), proof_.ht.end());
        transcript_.absorb_points("inv", points);
        rho_ = transcript_.challenges("rho", circuit_.n_rho());
        gamma_ = transcript_.challenge("gamma");
        delta_ = transcript_.challenge("delta");
        transcript_.absorb_fr("sum", std::array{proof_.sum});
    }

    [[nodiscard]] std::span<const Fr> rho(std::size_t n) const { return std::span(rho_).first(n); }

    void product_round(std::span<const Fr> message) {
        transcript_.absorb_fr("prod", message);
        r_.push_back(transcript_.challenge("r"));
        claim_ = next_claim(claim_, message, r_.back());
    }

    void product_rounds() {
        claim_ = proof_.sum;
        for (const auto& round : proof_.product_rounds) product_round(round);
        product_round(proof_.last_product_round);
    }

    /// Value of merge claim 0: c without what the verifier knows.
    [[nodiscard]] Fr hidden_sum() const {
        const Instances& io = st_.instances;
        return proof_.sum + const_sum(circuit_, rho_, gamma_) +
               public_sum(circuit_, rho_, gamma_, io.input, io.output) -
               delta_ * lt_eval(circuit_.num_lanes(), rho(circuit_.nu()));
    }

    /// 2^-(N - n).
    [[nodiscard]] Fr scale(std::size_t n) const {
        return Fr::inv2().pow(std::uint64_t{r_.size() - n});
    }

    [[nodiscard]] Fr expected_product() const {
        const ProductEvals& e = proof_.evals;
        Fr sum = Fr::zero();
        const std::vector<ProductInstance> instances = product_instances(circuit_, rho_, gamma_);
        for (std::size_t i = 0; i < instances.size(); ++i) {
            const ProductInstance& instance = instances[i];
            const std::span<const Fr> x = suffix(r_, instance.num_vars);
            const Fr eq = eq_eval(instance.shared_point, x.first(instance.shared_point.size()));
            const auto& [a, b] = e.products[i];
            sum += instance.weight * scale(instance.num_vars) * eq * a * b;
        }
        return sum + expected_lookups();
    }

    [[nodiscard]] Fr expected_lookups() const {
        const ProductEvals& e = proof_.evals;
        const std::size_t nu = circuit_.nu();
        const std::size_t kappa = circuit_.kappa();
        const std::span<const Fr> lanes = suffix(r_, nu);
        const std::span<const Fr> rows = suffix(r_, kappa);
        const Fr beta2 = beta_.square();
        const Fr lane = alpha_ + e.q + beta2 * id_mle(circuit_, lanes);
        const Fr row = alpha_ + table_in_mle(circuit_, rows) + beta_ * e.t +
                       beta2 * table_id_mle(circuit_, rows);
        const Fr l1 = scale(nu) * eq_eval(rho(nu), lanes) * e.h * lane;
        const Fr l2 = scale(kappa) * eq_eval(rho(kappa), rows) * e.ht * row;
        return delta_ * (l1 + delta_ * l2);
    }

    void merge_rounds() {
        const std::vector<Fr> evals = to_scalars(proof_.evals);
        transcript_.absorb_fr("evals", evals);
        lambda_ = transcript_.challenge("lambda");
        std::vector<Fr> values{hidden_sum(), claim_ - expected_product()};
        values.insert(values.end(), evals.begin(), evals.end());
        claim_ = horner(values, lambda_);
        for (const auto& [c0, c2] : proof_.merge_rounds) {
            transcript_.absorb_fr("merge", std::array{c0, c2});
            z_.push_back(transcript_.challenge("z"));
            claim_ = next_claim(claim_, std::array{c0, c2}, z_.back());
        }
    }

    /// C* = sum of coef_c(z) C_c over every chunk of every column.
    [[nodiscard]] G1Affine combined_commitment() const {
        const ClaimPoint at{.rho = rho_, .gamma = gamma_, .beta = beta_, .delta = delta_, .r = r_};
        const ChunkCoefs coefs = merge_chunk_coefs(circuit_, at, lambda_, z_);
        const Instances& io = st_.instances;
        const std::vector<G1Affine> z{proof_.z}, r{proof_.r};
        const std::array<const std::vector<G1Affine>*, kNumColumns> columns = {
            &st_.vk.w,
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
        std::vector<G1Affine> points;
        std::vector<Fr> scalars;
        for (std::size_t i = 0; i < kNumColumns; ++i) {
            points.insert(points.end(), columns[i]->begin(), columns[i]->end());
            scalars.insert(scalars.end(), coefs[i].begin(), coefs[i].end());
        }
        return msm(points, scalars).to_affine();
    }

    const Statement& st_;
    const Circuit& circuit_;
    const Proof& proof_;
    Transcript transcript_;
    Fr alpha_, beta_, gamma_, delta_, lambda_;
    Fr claim_;  ///< of the running sumcheck
    std::vector<Fr> rho_, r_, z_;
};

}  // namespace

namespace {

/// A proof's part of the last equation, and its fingerprint.
Result<std::pair<MercuryCheck, Fr>> reduce(const VerifyingKey& vk, const TauPowers& tau,
                                           const Bytes32& context, const Instances& instances,
                                           ByteSpan proof) {
    if (tau.g2.empty() || tau.digest() != vk.srs_digest) return rejected("SRS of another ceremony");
    if (const Status status = check_instances(vk.circuit, instances); !status)
        return rejected(status.error().message);
    const Result<Proof> decoded = decode_proof(vk, proof);
    if (!decoded) return rejected(decoded.error().message);
    const Statement statement{vk, context, instances};
    Session session(statement, *decoded);
    const std::optional<MercuryCheck> check = session.run();
    if (!check) return rejected("opening");
    return std::pair{*check, session.fingerprint()};
}

}  // namespace

Status verify(const VerifyingKey& vk, const TauPowers& tau, const Bytes32& context,
              const Instances& instances, ByteSpan proof) {
    MINTMARK_TRY(const auto reduced, reduce(vk, tau, context, instances, proof));
    if (!mercury_holds(reduced.first, vk.circuit.mu, tau)) return rejected("opening");
    return {};
}

Status verify_batch(const VerifyingKey& vk, const TauPowers& tau,
                    std::span<const ClaimedProof> claims) {
    if (claims.empty()) return rejected("no proofs");
    Transcript transcript;
    MercuryCheck sum;
    for (std::size_t i = 0; i < claims.size(); ++i) {
        const ClaimedProof& claim = claims[i];
        MINTMARK_TRY(const auto reduced,
                     reduce(vk, tau, claim.context, claim.instances, claim.proof));
        const auto& [check, fingerprint] = reduced;
        transcript.absorb_fr("batch", std::array{fingerprint});
        const Fr drawn = transcript.challenge("scale");
        sum.add_scaled(check, i == 0 ? Fr::one() : drawn);
    }
    if (!mercury_holds(sum, vk.circuit.mu, tau)) return rejected("openings");
    return {};
}

}  // namespace mintmark
