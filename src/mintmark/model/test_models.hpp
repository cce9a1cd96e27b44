// The models of testdata/ for tests.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "mintmark/base/file.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {

inline constexpr const char* kTestModels[] = {"mlp",
                                              "cnn",
                                              "groups",
                                              "conv1d",
                                              "layout",
                                              "residual",
                                              "scalars",
                                              "square",
                                              "two_inputs",
                                              "shapes",
                                              "attention",
                                              "half",
                                              "deep",
                                              "logic",
                                              "functions",
                                              "moves",
                                              "scatters",
                                              "blocks",
                                              "reductions",
                                              "upsample",
                                              "recurrent",
                                              "einsum",
                                              "norms",
                                              "softmaxes",
                                              "roots",
                                              "decoder",
                                              "encoder",
                                              "volumes",
                                              "sampling",
                                              "branches",
                                              "inlined",
                                              "loops",
                                              "onnx_attention",
                                              "rotary",
                                              "extremes",
                                              "integers",
                                              "embedding",
                                              "long_embedding",
                                              "pointers",
                                              "trees",
                                              "classical",
                                              "qdq",
                                              "qlinear",
                                              "bert_torchscript",
                                              "gpt2_torchscript",
                                              "llama_torchscript",
                                              "t5_torchscript",
                                              "stacked_decoder",
                                              "stacked_encoder",
                                              "exported",
                                              "windows"};

struct TestModel {
    Graph graph;
    InputFile input;
};

inline std::filesystem::path test_model_path(const std::string& file) {
    return std::filesystem::path(MINTMARK_MODEL_TESTDATA) / file;
}

/// Names of open dims in testdata/make_attention.py; batches of 2.
inline const ImportOptions kTestDims = {.batch = 2,
                                        .dims = {{"sequence", 5}, {"past", 3}, {"total", 8}}};

/// Loads <name>.onnx and <name>.json; fails the test if it cannot.
inline TestModel load_test_model(const std::string& name) {
    const auto graph = load_onnx(test_model_path(name + ".onnx"), kTestDims);
    EXPECT_TRUE(graph) << graph.error().message;
    const auto text = read_text(test_model_path(name + ".json"));
    EXPECT_TRUE(text);
    const auto input = read_input_json(text.value_or(""));
    EXPECT_TRUE(input) << input.error().message;
    return {graph.value_or(Graph{}), input.value_or(InputFile{})};
}

}  // namespace mintmark::model
