// Signatures under others' domains against contracts/test/vectors/selling/signed.json, which Python
// computed and Solidity reads, too.
#include <gtest/gtest.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/market/signed_deposits.hpp"
#include "mintmark/market/signed_quotes.hpp"
#include "mintmark/market/signed_votes.hpp"

namespace mintmark::market {
namespace {

using chain::U256;
using json::Json;

constexpr std::uint64_t kChain = 31'337;

class Signed : public testing::Test {
  protected:
    void SetUp() override {
        auto read = json::read(std::filesystem::path(MINTMARK_CONTRACT_VECTORS) / "selling" /
                               "signed.json");
        ASSERT_TRUE(read) << read.error().message;
        vectors = *std::move(read);
    }
    static U256 number(const Json& value, const char* key) {
        return *U256::parse(*json::get_string(value, key));
    }
    static Address account(const Json& value, const char* key) {
        return *chain::parse_address(*json::get_string(value, key));
    }
    static Bytes32 word(const Json& value, const char* key) {
        return *bytes32_from_hex(*json::get_string(value, key));
    }
    Json vectors;
};

TEST_F(Signed, Deposits) {
    ASSERT_FALSE(vectors["deposit"].empty());
    const Address channels = account(vectors["contracts"], "PaymentChannels");
    const Address permit2 = *chain::parse_address("0x000000000022D473030F116dDEE9F6B43aC78BA3");
    for (const Json& v : vectors["deposit"]) {
        SignedDeposit made;
        made.channel = {account(v, "buyer"), account(v, "provider"), account(v, "token")};
        made.amount = number(v, "amount");
        made.way = *parse_deposit_way(v["with"].get<std::string>());
        made.nonce = number(v, "nonce");
        made.deadline = number(v, "deadline").to_u64().value();
        const chain::TypedDataDomain token{"USD Coin", "1", kChain, made.channel.token};
        EXPECT_EQ(made.digest(token.separator(), channels, permit2, kChain), word(v, "digest"));
        made.signature = {1, 2, 3};
        const auto back = SignedDeposit::from_json(made.to_json());
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->to_json(), made.to_json());
    }
    EXPECT_FALSE(parse_deposit_way("cheque"));
    EXPECT_FALSE(SignedDeposit::from_json({{"with", "permit"}}));
}

TEST_F(Signed, Ballots) {
    ASSERT_FALSE(vectors["ballot"].empty());
    for (const Json& v : vectors["ballot"]) {
        const Ballot ballot{number(v, "proposal"), static_cast<Vote>(v["support"].get<unsigned>()),
                            account(v, "voter"), number(v, "nonce")};
        EXPECT_EQ(ballot.digest(account(v, "governor"), kChain), word(v, "digest"));
    }
}

TEST_F(Signed, Delegations) {
    ASSERT_FALSE(vectors["delegation"].empty());
    for (const Json& v : vectors["delegation"]) {
        const Delegation delegation{account(v, "from"), account(v, "to"), number(v, "nonce"),
                                    number(v, "expiry").to_u64().value()};
        const chain::TypedDataDomain token{"Mintmark", "1", kChain, account(v, "token")};
        EXPECT_EQ(delegation.digest(token.separator()), word(v, "digest"));
    }
}

TEST(SignedQuotes, SurviveTheirFile) {
    SignedQuote made;
    made.quote.version = {7, 2};
    made.quote.amount = *U256::parse("123456789012345678901234567890");
    made.quote.unit = Unit::kImage;
    made.quote.units = 5;
    made.quote.days = 9;
    made.quote.nonce = *U256::parse("0x" + std::string(64, 'f'));
    made.quote.deadline = 1'800'000'000;
    made.signature = {4, 5, 6};
    const auto back = SignedQuote::from_json(made.to_json());
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->to_json(), made.to_json());
    EXPECT_FALSE(SignedQuote::from_json({{"modelId", 1}}));
}

}  // namespace
}  // namespace mintmark::market
