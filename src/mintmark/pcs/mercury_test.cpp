#include "mintmark/pcs/mercury.hpp"

#include <gtest/gtest.h>

#include "mintmark/math/msm.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/naive_mercury.hpp"

namespace mintmark {
namespace {

using naive::test_srs;

G1Affine commit_fast(const Srs& srs, std::span<const Fr> f) {
    return msm(std::span(srs.g1).first(f.size()), f).to_affine();
}

/// f, its point and value, and an honest proof, all from one seed.
struct Case {
    std::vector<Fr> f, z;
    Fr v;
    G1Affine commitment;
    MercuryProof proof;

    Case(std::size_t mu, std::size_t extra, std::uint64_t seed) {
        SeededRng rng(seed);
        f = naive::random_poly((std::size_t{1} << mu) + extra, rng);
        z = naive::random_poly(mu, rng);
        v = mle_eval(std::span(f).first(std::size_t{1} << mu), z);
        commitment = commit_fast(test_srs(), f);
        Transcript transcript;
        proof = mercury_open(test_srs(), f, z, transcript);
    }
    [[nodiscard]] bool verifies() const {
        Transcript transcript;
        return mercury_verify(commitment, z, v, proof, test_srs().tau, transcript);
    }
};

TEST(Mercury, HonestProofsVerifyForEverySizeAndAnyCoefficientsAboveM) {
    for (std::size_t mu = 0; mu <= 12; ++mu) {
        const std::size_t b = std::size_t{1} << ((mu + 1) / 2);
        for (const std::size_t extra : {std::size_t{0}, std::size_t{1}, b + 1, 8 * b + 1}) {
            const Case c(mu, extra, 100 * mu + extra);
            EXPECT_TRUE(c.verifies()) << "mu " << mu << ", coefficients above X^m: " << extra;
        }
    }
}

TEST(Mercury, CoefficientsAboveMDoNotChangeTheValue) {
    Case c(5, 0, 1);
    c.f.push_back(Fr::from_u64(77));
    c.commitment = commit_fast(test_srs(), c.f);
    Transcript transcript;
    c.proof = mercury_open(test_srs(), c.f, c.z, transcript);
    EXPECT_EQ(c.v, naive::multilinear(c.f, c.z));
    EXPECT_TRUE(c.verifies());
}

TEST(Mercury, ProofEqualsTheSchoolbookProver) {
    for (const std::size_t mu : {0U, 1U, 2U, 3U, 4U, 5U, 6U, 7U, 10U}) {
        for (const std::size_t extra : {0U, 1U, 9U}) {
            const Case c(mu, extra, 7 * mu + extra);
            Transcript transcript;
            EXPECT_EQ(c.proof, naive::prove(test_srs(), c.f, c.z, transcript).proof) << mu;
        }
    }
}

TEST(Mercury, BothSidesLeaveTheTranscriptInOneState) {
    const Case c(4, 1, 2);
    Transcript prover;
    Transcript verifier;
    EXPECT_EQ(mercury_open(test_srs(), c.f, c.z, prover), c.proof);
    EXPECT_TRUE(mercury_verify(c.commitment, c.z, c.v, c.proof, test_srs().tau, verifier));
    EXPECT_EQ(prover.challenge("next"), verifier.challenge("next"));
}

TEST(Mercury, ZeroPolynomialOpensToZeroWithInfinitiesOnly) {
    const std::vector<Fr> f(17);
    SeededRng rng(3);
    const std::vector<Fr> z = naive::random_poly(4, rng);
    Transcript prover;
    const MercuryProof proof = mercury_open(test_srs(), f, z, prover);
    EXPECT_TRUE(proof.h.infinity && proof.w.infinity);
    for (const Fr& v : {Fr::zero(), Fr::one()}) {
        Transcript verifier;
        EXPECT_EQ(mercury_verify({}, z, v, proof, test_srs().tau, verifier), v.is_zero());
    }
}

TEST(Mercury, BooleanPointsOpenSingleLanes) {
    for (const std::size_t lane : {0U, 1U, 6U, 31U}) {
        Case c(5, 1, 4);
        for (std::size_t i = 0; i < 5; ++i) c.z[i] = Fr::from_u64((lane >> i) & 1U);
        c.v = c.f[lane];
        Transcript transcript;
        c.proof = mercury_open(test_srs(), c.f, c.z, transcript);
        EXPECT_TRUE(c.verifies());
    }
}

constexpr std::array kPoints = {&MercuryProof::h,  &MercuryProof::q, &MercuryProof::g,
                                &MercuryProof::s,  &MercuryProof::d, &MercuryProof::w,
                                &MercuryProof::w_y};
constexpr std::array kScalars = {&MercuryProof::zeta_inv, &MercuryProof::g_z,  &MercuryProof::g_zi,
                                 &MercuryProof::h_z,      &MercuryProof::h_zi, &MercuryProof::s_z,
                                 &MercuryProof::s_zi};

TEST(Mercury, EveryAlteredPointIsRejected) {
    for (const std::size_t mu : {4U, 7U}) {
        const Case honest(mu, 1, 5);
        for (const auto member : kPoints) {
            const G1Affine old = honest.proof.*member;
            for (const G1Affine& lie : {-old, G1Affine{}, G1Affine::generator(),
                                        G1(old).double_().to_affine(), honest.commitment}) {
                Case c = honest;
                c.proof.*member = lie;
                EXPECT_FALSE(c.verifies());
            }
        }
        Case all = honest;
        for (const auto member : kPoints) all.proof.*member = {};
        EXPECT_FALSE(all.verifies());
    }
}

TEST(Mercury, EveryAlteredScalarIsRejected) {
    const Case honest(5, 1, 6);
    for (const auto member : kScalars) {
        const Fr old = honest.proof.*member;
        for (const Fr& lie : {old + Fr::one(), -old, Fr::zero(), old.inverse()}) {
            Case c = honest;
            c.proof.*member = lie;
            EXPECT_FALSE(c.verifies());
        }
    }
}

TEST(Mercury, SwappedElementsAreRejected) {
    const Case honest(6, 1, 7);
    for (std::size_t i = 0; i < kPoints.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            Case c = honest;
            std::swap(c.proof.*kPoints[i], c.proof.*kPoints[j]);
            EXPECT_FALSE(c.verifies());
        }
    }
    for (std::size_t i = 0; i < kScalars.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            Case c = honest;
            std::swap(c.proof.*kScalars[i], c.proof.*kScalars[j]);
            EXPECT_FALSE(c.verifies());
        }
    }
}

TEST(Mercury, AnotherStatementIsRejected) {
    const Case honest(6, 1, 8);
    ASSERT_TRUE(honest.verifies());
    Case c = honest;
    c.v += Fr::one();
    EXPECT_FALSE(c.verifies());
    for (std::size_t i = 0; i < honest.z.size(); ++i) {
        c = honest;
        c.z[i] += Fr::one();
        EXPECT_FALSE(c.verifies());
        c = honest;
        c.z.erase(c.z.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_FALSE(c.verifies());
    }
    c = honest;
    c.commitment = G1(c.commitment).double_().to_affine();
    EXPECT_FALSE(c.verifies());
    c.commitment = {};
    EXPECT_FALSE(c.verifies());
}

TEST(Mercury, AnotherTranscriptOrSrsIsRejected) {
    const Case c(6, 1, 9);
    Transcript other;
    other.absorb("vk", as_bytes("another statement"));
    EXPECT_FALSE(mercury_verify(c.commitment, c.z, c.v, c.proof, test_srs().tau, other));
    Transcript same;
    SeededRng rng(10);
    const TauPowers tau = generate_insecure_srs(20, rng).tau;
    EXPECT_FALSE(mercury_verify(c.commitment, c.z, c.v, c.proof, tau, same));
}

TEST(Mercury, VerifierIsTotalOnPointsOfAbsurdLength) {
    Case c(2, 1, 10);
    c.z.assign(300, Fr::from_u64(3));
    EXPECT_FALSE(c.verifies());
    c.z.clear();
    EXPECT_FALSE(c.verifies());
}

/// Two false copies of one opening, off by as much in opposite directions.
TEST(Mercury, FalseOpeningsCancelUnlessTheyAreScaled) {
    const Case c(6, 1, 11);
    const auto reduce = [&](const G1& by) {
        MercuryProof proof = c.proof;
        proof.w_y = (G1(proof.w_y) + by).to_affine();
        Transcript transcript;
        return *mercury_reduce(c.commitment, c.z, c.v, proof, transcript);
    };
    const MercuryCheck high = reduce(G1::generator()), low = reduce(-G1::generator());
    const TauPowers& tau = test_srs().tau;
    EXPECT_FALSE(mercury_holds(high, 6, tau));
    EXPECT_FALSE(mercury_holds(low, 6, tau));
    MercuryCheck sum = high, scaled = high;
    sum.add_scaled(low, Fr::one());
    EXPECT_TRUE(mercury_holds(sum, 6, tau)) << "so sums need care";
    scaled.add_scaled(low, Fr::from_u64(12345));
    EXPECT_FALSE(mercury_holds(scaled, 6, tau));
}

/// Whoever may choose [tau^b]_2 proves anything; a missing one must not count as infinity.
TEST(Mercury, OnlyThePowerOfTheSizeIsTaken) {
    for (const std::size_t mu : {5U, 6U, 12U}) {
        const Case c(mu, 1, 12 + mu);
        const std::size_t log_b = (mu + 1) / 2;
        const auto verifies_with = [&](const TauPowers& tau) {
            Transcript transcript;
            return mercury_verify(c.commitment, c.z, c.v, c.proof, tau, transcript);
        };
        TauPowers tau = test_srs().tau;
        ASSERT_TRUE(verifies_with(tau));
        tau.g2.resize(log_b + 1);
        EXPECT_TRUE(verifies_with(tau));
        tau.g2.resize(log_b);
        EXPECT_FALSE(verifies_with(tau));
        EXPECT_FALSE(verifies_with({}));
        for (const std::size_t other : {log_b - 1, log_b + 1}) {
            tau = test_srs().tau;
            tau.g2[log_b] = tau.g2[other];
            EXPECT_FALSE(verifies_with(tau));
        }
        tau.g2[log_b] = G2Affine();
        EXPECT_FALSE(verifies_with(tau));
    }
}

}  // namespace
}  // namespace mintmark
