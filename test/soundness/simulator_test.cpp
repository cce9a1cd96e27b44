// Who knows tau proves anything without a witness; who does not, nothing (security-proofs.md,
// section 7). The verifier is the real one and knows nothing of this.
#include "simulator.hpp"

#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/proof/proof.hpp"
#include "session.hpp"
#include "visibility.hpp"

namespace mintmark::testing {
namespace {

// tau of test_srs(mu): the first nonzero element that its generator draws.
Fr known_tau(std::uint8_t mu) {
    SeededRng rng(1000U + mu);
    Fr tau = Fr::random(rng);
    while (tau.is_zero()) tau = Fr::random(rng);
    MINTMARK_ASSERT(G1::generator().mul(tau).to_affine() == test_srs(mu).g1[1]);
    return tau;
}

Status check_simulated(const ProvenModel& model, const Fr& tau, std::uint64_t seed = 1) {
    SeededRng rng(seed);
    const prover::Statement& st = model.statement;
    const Bytes proof = simulate({model.vk, st.context, st.instances}, tau, rng);
    EXPECT_EQ(proof.size(), proof_size(model.circuit()));
    return model.check(proof);
}

void expect_only_tau_helps(const ProvenModel& model) {
    const Fr tau = known_tau(model.circuit().mu);
    const Status status = check_simulated(model, tau);
    EXPECT_TRUE(status.has_value()) << status.error().message;
    const Status without = check_simulated(model, tau + Fr::one());
    ASSERT_FALSE(without.has_value());
    EXPECT_EQ(without.error().message, "proof rejected: opening");
}

std::vector<Sample> samples() {
    std::vector<Sample> out{sample_net(kTinyNet, {.mu = 7}), sample_net(kTinyNet, {.mu = 9})};
    for (const TestCircuit& t : all_circuits()) out.push_back({t.circuit, t.weights, t.input});
    return out;
}

TEST(Simulator, TrueStatements) {
    for (const Sample& sample : samples())
        for (const Sample& shown : with_every_visibility(sample))
            expect_only_tau_helps(ProvenModel(shown));
}

TEST(Simulator, FalseStatements) {
    SeededRng rng(2);
    for (const Sample& sample : samples()) {
        for (const Sample& shown : with_every_visibility(sample)) {
            ProvenModel model(shown);
            Instances& io = model.statement.instances;
            for (auto* values : {&io.input, &io.output})
                for (Fr& value : *values) value = Fr::random(rng);
            for (auto* points : {&io.input_commitments, &io.output_commitments})
                for (G1Affine& p : *points) p = G1::generator().mul(Fr::random(rng)).to_affine();
            EXPECT_FALSE(model.check(model.prove()).has_value());
            expect_only_tau_helps(model);
        }
    }
}

// Nor is it the weights that the simulator needs: these commitments open to nothing anybody knows.
TEST(Simulator, KeyWithoutWeights) {
    ProvenModel model(sample_net(kTinyNet, {.mu = 8}));
    SeededRng rng(3);
    for (G1Affine& w : model.vk.w) w = G1::generator().mul(Fr::random(rng)).to_affine();
    expect_only_tau_helps(model);
}

// A simulated proof is of one statement, as a real one is.
TEST(Simulator, ProofsAreBoundToTheirStatement) {
    ProvenModel model(sample_net(kTinyNet, {.mu = 8}));
    SeededRng rng(4);
    const prover::Statement& st = model.statement;
    const Bytes proof =
        simulate({model.vk, st.context, st.instances}, known_tau(model.circuit().mu), rng);
    ASSERT_TRUE(model.check(proof).has_value());
    model.statement.instances.output[0] += Fr::one();
    EXPECT_FALSE(model.check(proof).has_value());
    model.statement.instances.output[0] -= Fr::one();
    model.statement.context[0] ^= 1U;
    EXPECT_FALSE(model.check(proof).has_value());
}

// The opening alone: any commitment opens to any value.
TEST(Simulator, ForgedOpenings) {
    SeededRng rng(5);
    for (std::uint8_t mu = 6; mu <= 11; ++mu) {
        OpeningClaim claim{G1::generator().mul(Fr::random(rng)).to_affine(), {}, Fr::random(rng)};
        for (std::size_t i = 0; i < mu; ++i) claim.z.push_back(Fr::random(rng));
        const auto accepts = [&](const Fr& tau) {
            Transcript prover, verifier;
            const MercuryProof proof = forge_opening(claim, tau, prover, rng);
            return mercury_verify(claim.commitment, claim.z, claim.value, proof, test_srs(mu).tau,
                                  verifier);
        };
        EXPECT_TRUE(accepts(known_tau(mu))) << int{mu};
        EXPECT_FALSE(accepts(known_tau(mu).double_())) << int{mu};
    }
}

}  // namespace
}  // namespace mintmark::testing
