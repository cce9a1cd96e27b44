#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/service/buyer.hpp"
#include "mintmark/service/image.hpp"
#include "mintmark/service/model_folder.hpp"
#include "mintmark/service/node_api.hpp"
#include "mintmark/service/request_store.hpp"

namespace mintmark::service {
namespace {

class ServiceTest : public testing::Test {
  protected:
    ServiceTest() {
        home_ = std::filesystem::temp_directory_path() /
                ("mintmark_service_" + std::to_string(::getpid()));
        std::filesystem::remove_all(home_);
    }
    ~ServiceTest() override { std::filesystem::remove_all(home_); }

    std::filesystem::path home_;
};

Bytes text_bytes(std::string_view text) {
    return {text.begin(), text.end()};
}

TEST(ImageTest, ReadsPgm) {
    const auto plain = decode_image(text_bytes("P2\n# comment\n2 2\n4\n0 1\n2 4\n"), 1);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->pixels, (Bytes{0, 63, 127, 255}));
    const auto binary = decode_image(text_bytes("P5 2 1 255\nAB"), 1);
    ASSERT_TRUE(binary);
    EXPECT_EQ(binary->pixels, (Bytes{'A', 'B'}));
}

TEST(ImageTest, IsTotal) {
    for (const char* text :
         {"", "P5", "P5 2", "P5 2 2 255\nabc", "P5 99999999 99999999 255\n", "P2 1 1 255\n999",
          "P5 0 0 255\n", "P5 1 1 65535\nab", "GIF89a", "\x89PNG\r\n\x1a\n broken"}) {
        EXPECT_FALSE(decode_image(text_bytes(text), 1)) << text;
    }
    EXPECT_FALSE(decode_image(text_bytes("P5 1 1 255\na"), 3));
}

TEST_F(ServiceTest, ImageInputChecksTheShape) {
    ASSERT_TRUE(write_file(home_ / "a.pgm", text_bytes("P5 2 1 255\n\xff"
                                                       "3")));
    const auto values = image_input(home_ / "a.pgm", {1, 1, 1, 2});
    ASSERT_TRUE(values);
    EXPECT_DOUBLE_EQ(values->at(0), 1.0);
    EXPECT_DOUBLE_EQ(values->at(1), 0.2);
    EXPECT_EQ(image_input(home_ / "a.pgm", {1, 1, 2, 2}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(image_input(home_ / "a.pgm", {4}).error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(image_input(home_ / "b.pgm", {1, 2}).error().code, ErrorCode::kNotFound);
}

TEST(SoftmaxTest, SumsToOne) {
    const std::vector<double> logits = {1000, 999, -5};
    const auto shares = softmax(logits);
    EXPECT_NEAR(shares[0] + shares[1] + shares[2], 1, 1e-12);
    EXPECT_NEAR(shares[0] / shares[1], std::exp(1.0), 1e-9);
    EXPECT_TRUE(softmax({}).empty());
}

StoredRequest sample_request() {
    StoredRequest out;
    out.request.version = {1, 1};
    out.request.pass = 4;
    out.request.nonce = chain::U256(77);
    out.signature = Bytes(65, 1);
    out.input = {-3, 5};
    out.blinders = {Fr::from_u64(9)};
    out.output = {1, -2};
    out.values = {{0.5, -1.0}};
    out.created_at = 100;
    return out;
}

TEST_F(ServiceTest, RequestsSurvive) {
    const RequestStore store(home_);
    const std::string id = "0xab" + std::string(62, '0');
    const std::string other = "0xac" + std::string(62, '0');
    ASSERT_TRUE(store.put(id, sample_request()));
    ASSERT_TRUE(store.put(other, sample_request()));
    const auto back = store.get(id);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->to_json(), sample_request().to_json());
    EXPECT_EQ(store.ids().size(), 2U);
    EXPECT_EQ(*store.resolve("0xab"), id);
    EXPECT_EQ(store.resolve("0xa").error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(store.resolve("0xff").error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(store.resolve("last"));
    const auto mode = std::filesystem::status(store.path(id)).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::group_read, std::filesystem::perms::none);
}

TEST_F(ServiceTest, PublishStateSurvives) {
    const auto folder = ModelFolder::of(home_, "lenet");
    ASSERT_TRUE(folder);
    EXPECT_EQ(folder->state().error().code, ErrorCode::kNotFound);
    PublishState state;
    state.name = "lenet";
    state.chain_id = 31337;
    state.model_id = 3;
    state.version_id = 1;
    state.salt = Bytes32{7};
    state.expected_key = Address{9};
    ASSERT_TRUE(folder->write(state));
    const auto back = folder->state();
    ASSERT_TRUE(back);
    EXPECT_EQ(back->to_json(), state.to_json());
    EXPECT_EQ(ModelFolder::find(home_, 31337, {3, 1})->name(), "lenet");
    EXPECT_FALSE(ModelFolder::find(home_, 1, {3, 1}));
}

TEST(ModelFolderTest, RefusesBadNames) {
    for (const char* name : {"", ".", "..", "a/b", ".hidden", "a b"}) {
        EXPECT_FALSE(ModelFolder::of("/tmp", name)) << name;
    }
}

TEST(NodeApiTest, ErrorsTravel) {
    const Error error{ErrorCode::kExpired, "pass 1 has expired", "buy another"};
    EXPECT_EQ(http_status(error.code), 410);
    const Error back = error_from_response(410, json::compact(error_json(error)));
    EXPECT_EQ(back.code, ErrorCode::kExpired);
    EXPECT_EQ(back.hint, error.hint);
    EXPECT_EQ(error_from_response(500, "<html>").code, ErrorCode::kNetwork);
    EXPECT_EQ(error_from_response(500, R"({"error":{"code":"nonsense"}})").code,
              ErrorCode::kNetwork);
}

}  // namespace
}  // namespace mintmark::service
