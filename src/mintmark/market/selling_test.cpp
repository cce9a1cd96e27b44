// Digests and bills against contracts/test/vectors/selling/selling.json, which Python computed and
// Solidity reads, too.
#include <gtest/gtest.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/gates.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/market/rates.hpp"

namespace mintmark::market {
namespace {

using chain::U256;
using json::Json;

class Selling : public testing::Test {
  protected:
    void SetUp() override {
        auto read =
            json::read(std::filesystem::path(MINTMARK_CONTRACT_VECTORS) / "selling/selling.json");
        ASSERT_TRUE(read) << read.error().message;
        vectors = std::move(*read);
        deployment.chain_id = *json::get_u64(vectors, "chainId");
        for (const auto& [name, address] : vectors["contracts"].items()) {
            deployment.contracts[name] = *chain::parse_address(address.get<std::string>());
        }
    }

    static U256 number(const Json& value, const char* key) {
        return *U256::parse(*json::get_string(value, key));
    }
    static std::uint64_t small(const Json& value, const char* key) {
        return number(value, key).to_u64().value();
    }
    static Address account(const Json& value, const char* key) {
        return *chain::parse_address(*json::get_string(value, key));
    }
    static Bytes32 word(const Json& value, const char* key) {
        return *bytes32_from_hex(*json::get_string(value, key));
    }

    Json vectors;
    chain::Deployment deployment;
};

TEST_F(Selling, Vouchers) {
    for (const Json& v : vectors["voucher"]) {
        Voucher voucher;
        voucher.channel = {account(v, "buyer"), account(v, "provider"), account(v, "token")};
        voucher.version = {small(v, "modelId"), small(v, "versionId")};
        voucher.cumulative = number(v, "cumulative");
        voucher.valid_until = small(v, "validUntil");
        voucher.receipt_root = word(v, "receiptRoot");
        EXPECT_EQ(voucher.channel.id(), word(v, "channelId"));
        EXPECT_EQ(*voucher.digest(deployment), word(v, "digest"));
        const auto back = Voucher::from_json(voucher.to_json());
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->to_json(), voucher.to_json());
    }
}

TEST_F(Selling, Closes) {
    for (const Json& v : vectors["close"]) {
        const CloseConsent consent{word(v, "channelId"), number(v, "settled"), small(v, "nonce"),
                                   small(v, "deadline")};
        EXPECT_EQ(*consent.digest(deployment), word(v, "digest"));
    }
}

TEST_F(Selling, UsagesOfPasses) {
    for (const Json& v : vectors["passUsage"]) {
        const PassUsage usage{small(v, "passId"), small(v, "cumulative"), small(v, "validUntil"),
                              account(v, "node"), word(v, "receiptRoot")};
        EXPECT_EQ(*usage.digest(deployment), word(v, "digest"));
    }
}

TEST_F(Selling, UsagesOfQuotas) {
    for (const Json& v : vectors["quotaUsage"]) {
        QuotaUsage usage;
        usage.gate = small(v, "gateId");
        usage.version = small(v, "versionId");
        usage.key = number(v, "key");
        usage.epoch = small(v, "epoch");
        usage.provider = account(v, "provider");
        usage.cumulative = small(v, "cumulative");
        usage.receipt_root = word(v, "receiptRoot");
        EXPECT_EQ(*usage.digest(deployment), word(v, "digest"));
        const auto back = QuotaUsage::from_json(usage.to_json());
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(back->to_json(), usage.to_json());
    }
}

TEST_F(Selling, Quotes) {
    for (const Json& v : vectors["quote"]) {
        PriceQuote quote;
        quote.version = {small(v, "modelId"), small(v, "versionId")};
        quote.buyer = account(v, "buyer");
        quote.token = account(v, "token");
        quote.amount = number(v, "amount");
        quote.unit = static_cast<Unit>(small(v, "unit"));
        quote.units = small(v, "units");
        quote.days = small(v, "numDays");
        quote.nonce = number(v, "nonce");
        quote.deadline = small(v, "deadline");
        EXPECT_EQ(*quote.digest(deployment), word(v, "digest"));
    }
}

TEST_F(Selling, Bills) {
    for (const Json& v : vectors["bill"]) {
        RateCard card;
        Usage usage = {};
        for (std::size_t i = 0; i < kUnits; ++i) {
            card.rates[i] = U256::parse(v["rates"][i].get<std::string>())->to_u64().value();
            usage[i] = U256::parse(v["usage"][i].get<std::string>())->to_u64().value();
        }
        card.minimum = small(v, "minimum");
        card.free_units = v["freeUnits"].get<std::uint16_t>();
        card.discount_ppm = v["discountPpm"].get<std::uint32_t>();
        const auto usd =
            bill(card, usage, v["multiplierPpm"].get<std::uint32_t>(), Tariff::kHolder);
        ASSERT_TRUE(usd) << usd.error().message;
        EXPECT_EQ(*usd, number(v, "usd"));
    }
}

TEST(Rates, UnitWithoutPriceIsNotFree) {
    RateCard card;
    card.rates[0] = 1;
    Usage usage = {};
    EXPECT_EQ(bill(card, usage, 1'000'000, Tariff::kPublic).error().code,
              ErrorCode::kInvalidArgument);
    usage[1] = 1;
    EXPECT_EQ(bill(card, usage, 1'000'000, Tariff::kPublic).error().code, ErrorCode::kRejected);
    usage = {(std::uint64_t{1} << 56U) + 1};
    EXPECT_EQ(bill(card, usage, 1'000'000, Tariff::kPublic).error().code, ErrorCode::kOutOfRange);
}

TEST(Rates, ReadsDollars) {
    EXPECT_EQ(*parse_rate("0.05/M"), 50'000U);
    EXPECT_EQ(*parse_rate("0.01"), 10'000'000'000U);
    EXPECT_EQ(*parse_rate("0.000001/M"), 1U);
    EXPECT_EQ(format_rate(50'000), "$0.05/M");
    for (const char* text : {"", "x", "-1", "0.0000001/M", "1e3", "99999999999/M/M"}) {
        EXPECT_FALSE(parse_rate(text)) << text;
    }
}

TEST(Voucher, TotalsBeyond128BitsAreRefused) {
    Voucher voucher;
    voucher.cumulative = *U256::parse("0x100000000000000000000000000000000");
    const auto back = Voucher::from_json(voucher.to_json());
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, ErrorCode::kOutOfRange);
    EXPECT_FALSE(Voucher::from_json({{"buyer", 1}}));
}

}  // namespace
}  // namespace mintmark::market
