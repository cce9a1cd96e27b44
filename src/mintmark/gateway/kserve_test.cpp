// Tensors of strangers: shapes, types, sizes; binary and JSON say the same.
#include "mintmark/gateway/kserve.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace mintmark::gateway {
namespace {

using ::testing::HasSubstr;

/// y = the sum of x; z = x.
class SumModel final : public TensorModel {
  public:
    const std::vector<TensorPort>& inputs() const override { return inputs_; }
    const std::vector<TensorPort>& outputs() const override { return outputs_; }
    bool can_prove() const override { return false; }
    Result<Tensors> run(const Tensors& in) const override {
        double sum = 0;
        for (const double value : in[0]) sum += value;
        return Tensors{{sum}, in[0]};
    }

  private:
    std::vector<TensorPort> inputs_ = {{"x", {2, 2}}};
    std::vector<TensorPort> outputs_ = {{"y", {1}}, {"z", {2, 2}}};
};

Result<TensorCall> read(std::string_view body, std::optional<std::uint64_t> length = {}) {
    return read_tensor_call(SumModel(), body, length);
}

std::string input(std::string_view members) {
    return R"({"inputs": [{"name": "x", "shape": [2, 2], )" + std::string(members) + "}]}";
}

TEST(KServe, FlatAndNestedDataAreTheSame) {
    const auto flat = read(input(R"("datatype": "FP32", "data": [1, 2.5, -3, 4])"));
    const auto nested = read(input(R"("datatype": "FP32", "data": [[1, 2.5], [-3, 4]])"));
    ASSERT_TRUE(flat) << flat.error().message;
    ASSERT_TRUE(nested);
    EXPECT_EQ(flat->inputs, (Tensors{{1, 2.5, -3, 4}}));
    EXPECT_EQ(flat->inputs, nested->inputs);
    EXPECT_EQ(flat->outputs.size(), 2U);
    EXPECT_EQ(flat->verify, Verify::kNone);
}

TEST(KServe, BinaryTensorsOfEveryType) {
    const auto with = [](std::string_view type, const std::string& bytes) {
        const std::string head =
            input(R"("datatype": ")" + std::string(type) +
                  R"(", "parameters": {"binary_data_size": )" + std::to_string(bytes.size()) + "}");
        return read(head + bytes, head.size());
    };
    const auto bytes_of = [](auto... values) {
        std::string out;
        (out.append(reinterpret_cast<const char*>(&values), sizeof(values)), ...);
        return out;
    };
    const Tensors wanted = {{1, 0, 1, 1}};
    using std::string;
    for (const auto& [type, bytes] : std::vector<std::pair<string, string>>{
             {"BOOL", {1, 0, 1, 1}},
             {"UINT8", {1, 0, 1, 1}},
             {"INT64",
              bytes_of(std::int64_t{1}, std::int64_t{0}, std::int64_t{1}, std::int64_t{1})},
             {"FP16", bytes_of(std::uint16_t{0x3C00}, std::uint16_t{0}, std::uint16_t{0x3C00},
                               std::uint16_t{0x3C00})},
             {"FP32", bytes_of(1.0F, 0.0F, 1.0F, 1.0F)},
             {"FP64", bytes_of(1.0, 0.0, 1.0, 1.0)}}) {
        const auto call = with(type, bytes);
        ASSERT_TRUE(call) << type << ": " << call.error().message;
        EXPECT_EQ(call->inputs, wanted) << type;
        EXPECT_FALSE(with(type, bytes + "x")) << type;
        EXPECT_FALSE(with(type, bytes.substr(1))) << type;
    }
    EXPECT_FALSE(with("FP16", bytes_of(std::uint16_t{0x7C00}, std::uint16_t{0}, std::uint16_t{0},
                                       std::uint16_t{0})))
        << "infinite";
    EXPECT_FALSE(with("BYTES", "abcd"));
    // Behind the last tensor there is nothing; a size of the stranger's is never read beyond.
    const std::string head = input(R"("datatype": "UINT8", "parameters": {"binary_data_size": 4})");
    EXPECT_FALSE(read(head + "12345", head.size()));
    EXPECT_FALSE(read(head + "123", head.size()));
    EXPECT_FALSE(read(head, head.size() + 1));
    EXPECT_FALSE(read(
        input(R"("datatype": "UINT8", "parameters": {"binary_data_size": 18446744073709551615})")));
}

TEST(KServe, BadTensorsAreNamed) {
    for (const auto& [body, says] : std::vector<std::pair<std::string, std::string>>{
             {"[]", "object"},
             {"{", "byte"},
             {"{}", "inputs"},
             {R"({"inputs": []})", "x is missing"},
             {R"({"inputs": [{"name": "q", "shape": [1], "datatype": "FP32", "data": [1]}]})",
              "no input q"},
             {R"({"inputs": [{"name": "x", "shape": [4], "datatype": "FP32", "data": [1,2,3,4]}]})",
              "the model wants [2,2]"},
             {input(R"("datatype": "FP32", "data": [1, 2, 3])"), "3 elements"},
             {input(R"("datatype": "FP32", "data": [1, 2, 3, 4, 5])"), "5 elements"},
             {input(R"("datatype": "INT8", "data": [1, 2, 3, 300])"), "300 is no INT8"},
             {input(R"("datatype": "INT8", "data": [1, 2, 3, 0.5])"), "0.5 is no INT8"},
             {input(R"("datatype": "FP32", "data": [1, 2, 3, "4"])"), "numbers"},
             {input(R"("datatype": "FP16", "data": [1, 2, 3, 4])"), "FP16"},
             {input(R"("datatype": "fp32", "data": [1, 2, 3, 4])"), "datatype"},
             {input(R"("datatype": "FP32")"), "either"},
         }) {
        const auto call = read(body);
        ASSERT_FALSE(call) << body;
        EXPECT_THAT(call.error().message, HasSubstr(says)) << body;
    }
    const std::string good = input(R"("datatype": "FP32", "data": [1, 2, 3, 4])");
    const auto with = [&](std::string_view more) {
        return read(good.substr(0, good.size() - 1) + std::string(more) + "}");
    };
    EXPECT_TRUE(with(R"(, "parameters": {"verify": "zk"})"));
    EXPECT_FALSE(with(R"(, "parameters": {"verify": "yes"})"));
    EXPECT_FALSE(with(R"(, "outputs": [{"name": "q"}])"));
    EXPECT_FALSE(with(R"(, "id": 7)"));
}

TEST(KServe, AnswersInBothForms) {
    const std::string good = input(R"("datatype": "FP32", "data": [1, 2, 3, 4])");
    const auto call = read(good.substr(0, good.size() - 1) +
                           R"(, "id": "a", "outputs": [{"name": "z", "parameters":
                           {"binary_data": true}}, {"name": "y"}]})");
    ASSERT_TRUE(call) << call.error().message;
    const SumModel model;
    const TensorAnswer answer =
        write_tensor_answer(model, *call, "sum", *model.run(call->inputs), {});
    ASSERT_TRUE(answer.json_bytes);
    const auto head = json::parse(answer.body.substr(0, *answer.json_bytes));
    ASSERT_TRUE(head);
    EXPECT_EQ((*head)["outputs"][0]["parameters"]["binary_data_size"], 16);
    EXPECT_EQ((*head)["outputs"][1]["data"][0], 10);
    EXPECT_EQ((*head)["id"], "a");
    float last = 0;
    ASSERT_EQ(answer.body.size(), *answer.json_bytes + 16);
    std::memcpy(&last, answer.body.data() + answer.body.size() - 4, 4);
    EXPECT_EQ(last, 4.0F);
}

TEST(KServe, Paths) {
    const auto infer = parse_tensor_path("/v2/models/a/versions/3/infer");
    ASSERT_TRUE(infer);
    EXPECT_EQ(infer->name, "a");
    EXPECT_EQ(infer->version, "3");
    EXPECT_EQ(infer->verb, "infer");
    EXPECT_EQ(parse_tensor_path("/v2/models/a")->verb, "");
    EXPECT_EQ(parse_tensor_path("/v2/models/a/ready")->verb, "ready");
    for (const char* path : {"/v2/models/", "/v2/models/a/", "/v2/models/a/x", "/v2/models//infer",
                             "/v2/models/a/versions", "/v2/models/a/versions/1/infer/x", "/v2"}) {
        const auto parsed = parse_tensor_path(path);
        EXPECT_FALSE(parsed) << path;
    }
}

}  // namespace
}  // namespace mintmark::gateway
