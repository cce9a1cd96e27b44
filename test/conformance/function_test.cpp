// The functions of look-ups: circuit/function.cpp against model/functions.cpp, two implementations
// of docs/spec/quantisation.md, "Functions", on every function over whole tables.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>

#include "mintmark/base/rng.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/compiler/lowering.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/prover/witness.hpp"

namespace mintmark {
namespace {

using model::QFunction;
using model::QLut;

constexpr auto kFirst = static_cast<int>(QFunction::kExp);
constexpr auto kLast = static_cast<int>(model::kLastQFunction);

Table to_table(const compiler::TableRequest& r) {
    return {.log_size = 12,
            .function = r.function,
            .row_offset = 0,
            .lo = r.lo,
            .out_lo = r.out_lo,
            .out_hi = r.out_hi,
            .in_step = r.in_step,
            .out_step = r.out_step,
            .alpha = r.alpha};
}

QLut look_up(int code, float in_step, float out_step, float alpha) {
    return {.function = static_cast<QFunction>(code),
            .in_step = in_step,
            .out_step = out_step,
            .alpha = alpha,
            .out_lo = -32768,
            .out_hi = 32767};
}

class Function : public testing::TestWithParam<int> {};

TEST_P(Function, BothImplementationsAgreeOnWholeTables) {
    for (const float in : {1.0F, 0.1F, 0.0078125F, 0.00031F, 7.0F}) {
        for (const float out : {1.0F, 1.0F / 4096, 0.00123F}) {
            for (const float alpha : {1.0F, 0.5F, -1.5F, 3.0F, 8.0F}) {
                const QLut lut = look_up(GetParam(), in, out, alpha);
                const Table table = to_table(compiler::to_request(lut, -2048, 2047));
                ASSERT_EQ(static_cast<int>(table.function), GetParam());
                for (std::int64_t u = -2048; u < 2048; ++u)
                    ASSERT_EQ(table_output(table, u), model::lut_output(lut, u))
                        << "u " << u << " in " << in << " out " << out << " p " << alpha;
            }
        }
    }
}

/// A function that forgets its argument would pass the comparison above if both did.
TEST_P(Function, DependsOnItsArgument) {
    const QLut lut = look_up(GetParam(), 1.0F / 256, 1.0F / 256, 1.5F);
    const QLut whole = look_up(GetParam(), 1, 1, 4);
    bool differs = false;
    for (std::int64_t u = -512; u < 512; ++u) {
        differs = differs || model::lut_output(lut, u) != model::lut_output(lut, u + 1);
        differs = differs || model::lut_output(whole, u) != model::lut_output(whole, u + 1);
    }
    EXPECT_TRUE(differs);
}

INSTANTIATE_TEST_SUITE_P(Codes, Function, testing::Range(kFirst, kLast + 1));

/// Values that another implementation can compare with (from Python's math module).
TEST(FunctionTable, KnownAnswers) {
    struct Case {
        QFunction function;
        std::int64_t u, y;
    };
    // in_step 2^-4, out_step 2^-10, p = 1.5: x = u / 16.
    for (const Case& c :
         {Case{QFunction::kExp, 16, 2784},        Case{QFunction::kLog, 32, 710},
          Case{QFunction::kLog, 0, -32768},       Case{QFunction::kSqrt, 32, 1448},
          Case{QFunction::kRsqrt, 32, 724},       Case{QFunction::kReciprocal, 48, 341},
          Case{QFunction::kReciprocal, 0, 32767}, Case{QFunction::kErf, 8, 533},
          Case{QFunction::kGelu, -16, -162},      Case{QFunction::kSoftplus, 0, 710},
          Case{QFunction::kSilu, 16, 749},        Case{QFunction::kHardSwish, 16, 683},
          Case{QFunction::kElu, -16, -971},       Case{QFunction::kSin, 16, 862},
          Case{QFunction::kAtan, 16, 804},        Case{QFunction::kAbs, -5, 320},
          Case{QFunction::kPow, 64, 8192},        Case{QFunction::kRound, 8, 0},
          Case{QFunction::kRound, 24, 2048},      Case{QFunction::kFloor, -1, -1024},
          Case{QFunction::kCeil, -1, 0},          Case{QFunction::kStep, 0, 1024},
          Case{QFunction::kStep, -1, 0},          Case{QFunction::kIsZero, 0, 1024}}) {
        const QLut lut = look_up(static_cast<int>(c.function), 1.0F / 16, 1.0F / 1024, 1.5F);
        EXPECT_EQ(model::lut_output(lut, c.u), c.y) << static_cast<int>(c.function) << " " << c.u;
    }
    const QLut bits = look_up(static_cast<int>(QFunction::kAndOfHalves), 1, 1, 4);
    for (std::int64_t a = 0; a < 16; ++a)
        for (std::int64_t b = 0; b < 16; ++b) EXPECT_EQ(model::lut_output(bits, a + 16 * b), a & b);
    // Floor division by 7 and by 256, from Python's // and %.
    for (const auto& [m, u, q, r] :
         {std::array{7, 20, 2, 6}, std::array{7, 21, 3, 0}, std::array{7, -1, -1, 6},
          std::array{7, -14, -2, 0}, std::array{256, -257, -2, 255}, std::array{256, 4095, 15, 255},
          std::array{1, 5, 5, 0}, std::array{32767, -3, -1, 32764}}) {
        const float parameter = static_cast<float>(m) / 2048;
        const auto remainder = static_cast<int>(QFunction::kRemainder);
        const auto quotient = static_cast<int>(QFunction::kQuotient);
        EXPECT_EQ(model::lut_output(look_up(remainder, 1, 1, parameter), u), r) << u << " by " << m;
        EXPECT_EQ(model::lut_output(look_up(quotient, 1, 1, parameter), u), q) << u << " by " << m;
        const QLut lut = look_up(remainder, 1, 1, parameter);
        EXPECT_EQ(table_output(to_table(compiler::to_request(lut, -2048, 2047)), u), r);
    }
}

// ---- whole models: float, integers and circuit ------------------------------------------------

/// y = f(x), x of 32 reals; `second` adds another input and y = f(x - second).
model::Graph one_function(model::PointwiseOp op, bool second) {
    model::Graph graph;
    const model::Shape shape = {1, 32};
    for (const char* name : {"x", "z", "d", "y"}) graph.values.push_back({name, shape});
    graph.inputs = {0};
    model::ValueId from = 0;
    if (second) {
        graph.inputs.push_back(1);
        graph.nodes.push_back({"d", "Sub", {0, 1}, 2, model::BinaryOp{model::Binary::kSub}});
        from = 2;
    }
    graph.nodes.push_back({"y", "f", {from}, 3, op});
    graph.outputs = {3};
    return graph;
}

std::vector<model::Sample> random_samples(std::size_t inputs, double lo, double hi) {
    SeededRng rng(11);
    std::vector<model::Sample> out(8, model::Sample(inputs, std::vector<double>(32)));
    for (auto& sample : out)
        for (auto& input : sample)
            for (double& x : input)
                x = lo + (hi - lo) * static_cast<double>(rng.next() >> 11U) * 0x1p-53;
    return out;
}

void expect_circuit_agrees(const model::QuantGraph& graph) {
    const auto compiled = compiler::compile(graph, {});
    ASSERT_TRUE(compiled) << compiled.error().message;
    const model::QTensor& input = graph.tensors[graph.input];
    SeededRng rng(12);
    for (int round = 0; round < 6; ++round) {
        std::vector<std::int64_t> x(model::element_count(input.shape));
        for (std::int64_t& v : x) {
            const auto span = static_cast<std::uint64_t>(input.hi - input.lo + 1);
            v = round == 0   ? input.lo
                : round == 1 ? input.hi
                             : input.lo + static_cast<std::int64_t>(rng.next() % span);
        }
        const auto expected = model::execute(graph, x);
        ASSERT_TRUE(expected) << expected.error().message;
        const auto trace = prover::fill_witness(compiled->circuit, compiled->weights, x);
        ASSERT_TRUE(trace) << trace.error().message;
        EXPECT_EQ(trace->output, *expected);
    }
}

class FunctionModel : public testing::TestWithParam<int> {};

TEST_P(FunctionModel, IsAccurateAndTheCircuitAgrees) {
    const auto kind = static_cast<model::Pointwise>(GetParam());
    const bool whole = kind >= model::Pointwise::kRound || kind == model::Pointwise::kSign;
    const bool bits = kind == model::Pointwise::kAndOfHalves;
    const bool is_atanh = kind == model::Pointwise::kAtanh;
    const model::PointwiseOp op{kind, kind == model::Pointwise::kClip ? 0.4 : bits ? 4 : 1, 1.1};
    const model::Graph graph = one_function(op, false);
    const auto samples = random_samples(1, 0.3, bits ? 255 : is_atanh ? 0.9 : 1.5);
    const auto result = model::quantise_auto(graph, samples);
    ASSERT_TRUE(result) << result.error().message;
    // Jumps are met away from ties only: their errors are whole steps.
    if (!whole) {
        EXPECT_LE(result->report.max_relative_error, 0.01);
    }
    expect_circuit_agrees(result->graph);
}

INSTANTIATE_TEST_SUITE_P(Kinds, FunctionModel,
                         testing::Range(static_cast<int>(model::Pointwise::kClip),
                                        static_cast<int>(model::Pointwise::kAndOfHalves) + 1));

/// [x >= z] is the sign of the integers themselves, on every pair of an input's extremes.
TEST(FunctionModel, SignsAreExact) {
    const model::Graph graph = one_function({model::Pointwise::kStep, 0, 0}, true);
    for (const int bits : {8, 12, 14}) {
        const auto width = static_cast<std::uint8_t>(bits);
        const auto q = model::quantise(graph, random_samples(2, -1, 1),
                                       {.activation_bits = width, .input_range = {{-1.0, 1.0}}});
        ASSERT_TRUE(q) << q.error().message;
        ASSERT_EQ(q->input_ports[0].step, q->input_ports[1].step);
        const model::QTensor& input = q->tensors[q->input];
        std::vector<std::int64_t> x(64);
        for (std::size_t i = 0; i < 32; ++i) {
            const auto at = static_cast<std::int64_t>(i);
            x[i] = i % 3 == 0 ? input.lo : i % 3 == 1 ? input.hi : at;
            x[32 + i] = i % 4 < 3 ? x[i] + static_cast<std::int64_t>(i % 4) - 1 : input.hi;
            x[32 + i] = std::clamp(x[32 + i], input.lo, input.hi);
        }
        const auto y = model::execute(*q, x);
        ASSERT_TRUE(y) << y.error().message;
        for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ((*y)[i], x[i] >= x[32 + i] ? 1 : 0) << i;
        expect_circuit_agrees(*q);
    }
}

}  // namespace
}  // namespace mintmark
