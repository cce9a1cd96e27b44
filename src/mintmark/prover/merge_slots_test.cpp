// The merge sumcheck in two stages, with any number of low variables, against the claims'
// definition and against the sumcheck on dense tables of whole chunks.
#include "mintmark/prover/merge_slots.hpp"

#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark::prover {
namespace {

std::vector<Fr> random_frs(Rng& rng, std::size_t count) {
    std::vector<Fr> out(count);
    for (Fr& x : out) x = Fr::random(rng);
    return out;
}

std::vector<std::int64_t> random_ints(SeededRng& rng, std::size_t count) {
    std::vector<std::int64_t> out(count);
    for (auto& x : out) x = static_cast<std::int64_t>(rng.next() >> 40U) - (1 << 23);
    return out;
}

/// Random columns and the merge claims at random points.
struct Case {
    Circuit circuit;
    std::vector<std::int64_t> weights;
    Columns columns;
    std::vector<Fr> rho, r;
    Fr gamma, beta, delta, lambda;

    Case(const Circuit& c, std::uint64_t seed, bool is_h_by_row = false) : circuit(c) {
        SeededRng rng(seed);
        const auto lanes = [&](Column column) { return std::size_t{c.num_chunks(column)} << c.mu; };
        weights = random_ints(rng, lanes(Column::kW));
        columns.w = weights;
        columns.in = random_ints(rng, lanes(Column::kIn));
        columns.out = random_ints(rng, lanes(Column::kOut));
        columns.f = random_ints(rng, lanes(Column::kF));
        columns.g = random_ints(rng, lanes(Column::kG));
        columns.m = random_ints(rng, lanes(Column::kM));
        columns.t = random_ints(rng, lanes(Column::kT));
        if (is_h_by_row) {
            columns.row_h = random_frs(rng, 5);
            for (std::size_t x = 0; x < lanes(Column::kH); ++x)
                columns.rows.push_back(static_cast<std::int32_t>(rng.next() % 5));
        } else {
            columns.h = random_frs(rng, lanes(Column::kH));
        }
        columns.ht = random_frs(rng, lanes(Column::kHt));
        rho = random_frs(rng, c.n_rho());
        r = random_frs(rng, c.n_prod());
        for (Fr* x : {&gamma, &beta, &delta, &lambda}) *x = Fr::random(rng);
    }
    [[nodiscard]] ClaimPoint at() const { return {rho, gamma, beta, delta, r}; }
    [[nodiscard]] std::vector<Fr> lanes(Column column) const {
        const std::size_t count = std::size_t{circuit.num_chunks(column)} << circuit.mu;
        return columns.lanes(column, 0, count);
    }
    void add_claims(MergeSlots& slots) const {
        Fr power = Fr::one();
        for (const LinearForm& claim : merge_claims(circuit, at())) {
            slots.add(claim, power);
            power *= lambda;
        }
    }
    /// Each chunk with its coefficients spelt out lane by lane.
    [[nodiscard]] std::vector<sumcheck::MergeSlot> dense() const {
        std::vector<sumcheck::MergeSlot> out;
        const std::size_t m = std::size_t{1} << circuit.mu;
        for (std::size_t k = 0; k < kNumColumns; ++k) {
            const auto column = static_cast<Column>(k);
            if (column == Column::kZ || column == Column::kR) continue;
            const std::vector<Fr> values = lanes(column), coefs = dense_coefs(column);
            for (std::size_t c = 0; c < values.size(); c += m) {
                const auto part = [&](const std::vector<Fr>& all) {
                    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(c);
                    return std::vector<Fr>(begin, begin + static_cast<std::ptrdiff_t>(m));
                };
                out.push_back({part(coefs), part(values), {}});
            }
        }
        return out;
    }
    [[nodiscard]] std::vector<Fr> dense_coefs(Column column) const {
        std::vector<Fr> out(std::size_t{circuit.num_chunks(column)} << circuit.mu);
        Fr power = Fr::one();
        for (const LinearForm& claim : merge_claims(circuit, at())) {
            for (const FormTerm& term : claim.terms) {
                if (term.column != column) continue;
                const std::vector<Fr> terms = form_term_dense(term);
                for (std::size_t x = 0; x < terms.size() && term.offset + x < out.size(); ++x)
                    out[term.offset + x] += power * terms[x];
            }
            power *= lambda;
        }
        return out;
    }
};

sumcheck::MergeResult run(MergeSlots& slots, std::size_t mu) {
    sumcheck::MergeMask mask({}, Fr::zero(), {}, {});
    Transcript transcript;
    sumcheck::MergeStages stages{slots.take(), slots.low_vars(), {}};
    stages.late = [&](std::span<const Fr> point, std::span<const Fr> coefs) {
        return slots.late(point, coefs);
    };
    return sumcheck::prove_merge(std::move(stages), mask, mu, transcript);
}

class MergeSlotsOf : public ::testing::TestWithParam<int> {
  protected:
    [[nodiscard]] static std::vector<Case> cases() {
        std::vector<Case> out;
        for (const std::uint8_t mu : std::initializer_list<std::uint8_t>{3, 6, 8})
            for (const testing::TestCircuit& t :
                 {testing::gemm_circuit(mu), testing::conv_circuit(mu), testing::mixed_circuit(mu)})
                for (const bool is_h_by_row : {false, true})
                    out.emplace_back(t.circuit, 40U + mu, is_h_by_row);
        return out;
    }
};

TEST_P(MergeSlotsOf, EqualTheSumcheckOnDenseTables) {
    for (const Case& c : cases()) {
        MergeSlots slots(c.circuit, c.columns, static_cast<std::size_t>(GetParam()));
        c.add_claims(slots);
        sumcheck::MergeMask mask({}, Fr::zero(), {}, {});
        Transcript transcript;
        const auto want = sumcheck::prove_merge(c.dense(), mask, c.circuit.mu, transcript);
        const auto got = run(slots, c.circuit.mu);
        EXPECT_EQ(got.messages, want.messages);
        EXPECT_EQ(got.point, want.point);
    }
}

TEST_P(MergeSlotsOf, ValueIsThatOfTheClaims) {
    for (const Case& c : cases()) {
        MergeSlots slots(c.circuit, c.columns, static_cast<std::size_t>(GetParam()));
        c.add_claims(slots);
        std::vector<std::vector<Fr>> values(kNumColumns);
        std::array<std::span<const Fr>, kNumColumns> spans;
        for (std::size_t k = 0; k < kNumColumns; ++k) {
            const auto column = static_cast<Column>(k);
            if (column != Column::kZ && column != Column::kR) values[k] = c.lanes(column);
            spans[k] = values[k];
        }
        Fr sum, power = Fr::one();
        for (const LinearForm& claim : merge_claims(c.circuit, c.at())) {
            sum += power * evaluate_form(claim, spans);
            power *= c.lambda;
        }
        EXPECT_EQ(slots.value(), sum);
    }
}

TEST_P(MergeSlotsOf, CoefficientsOfChunksAreTheVerifiers) {
    for (const Case& c : cases()) {
        MergeSlots slots(c.circuit, c.columns, static_cast<std::size_t>(GetParam()));
        c.add_claims(slots);
        const auto result = run(slots, c.circuit.mu);
        ChunkCoefs want = zero_chunk_coefs(c.circuit);
        Fr power = Fr::one();
        for (const LinearForm& claim : merge_claims(c.circuit, c.at())) {
            add_chunk_coefs(want, claim, power, result.point);
            power *= c.lambda;
        }
        EXPECT_EQ(slots.chunk_coefs(result.coef_evals), want);
    }
}

INSTANTIATE_TEST_SUITE_P(LowVars, MergeSlotsOf, ::testing::Values(0, 1, 2, 4, 5, 7, 12));

/// A lane of W that no tensor reads may hold a blinder beside its integer.
TEST(MergeSlots, BlindersInWeightsCount) {
    Case c(testing::mixed_circuit(6).circuit, 50);
    const std::vector<Fr> coefs = c.dense_coefs(Column::kW);
    const auto unread = std::ranges::find(coefs, Fr::zero());
    ASSERT_NE(unread, coefs.end());
    c.columns.w_blinders = {{static_cast<std::size_t>(unread - coefs.begin()), Fr::from_u64(77)}};
    for (const std::size_t low : {0U, 2U, 4U, 6U}) {
        MergeSlots slots(c.circuit, c.columns, low);
        c.add_claims(slots);
        sumcheck::MergeMask mask({}, Fr::zero(), {}, {});
        Transcript transcript;
        const auto want = sumcheck::prove_merge(c.dense(), mask, c.circuit.mu, transcript);
        EXPECT_EQ(run(slots, c.circuit.mu).messages, want.messages) << low;
    }
}

}  // namespace
}  // namespace mintmark::prover
