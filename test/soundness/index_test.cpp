// Indices with lying provers: one-hot rows at another place, with two ones or with none, the second
// of two equal maxima, ranks that are no order, digits that do not make the number.
#include <gtest/gtest.h>

#include "mintmark/base/file.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/model/model.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

/// A model of the importer's test data with one of its samples.
Sample sample_of(const std::string& name) {
    const std::filesystem::path folder = MINTMARK_MODEL_TESTDATA;
    const auto graph = model::load_onnx(folder / (name + ".onnx"));
    MINTMARK_ASSERT(graph.has_value());
    const auto text = read_text(folder / (name + ".json"));
    const auto file = model::read_input_json(text.value_or(""));
    MINTMARK_ASSERT(file.has_value());
    const auto quantised = model::quantise(*graph, file->samples);
    MINTMARK_ASSERT(quantised.has_value());
    const auto compiled = compiler::compile(*quantised, {});
    MINTMARK_ASSERT(compiled.has_value());
    return {compiled->circuit, compiled->weights,
            model::quantise_input(*quantised, file->samples[0]).value()};
}

/// Adds `by` units of the step's last limb at one place of its box.
void tell(Circuit& circuit, std::size_t step, const std::vector<std::uint32_t>& place, int by) {
    Step& lied = circuit.steps[step];
    ConstTerm term{.coef = Int128{by} * (Int128{1} << lied.limbs.back().shift), .ranges = {}};
    for (const std::uint32_t at : place) term.ranges.emplace_back(at, at + 1);
    lied.consts.push_back(term);
}

TableFunction function_of(const Circuit& circuit, const Step& step) {
    return step.limbs.empty() ? TableFunction::kRange
                              : circuit.tables[step.limbs.back().table - 1U].function;
}

class Indices : public ::testing::TestWithParam<const char*> {};

TEST_P(Indices, HonestProofIsAccepted) {
    ProvenModel model(sample_of(GetParam()));
    const Status checked = model.check(model.prove());
    EXPECT_TRUE(checked) << checked.error().message;
}

// One entry of one step is off by one, everything after it honest from there.
TEST_P(Indices, NoEntryMayBeWrong) {
    const Sample sample = sample_of(GetParam());
    ProvenModel model(sample);
    SeededRng rng(4);
    std::size_t told = 0;
    for (std::size_t s = 1; s + 1 < sample.circuit.steps.size(); ++s) {
        for (const int by : {1, -1}) {
            Circuit other = sample.circuit;
            std::vector<std::uint32_t> place;
            for (const Axis& axis : other.steps[s].out)
                place.push_back(static_cast<std::uint32_t>(rng.next() % axis.dim));
            tell(other, s, place, by);
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

// The row of zeros and ones of another index: the real place is said to hold nothing, another one
// to be it. Then with the real one beside it, and with nothing at all.
class Rows : public Indices {};

TEST_P(Rows, AnotherPlaceIsRefused) {
    const Sample sample = sample_of(GetParam());
    ProvenModel model(sample);
    const auto honest = prover::fill_witness(sample.circuit, sample.weights, sample.input).value();
    std::size_t told = 0;
    for (std::size_t s = 1; s + 1 < sample.circuit.steps.size(); ++s) {
        const Step& step = sample.circuit.steps[s];
        if (function_of(sample.circuit, step) != TableFunction::kIsZero || step.out.empty())
            continue;
        // Along the last axis of the first row: where the difference is 0, and one place beside it.
        const Tensor& limb = sample.circuit.tensors[step.limbs.back().tensor];
        const std::uint32_t length = step.out.back().dim;
        std::uint32_t here = length;
        for (std::uint32_t j = 0; j < length; ++j)
            if (honest.f[limb.offset + j] == 0) here = j;
        if (here == length || length < 2) continue;
        const std::uint32_t there = here + 1 < length ? here + 1 : here - 1;
        const auto gap = static_cast<int>(honest.f[limb.offset + there]);
        for (const int lie : {0, 1, 2}) {
            Circuit other = sample.circuit;
            std::vector<std::uint32_t> place(step.out.size(), 0);
            place.back() = here;
            if (lie != 1) tell(other, s, place, 1);
            place.back() = there;
            if (lie != 2) tell(other, s, place, -gap);
            const auto witness = prover::fill_witness(other, sample.weights, sample.input);
            if (!witness) continue;
            EXPECT_FALSE(prover::mock(sample.circuit, sample.weights, *witness)) << "step " << s;
            model.witness = *witness;
            model.restate();
            EXPECT_FALSE(model.check(model.prove())) << "step " << s << " lie " << lie;
            ++told;
        }
    }
    EXPECT_GT(told, 0U);
}

// A decision turned round, its leaf and what follows honest from there: another leaf of the tree,
// another winner of a comparison, a bit that is none.
TEST_P(Indices, AnotherDecisionIsRefused) {
    const Sample sample = sample_of(GetParam());
    ProvenModel model(sample);
    const auto honest = prover::fill_witness(sample.circuit, sample.weights, sample.input).value();
    std::size_t told = 0;
    for (std::size_t s = 1; s + 1 < sample.circuit.steps.size(); ++s) {
        const Step& step = sample.circuit.steps[s];
        if (function_of(sample.circuit, step) != TableFunction::kStep) continue;
        const std::int64_t sum = honest.f[sample.circuit.tensors[step.limbs.back().tensor].offset];
        Circuit other = sample.circuit;
        tell(other, s, std::vector<std::uint32_t>(step.out.size(), 0),
             static_cast<int>(sum >= 0 ? -sum - 1 : -sum));
        const auto witness = prover::fill_witness(other, sample.weights, sample.input);
        if (!witness) continue;
        EXPECT_FALSE(prover::mock(sample.circuit, sample.weights, *witness)) << "step " << s;
        model.witness = *witness;
        ++told;
    }
    if (told == 0) return;  // embeddings decide nothing
    model.restate();
    EXPECT_FALSE(model.check(model.prove()));
}

// A digit one higher, the lower digit the base less: the same sum, another index.
TEST(Digits, MustBeThoseOfTheNumber) {
    const Sample sample = sample_of("long_embedding");
    ProvenModel model(sample);
    std::size_t told = 0;
    for (std::size_t s = 1; s + 1 < sample.circuit.steps.size(); ++s) {
        const TableFunction function = function_of(sample.circuit, sample.circuit.steps[s]);
        if (function != TableFunction::kRemainder && function != TableFunction::kQuotient) continue;
        const Limb& limb = sample.circuit.steps[s].limbs.back();
        prover::Witness witness = model.witness;
        witness.g[sample.circuit.tensors[limb.tensor].offset] += 1;  // not what the table says
        EXPECT_FALSE(prover::mock(sample.circuit, sample.weights, witness)) << "step " << s;
        const prover::Witness honest = model.witness;
        model.witness = witness;
        EXPECT_FALSE(model.check(model.prove())) << "step " << s;
        model.witness = honest;
        ++told;
    }
    EXPECT_EQ(told, 2U);
}

INSTANTIATE_TEST_SUITE_P(Models, Indices,
                         ::testing::Values("embedding", "long_embedding", "extremes", "pointers",
                                           "integers", "trees", "classical"),
                         [](const auto& test) { return std::string(test.param); });
INSTANTIATE_TEST_SUITE_P(Models, Rows,
                         ::testing::Values("embedding", "long_embedding", "extremes", "pointers",
                                           "trees"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace mintmark::testing
