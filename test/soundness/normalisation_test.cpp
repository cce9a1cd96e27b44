// Softmax and layer normalisation with lying provers: a maximum that is none, exponentials, sums
// and logarithms of other numbers, a quotient whose remainder is larger than its divisor.
#include <gtest/gtest.h>

#include "mintmark/circuit/table.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/model/model.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

using model::Binary;
using model::BinaryOp;
using model::Graph;
using model::Node;

constexpr std::uint32_t kRows = 2, kLength = 6;

Graph softmax_graph() {
    Graph graph;
    graph.values = {{"x", {kRows, kLength}}, {"y", {kRows, kLength}}};
    graph.nodes = {{"y", "Softmax", {0}, 1, model::SoftmaxOp{}}};
    graph.inputs = {0};
    graph.outputs = {1};
    return graph;
}

/// x / sqrt(x · x + 1/100), a quotient by a looked-up inverse.
Graph quotient_graph() {
    Graph graph;
    graph.values = {
        {"x", {kRows, kLength}},    {"rows", {kRows, 1, kLength}}, {"columns", {kRows, kLength, 1}},
        {"squares", {kRows, 1, 1}}, {"epsilon", {}, true, {0.01}}, {"moved", {kRows, 1, 1}},
        {"root", {kRows, 1, 1}},    {"flat", {kRows, 1}},          {"y", {kRows, kLength}}};
    graph.nodes = {{"rows", "", {0}, 1, model::ReshapeOp{}},
                   {"columns", "", {0}, 2, model::ReshapeOp{}},
                   {"squares", "", {1, 2}, 3, model::MatMulOp{}},
                   {"moved", "", {3, 4}, 5, BinaryOp{Binary::kAdd}},
                   {"root", "", {5}, 6, model::PointwiseOp{model::Pointwise::kRsqrt}},
                   {"flat", "", {6}, 7, model::ReshapeOp{}},
                   {"y", "", {0, 7}, 8, BinaryOp{Binary::kMul}}};
    graph.inputs = {0};
    graph.outputs = {8};
    return graph;
}

/// `rng_seed` decides the input.
Sample sample_of(const Graph& graph, std::uint64_t rng_seed) {
    SeededRng rng(rng_seed);
    std::vector<model::Sample> samples(8, model::Sample(1, std::vector<double>(kRows * kLength)));
    for (auto& sample : samples)
        for (double& v : sample[0]) v = 6 * static_cast<double>(rng.next() >> 11U) * 0x1p-53 - 3;
    const auto quantised = model::quantise(graph, samples);
    MINTMARK_ASSERT(quantised.has_value());
    const auto compiled = compiler::compile(*quantised, {});
    MINTMARK_ASSERT(compiled.has_value());
    return {compiled->circuit, compiled->weights,
            model::quantise_input(*quantised, samples[0]).value()};
}

class Normalisation : public ::testing::TestWithParam<Graph (*)()> {};

TEST_P(Normalisation, HonestProofIsAccepted) {
    ProvenModel model(sample_of(GetParam()(), 1));
    const Status checked = model.check(model.prove());
    EXPECT_TRUE(checked) << checked.error().message;
}

// One step is computed wrongly (its sum is one too large: a maximum above every entry, a sum with
// something added, a logarithm of another number), everything after it honestly from there.
TEST_P(Normalisation, NoStepMayBeWrong) {
    const Sample sample = sample_of(GetParam()(), 2);
    ProvenModel model(sample);
    std::size_t told = 0;
    for (std::size_t s = 1; s + 1 < sample.circuit.steps.size(); ++s) {
        for (const int by : {1, -1}) {
            Circuit other = sample.circuit;
            ConstTerm term{.coef = Int128{by} * (Int128{1} << other.steps[s].limbs.back().shift),
                           .ranges = {}};
            for (const Axis& axis : other.steps[s].out) term.ranges.emplace_back(0, axis.dim);
            other.steps[s].consts.push_back(term);
            const auto witness = prover::fill_witness(other, sample.weights, sample.input);
            if (!witness) continue;  // the lie leaves a table: it cannot even be told
            EXPECT_FALSE(prover::mock(sample.circuit, sample.weights, *witness)) << "step " << s;
            model.witness = *witness;
            ++told;
        }
    }
    EXPECT_GE(told, sample.circuit.steps.size() / 2);
    model.restate();
    EXPECT_FALSE(model.check(model.prove()));
}

// The classic: quotient one less, remainder larger than the divisor.
TEST_P(Normalisation, RemaindersStayBelowTheDivisor) {
    const Sample sample = sample_of(GetParam()(), 3);
    ProvenModel model(sample);
    const prover::Witness honest = model.witness;
    bool told = false;
    for (std::size_t s = 1; s + 1 < sample.circuit.steps.size(); ++s) {
        const Step& step = sample.circuit.steps[s];
        for (std::size_t l = 0; l + 1 < step.limbs.size(); ++l) {
            const Limb &low = step.limbs[l], &high = step.limbs[l + 1];
            model.witness = honest;
            const std::size_t at_low = sample.circuit.tensors[low.tensor].offset;
            const std::size_t at_high = sample.circuit.tensors[high.tensor].offset;
            model.witness.f[at_low] += std::int64_t{1} << (high.shift - low.shift);
            model.witness.f[at_high] -= 1;
            const Table& table = sample.circuit.tables[high.table - 1U];
            if (table.function != TableFunction::kRange)
                model.witness.g[at_high] = table_output(table, model.witness.f[at_high]);
            EXPECT_FALSE(prover::mock(sample.circuit, sample.weights, model.witness))
                << "step " << s << " limb " << l;
            told = true;
        }
    }
    ASSERT_TRUE(told);
    EXPECT_FALSE(model.check(model.prove()));
}

INSTANTIATE_TEST_SUITE_P(Graphs, Normalisation, ::testing::Values(softmax_graph, quotient_graph));

}  // namespace
}  // namespace mintmark::testing
