// Parts of the prover against definitions. Whole proofs and lies: test/soundness.
#include "mintmark/prover/prover.hpp"

#include <gtest/gtest.h>

#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/testing.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/prover/operand_table.hpp"

namespace mintmark::prover {
namespace {

using mintmark::testing::all_circuits;
using mintmark::testing::TestCircuit;

Srs small_srs(std::uint8_t mu) {
    SeededRng rng(5);
    return generate_insecure_srs(masked_length(mu), rng);
}

std::vector<Fr> random_vector(std::size_t size, Rng& rng) {
    std::vector<Fr> out(size);
    for (auto& value : out) value = Fr::random(rng);
    return out;
}

// One operand at one Boolean x, from the axis weights' definition.
Fr table_entry(const Circuit& circuit, const Step& step, const ProdTerm& term,
               const Operand& operand, std::span<const Fr> rho, std::size_t x,
               std::span<const std::int64_t> lanes) {
    std::vector<Fr> point(num_vars(product_axes(step, term)));
    for (std::size_t i = 0; i < point.size(); ++i) point[i] = Fr::from_u64(x >> i & 1);
    const auto form = operand_form(circuit, operand, prod_env(step, term, rho, point));
    const auto coefs = form_term_dense(form);
    Fr sum = Fr::zero();
    for (std::size_t j = 0; j < coefs.size(); ++j) sum += coefs[j] * Fr::from_i64(lanes[j]);
    return sum;
}

TEST(OperandTable, AgreesWithTheDefinitionAtEveryPoint) {
    SeededRng rng(3);
    for (const TestCircuit& test : all_circuits())
        for (const Step& step : test.circuit.steps)
            for (const ProdTerm& term : step.prods)
                for (const Operand& operand : {term.a, term.b}) {
                    const auto rho = random_vector(test.circuit.n_rho(), rng);
                    const Tensor& tensor = test.circuit.tensors[operand.tensor];
                    const auto lanes = mintmark::testing::small_values(
                        std::size_t{1} << tensor.num_vars(), 100, 7);
                    const auto table = operand_table(test.circuit, step, term, operand, rho, lanes);
                    ASSERT_EQ(table.size(), std::size_t{1} << num_vars(product_axes(step, term)));
                    for (std::size_t x = 0; x < table.size(); ++x)
                        ASSERT_EQ(table[x],
                                  table_entry(test.circuit, step, term, operand, rho, x, lanes))
                            << test.name << " at " << x;
                }
}

TEST(Setup, CommitsWeightsWithBlindersOfTheSeed) {
    const TestCircuit test = mintmark::testing::gemm_circuit();
    const Srs srs = small_srs(test.circuit.mu);
    Bytes32 seed;
    seed.fill(9);
    const auto key = setup(test.circuit, test.weights, srs, seed);
    ASSERT_TRUE(key.has_value());
    const std::size_t m = std::size_t{1} << test.circuit.mu;
    ASSERT_EQ(key->vk.w.size(), test.circuit.n_w);
    for (std::uint32_t c = 0; c < test.circuit.n_w; ++c) {
        Bytes data(as_bytes("mintmark-blinder").begin(), as_bytes("mintmark-blinder").end());
        data.insert(data.end(), 32, 9);
        data.insert(data.end(), {0, 0, 0, static_cast<std::uint8_t>(c)});
        const Fr blinder = Fr::from_bytes_reduce(keccak256(data));
        std::vector<Fr> coefs;
        for (std::size_t x = 0; x < m; ++x) coefs.push_back(Fr::from_i64(test.weights[c * m + x]));
        coefs.push_back(blinder);
        EXPECT_EQ(key->weight_blinders[c], blinder);
        EXPECT_EQ(key->vk.w[c], msm(std::span(srs.g1).first(m + 1), coefs).to_affine());
    }
    EXPECT_EQ(key->vk.srs_digest, srs.digest());
    EXPECT_EQ(digest(setup(test.circuit, test.weights, srs, seed)->vk), digest(key->vk));
}

TEST(Setup, RefusesWhatDoesNotFit) {
    const TestCircuit test = mintmark::testing::gemm_circuit();
    const Srs srs = small_srs(test.circuit.mu);
    EXPECT_EQ(setup(test.circuit, std::span(test.weights).first(1), srs, {}).error().code,
              ErrorCode::kInvalidArgument);
    Srs short_srs = srs;
    short_srs.g1.pop_back();
    EXPECT_EQ(setup(test.circuit, test.weights, short_srs, {}).error().code,
              ErrorCode::kUnsupported);
    Circuit broken = test.circuit;
    broken.steps.pop_back();
    EXPECT_EQ(setup(broken, test.weights, srs, {}).error().code, ErrorCode::kMalformed);
}

class Prove : public ::testing::Test {
  protected:
    Prove() {
        statement.openings = random_openings(test.circuit, rng);
        statement.instances = make_instances(test.circuit, srs, witness, statement.openings);
    }

    [[nodiscard]] Result<Bytes> run(const ProverTamper& tamper = {}) {
        return prove(key, srs, statement, witness, rng, tamper);
    }

    TestCircuit test = mintmark::testing::conv_circuit();
    Srs srs = small_srs(test.circuit.mu);
    SeededRng rng{1};
    ProvingKey key = *setup(test.circuit, test.weights, srs, {});
    Witness witness = *fill_witness(test.circuit, test.weights, test.input);
    Statement statement;
};

TEST_F(Prove, RefusesWhatDoesNotFit) {
    ASSERT_TRUE(run().has_value());
    const Witness whole = witness;
    witness.f.pop_back();
    EXPECT_EQ(run().error().code, ErrorCode::kInvalidArgument);
    witness = whole;
    witness.input.push_back(0);
    EXPECT_EQ(run().error().code, ErrorCode::kInvalidArgument);
    witness = whole;
    statement.openings.output.push_back(Fr::one());
    EXPECT_EQ(run().error().code, ErrorCode::kInvalidArgument);
    statement.openings.output.pop_back();
    key.vk.srs_digest[0] ^= 1;
    EXPECT_EQ(run().error().code, ErrorCode::kUnsupported);
    key.vk.srs_digest[0] ^= 1;
    key.weight_blinders.push_back(Fr::one());
    EXPECT_EQ(run().error().code, ErrorCode::kInvalidArgument);
}

TEST_F(Prove, FreshBlindersHideTheTraceCommitments) {
    const Bytes first = *run(), second = *run();
    EXPECT_EQ(first.size(), second.size());
    EXPECT_NE(Bytes(first.begin(), first.begin() + 64), Bytes(second.begin(), second.begin() + 64));
}

TEST_F(Prove, ResidualOfHonestEvaluationsIsZero) {
    bool asked = false;
    ProverTamper tamper;
    tamper.evals = [&](std::span<Fr> evals, const auto& residual) {
        asked = true;
        EXPECT_TRUE(residual(evals).is_zero());
        evals[0] += Fr::one();
        EXPECT_FALSE(residual(evals).is_zero());
    };
    EXPECT_TRUE(run(tamper).has_value());
    EXPECT_TRUE(asked);
}

}  // namespace
}  // namespace mintmark::prover
