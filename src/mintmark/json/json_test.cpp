#include "mintmark/json/json.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace mintmark::json {
namespace {

TEST(Json, ReadsWhatItWrites) {
    const auto dir = std::filesystem::temp_directory_path() /
                     ("mintmark_json_test." + std::to_string(::getpid()));
    std::filesystem::remove_all(dir);
    Json value = {{"z", 1}, {"a", {1, 2, 3}}, {"text", "q\"\\\n"}};
    ASSERT_TRUE(write(dir / "x.json", value));
    const Json back = read(dir / "x.json").value();
    EXPECT_EQ(back, value);
    EXPECT_EQ(compact(back), R"({"z":1,"a":[1,2,3],"text":"q\"\\\n"})");  // order kept
    EXPECT_EQ(read(dir / "none.json").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read(dir / "x.json", 3).error().code, ErrorCode::kOutOfRange);
    ASSERT_TRUE(write_text(dir / "bad.json", "{\"a\":"));
    const Error error = read(dir / "bad.json").error();
    EXPECT_EQ(error.code, ErrorCode::kMalformed);
    EXPECT_NE(error.message.find("bad.json"), std::string::npos);
    std::filesystem::remove_all(dir);
}

TEST(Json, GettersNameTheKey) {
    const Json value = parse(R"({"s":"x","u":18446744073709551615,"i":-3,"d":1.5,"b":true,
        "l":[1],"o":{}})")
                           .value();
    EXPECT_EQ(get_string(value, "s").value(), "x");
    EXPECT_EQ(get_u64(value, "u").value(), 18446744073709551615U);
    EXPECT_EQ(get_i64(value, "i").value(), -3);
    EXPECT_DOUBLE_EQ(get_double(value, "d").value(), 1.5);
    EXPECT_DOUBLE_EQ(get_double(value, "i").value(), -3.0);
    EXPECT_TRUE(get_bool(value, "b").value());
    EXPECT_EQ(get_array(value, "l").value().size(), 1U);
    EXPECT_TRUE(get_object(value, "o").value().empty());
    EXPECT_EQ(get_string(value, "nope").error().message, "json: \"nope\" is missing");
    EXPECT_EQ(get_string(value, "u").error().message, "json: \"u\" must be a string");
    EXPECT_FALSE(get_u64(value, "i"));
    EXPECT_FALSE(get_u64(value, "d"));
    EXPECT_FALSE(get_i64(value, "u"));
    EXPECT_FALSE(get_i64(value, "s"));
    EXPECT_FALSE(get_double(value, "s"));
    EXPECT_FALSE(get_bool(value, "s"));
    EXPECT_FALSE(get_array(value, "o"));
    EXPECT_FALSE(get_object(value, "l"));
    EXPECT_FALSE(get_string(Json(3), "s"));
    EXPECT_EQ(find(Json::array(), "s"), nullptr);
}

TEST(Json, HostileTextIsAnError) {
    for (const char* text : {"", "{", "[1,]", "\"\\u12\"", "nul", "1e999999", "\"\xff\"", "{} {}"})
        EXPECT_FALSE(parse(text)) << text;
    EXPECT_TRUE(parse(std::string(64, '[') + std::string(64, ']')));
    EXPECT_FALSE(parse(std::string(65, '[') + std::string(65, ']')));
    EXPECT_FALSE(parse(std::string(1'000'000, '[')));
    EXPECT_TRUE(parse("\"" + std::string(100, '[') + "\\\"[\""));
    EXPECT_EQ(compact(Json("\xff")), "\"\xef\xbf\xbd\"");
}

}  // namespace
}  // namespace mintmark::json
