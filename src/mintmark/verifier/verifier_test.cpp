// The verifier on bytes that are no proofs: always an answer, always no. What honest and lying
// provers get is tested in test/soundness.
#include "mintmark/verifier/verifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/proof/proof.hpp"

namespace mintmark {
namespace {

using ::testing::HasSubstr;

struct Setting {
    explicit Setting(const Circuit& circuit) {
        SeededRng rng(1);
        srs = generate_insecure_srs(4, rng);
        vk.circuit = circuit;
        vk.srs_digest = srs.digest();
        vk.w.assign(circuit.n_w, G1Affine::generator());
        vk.t.assign(circuit.n_t, G1Affine::generator());
        const auto entries = [](const Tensor& t) { return num_entries(t.axes); };
        if (circuit.input == Visibility::kPublic)
            io.input.assign(entries(circuit.input_tensor()), Fr::one());
        if (circuit.output == Visibility::kPublic)
            io.output.assign(entries(circuit.output_tensor()), Fr::one());
        io.input_commitments.assign(circuit.n_in, G1Affine::generator());
        io.output_commitments.assign(circuit.n_out, G1Affine::generator());
    }
    [[nodiscard]] Status check(ByteSpan proof) const {
        return verify(vk, srs.tau, Bytes32{}, io, proof);
    }
    Srs srs;
    VerifyingKey vk;
    Instances io;
};

void expect_rejected(const Status& status, const char* check) {
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, ErrorCode::kRejected);
    EXPECT_THAT(status.error().message, HasSubstr(check));
}

TEST(Verifier, RejectsZeroes) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Setting s(t.circuit);
        expect_rejected(s.check(Bytes(proof_size(t.circuit), 0)), "no masks");
        expect_rejected(s.check({}), "wrong length");
    }
}

// Valid points (the generator) and random scalars everywhere.
TEST(Verifier, RejectsNoiseThatParses) {
    SeededRng rng(2);
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Setting s(t.circuit);
        const Circuit& c = t.circuit;
        for (int i = 0; i < 20; ++i) {
            Bytes bytes(proof_size(c), 0);
            for (std::size_t word = 0; word < bytes.size() / 32; ++word) {
                const Bytes32 scalar = Fr::random(rng).to_bytes();
                std::ranges::copy(scalar, bytes.begin() + static_cast<std::ptrdiff_t>(32 * word));
            }
            const std::size_t points = 2 * std::size_t{c.n_f} + c.n_g + 2 * std::size_t{c.n_t} + 2;
            const std::size_t opening = bytes.size() - 64 * 7 - 32 * 7;
            const auto put_generators = [&](std::size_t at, std::size_t n) {
                for (std::size_t k = 0; k < n; ++k)
                    std::ranges::copy(G1Affine::generator().to_bytes(),
                                      bytes.begin() + static_cast<std::ptrdiff_t>(at + 64 * k));
            };
            put_generators(0, points);
            put_generators(opening, 5);
            put_generators(bytes.size() - 64 * 2, 2);
            ASSERT_TRUE(decode_proof(s.vk, bytes).has_value());
            expect_rejected(s.check(bytes), "opening");
        }
    }
}

TEST(Verifier, RejectsRandomBytes) {
    SeededRng rng(3);
    const Circuit circuit = testing::gemm_circuit().circuit;
    const Setting s(circuit);
    for (int i = 0; i < 50; ++i) {
        Bytes bytes(proof_size(circuit));
        rng.fill(bytes);
        expect_rejected(s.check(bytes), "proof:");
    }
}

TEST(Verifier, RejectsWrongStatements) {
    const Circuit circuit = testing::relu_circuit().circuit;
    const Bytes bytes(proof_size(circuit), 0);
    Setting other_srs(circuit);
    other_srs.vk.srs_digest[0] ^= 1;
    expect_rejected(other_srs.check(bytes), "SRS");
    Setting short_input(circuit);
    short_input.io.input.pop_back();
    expect_rejected(short_input.check(bytes), "instances");
}

}  // namespace
}  // namespace mintmark
