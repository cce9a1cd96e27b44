#include "mintmark/market/foreign_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/market/proof_systems.hpp"
#include "mintmark/market/registry.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark::market {
namespace {

using json::Json;

std::string little_endian(Bytes32 word) {
    std::ranges::reverse(word);
    return to_hex(word).substr(2);
}

Bytes32 small(std::uint64_t value) {
    return Fr::from_u64(value).to_bytes();
}

TEST(ProofSystems, HaveNamesIdsAndContracts) {
    for (const ProofSystem& system : proof_systems()) {
        EXPECT_EQ(proof_system_name(proof_system_id(system.name)), system.name);
        EXPECT_EQ(find_proof_system(system.name)->contract, system.contract);
    }
    EXPECT_EQ(proof_system_name({1, 2, 3, 4}), "0x01020304");
    EXPECT_EQ(find_proof_system("mintmark-flat-v0").error().code, ErrorCode::kUnsupported);
}

TEST(Ezkl, ContextIsTakenOutOfTheInstances) {
    Bytes32 context = {};
    context.fill(0xff);  // above the field: ezkl has it reduced
    const Bytes32 reduced = Fr::from_bytes_reduce(context).to_bytes();
    const std::vector<Bytes32> full = {small(1), reduced, small(2), reduced};
    Json file = {{"instances", Json::array({Json::array()})}, {"proof", {1, 2, 255}}};
    for (const Bytes32& word : full) file["instances"][0].push_back(little_endian(word));
    const EzklTerms bound{.input_words = 1, .context_at = 1, .echo_at = 3};
    const auto made = from_ezkl(file, bound, context);
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->instances, (std::vector<Bytes32>{small(1), small(2)}));
    EXPECT_EQ(made->proof, (Bytes{1, 2, 255}));
    EXPECT_EQ(from_ezkl(file, bound, small(9)).error().code, ErrorCode::kRejected);
    const EzklTerms unbound{.input_words = 4};
    EXPECT_EQ(from_ezkl(file, unbound, small(9))->instances, full);
    file["proof"] = "0x0102ff";
    EXPECT_EQ(from_ezkl(file, bound, context)->proof, (Bytes{1, 2, 255}));
    EXPECT_EQ(from_ezkl(file, {.input_words = 5}, context).error().code, ErrorCode::kMalformed);
}

TEST(Ezkl, MalformedFilesAreRefused) {
    const Json good = {{"instances", Json::array({Json::array({little_endian(small(1))})})},
                       {"proof", {1}}};
    ASSERT_TRUE(from_ezkl(good, {.input_words = 1}, {}));
    for (const auto& [key, value] : {std::pair<const char*, Json>{"proof", {256}},
                                     {"proof", {-1}},
                                     {"proof", nullptr},
                                     {"instances", 7},
                                     {"instances", {7}},
                                     {"instances", Json::array({{"0x12"}})}}) {
        Json bad = good;
        bad[key] = value;
        EXPECT_FALSE(from_ezkl(bad, {.input_words = 1}, {})) << key << ' ' << value;
    }
}

TEST(RiscZero, JournalsBeginWithTheirContext) {
    const Bytes32 context = small(77);
    Bytes journal(context.begin(), context.end());
    for (std::uint8_t i = 1; i <= 40; ++i) journal.push_back(i);
    const RiscZeroTerms bound{.input_words = 1, .journal_bytes = 40, .is_bound = true};
    const auto made = from_risc_zero(journal, {9}, bound, context);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_EQ(made->instances.size(), 2U);
    EXPECT_EQ(made->instances[0][0], 1);
    EXPECT_EQ(made->instances[1][7], 40);
    EXPECT_EQ(made->instances[1][8], 0) << "the last word is filled with zeros";
    EXPECT_EQ(from_risc_zero(journal, {9}, bound, small(78)).error().code, ErrorCode::kRejected);
    journal.pop_back();
    EXPECT_EQ(from_risc_zero(journal, {9}, bound, context).error().code, ErrorCode::kRejected);
    const RiscZeroTerms unbound{.input_words = 1, .journal_bytes = 71};
    EXPECT_EQ(from_risc_zero(journal, {9}, unbound, small(1))->instances.size(), 3U);
}

}  // namespace
}  // namespace mintmark::market
