// Jobs are strangers' words: what is refused, and that nothing in them becomes a path.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

#include "mintmark/jobs/job_data.hpp"

namespace mintmark::jobs {
namespace {

constexpr std::string_view kCid = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";

std::string with(std::string_view kind_members) {
    std::string text(kind_members);
    while (true) {
        const std::size_t at = text.find("CID");
        if (at == std::string::npos) return text;
        text.replace(at, 3, "\"" + std::string(kCid) + "\"");
    }
}

TEST(JobData, EveryKindIsRead) {
    const auto proof =
        parse_job("proof", R"({"model": "lenet", "input": [[0, 0.5, [1, 2]], [3]]})");
    ASSERT_TRUE(proof) << proof.error().message;
    EXPECT_EQ(kind_of(*proof), "proof");
    EXPECT_EQ(std::get<ProofJob>(*proof).input.values,
              (std::vector<std::vector<double>>{{0, 0.5, 1, 2}, {3}}));
    EXPECT_FALSE(std::get<ProofJob>(*proof).context);
    EXPECT_TRUE(parse_job("inference", with(R"({"model": "lenet", "input_cid": CID})")));
    EXPECT_TRUE(parse_job("accuracy", with(R"({"model": "a", "data": CID, "labels": CID})")));
    const auto tune =
        parse_job("fine_tune", with(R"({"model": "a", "recipe": "head", "data": CID, "labels": CID,
        "parameters": {"epochs": 3}, "license": 7, "name": "child", "max_stack_ppm": 200000})"));
    ASSERT_TRUE(tune) << tune.error().message;
    EXPECT_EQ(std::get<FineTuneJob>(*tune).license, 7U);
}

TEST(JobData, NothingBecomesAPath) {
    for (const char* name :
         {"../lenet", "/etc/passwd", "a/b", "..", ".", ".ssh", "", "a\\u0000b", "a b", "~"}) {
        const std::string text = fmt::format(R"({{"model": "{}", "input": [[1]]}})", name);
        EXPECT_FALSE(parse_job("proof", text)) << name;
        const std::string tune =
            with(fmt::format(R"({{"model": "a", "recipe": "{}", "data": CID}})", name));
        EXPECT_FALSE(parse_job("fine_tune", tune)) << name;
        const std::string child = with(fmt::format(
            R"({{"model": "a", "recipe": "r", "data": CID, "license": 1, "name": "{}"}})", name));
        EXPECT_FALSE(parse_job("fine_tune", child)) << name;
    }
    for (const char* cid : {"../../x", "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG", "b", ""}) {
        const std::string text = fmt::format(R"({{"model": "a", "data": "{}"}})", cid);
        EXPECT_FALSE(parse_job("accuracy", text)) << cid;
    }
}

TEST(JobData, BadOnesNameTheMember) {
    const std::vector<std::array<std::string_view, 3>> rows = {
        {"proof", R"({"input": [[1]]})", "model"},
        {"proof", R"({"model": "a"})", "input"},
        {"proof", R"({"model": "a", "input": [[1]], "input_cid": CID})", "input"},
        {"proof", R"({"model": "a", "input": [1]})", "input"},
        {"proof", R"({"model": "a", "input": [["1"]]})", "input"},
        {"proof", R"({"model": "a", "input": [[1e999]]})", ""},
        {"proof", R"({"model": "a", "input": [[1]], "context": "0x12"})", "context"},
        {"proof", R"({"model": "a", "input": [[1]], "command": "rm"})", "command"},
        {"accuracy", R"({"model": "a", "data": CID, "samples": -1})", "samples"},
        {"fine_tune", R"({"model": "a", "recipe": "r", "data": CID, "name": "x"})", "license"},
        {"fine_tune", R"({"model": "a", "recipe": "r", "data": CID, "parameters": {"a": []}})",
         "parameters"},
        {"fine_tune", R"({"model": "a", "recipe": "r", "data": CID, "max_stack_ppm": 1000001})",
         "max_stack_ppm"},
    };
    for (const auto& [kind, text, member] : rows) {
        const auto job = parse_job(kind, with(text));
        ASSERT_FALSE(job) << text;
        EXPECT_EQ(job.error().hint, member) << text << ": " << job.error().message;
    }
    EXPECT_EQ(parse_job("shell", "{}").error().code, ErrorCode::kUnsupported);
    EXPECT_FALSE(parse_job("proof", "[]"));
    EXPECT_FALSE(parse_job("proof", "{"));
    EXPECT_EQ(parse_job("proof", std::string(kMaxDataBytes + 1, ' ')).error().code,
              ErrorCode::kOutOfRange);
}

TEST(JobData, AProofIsOfOneJob) {
    EXPECT_NE(default_context("a"), default_context("b"));
}

}  // namespace
}  // namespace mintmark::jobs
