// The plan's language, and the plan itself.
#include "mintmark/market/deploy_plan.hpp"

#include <gtest/gtest.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/create2.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::market {
namespace {

using chain::AbiType;
using chain::AbiValue;
using chain::U256;

Result<DeployPlan> shipped() {
    const std::filesystem::path vectors = MINTMARK_CONTRACT_VECTORS;  // contracts/test/vectors
    return DeployPlan::beside(vectors.parent_path().parent_path() / "out");
}

// EIP-1014's examples use other creators; this one is the proxy's, computed with `cast create2`.
TEST(Create2, AddressOfSaltAndCode) {
    const Bytes code = {0x60, 0x00, 0x60, 0x00, 0xf3};
    const Bytes32 salt = keccak256(as_bytes("mintmark-1"));
    EXPECT_EQ(chain::to_checksum(chain::create2_address(salt, code)),
              "0xB54Ed96d5007FAF808CF26801a3C7AFD08828313");
    EXPECT_EQ(chain::to_checksum(chain::create2_proxy()),
              "0x4e59b44847b379578588920cA78FbF26c0B4956C");
}

TEST(DeployPlan, EveryNameIsMadeBeforeItIsUsed) {
    const auto plan = shipped();
    ASSERT_TRUE(plan) << plan.error().message;
    PlanNames names;
    for (const auto* list : {&plan->economy, &plan->governance}) {
        for (const PlanStep& step : *list) {
            std::vector<std::string> used = step.arguments;
            used.insert(used.end(), step.done_arguments.begin(), step.done_arguments.end());
            if (!step.equals.empty()) used.push_back(step.equals);
            if (!step.function.empty()) used.push_back("@" + step.contract);
            for (const std::string& argument : used) {
                if (argument[0] == '$') names.parameters[argument.substr(1)] = AbiValue(1U);
                EXPECT_TRUE(names.value(argument)) << step.contract << ' ' << argument;
            }
            if (step.function.empty()) names.contracts[step.contract] = {1};
        }
    }
    EXPECT_EQ(names.contracts.size(), 29U);
}

TEST(DeployPlan, ArgumentsBecomeValues) {
    PlanNames names;
    names.parameters["delay"] = AbiValue(std::uint64_t{7});
    names.contracts["Registry"] = {1, 2, 3};
    EXPECT_EQ(*names.value("$delay")->as_u256(), U256(7U));
    EXPECT_EQ(*names.value("@Registry")->as_address(), (Address{1, 2, 3}));
    EXPECT_EQ(*names.value("=pause()")->as_text(), "pause()");
    EXPECT_EQ(*names.value("%X")->as_bytes32(), keccak256(as_bytes("X")));
    EXPECT_EQ(names.value("#pause() unpause()")->as_items()->size(), 2U);
    EXPECT_EQ(to_hex(*names.value("&transfer(address,uint256)")->as_bytes()), "0xa9059cbb");
    EXPECT_EQ(names.value("[]")->as_items()->size(), 0U);
    EXPECT_EQ(names.value("$other").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(names.value("@Other").error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(names.value(""));
    EXPECT_FALSE(names.value("text"));
    EXPECT_FALSE(names.word("=text of no word"));
}

TEST(DeployPlan, FlatArgumentsAreGroupedByTheirTypes) {
    const PlanNames names;
    const std::vector<AbiType> types = {*AbiType::parse("(uint64,uint64)"),
                                        *AbiType::parse("uint256[2]"), *AbiType::parse("bytes32")};
    const auto values = names.values(types, {"1", "2", "3", "4", "0"});
    ASSERT_TRUE(values) << values.error().message;
    EXPECT_EQ(values->size(), 3U);
    EXPECT_TRUE(chain::encode_values(types, *values));
    EXPECT_FALSE(names.values(types, {"1", "2", "3", "4"}));
    EXPECT_FALSE(names.values(types, {"1", "2", "3", "4", "0", "6"}));
    EXPECT_EQ(argument_types("pause()")->size(), 0U);
    EXPECT_FALSE(argument_types("pause"));
}

TEST(DeployPlan, OtherFormatsAreRefused) {
    EXPECT_EQ(DeployPlan::from_json({{"format", 2}}).error().code, ErrorCode::kUnsupported);
    EXPECT_FALSE(DeployPlan::from_json({{"format", 1}, {"salt", "s"}}));
    const json::Json step = {{"call", "A"},
                             {"function", "f()"},
                             {"args", json::Json::array()},
                             {"done", "g()"},
                             {"doneArgs", json::Json::array()},
                             {"equals", "1"},
                             {"unless", {"1"}}};
    EXPECT_FALSE(DeployPlan::from_json({{"format", 1},
                                        {"salt", "s"},
                                        {"economy", json::Json::array({step})},
                                        {"governance", json::Json::array()}}));
}

}  // namespace
}  // namespace mintmark::market
