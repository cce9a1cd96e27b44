// The report must find the tensor that was made coarse on purpose; mixed bits must reach what equal
// ones do not.
#include "mintmark/model/layer_report.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

double share_of(const LayerError& layer) {
    return layer.share.value_or(0);
}

class LayerReport : public testing::TestWithParam<const char*> {};

TEST_P(LayerReport, NamesTheCoarseTensor) {
    const TestModel model = load_test_model(GetParam());
    const QuantOptions fine{.activation_bits = 12, .weight_bits = 16};
    const QuantGraph even = quantise(model.graph, model.input.samples, fine).value();
    const auto rows = explain(model.graph, even, model.input.samples);
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_GT(rows->size(), 3U);
    const double sum = std::accumulate(rows->begin(), rows->end(), 0.0,
                                       [](double s, const auto& r) { return s + share_of(r); });
    EXPECT_NEAR(sum, 1, 1e-9);
    std::size_t checked = 0;
    for (const LayerError& row : *rows) {
        if (row.op_type == "input" || share_of(row) == 0 || row.tensor == rows->back().tensor)
            continue;
        QuantOptions coarse = fine;
        coarse.tensor_bits[row.bits_key] = 4;
        const QuantGraph spoilt = quantise(model.graph, model.input.samples, coarse).value();
        const auto after = explain(model.graph, spoilt, model.input.samples).value();
        const auto worst = std::ranges::max_element(after, {}, share_of);
        EXPECT_EQ(worst->tensor, row.tensor);
        EXPECT_GT(share_of(*worst), 0.9);
        ++checked;
    }
    EXPECT_GT(checked, 0U);
}

INSTANTIATE_TEST_SUITE_P(Models, LayerReport, testing::Values("mlp", "cnn"),
                         [](const auto& test) { return std::string(test.param); });

TEST(MixedBits, ReachWhatEightBitsDoNot) {
    const TestModel model = load_test_model("cnn");
    QuantOptions eight{.activation_bits = 8, .weight_bits = 12};
    const QuantGraph even = quantise(model.graph, model.input.samples, eight).value();
    const double error = compare(model.graph, even, model.input.samples)->max_relative_error;
    AccuracyTarget target;
    target.max_relative_error = error / 4;
    const auto result = quantise_auto(model.graph, model.input.samples, target);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_TRUE(result->reached);
    EXPECT_EQ(result->options.activation_bits, 8);
    EXPECT_FALSE(result->options.tensor_bits.empty());
    // What the options say gives the same model again.
    const QuantGraph again = quantise(model.graph, model.input.samples, result->options).value();
    EXPECT_EQ(encode(again), encode(result->graph));
}

TEST(LayerPlot, EscapesNames) {
    const LayerError layer{
        .tensor = "t", .name = "<script>&", .op_type = "Conv", .bits_key = "t", .share = 0.5};
    const std::string svg = plot_svg({&layer, 1});
    EXPECT_TRUE(svg.starts_with("<svg "));
    EXPECT_EQ(svg.find("<script>"), std::string::npos);
    EXPECT_NE(svg.find("&lt;script&gt;&amp;"), std::string::npos);
    EXPECT_NE(svg.find("50.0 %"), std::string::npos);
}

}  // namespace
}  // namespace mintmark::model
