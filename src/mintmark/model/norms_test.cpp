// Rows of bounded length: narrower look-ups that still hold whatever the input is.
#include <gtest/gtest.h>

#include <cmath>

#include "mintmark/base/rng.hpp"
#include "mintmark/model/spectra.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

double uniform(SeededRng& rng) {
    return static_cast<double>(rng.next() >> 11U) * 0x1p-52 - 1;
}

/// |diag(gains) W|_2 from below, by iteration.
double at_least(const std::vector<double>& weight, const std::vector<double>& gains) {
    const std::size_t n = gains.size(), m = weight.size() / n;
    std::vector<double> x(n, 1);
    double norm = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<double> y(m, 0);
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < m; ++j) y[j] += weight[i * m + j] * gains[i] * x[i];
        double size = 0;
        for (std::size_t i = 0; i < n; ++i) {
            x[i] = 0;
            for (std::size_t j = 0; j < m; ++j) x[i] += weight[i * m + j] * gains[i] * y[j];
            size += x[i] * x[i];
        }
        norm = std::sqrt(std::sqrt(size));
        for (double& v : x) v /= std::sqrt(size);
    }
    return norm;
}

TEST(Spectra, BoundFromAboveAndNotFar) {
    SeededRng rng(7);
    for (const auto& [n, m] :
         {std::pair<std::size_t, std::size_t>{1, 1}, {8, 24}, {24, 8}, {40, 41}}) {
        Spectra spectra;
        std::vector<double> weight(n * m), gains(n);
        for (double& w : weight) w = uniform(rng);
        for (int pass = 0; pass < 3; ++pass) {
            for (double& g : gains) g = 1 + uniform(rng) / 10;
            const double bound = spectra.bound(3, weight, gains).value();
            EXPECT_GE(bound, at_least(weight, gains));
            EXPECT_LE(bound, at_least(weight, gains) * 1.8);
        }
    }
}

TEST(Spectra, OfNothingIsNothingAndOfTooMuchUnknown) {
    Spectra spectra;
    EXPECT_EQ(spectra.bound(0, std::vector<double>(12, 0.0), std::vector<double>(3, 1.0)), 0.0);
    EXPECT_EQ(spectra.bound(0, std::vector<double>(12, 0.0), std::vector<double>(3, 0.0)), 0.0);
    const std::vector<double> wide(std::size_t{4096});
    EXPECT_FALSE(spectra.bound(1, wide, std::vector<double>(4096, 1.0)));
}

/// A computed mask of -3e38 and a residual stream in which a channel is a hundred times as large as
/// the rest: as in trained encoders, for which intervals alone left errors of a tenth of the range.
TEST(Norms, TrainedEncodersKeepTheirVectors) {
    const TestModel model = load_test_model("masked_encoder");
    const auto result =
        quantise_auto(model.graph, model.input.samples, {.min_cosine = 0.9998}).value();
    EXPECT_TRUE(result.reached);
    EXPECT_LE(result.report.max_relative_error, 0.015);
}

/// Lengths from 1 to 1000: of a table of inverses of their squares the short rows get no row at
/// all.
TEST(Norms, RowsOfVeryDifferentLengthsAreDividedByTheirOwn) {
    const TestModel model = load_test_model("lengths");
    const auto result =
        quantise_auto(model.graph, model.input.samples, {.max_relative_error = 0.002}).value();
    EXPECT_TRUE(result.reached);
    EXPECT_GE(result.report.min_cosine, 0.9999);
}

/// Of E x² - (E x)² nothing would be left: means are twenty times the deviations.
TEST(Norms, VariancesThatCancelAreComputedFromDeviations) {
    const TestModel model = load_test_model("moments");
    const auto result =
        quantise_auto(model.graph, model.input.samples, {.max_relative_error = 0.005}).value();
    EXPECT_TRUE(result.reached);
    EXPECT_LE(result.graph.nodes.size(), 60U);
}

/// Loud entries are thousands of times as large as quiet ones, and both count.
TEST(Norms, MagnitudesOfSpectraKeepTheirQuietEntries) {
    const TestModel model = load_test_model("spectrum");
    const auto result =
        quantise_auto(model.graph, model.input.samples, {.max_relative_error = 0.015}).value();
    EXPECT_TRUE(result.reached);
}

/// Turns the input's entries over, one at a time, as long as that makes entry `e` of tensor `t`
/// larger. Every input on the way must have a result: sums outside of their look-up's domain are an
/// error.
void climb(const QuantGraph& graph, std::vector<std::int64_t> x, std::size_t t, std::size_t e) {
    const QTensor& input = graph.tensors[graph.input];
    const auto value = [&]() -> double {
        const auto all = execute_all(graph, x);
        EXPECT_TRUE(all) << all.error().message;
        return all ? std::abs(static_cast<double>((*all)[t][e])) : 0;
    };
    double best = value();
    for (std::int64_t& v : x) {
        for (const std::int64_t other : {input.lo, input.hi, std::int64_t{0}}) {
            const std::int64_t kept = v;
            v = other;
            const double now = value();
            if (now > best)
                best = now;
            else
                v = kept;
        }
        if (::testing::Test::HasFailure()) return;
    }
}

TEST(Norms, NoInputLeavesTheLookUps) {
    SeededRng rng(11);
    for (const char* name : {"encoder", "decoder", "norms", "masked_encoder", "bert_torchscript",
                             "llama_torchscript", "lengths", "moments", "spectrum"}) {
        SCOPED_TRACE(name);
        const TestModel model = load_test_model(name);
        const auto graph =
            quantise(model.graph, model.input.samples, {.activation_bits = 12, .weight_bits = 14})
                .value();
        const QTensor& input = graph.tensors[graph.input];
        for (int round = 0; round < 6; ++round) {
            // Long rows and short ones: the inverse of a length is the least exact for those.
            const double size = std::exp2(-2.0 * round);
            std::vector<std::int64_t> x(element_count(input.shape));
            for (std::int64_t& v : x)
                v = std::clamp(
                    static_cast<std::int64_t>(uniform(rng) * size * static_cast<double>(input.hi)),
                    input.lo, input.hi);
            const std::size_t t = rng.next() % graph.tensors.size();
            climb(graph, x, t, rng.next() % element_count(graph.tensors[t].shape));
        }
    }
}

}  // namespace
}  // namespace mintmark::model
