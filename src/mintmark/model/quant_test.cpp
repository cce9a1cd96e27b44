// Quantised models against the float executor, and the integer executor's own invariants.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "mintmark/base/rng.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

class Quantised : public testing::TestWithParam<const char*> {};

TEST_P(Quantised, IsWithinOnePercentOfTheFloatRange) {
    const TestModel model = load_test_model(GetParam());
    const auto result = quantise_auto(model.graph, model.input.samples);
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_LE(result->report.max_relative_error, 0.01);
    EXPECT_TRUE(result->reached);
    std::cout << GetParam() << " bits " << int{result->report.activation_bits} << ","
              << int{result->report.weight_bits} << " max " << result->report.max_relative_error
              << " mean " << result->report.mean_relative_error << '\n';
}

INSTANTIATE_TEST_SUITE_P(Models, Quantised, testing::ValuesIn(kTestModels),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace mintmark::model
