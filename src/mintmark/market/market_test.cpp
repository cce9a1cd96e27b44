#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mintmark/market/amount.hpp"
#include "mintmark/market/contract_errors.hpp"
#include "mintmark/market/request.hpp"

namespace mintmark::market {
namespace {

using chain::U256;

TEST(Amount, ReadsUnits) {
    EXPECT_EQ(*parse_amount("1.5ETH"), U256(1'500'000'000'000'000'000U));
    EXPECT_EQ(*parse_amount("0.001"), U256(1'000'000'000'000'000U));
    EXPECT_EQ(*parse_amount("20 gwei"), U256(20'000'000'000U));
    EXPECT_EQ(*parse_amount("7 wei"), U256(7));
    EXPECT_EQ(*parse_price("0.5 wei"), U256(500'000'000'000U));
}

TEST(Amount, RefusesNonsense) {
    for (const char* text : {"", "ETH", "1 BTC", "-1", "1.5 wei", "1e3", "0x10", "1.2.3"}) {
        const auto value = parse_amount(text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().code, ErrorCode::kInvalidArgument) << text;
    }
}

TEST(Amount, WritesWhatItReads) {
    EXPECT_EQ(format_amount(U256(1'300'000'000'000'000U)), "0.0013 ETH");
    EXPECT_EQ(format_price(*parse_price("0.0013ETH")), "0.0013 ETH");
}

TEST(ContractErrors, AllParse) {
    EXPECT_GT(contract_errors().size(), 70U);
    for (const chain::AbiError& error : contract_errors()) EXPECT_FALSE(error.name.empty());
}

TEST(ContractErrors, RevertGetsItsMeaning) {
    // AccessPass_PriceAboveMax(uint256,uint256) with 5 and 3.
    const auto four = chain::selector("AccessPass_PriceAboveMax(uint256,uint256)");
    Bytes data(four.begin(), four.end());
    append(data, U256(5).to_bytes());
    append(data, U256(3).to_bytes());
    const std::string text = chain::describe_revert(data, contract_errors());
    const Error error = explain({ErrorCode::kChain, "reverted: " + text, ""});
    EXPECT_EQ(error.code, ErrorCode::kPriceExceeded);
    EXPECT_THAT(error.message, testing::HasSubstr("price: 5"));
    EXPECT_FALSE(error.hint.empty());
}

TEST(ContractErrors, OtherErrorsStay) {
    const Error error = explain({ErrorCode::kNetwork, "AccessPass_Expired(", ""});
    EXPECT_EQ(error.code, ErrorCode::kNetwork);
}

Request sample_request() {
    Request out;
    out.version = {1, 2};
    out.pass = 3;
    out.input_commitment.fill(0x44);
    out.nonce = U256(5);
    out.deadline = 6;
    return out;
}

TEST(Request, JsonRoundTrip) {
    const auto back = Request::from_json(sample_request().to_json());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->to_json(), sample_request().to_json());
    EXPECT_FALSE(Request::from_json({{"modelId", 1}}));
}

TEST(Request, DigestBindsEveryField) {
    chain::Deployment deployment;
    deployment.chain_id = 31337;
    deployment.contracts["VerifierRouter"] = Address{1};
    const Bytes32 digest = *sample_request().digest(deployment);
    std::vector<Request> others(6, sample_request());
    others[0].version.model = 9;
    others[1].version.version = 9;
    others[2].pass = 9;
    others[3].input_commitment[0] = 9;
    others[4].nonce = U256(9);
    others[5].deadline = 9;
    for (const Request& other : others) EXPECT_NE(*other.digest(deployment), digest);
    deployment.chain_id = 1;
    EXPECT_NE(*sample_request().digest(deployment), digest);
    deployment.contracts.clear();
    EXPECT_FALSE(sample_request().digest(deployment));
}

}  // namespace
}  // namespace mintmark::market
