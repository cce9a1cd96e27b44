// Digests, prices and splits against contracts/test/vectors/selling, which Python computed and
// Solidity and TypeScript read, too.
#include <gtest/gtest.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/gates.hpp"
#include "mintmark/market/licensing.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/market/rates.hpp"
#include "mintmark/market/request.hpp"
#include "mintmark/market/waterfall.hpp"

namespace mintmark::market {
namespace {

using chain::U256;
using json::Json;

class Selling : public testing::Test {
  protected:
    void SetUp() override {
        vectors = json::Json::object();
        for (const char* name : {"selling.json", "rights.json"}) {
            const auto folder = std::filesystem::path(MINTMARK_CONTRACT_VECTORS) / "selling";
            auto read = json::read(folder / name);
            ASSERT_TRUE(read) << read.error().message;
            vectors.update(*read);
        }
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

TEST_F(Selling, Requests) {
    for (const Json& v : vectors["request"]) {
        Request request;
        request.version = {small(v, "modelId"), small(v, "versionId")};
        request.pass = small(v, "passId");
        request.input_commitment = word(v, "inputCommitment");
        request.nonce = number(v, "nonce");
        request.deadline = small(v, "deadline");
        EXPECT_EQ(*request.digest(deployment), word(v, "digest"));
    }
}

TEST_F(Selling, Approvals) {
    for (const Json& v : vectors["approval"]) {
        Approval approval;
        approval.child = small(v, "child");
        approval.parent = {small(v, "parent"), small(v, "versionId")};
        approval.license = small(v, "licenseId");
        approval.relation = static_cast<Relation>(small(v, "relation"));
        approval.deadline = small(v, "deadline");
        approval.signature = {1, 2, 3};
        EXPECT_EQ(*approval.digest(deployment), word(v, "digest"));
        const auto back = Approval::from_json(approval.to_json());
        ASSERT_TRUE(back) << back.error().message;
        EXPECT_EQ(*back->digest(deployment), word(v, "digest"));
        EXPECT_EQ(back->signature, approval.signature);
    }
    EXPECT_FALSE(Approval::from_json({{"child", 1}}));
}

TEST_F(Selling, PassPrices) {
    for (const Json& v : vectors["passPrice"]) {
        const auto wei = pass_price(number(v, "perCall"), v["calls"].get<std::uint64_t>(),
                                    number(v, "perDay"), v["days"].get<std::uint64_t>());
        ASSERT_TRUE(wei) << wei.error().message;
        EXPECT_EQ(*wei, number(v, "wei"));
    }
    EXPECT_FALSE(pass_price(*U256::parse("0x" + std::string(64, 'f')), 2, {}, 0));
}

TEST_F(Selling, Splits) {
    for (const Json& v : vectors["split"]) {
        const auto cell = [&](const char* column, std::size_t row) {
            return U256::parse(v[column][row].get<std::string>()).value();
        };
        const auto rate = [&](std::size_t i) { return cell("rates", i).to_u64().value(); };
        const SplitRates rates = {rate(0), rate(1), rate(2), rate(3)};
        SplitState state;
        for (std::size_t i = 0; i < v["amount"].size(); ++i) {
            const auto parts = split_amount(state, cell("amount", i), rates);
            ASSERT_TRUE(parts) << parts.error().message;
            EXPECT_EQ(parts->platform, cell("platform", i));
            EXPECT_EQ(parts->royalties, cell("royalties", i));
            EXPECT_EQ(parts->node, cell("node", i));
            EXPECT_EQ(parts->vault, cell("vault", i));
            EXPECT_EQ(parts->creator, cell("creator", i));
        }
    }
}

TEST(Waterfall, WhatNoContractKeepsIsRefused) {
    SplitState state;
    EXPECT_FALSE(split_amount(state, U256(5U), {.platform = 1'000'001}));
    EXPECT_FALSE(split_amount(state, *U256::parse("0x1" + std::string(32, '0')), {}));
    state.royalty_base = *U256::parse("0x" + std::string(32, 'f'));
    EXPECT_FALSE(split_amount(state, U256(5U), {.royalties = 1}));
    EXPECT_EQ(state.platform_carry, 0U);
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
