// Import and float execution against ONNX Runtime's outputs (testdata/make_models.py).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "mintmark/base/file.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

class FloatOracle : public testing::TestWithParam<const char*> {};

TEST_P(FloatOracle, AgreesWithOnnxRuntime) {
    const TestModel model = load_test_model(GetParam());
    for (std::size_t s = 0; s < model.input.samples.size(); ++s) {
        const auto outputs = run_float(model.graph, model.input.samples[s]);
        ASSERT_TRUE(outputs) << outputs.error().message;
        ASSERT_EQ(outputs->size(), model.input.outputs[s].size());
        for (std::size_t o = 0; o < outputs->size(); ++o) {
            const std::vector<double>& expected = model.input.outputs[s][o];
            ASSERT_EQ((*outputs)[o].size(), expected.size());
            for (std::size_t i = 0; i < expected.size(); ++i) {
                ASSERT_NEAR((*outputs)[o][i], expected[i], 2e-5 * (1 + std::abs(expected[i])))
                    << "sample " << s << " output " << o << " element " << i;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Models, FloatOracle, testing::ValuesIn(kTestModels),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace mintmark::model
