// The executors' fast paths against plain arithmetic.
#include <gtest/gtest.h>

#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/model/float_executor.hpp"
#include "mintmark/model/indexing.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

std::vector<std::int64_t> random_integers(std::size_t count, std::int64_t most, SeededRng& rng) {
    std::vector<std::int64_t> out(count);
    for (std::int64_t& v : out)
        v = static_cast<std::int64_t>(rng.next() % static_cast<std::uint64_t>(2 * most)) - most;
    return out;
}

/// A model of one node.
QuantGraph single(QOp op, const Shape& in, const Shape& out) {
    QuantGraph graph;
    graph.tensors = {{"x", in, -32768, 32767}, {"y", out, -32768, 32767}};
    graph.nodes = {{"node", {0}, 1, std::move(op)}};
    graph.output = 1;
    return graph;
}

/// Sums that fit doubles, 64 bits, and neither.
class Sums : public testing::TestWithParam<int> {
  protected:
    SeededRng rng_{7};
    int bits_ = GetParam();  ///< of the weights
    Requant requant_{static_cast<std::uint8_t>(bits_ + 6), -40000, 25535, {}};
    std::int64_t most_ = std::int64_t{1} << (bits_ - 1);

    __extension__ using Wide = __int128;
    [[nodiscard]] std::int64_t rounded(Wide sum) const {
        return static_cast<std::int64_t>((sum + (Wide{1} << (requant_.shift - 1))) >>
                                         requant_.shift);
    }
};

TEST_P(Sums, OfAMatrixProduct) {
    const std::size_t rows = 5, depth = 70, columns = 9;
    const Hidden weight{{70, 9}, random_integers(depth * columns, most_, rng_)};
    const Hidden bias{{9}, random_integers(columns, most_, rng_)};
    const auto x = random_integers(rows * depth, 32768, rng_);
    const auto y = execute(single(QMatMul{weight, bias, requant_}, {5, 70}, {5, 9}), x);
    ASSERT_TRUE(y) << y.error().message;
    for (std::size_t o = 0; o < rows * columns; ++o) {
        Wide sum = bias.values[o % columns];
        for (std::size_t k = 0; k < depth; ++k)
            sum += Wide{x[o / columns * depth + k]} * weight.values[k * columns + o % columns];
        EXPECT_EQ((*y)[o], rounded(sum));
    }
}

TEST_P(Sums, OfAConvolution) {
    const std::size_t plane = 30, channels = 6, filters = 4;
    const Hidden weight{{4, 6, 1, 1}, random_integers(channels * filters, most_, rng_)};
    const auto x = random_integers(channels * plane, 32768, rng_);
    const std::vector<std::uint32_t> one = {1, 1}, none = {0, 0};
    const QConv conv{weight, std::nullopt, one, none, none, one, 1, requant_};
    const auto y = execute(single(conv, {1, 6, 5, 6}, {1, 4, 5, 6}), x);
    ASSERT_TRUE(y) << y.error().message;
    for (std::size_t o = 0; o < filters * plane; ++o) {
        Wide sum = 0;
        for (std::size_t c = 0; c < channels; ++c)
            sum += Wide{x[c * plane + o % plane]} * weight.values[o / plane * channels + c];
        EXPECT_EQ((*y)[o], rounded(sum));
    }
}

INSTANTIATE_TEST_SUITE_P(Widths, Sums, testing::Values(8, 20, 34),
                         [](const auto& test) { return std::to_string(test.param) + "Bits"; });

TEST(BroadcastRuns, VisitWhatIndicesSay) {
    const std::vector<std::vector<Shape>> cases = {{{2, 3, 4}, {2, 3, 4}, {2, 3, 4}},
                                                   {{2, 3, 4}, {3, 1}, {2, 3, 4}},
                                                   {{2, 3, 4}, {}, {4}},
                                                   {{2, 3, 4}, {2, 1, 4}, {1, 3, 1}},
                                                   {{1, 5, 1, 2}, {5, 1, 2}, {2}},
                                                   {{}, {}, {}},
                                                   {{6}, {1}, {6}},
                                                   {{2, 3, 4}, {1, 1, 1}, {2, 1, 1}}};
    for (const auto& shapes : cases) {
        const Shape& out = shapes[0];
        const auto a = gather_indices(out, broadcast_strides(shapes[1], out));
        const auto b = gather_indices(out, broadcast_strides(shapes[2], out));
        const Runs runs = broadcast_runs(out, shapes[1], shapes[2]);
        ASSERT_EQ(runs.a.size() * runs.length, a.size());
        for (std::size_t o = 0; o < a.size(); ++o) {
            const std::size_t run = o / runs.length, i = o % runs.length;
            EXPECT_EQ(runs.a[run] + i * runs.a_step, a[o]);
            EXPECT_EQ(runs.b[run] + i * runs.b_step, b[o]);
        }
    }
}

TEST(EvaluateOnto, GivesWhatEvaluateGives) {
    const Shape shape{2, 3, 4}, row{4}, flat{24};
    std::vector<double> x, y = {0.5, -2, 3, 4};
    for (int i = 0; i < 24; ++i) x.push_back(0.3 * i - 2);
    const std::vector<std::pair<Op, Shape>> cases = {
        {PointwiseOp{Pointwise::kRelu}, shape},  {PointwiseOp{Pointwise::kClip, -1, 2}, shape},
        {PointwiseOp{Pointwise::kGelu}, shape},  {BinaryOp{Binary::kAdd}, shape},
        {BinaryOp{Binary::kSub}, shape},         {BinaryOp{Binary::kMul}, shape},
        {BinaryOp{Binary::kDiv}, shape},         {ReshapeOp{}, flat},
        {TransposeOp{{2, 0, 1}}, Shape{4, 2, 3}}};
    for (const auto& [op, out] : cases) {
        const std::vector<FloatTensor> operands = {{&shape, x}, {&row, y}};
        const std::vector<double> expected = evaluate(op, operands, out);
        std::vector<double> first = x;
        const std::vector<FloatTensor> again = {{&shape, first}, {&row, y}};
        EXPECT_EQ(evaluate_onto(std::move(first), op, again, out), expected) << op.index();
    }
}

}  // namespace
}  // namespace mintmark::model
