// Table contents against independent oracles: exact rationals where they fit, libm elsewhere.
#include "mintmark/circuit/table.hpp"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <limits>

namespace mintmark {
namespace {

Table make(TableFunction function, float in_step, float out_step) {
    return {.log_size = 8,
            .function = function,
            .row_offset = 0,
            .lo = -128,
            .out_lo = -1000,
            .out_hi = 1000,
            .in_step = in_step,
            .out_step = out_step,
            .alpha = 0};
}

std::int64_t clamp_half_up(long double x) {
    return static_cast<std::int64_t>(std::clamp(std::floor(x + 0.5L), -1000.0L, 1000.0L));
}

TEST(Table, RangeIsZero) {
    const Table t{.log_size = 4, .lo = -3};
    for (std::int64_t u = -3; u < 13; ++u) EXPECT_EQ(table_output(t, u), 0);
}

TEST(Table, NegativeIsTheSign) {
    constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    const Table t{.log_size = 4, .function = TableFunction::kNegative, .lo = -8};
    for (const std::int64_t u : {kMin, std::int64_t{-8}, std::int64_t{-1}})
        EXPECT_EQ(table_output(t, u), 1);
    for (const std::int64_t u : {std::int64_t{0}, std::int64_t{1}, kMax})
        EXPECT_EQ(table_output(t, u), 0);
}

// Steps of few bits, so that long double holds every quotient exactly or away from a half.
TEST(Table, RescalingFunctions) {
    for (const auto& [in, out] :
         {std::pair{1.0F, 1.0F}, {0.5F, 2.0F}, {3.0F, 8.0F}, {7.0F, 3.0F}}) {
        for (std::int64_t u = -3000; u <= 3000; ++u) {
            const long double x = static_cast<long double>(u) * static_cast<long double>(in) /
                                  static_cast<long double>(out);
            EXPECT_EQ(table_output(make(TableFunction::kClamp, in, out), u), clamp_half_up(x));
            EXPECT_EQ(table_output(make(TableFunction::kRelu, in, out), u),
                      clamp_half_up(u > 0 ? x : 0));
            Table leaky = make(TableFunction::kLeakyRelu, in, out);
            leaky.alpha = 1 << 14;
            EXPECT_EQ(table_output(leaky, u), clamp_half_up(u < 0 ? x / 4 : x));
        }
    }
}

TEST(Table, HalvesGoUp) {
    const Table t = make(TableFunction::kClamp, 0.5F, 1.0F);
    EXPECT_EQ(table_output(t, 1), 1);
    EXPECT_EQ(table_output(t, -1), 0);
    EXPECT_EQ(table_output(t, -3), -1);
}

TEST(Table, SigmoidAndTanhAgreeWithLibm) {
    for (const float in : {0.001F, 0.02F, 0.3F, 4.0F}) {
        for (const float out : {1.0F / 256, 0.01F, 0.00123F}) {
            for (std::int64_t u = -2000; u <= 2000; u += 7) {
                const long double x = static_cast<long double>(u) * static_cast<long double>(in);
                const auto check = [&](TableFunction f, long double y) {
                    const std::int64_t got = table_output(make(f, in, out), u);
                    const long double want =
                        std::clamp(y / static_cast<long double>(out), -1000.0L, 1000.0L);
                    // One half for the rounding, the rest for libm and the fixed point.
                    EXPECT_LE(std::abs(static_cast<long double>(got) - want), 0.5L + 1e-6L)
                        << "in step " << in << " u " << u;
                };
                check(TableFunction::kSigmoid, 1 / (1 + std::exp(-x)));
                check(TableFunction::kTanh, std::tanh(x));
            }
        }
    }
}

// Fixed results, so that another implementation can compare (docs/spec/quantisation.md).
TEST(Table, KnownAnswers) {
    Table t = make(TableFunction::kSigmoid, 0.1F, 1.0F / 1024);
    t.out_hi = 4096;
    EXPECT_EQ(table_output(t, 0), 512);
    EXPECT_EQ(table_output(t, 10), 749);
    EXPECT_EQ(table_output(t, -10), 275);
    EXPECT_EQ(table_output(t, 100000), 1024);
    EXPECT_EQ(table_output(t, -100000), 0);
    t.function = TableFunction::kTanh;
    t.out_lo = -4096;
    EXPECT_EQ(table_output(t, 5), 473);
    EXPECT_EQ(table_output(t, -5), -473);
}

TEST(Table, ExtremesStayInBounds) {
    constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    for (const auto f : {TableFunction::kClamp, TableFunction::kRelu, TableFunction::kLeakyRelu,
                         TableFunction::kSigmoid, TableFunction::kTanh}) {
        for (const float in : {FLT_MIN, 1.0F, FLT_MAX}) {
            for (const float out : {FLT_MIN, 1.0F, FLT_MAX}) {
                Table t = make(f, in, out);
                t.alpha = f == TableFunction::kLeakyRelu ? 65535 : 0;
                for (const std::int64_t u :
                     {kMin, kMin + 1, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, kMax}) {
                    const std::int64_t y = table_output(t, u);
                    EXPECT_TRUE(y >= -1000 && y <= 1000);
                    if (f == TableFunction::kClamp && in == out) {
                        EXPECT_EQ(y, std::clamp<std::int64_t>(u, -1000, 1000));
                    }
                    if (f == TableFunction::kClamp && in > out && u != 0) {
                        EXPECT_EQ(y, u < 0 ? -1000 : 1000);
                    }
                    if (f == TableFunction::kClamp && in == FLT_MIN && out == FLT_MAX) {
                        EXPECT_EQ(y, 0);
                    }
                }
            }
        }
    }
}

}  // namespace
}  // namespace mintmark
