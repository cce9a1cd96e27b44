// The parts of the gateway that need no network: configuration, sign-in, calls, prices, receipts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "mintmark/chain/address.hpp"
#include "mintmark/gateway/config.hpp"
#include "mintmark/gateway/entitlements.hpp"
#include "mintmark/gateway/openai.hpp"
#include "mintmark/gateway/query.hpp"
#include "mintmark/gateway/receipt.hpp"
#include "mintmark/gateway/siwe.hpp"

namespace mintmark::gateway {
namespace {

using market::Unit;
using ::testing::HasSubstr;

constexpr std::string_view kAddress = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";

std::string siwe(std::string_view nonce = "32891756", std::string_view tail = "") {
    return "service.org wants you to sign in with your Ethereum account:\n" +
           std::string(kAddress) +
           "\n\nI accept the ServiceOrg Terms of Service: https://service.org/tos\n\n"
           "URI: https://service.org/login\nVersion: 1\nChain ID: 1\nNonce: " +
           std::string(nonce) + "\nIssued At: 2021-09-30T16:25:24.000Z" + std::string(tail);
}

TEST(Siwe, TheMessageOfTheEip) {
    const auto message = SiweMessage::parse(
        siwe("32891756",
             "\nExpiration Time: 2021-09-30T18:25:24+02:00\nRequest ID: a-1\nResources:\n"
             "- ipfs://bafybei/\n- https://example.com/my-web2-claim.json"));
    ASSERT_TRUE(message.has_value()) << message.error().message;
    EXPECT_EQ(message->domain, "service.org");
    EXPECT_EQ(chain::to_checksum(message->address), kAddress);
    EXPECT_EQ(message->nonce, "32891756");
    EXPECT_EQ(message->issued_at, 1'633'019'124);
    EXPECT_EQ(message->expiration_time, 1'633'019'124);
    EXPECT_EQ(message->resources.size(), 2U);
    EXPECT_TRUE(SiweMessage::parse("https://service.org:8080" + siwe().substr(11)).has_value());
}

TEST(Siwe, NothingButTheGrammar) {
    const std::string good = siwe();
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string text = good;
        text.replace(text.find(from), from.size(), to);
        return text;
    };
    const std::vector<std::string> bad = {
        "",
        good + "\n",
        good + "\nNonce: 99999999",
        " " + good,
        siwe("3289175"),
        siwe("3289175-6"),
        siwe("32891756 "),
        siwe("other\nNonce: 32891756"),
        siwe("32891756", "\nResources:\n- no uri"),
        siwe("32891756", "\nRequest ID: a\nNot Before: 2021-09-30T16:25:24Z"),
        with("Version: 1", "Version: 2"),
        with("Chain ID: 1", "Chain ID: 0x1"),
        with("Chain ID: 1", "Chain ID: -1"),
        with("URI: https://service.org/login", "URI: service.org/login"),
        with("service.org wants", "service org wants"),
        with(kAddress, "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"),
        with("2021-09-30T", "2021-02-30T"),
        with("16:25:24.000Z", "16:25:24"),
        with("\n\nI accept", "\nI accept"),
        with("Terms", "Te\x01rms"),
    };
    for (const std::string& text : bad) EXPECT_FALSE(SiweMessage::parse(text).has_value()) << text;
}

TEST(Siwe, ExpectationsHold) {
    const SiweMessage message = SiweMessage::parse(siwe()).value();
    const SiweExpectation good{"service.org", "https://service.org/login", 1, 1'633'019'200};
    EXPECT_TRUE(check_siwe(message, good).has_value());
    for (int i = 0; i < 4; ++i) {
        SiweExpectation other = good;
        if (i == 0) other.domain = "service.org.evil";
        if (i == 1) other.uri += "/";
        if (i == 2) other.chain_id = 5;
        if (i == 3) other.now = 1'633'000'000;
        EXPECT_FALSE(check_siwe(message, other).has_value()) << i;
    }
}

ModelConfig model(std::uint64_t most = 100) {
    ModelConfig out;
    out.id = "m";
    out.upstream_model = "up";
    out.max_output_tokens = most;
    return out;
}

TEST(Calls, TheWorstCaseIsNeverBelowTheUse) {
    auto call = read_call(
        Endpoint::kChat,
        R"({"model":"m","n":3,"max_tokens":20,"messages":[{"content":"hello world"}]})", 16);
    ASSERT_TRUE(call.has_value());
    ASSERT_TRUE(bound_output(*call, model()).has_value());
    const market::Usage worst = worst_case(*call);
    EXPECT_EQ(worst[static_cast<std::size_t>(Unit::kOutputToken)], 60U);
    EXPECT_GE(worst[static_cast<std::size_t>(Unit::kInputToken)], 11U);
    EXPECT_THAT(upstream_body(*call, model()), HasSubstr(R"("model":"up")"));
    auto open_end = read_call(Endpoint::kChat, R"({"model":"m","messages":[{}]})", 16);
    ASSERT_TRUE(bound_output(*open_end, model()).has_value());
    EXPECT_THAT(upstream_body(*open_end, model()), HasSubstr(R"("max_tokens":100)"));
}

TEST(Calls, AServerReadsNoLimitAboveWhatIsReserved) {
    // llama.cpp prefers n_predict to max_tokens; others read max_completion_tokens, or the last
    // one.
    const auto reserved = [](std::string body) {
        auto call = read_call(Endpoint::kChat, std::move(body), 16).value();
        EXPECT_TRUE(bound_output(call, model()).has_value());
        return std::pair(call.max_output, upstream_body(call, model()));
    };
    const std::string start = R"({"model":"m","messages":[{}],)";
    EXPECT_EQ(reserved(start + R"("max_tokens":1,"n_predict":90})").first, 90U);
    EXPECT_EQ(reserved(start + R"("max_completion_tokens":1,"max_tokens":90})").first, 90U);
    const auto [most, sent] = reserved(start + R"("max_tokens":null})");
    EXPECT_EQ(most, 100U);
    EXPECT_THAT(sent, HasSubstr(R"("max_tokens":100)"));
    EXPECT_EQ(reserved(start + R"("max_tokens":1,"max_tokens":80})").first, 80U);
    for (const char* bad : {R"("n_predict":-1})", R"("max_tokens":1e9})", R"("n_predict":101})"}) {
        auto call = read_call(Endpoint::kChat, start + bad, 16).value();
        EXPECT_FALSE(bound_output(call, model()).has_value()) << bad;
    }
}

TEST(Calls, AStreamIsAskedForItsUsage) {
    for (const char* options :
         {"", R"(,"stream_options":null)", R"(,"stream_options":{})",
          R"(,"stream_options":{"include_usage":false,"x":1})", R"(,"stream_options":7)"}) {
        auto call =
            read_call(Endpoint::kChat,
                      std::string(R"({"model":"m","stream":true,"messages":[{}])") + options + "}",
                      16)
                .value();
        ASSERT_TRUE(bound_output(call, model()).has_value());
        const auto sent = json::parse(upstream_body(call, model()));
        ASSERT_TRUE(sent.has_value());
        EXPECT_EQ((*sent)["stream_options"]["include_usage"], true) << options;
        EXPECT_EQ((*sent)["model"], "up");
    }
}

TEST(Calls, TheCostStandsInTheUsageWhateverWasThere) {
    const CostText cost = {"0.5", R"({"a":1})"};
    EXPECT_EQ(usage_with_cost(R"({"x":1})", cost), R"({"x":1,"cost":0.5,"cost_details":{"a":1}})");
    EXPECT_EQ(usage_with_cost(R"({"cost":0,"cost_details":null})", cost),
              R"({"cost":0.5,"cost_details":{"a":1}})");
    for (const char* told :
         {R"({})", R"({"x":1})", R"( {"x":{"cost":2} } )", R"({"cost":9})",
          R"({"cost_details":{},"x":[]})", R"({"c\u006fst":9})", R"([1])", "3"}) {
        const auto document = json::Document::read(told).value();
        const std::string slow = usage_with_cost(std::string(told), cost);
        EXPECT_EQ(json::parse(usage_with_cost(document.root(), cost)).value(),
                  json::parse(slow).value())
            << told;
    }
}

TEST(Calls, UsageIsWrittenAsTheReceiptsHaveIt) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200; ++round) {
        market::Usage usage = {};
        for (auto& quantity : usage) quantity = random() % 3 == 0 ? random() : 0;
        EXPECT_EQ(usage_text(usage), json::compact(usage_json(usage)));
    }
}

TEST(Calls, UsageOfAnUpstream) {
    const Call call = read_call(Endpoint::kChat, R"({"model":"m","messages":[{}]})", 16).value();
    const auto usage = [&](std::string_view text) {
        return reported_usage(call, json::Document::read(std::string(text)).value().root());
    };
    EXPECT_FALSE(usage("{}").has_value());
    EXPECT_FALSE(usage(R"({"usage":null})").has_value());
    EXPECT_FALSE(usage(R"({"usage":{"prompt_tokens":0,"completion_tokens":0}})").has_value())
        << "unknown, not free";
    EXPECT_FALSE(usage(R"({"usage":{"prompt_tokens":-5}})").has_value());
    const auto detailed = usage(R"({"usage":{"prompt_tokens":10,"completion_tokens":8,)"
                                R"("prompt_tokens_details":{"cached_tokens":99},)"
                                R"("completion_tokens_details":{"reasoning_tokens":3}}})");
    ASSERT_TRUE(detailed.has_value());
    EXPECT_EQ((*detailed)[static_cast<std::size_t>(Unit::kInputToken)], 0U);
    EXPECT_EQ((*detailed)[static_cast<std::size_t>(Unit::kCachedInputToken)], 10U);
    EXPECT_EQ((*detailed)[static_cast<std::size_t>(Unit::kReasoningToken)], 3U);
}

TEST(Prices, AreExactAndRoundedUpOnce) {
    market::RateCard card;
    card.rates[static_cast<std::size_t>(Unit::kInputToken)] = 50'000;  // $0.05 per million
    card.rates[static_cast<std::size_t>(Unit::kOutputToken)] = 200'000;
    market::Usage usage = {};
    usage[static_cast<std::size_t>(Unit::kCall)] = 1;
    usage[static_cast<std::size_t>(Unit::kInputToken)] = 40'000;
    usage[static_cast<std::size_t>(Unit::kReasoningToken)] = 1'000;
    EXPECT_EQ(price_in_pico_usd(card, usage).value(), 2'200'000'000U);
    usage[static_cast<std::size_t>(Unit::kImage)] = 1;
    EXPECT_FALSE(price_in_pico_usd(market::RateCard{}, usage).has_value())
        << "no price is not the price zero";
    EXPECT_EQ(dollars_text(2'200'000'000U), "0.0022");
}

TEST(Prices, InATokenRoundUp) {
    Entitlement channel;
    channel.kind = Entitlement::Kind::kChannel;
    channel.price = {.answer = 250'000'000'000, .feed_decimals = 8, .decimals = 18};
    // 10^-27 dollar is less than a wei: still one wei.
    EXPECT_EQ(channel.units_of({}, 1U).value(), ledger::Amount(1U));
    const auto dollar = chain::U256::parse("1000000000000000000000000000").value();
    EXPECT_EQ(channel.units_of({}, dollar).value(), ledger::Amount(400'000'000'000'000U));
    channel.price = {.answer = 100'000'000, .feed_decimals = 8, .decimals = 6};
    EXPECT_EQ(channel.units_of({}, dollar).value(), ledger::Amount(1'000'000U));
}

TEST(Errors, HaveTheApisShape) {
    EXPECT_EQ(error_envelope(402, "no \"money\"", "insufficient_quota"),
              R"({"error":{"message":"no \"money\"","type":"insufficient_quota",)"
              R"("param":null,"code":"insufficient_quota"}})");
}

TEST(Query, FieldsAsTheUrlStandardHasThem) {
    const auto fields = parse_query("a=1&&b=x+y%20%C3%a9&c&d=").value();
    const QueryFields wanted = {{"a", "1"}, {"b", "x y \xc3\xa9"}, {"c", ""}, {"d", ""}};
    EXPECT_EQ(fields, wanted);
    EXPECT_TRUE(parse_query("").value().empty());
    for (const char* bad : {"a=%", "a=%4", "a=%zz", "%g0=1", "a=1&a=1", "a&%61=2"})
        EXPECT_EQ(parse_query(bad).error().code, ErrorCode::kInvalidArgument) << bad;
}

TEST(Config, AnIndexAndASettlementNeedAChain) {
    const std::string base =
        "[[upstreams]]\nname = \"a\"\nurl = \"http://localhost:1/v1\"\n"
        "[[models]]\nid = \"m\"\nupstreams = [\"a\"]\nrates = { call = \"0.01\" }\n";
    const std::string chain =
        "[chain]\ndeployment = \"d.json\"\nprovider = \"" + std::string(kAddress) + "\"\n";
    const auto says = [](const std::string& text) {
        const auto config = Config::parse(text, "/x/g.toml");
        return config ? std::string() : config.error().message;
    };
    for (const std::string part : {"index", "settle"}) {
        const std::string table = "[" + part + "]\npath = \"some.db\"\n";
        EXPECT_THAT(says(base + table), HasSubstr("[" + part + "] needs [chain]"));
        EXPECT_EQ(says(base + chain + table), "");
        EXPECT_THAT(says(base + chain + "[" + part + "]\n"), HasSubstr(part + ".path: is missing"));
    }
    EXPECT_THAT(says(base + chain + "[settle]\npath = \"s\"\nvalue = \"1.5\"\n"),
                HasSubstr("settle.value"));
    EXPECT_THAT(says(base + chain + "[settle]\npath = \"s\"\nconfirmations = 0\n"),
                HasSubstr("settle.confirmations"));
    const auto config = Config::parse(base + chain +
                                          "[settle]\npath = \"s\"\nvalue = \"70\"\nage_s = 9\n"
                                          "max_fee_gwei = 3\nstuck_s = 4\nconfirmations = 5\n",
                                      "/x/g.toml")
                            .value();
    const settlement::Options options = config.settle.options();
    EXPECT_EQ(config.settle.path, "/x/s");
    EXPECT_EQ(options.value, chain::U256(70U));
    EXPECT_EQ(options.age_ms, 9'000);
    EXPECT_EQ(options.max_fee, chain::U256(3'000'000'000U));
    EXPECT_EQ(options.stuck_ms, 4'000);
    EXPECT_EQ(options.confirmations, 5U);
}

TEST(Config, NamesFileLineAndKey) {
    const std::string base =
        "[[upstreams]]\nname = \"a\"\nurl = \"http://localhost:1/v1\"\n"
        "[[models]]\nid = \"m\"\nupstreams = [\"a\"]\nrates = { call = \"0.01\" }\n";
    const auto says = [](const std::string& text) {
        const auto config = Config::parse(text, "/x/g.toml");
        return config ? std::string() : config.error().message;
    };
    EXPECT_EQ(says(base), "");
    EXPECT_THAT(says(base + "[server]\nport = \"80\"\n"),
                HasSubstr("/x/g.toml:9: server.port: must be a whole number"));
    EXPECT_THAT(says(base + "[server]\nprot = 80\n"), HasSubstr("server.prot: is no setting"));
    EXPECT_THAT(says(base + "[siwe]\n"), HasSubstr("siwe.domain: is missing"));
    EXPECT_THAT(says(base + "models = 3\n"), HasSubstr("g.toml"));
    EXPECT_THAT(says("x = "), HasSubstr("/x/g.toml:1"));
    EXPECT_THAT(says(base + "[access]\norder = [\"gift\"]\n"),
                HasSubstr("unknown entitlement gift"));
    EXPECT_THAT(says("[[upstreams]]\nname = \"a\"\nurl = \"x\"\n"), HasSubstr("upstreams[0].url"));
}

TEST(Receipts, EveryMemberIsSigned) {
    ledger::RequestRecord record;
    record.row.id = "req_1";
    record.row.buyer = std::string(kAddress);
    record.end.units = 5U;
    const Bytes32 digest = receipt_digest(record, {1, 2}, 31337, {}).value();
    for (int i = 0; i < 8; ++i) {
        ledger::RequestRecord other = record;
        market::VersionRef version{1, 2};
        std::uint64_t chain_id = 31337;
        Address provider = {};
        if (i == 0) other.row.id = "req_2";
        if (i == 1) other.end.units = 6U;
        if (i == 2) other.end.response_hash = std::string(64, 'a');
        if (i == 3) version.version = 3;
        if (i == 4) chain_id = 1;
        if (i == 5) provider[0] = 1;
        if (i == 6) other.end.usd = 1;
        if (i == 7) other.end.state = "failed";
        EXPECT_NE(receipt_digest(other, version, chain_id, provider).value(), digest) << i;
    }
}

}  // namespace
}  // namespace mintmark::gateway
