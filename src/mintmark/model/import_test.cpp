// What the importer refuses, and that it survives any bytes.
#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/base/rng.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/model/test_models.hpp"

namespace mintmark::model {
namespace {

TEST(Import, RefusesBadModelsWithOneClearError) {
    const auto expected = json::read(test_model_path("bad/expected.json"));
    ASSERT_TRUE(expected);
    ASSERT_GT(expected->size(), 20U);
    for (const json::Json& item : *expected) {
        const std::string file = json::get_string(item, "file").value();
        const auto graph = load_onnx(test_model_path("bad/" + file));
        ASSERT_FALSE(graph) << file;
        EXPECT_EQ(error_name(graph.error().code), json::get_string(item, "code").value())
            << file << ": " << graph.error().message;
        const std::string part = json::get_string(item, "message").value();
        EXPECT_NE(graph.error().message.find(part), std::string::npos)
            << file << ": " << graph.error().message;
        EXPECT_EQ(graph.error().message.find('\n'), std::string::npos);
    }
}

TEST(Import, NamesWhatIsSupported) {
    const auto graph = load_onnx(test_model_path("bad/operator.onnx"));
    ASSERT_FALSE(graph);
    EXPECT_NE(graph.error().hint.find("AveragePool BatchNormalization"), std::string::npos);
}

TEST(Import, MissingFile) {
    EXPECT_EQ(load_onnx(test_model_path("none.onnx")).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(load_onnx(ByteSpan{}).error().code, ErrorCode::kMalformed);
    EXPECT_EQ(load_onnx(as_bytes("not a model at all")).error().code, ErrorCode::kMalformed);
}

TEST(Import, BindsNamedDims) {
    const auto graph =
        load_onnx(test_model_path("bad/dynamic.onnx"), {.batch = 3, .dims = {{"length", 5}}});
    ASSERT_TRUE(graph) << graph.error().message;
    EXPECT_EQ(graph->values[graph->inputs[0]].shape, (Shape{3, 5}));
}

TEST(Import, RespectsLimits) {
    const std::filesystem::path path = test_model_path("deep.onnx");
    EXPECT_EQ(load_onnx(path, {.dims = {}, .max_file_bytes = 100}).error().code,
              ErrorCode::kOutOfRange);
    EXPECT_EQ(load_onnx(path, {.dims = {}, .max_elements = 100}).error().code,
              ErrorCode::kOutOfRange);
}

TEST(Import, EveryTruncationIsAnErrorOrAModel) {
    for (const char* name : {"mlp", "layout", "shapes", "two_inputs", "half"}) {
        const Bytes bytes = read_file(test_model_path(std::string(name) + ".onnx")).value();
        std::size_t models = 0;
        for (std::size_t size = 0; size < bytes.size(); ++size)
            models += load_onnx(ByteSpan(bytes).first(size)) ? 1U : 0U;
        // The opset stands last in the file: without it nothing is accepted.
        EXPECT_EQ(models, 0U) << name;
    }
}

TEST(Import, DamagedBytesNeverCrash) {
    SeededRng rng(5);
    const ImportOptions options{.dims = {}, .max_elements = 1 << 16};
    for (const char* name : kTestModels) {
        const Bytes bytes = read_file(test_model_path(std::string(name) + ".onnx")).value();
        for (int round = 0; round < 150; ++round) {
            Bytes damaged = bytes;
            for (int i = 0; i < 1 + round % 4; ++i)
                damaged[rng.next() % damaged.size()] = static_cast<std::uint8_t>(rng.next());
            const auto graph = load_onnx(ByteSpan(damaged), options);
            if (graph) {
                EXPECT_FALSE(graph->outputs.empty());
            }
        }
    }
}

TEST(InputJson, ReadsNestedArraysAndSeveralInputs) {
    const auto file = read_input_json(R"({"input_data": [[[1, 2.5], [true, -4]], [5]],
                                          "output_data": [[0.5]], "input_shapes": [[2, 2], [1]]})");
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->samples, (std::vector<Sample>{{{1, 2.5, 1, -4}, {5}}}));
    EXPECT_EQ(file->outputs, (std::vector<Sample>{{{0.5}}}));
    EXPECT_EQ(read_input_json(R"({"input_data": [1, 2]})")->samples[0], (Sample{{1, 2}}));
}

TEST(InputJson, RefusesOtherThings) {
    for (const char* text :
         {"", "{", "[]", "{}", R"({"input_data": 3})", R"({"input_data": [["a"]]})",
          R"({"input_data": [[null]]})", R"({"samples": {"a": 1}})", R"({"input_data": [[{}]]})"}) {
        const auto file = read_input_json(text);
        ASSERT_FALSE(file) << text;
        EXPECT_EQ(file.error().code, ErrorCode::kMalformed);
    }
}

TEST(InputJson, BindsSamplesToInputs) {
    const Graph graph = load_test_model("two_inputs").graph;
    const std::vector<double> a(4, 1), b(6, 2);
    const std::vector<Sample> twice = {{a, b, a, b}};
    EXPECT_EQ(bind_samples(graph, twice).value(), (std::vector<Sample>{{a, b}, {a, b}}));
    const std::vector<Sample> wrong = {{b, a}}, odd = {{a, b, a}};
    EXPECT_EQ(bind_samples(graph, wrong).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(bind_samples(graph, odd).error().code, ErrorCode::kInvalidArgument);
    const Graph single = load_test_model("square").graph;
    const std::vector<Sample> flat = {{std::vector<double>(3 * 72, 0.5)}};
    EXPECT_EQ(bind_samples(single, flat)->size(), 3U);
}

}  // namespace
}  // namespace mintmark::model
