// The circuits of circuit/testing.hpp end to end: the witness agrees with plain loops, honest
// proofs verify, and nothing else does: any byte, instance, context or key changed is rejected.
#include <gmock/gmock.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/proof/proof.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

using ::testing::HasSubstr;

ProvenModel model_of(const TestCircuit& t) {
    return ProvenModel({t.circuit, t.weights, t.input});
}

std::vector<TestCircuit> circuits(std::uint8_t mu) {
    return {relu_circuit(mu), gemm_circuit(mu), conv_circuit(mu), mixed_circuit(mu)};
}

TEST(Circuits, WitnessAgreesWithPlainLoopsAndVerifies) {
    for (const auto mu : std::initializer_list<std::uint8_t>{7, 8, 10}) {
        for (const TestCircuit& t : circuits(mu)) {
            SCOPED_TRACE(t.name + " mu " + std::to_string(mu));
            ProvenModel model = model_of(t);
            EXPECT_EQ(model.witness.output, t.output);
            const Status mocked = prover::mock(t.circuit, t.weights, model.witness);
            EXPECT_TRUE(mocked.has_value()) << mocked.error().message;
            const Bytes proof = model.prove();
            EXPECT_EQ(proof.size(), proof_size(t.circuit));
            const Status status = model.check(proof);
            EXPECT_TRUE(status.has_value()) << status.error().message;
        }
    }
}

TEST(Circuits, EveryByteOfAProofMatters) {
    ProvenModel model = model_of(relu_circuit());
    const Bytes good = model.prove();
    ASSERT_TRUE(model.check(good).has_value());
    SeededRng rng(1);
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] = static_cast<std::uint8_t>(bad[i] ^ (1U << (rng.next() % 8)));
        const Status status = model.check(bad);
        ASSERT_FALSE(status.has_value()) << "byte " << i;
        EXPECT_EQ(status.error().code, ErrorCode::kRejected);
    }
}

// Changes that still parse: every scalar plus one, every point replaced by another one.
TEST(Circuits, EveryFieldOfAProofMatters) {
    for (const TestCircuit& t : {gemm_circuit(), mixed_circuit()}) {
        ProvenModel model = model_of(t);
        const Bytes good = model.prove();
        ASSERT_TRUE(model.check(good).has_value());
        std::size_t parsed = 0;
        for (std::size_t at = 0; at + 64 <= good.size(); at += 32) {
            Bytes bad = good;
            const auto here = bad.begin() + static_cast<std::ptrdiff_t>(at);
            const auto point = G1Affine::from_bytes(std::span(good).subspan(at).first<64>());
            if (point.has_value()) {
                std::ranges::copy(G1(*point).add(G1::generator()).to_affine().to_bytes(), here);
            } else if (const auto s = Fr::from_bytes(std::span(good).subspan(at).first<32>())) {
                std::ranges::copy((*s + Fr::one()).to_bytes(), here);
            }
            parsed += decode_proof(model.vk, bad).has_value() ? 1U : 0U;
            ASSERT_FALSE(model.check(bad).has_value()) << t.name << " offset " << at;
        }
        EXPECT_GT(parsed, good.size() / 128);
    }
}

TEST(Circuits, EveryInstanceMatters) {
    for (const TestCircuit& t : circuits(7)) {
        ProvenModel model = model_of(t);
        const Bytes proof = model.prove();
        const Instances good = model.statement.instances;
        const auto rejected = [&] { EXPECT_FALSE(model.check(proof).has_value()) << t.name; };
        for (auto part : {&Instances::input, &Instances::output}) {
            for (std::size_t i = 0; i < (good.*part).size(); ++i) {
                model.statement.instances = good;
                (model.statement.instances.*part)[i] += Fr::one();
                rejected();
            }
        }
        for (auto part : {&Instances::input_commitments, &Instances::output_commitments}) {
            for (std::size_t i = 0; i < (good.*part).size(); ++i) {
                model.statement.instances = good;
                G1Affine& point = (model.statement.instances.*part)[i];
                point = G1(point).add(G1::generator()).to_affine();
                rejected();
            }
        }
        model.statement.instances = good;
        EXPECT_TRUE(model.check(proof).has_value());
        model.statement.context[31] ^= 1;
        rejected();
    }
}

TEST(Circuits, KeyOfAnotherModelIsRejected) {
    for (const TestCircuit& t : circuits(7)) {
        ProvenModel model = model_of(t);
        const Bytes proof = model.prove();
        ASSERT_TRUE(model.check(proof).has_value());
        TestCircuit other = t;
        for (std::int64_t& w : other.weights) w += 1;
        const VerifyingKey good = model.vk;
        if (good.w.empty()) continue;
        model.vk = model_of(other).key.vk;
        EXPECT_FALSE(model.check(proof).has_value()) << t.name << ": other weights";
        model.vk = good;
        model.vk.t[0] = G1(model.vk.t[0]).add(G1::generator()).to_affine();
        EXPECT_FALSE(model.check(proof).has_value()) << t.name << ": other table";
        model.vk = good;
        model.vk.circuit.steps[1].consts.push_back(model.vk.circuit.steps[1].consts.at(0));
        EXPECT_FALSE(model.check(proof).has_value()) << t.name << ": other circuit";
    }
}

// A witness that is wrong at one lane at a time, proven honestly otherwise.
TEST(Circuits, LanesOfTheTraceAreBound) {
    for (const TestCircuit& t : {relu_circuit(), gemm_circuit()}) {
        const ProvenModel honest = model_of(t);
        const std::size_t stride = t.name == "relu" ? 1 : 3;
        const auto expect_lie = [&](auto column, std::size_t lane) {
            ProvenModel liar = model_of(t);
            (liar.witness.*column)[lane] += 1;
            auto proof = prover::prove(liar.key, liar.srs, liar.statement, liar.witness, liar.rng);
            if (proof) {
                EXPECT_FALSE(liar.check(*proof).has_value()) << t.name << " lane " << lane;
            }
        };
        for (std::size_t i = 0; i < honest.witness.f.size(); i += stride)
            expect_lie(&prover::Witness::f, i);
        for (std::size_t i = 0; i < std::size_t{t.circuit.n_g} << t.circuit.mu; i += stride)
            expect_lie(&prover::Witness::g, i);
    }
}

TEST(Circuits, RejectionNamesTheCheck) {
    ProvenModel model = model_of(gemm_circuit());
    Bytes proof = model.prove();
    const auto message = [&] { return model.check(proof).error().message; };
    const std::size_t merge = proof.size() - 64 * 8 - 32 * 7 - 64 * std::size_t{model.circuit().mu};
    proof[merge + 31] ^= 1;
    EXPECT_THAT(message(), HasSubstr("opening"));
    proof.push_back(0);
    EXPECT_THAT(message(), HasSubstr("wrong length"));
}

}  // namespace
}  // namespace mintmark::testing
