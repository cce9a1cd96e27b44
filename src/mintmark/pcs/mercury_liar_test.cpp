// Provers that lie at one step and do their best at all others.
#include <gtest/gtest.h>

#include "mintmark/pcs/naive_mercury.hpp"

namespace mintmark {
namespace {

using naive::Hook;
using naive::Poly;
using naive::Prover;
using naive::Stage;
using naive::test_srs;

/// An honest statement f(z) = v of mu = 5 (b = 8, four rows and the blinder's), and a false v.
class MercuryLiar : public testing::Test {
  protected:
    MercuryLiar() {
        SeededRng rng(11);
        f_ = naive::random_poly(33, rng);
        z_ = naive::random_poly(5, rng);
        v_ = naive::multilinear(f_, z_);
        commitment_ = naive::commit(test_srs(), f_);
    }
    [[nodiscard]] bool accepted(const Fr& v, const Hook& hook) const {
        Transcript prover;
        const Prover p = naive::prove(test_srs(), f_, z_, prover, hook);
        Transcript verifier;
        return mercury_verify(commitment_, z_, v, p.proof, test_srs().tau, verifier);
    }
    /// What makes <h, eq2> one more.
    static Fr step_in_h(const Prover& p) { return naive::eq(p.u2, 0).inverse(); }
    /// h(a) as the verifier derives it from the values sent.
    static Fr derived_h_at_a(const Prover& p, const Fr& v) {
        const MercuryProof& e = p.proof;
        const Poly p1 = naive::eq_coefficients(p.u1);
        const Poly p2 = naive::eq_coefficients(p.u2);
        const Fr sum =
            e.g_z * naive::eval(p1, e.zeta_inv) + e.g_zi * naive::eval(p1, p.zeta) +
            p.gamma * (e.h_z * naive::eval(p2, e.zeta_inv) + e.h_zi * naive::eval(p2, p.zeta)) -
            p.zeta * e.s_z - e.zeta_inv * e.s_zi;
        return Fr::inv2() * sum - p.gamma * v;
    }

    Poly f_;
    std::vector<Fr> z_;
    Fr v_;
    G1Affine commitment_;
};

TEST_F(MercuryLiar, HonestRunOfTheNaiveProverIsAccepted) {
    const Hook honest = [](Stage, Prover&) {};
    EXPECT_TRUE(accepted(v_, honest));
    EXPECT_FALSE(accepted(v_ + Fr::one(), honest));
}

TEST_F(MercuryLiar, FoldThatDoesNotMatchF) {
    EXPECT_FALSE(accepted(v_ + Fr::one(), [](Stage stage, Prover& p) {
        if (stage == Stage::kFolded) p.h[0] += step_in_h(p);
    }));
}

TEST_F(MercuryLiar, RemainderThatMatchesAFalseFoldButNotF) {
    EXPECT_FALSE(accepted(v_ + Fr::one(), [](Stage stage, Prover& p) {
        if (stage == Stage::kFolded) p.h[0] += step_in_h(p);
        if (stage == Stage::kDivided) p.g[0] += step_in_h(p) * naive::eq(p.u1, 0).inverse();
    }));
}

/// g + t (X^b - a) and q - t satisfy the division, and t is free to fit any false fold: only the
/// degree check by d stands in the way.
TEST_F(MercuryLiar, RemainderOfTooHighADegree) {
    const Fr false_v = v_ + Fr::one();
    bool all_but_degree_fits = false;
    EXPECT_FALSE(accepted(false_v, [&](Stage stage, Prover& p) {
        if (stage == Stage::kFolded) p.h[0] += step_in_h(p);
        if (stage == Stage::kDivided) {
            const Fr t = -step_in_h(p) * (p.a * naive::eq(p.u1, 0)).inverse();
            p.g[0] -= p.a * t;
            p.g.push_back(t);
            p.q[0] -= t;
        }
        if (stage == Stage::kEvaluated)
            all_but_degree_fits = derived_h_at_a(p, false_v) == naive::eval(p.h, p.a);
    }));
    EXPECT_TRUE(all_but_degree_fits);
}

TEST_F(MercuryLiar, ReversalOfAnotherPolynomial) {
    EXPECT_FALSE(accepted(v_, [](Stage stage, Prover& p) {
        if (stage == Stage::kBatched) p.d[3] += Fr::one();
    }));
}

TEST_F(MercuryLiar, ForgedCrossTerms) {
    EXPECT_FALSE(accepted(v_ + Fr::one(), [](Stage stage, Prover& p) {
        if (stage == Stage::kBatched) p.s[0] += p.gamma.double_();
    }));
    EXPECT_FALSE(accepted(v_, [](Stage stage, Prover& p) {
        if (stage == Stage::kBatched) p.s.push_back(Fr::one());
    }));
}

/// The value of S at zeta is chosen so that the verifier derives the true h(a) from a false v.
TEST_F(MercuryLiar, ForgedValueOfCrossTerms) {
    const Fr false_v = v_ + Fr::one();
    bool derives_true_value = false;
    EXPECT_FALSE(accepted(false_v, [&](Stage stage, Prover& p) {
        if (stage != Stage::kEvaluated) return;
        p.proof.s_z -= p.gamma.double_() * p.zeta.inverse();
        derives_true_value = derived_h_at_a(p, false_v) == naive::eval(p.h, p.a);
    }));
    EXPECT_TRUE(derives_true_value);
}

/// The values sent as evaluations at zeta are true, but at a point other than 1/zeta for the rest.
TEST_F(MercuryLiar, InverseThatIsNone) {
    EXPECT_FALSE(accepted(v_, [](Stage stage, Prover& p) {
        if (stage != Stage::kEvaluated) return;
        MercuryProof& e = p.proof;
        e.zeta_inv = p.zeta;
        e.g_zi = naive::eval(p.g, p.zeta);
        e.h_zi = naive::eval(p.h, p.zeta);
        e.s_zi = naive::eval(p.s, p.zeta);
    }));
}

TEST_F(MercuryLiar, FalseQuotient) {
    EXPECT_FALSE(accepted(v_, [](Stage stage, Prover& p) {
        if (stage == Stage::kDivided) p.q[2] += Fr::one();
    }));
}

/// f - (X^b - a) q - g is not zero; the last quotient takes up what it can of it.
TEST_F(MercuryLiar, FalseQuotientHiddenInTheOpening) {
    for (const bool is_g_false : {false, true}) {
        EXPECT_FALSE(accepted(v_, [&](Stage stage, Prover& p) {
            if (stage == Stage::kDivided) (is_g_false ? p.g[1] : p.q[2]) += Fr::one();
            if (stage != Stage::kLast) return;
            Poly rest = p.f;
            for (std::size_t i = 0; i < p.q.size(); ++i) {
                rest[i] += p.a * p.q[i];
                rest[i + 8] -= p.q[i];
            }
            naive::add_to(rest, p.g, -Fr::one());
            ASSERT_NE(naive::eval(rest, p.y), Fr::zero());
            const G1 more(naive::commit(test_srs(), naive::divide(rest, {-p.y, Fr::one()})));
            p.proof.w_y = G1(p.proof.w_y).add(more).to_affine();
        }));
    }
}

/// One value sent is false, and both quotients are made for it: only at the point itself it shows.
TEST_F(MercuryLiar, EachFalseValueWithQuotientsMadeForIt) {
    using Value = Fr MercuryProof::*;
    for (const Value value : {&MercuryProof::g_z, &MercuryProof::g_zi, &MercuryProof::h_z,
                              &MercuryProof::h_zi, &MercuryProof::s_z, &MercuryProof::s_zi}) {
        EXPECT_FALSE(accepted(v_, [value](Stage stage, Prover& p) {
            if (stage == Stage::kEvaluated) p.proof.*value += Fr::one();
        }));
    }
}

/// h(a) is derived from what is sent: a prover that opens h at a to it needs a polynomial that is
/// h at zeta and 1/zeta, but not at a.
TEST_F(MercuryLiar, QuotientOfAnotherPolynomial) {
    EXPECT_FALSE(accepted(v_ + Fr::one(), [](Stage stage, Prover& p) {
        if (stage != Stage::kOpened) return;
        const Fr off = p.gamma;  // by which the derived h(a) is too small
        const Poly both = naive::vanishing({p.zeta, p.proof.zeta_inv});
        Poly other = p.h;
        naive::add_to(other, both, -off * naive::eval(both, p.a).inverse());
        std::swap(p.h, other);
        naive::quotient_of_all(p);
        std::swap(p.h, other);
    }));
}

TEST_F(MercuryLiar, QuotientsMovedIntoEachOther) {
    for (const bool by_y : {false, true}) {
        EXPECT_FALSE(accepted(v_, [by_y](Stage stage, Prover& p) {
            if (stage == Stage::kOpened) p.w[0] += Fr::one();
            if (stage != Stage::kLast || !by_y) return;
            const G1 moved = G1::generator().mul(p.y.inverse());
            p.proof.w_y = G1(p.proof.w_y).add(moved).to_affine();
        }));
    }
}

}  // namespace
}  // namespace mintmark
