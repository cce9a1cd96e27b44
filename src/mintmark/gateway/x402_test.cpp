// Payments of strangers: what is signed, what is refused before the chain is asked.
#include "mintmark/gateway/x402.hpp"

#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/abi.hpp"
#include "mintmark/chain/address.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::uint64_t kNow = 1'740'672'100;

PaymentTerms terms() {
    PaymentTerms out;
    out.chain_id = 84532;
    out.amount = chain::U256(10'000);
    out.asset = *chain::parse_address("0x036CbD53842c5426634e7929541eC2318f3dCF7e");
    out.pay_to = *chain::parse_address("0x209693Bc6afc0C5328bA36FaF03C514EF312287C");
    out.timeout_s = 60;
    out.name = "USDC";
    out.version = "2";
    return out;
}

/// The example of x402-specification-v2.md §5.2, with its signature.
constexpr std::string_view kExample =
    R"({"x402Version": 2,
  "accepted": {"scheme": "exact", "network": "eip155:84532", "amount": "10000",
    "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    "payTo": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C", "maxTimeoutSeconds": 60,
    "extra": {"name": "USDC", "version": "2"}},
  "payload": {"signature": "0x2d6a7588d6acca505cbf0d9a4a227e0c52c6c34008c8e8986a1283259764173608)"
    R"(a2ce6496642e377d6da8dbbf5836e9bd15092f9ecab05ded3d6293af148b571c",
    "authorization": {"from": "0x857b06519E91e3A54538791bDbb0E22373e36b66",
      "to": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C", "value": "10000",
      "validAfter": "1740672089", "validBefore": "1740672154",
      "nonce": "0xf3746613c2d920b5fdabc0856f2aeb2d4f88ee6037b8cc5d04a71a4462f13480"}}})";

Payment signed_payment(SeededRng& rng) {
    const chain::PrivateKey key = chain::PrivateKey::generate(rng);
    Payment out;
    out.accepted = terms();
    out.from = key.address();
    out.to = terms().pay_to;
    out.value = terms().amount;
    out.valid_before = chain::U256(kNow + 60);
    rng.fill(out.nonce);
    out.signature = key.sign(out.digest()).to_bytes();
    return out;
}

TEST(X402, TheExampleOfTheSpecification) {
    const auto value = json::parse(kExample);
    ASSERT_TRUE(value);
    const auto payment = Payment::from_json(*value);
    ASSERT_TRUE(payment) << payment.error().message;
    EXPECT_EQ(check_payment(*payment, terms(), kNow, 30).value(), Signer::kPayer);
    const auto header = Payment::from_header(to_base64(kExample));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->key(), payment->key());
}

TEST(X402, EveryChangeIsRefused) {
    SeededRng rng(1);
    const Payment good = signed_payment(rng);
    ASSERT_EQ(check_payment(good, terms(), kNow, 30).value(), Signer::kPayer);
    const std::vector<void (*)(Payment&)> changes = {
        [](Payment& p) { p.value = chain::U256(9'999); },
        [](Payment& p) { p.accepted.amount = chain::U256(1); },
        [](Payment& p) { p.accepted.chain_id = 1; },
        [](Payment& p) { p.accepted.asset[0] ^= 1; },
        [](Payment& p) { p.accepted.pay_to[0] ^= 1; },
        [](Payment& p) { p.accepted.name = "Peso"; },
        [](Payment& p) { p.to = p.from; },
        [](Payment& p) { p.from[0] ^= 1; },
        [](Payment& p) { p.nonce[0] ^= 1; },
        [](Payment& p) { p.valid_after = chain::U256(kNow + 1); },
        [](Payment& p) { p.valid_before = chain::U256(kNow + 29); },
        [](Payment& p) { p.valid_before = chain::U256(kNow + 61); },
        [](Payment& p) { p.signature[0] ^= 1; },
        [](Payment& p) { p.signature.clear(); },
    };
    for (std::size_t i = 0; i < changes.size(); ++i) {
        Payment changed = good;
        changes[i](changed);
        const auto checked = check_payment(changed, terms(), kNow, 30);
        if (checked) {
            EXPECT_EQ(*checked, Signer::kUnknown) << i << ": the payer has not signed this";
            continue;
        }
        EXPECT_EQ(checked.error().code, ErrorCode::kRejected);
    }
}

PaymentTerms upto_terms() {
    PaymentTerms out = terms();
    out.scheme = PaymentScheme::kUpto;
    out.facilitator = *chain::parse_address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");
    return out;
}

/// Signed by UptoEvmScheme of npm's @x402/evm 2.27.0 with the second key of anvil's mnemonic.
constexpr std::string_view kUptoExample =
    R"({"x402Version": 2,
  "accepted": {"scheme": "upto", "network": "eip155:84532", "amount": "10000",
    "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e",
    "payTo": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C", "maxTimeoutSeconds": 60,
    "extra": {"name": "USDC", "version": "2",
      "facilitatorAddress": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"}},
  "payload": {"signature": "0x3456d4ddc0a56cd5a0e381597992e123b0d2676a04551fb12371f8e5d3d6b94c)"
    R"(64a1080bc7a3359ac6abea76b1c56e58060e5a30ea31b3dd29c770aee9cd20731c",
    "permit2Authorization": {"from": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
      "permitted": {"token": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "amount": "10000"},
      "spender": "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002",
      "nonce": "37373835029649779191049019793645697308774197332523382337067811466942689844708",
      "deadline": "1740672160",
      "witness": {"to": "0x209693Bc6afc0C5328bA36FaF03C514EF312287C",
        "facilitator": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "validAfter": "0"}}}})";

TEST(X402, AMaximumThatThePackageOfNpmSigned) {
    const auto payment = Payment::from_header(to_base64(kUptoExample));
    ASSERT_TRUE(payment) << payment.error().message;
    const auto checked = check_payment(*payment, upto_terms(), kNow, 30);
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_EQ(*checked, Signer::kPayer);
    EXPECT_EQ(PaymentTerms::from_json(upto_terms().to_json()).value(), upto_terms());
    EXPECT_FALSE(check_payment(*payment, terms(), kNow, 30)) << "asked for exactly as much";
    std::string hex(kUptoExample);
    const std::size_t begin = hex.find("3737383");
    hex.replace(begin, hex.find('"', begin) - begin, to_hex(payment->nonce));
    EXPECT_EQ(Payment::from_header(to_base64(hex)).value().key(), payment->key());
}

TEST(X402, EveryChangeOfAMaximumIsRefused) {
    const Payment good = Payment::from_header(to_base64(kUptoExample)).value();
    // Who changes what he has signed, or has signed something else: the reason that he is given.
    const std::vector<std::pair<std::string_view, void (*)(Payment&)>> changes = {
        {"permit2_amount_mismatch", [](Payment& p) { p.value = chain::U256(9'999); }},
        {"permit2_amount_mismatch", [](Payment& p) { p.value = chain::U256(10'001); }},
        {"invalid_permit2_spender", [](Payment& p) { p.spender[0] ^= 1; }},
        {"upto_facilitator_mismatch", [](Payment& p) { p.facilitator[0] ^= 1; }},
        {"permit2_token_mismatch", [](Payment& p) { p.token[0] ^= 1; }},
        {"invalid_permit2_recipient_mismatch", [](Payment& p) { p.to = p.from; }},
        {"permit2_not_yet_valid", [](Payment& p) { p.valid_after = chain::U256(kNow + 1); }},
        {"permit2_deadline_expired", [](Payment& p) { p.valid_before = chain::U256(kNow + 29); }},
        {"invalid_permit2_signature", [](Payment& p) { p.valid_before = chain::U256(kNow + 61); }},
        {"invalid_permit2_signature", [](Payment& p) { p.valid_after = chain::U256(1); }},
        {"invalid_permit2_signature", [](Payment& p) { p.nonce[31] ^= 1; }},
        {"invalid_permit2_signature", [](Payment& p) { p.from[0] ^= 1; }},
        {"invalid_permit2_signature", [](Payment& p) { p.signature[0] ^= 1; }},
        {"invalid_permit2_signature", [](Payment& p) { p.signature.clear(); }},
        {"invalid_network", [](Payment& p) { p.accepted.chain_id = 1; }},
        {"invalid_payment_requirements",
         [](Payment& p) { p.accepted.amount = chain::U256(20'000); }},
        {"invalid_payment_requirements",
         [](Payment& p) { p.accepted.scheme = PaymentScheme::kExact; }},
    };
    for (const auto& [reason, change] : changes) {
        Payment changed = good;
        change(changed);
        const auto checked = check_payment(changed, upto_terms(), kNow, 30);
        if (checked) {  // perhaps a contract's: the chain says more
            EXPECT_EQ(*checked, Signer::kUnknown);
            EXPECT_EQ(reason, bad_signature(PaymentScheme::kUpto));
            continue;
        }
        EXPECT_EQ(checked.error().code, ErrorCode::kRejected);
        EXPECT_EQ(checked.error().message, reason);
    }
}

TEST(X402, AWalletReadsWhatIsUnderErc6492) {
    SeededRng rng(2);
    Payment payment = signed_payment(rng);
    const Bytes bare = payment.signature;
    EXPECT_EQ(payment.wallet_signature(), bare);
    EXPECT_FALSE(payment.has_cover());
    const auto cover = [&](const Bytes& inner) {
        const std::vector<chain::AbiValue> words = {chain::AbiValue(terms().asset),
                                                    chain::AbiValue(Bytes{1, 2, 3}),
                                                    chain::AbiValue(inner)};
        Bytes out = chain::encode_values("(address,bytes,bytes)", words).value();
        for (int i = 0; i < 16; ++i) out.insert(out.end(), {0x64, 0x92});
        return out;
    };
    payment.signature = cover(bare);
    EXPECT_TRUE(payment.has_cover());
    EXPECT_EQ(payment.wallet_signature(), bare);
    EXPECT_EQ(check_payment(payment, terms(), kNow, 30).value(), Signer::kUnknown);
    const Bytes whole = payment.signature;
    for (std::size_t size = 0; size < whole.size(); ++size) {  // total on any bytes
        payment.signature.assign(whole.end() - static_cast<std::ptrdiff_t>(size), whole.end());
        (void)payment.wallet_signature();
    }
    payment.signature = Bytes(9'000, 1);
    EXPECT_FALSE(check_payment(payment, terms(), kNow, 30)) << "longer than any wallet's";
}

TEST(X402, PricesAreRoundedUp) {
    EXPECT_EQ(amount_of(2'000'000'000, 6)->to_string(), "2000");
    EXPECT_EQ(amount_of(1, 6)->to_string(), "1");
    EXPECT_EQ(amount_of(0, 6)->to_string(), "1") << "nothing is given away";
    EXPECT_EQ(amount_of(1'000'001, 6)->to_string(), "2");
    EXPECT_EQ(amount_of(1'000'000'000'000, 18)->to_string(), "1000000000000000000");
}

TEST(X402, Base64) {
    for (const char* text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
        const auto back = from_base64(to_base64(text));
        ASSERT_TRUE(back) << text;
        EXPECT_EQ(*back, text);
    }
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    for (const char* text : {"a", "====", "Zm9v====", "Zm9!", "Z m9", "=AAA", "A=AA"}) {
        const auto back = from_base64(text);
        EXPECT_FALSE(back) << text;
    }
}

TEST(X402, MalformedOnesAreRefused) {
    for (const std::string text : {"", "{}", "[]", "7", "{\"x402Version\": 2}"}) {
        EXPECT_FALSE(Payment::from_header(to_base64(text))) << text;
    }
    const auto with = [](std::string_view from, std::string_view to) {
        std::string text(kExample);
        text.replace(text.find(from), from.size(), to);
        return Payment::from_header(to_base64(text)).has_value();
    };
    EXPECT_FALSE(with("\"value\": \"10000\"", "\"value\": 10000"));
    EXPECT_FALSE(with("\"value\": \"10000\"", "\"value\": \"0x2710\"")) << "one way to write it";
    EXPECT_FALSE(with("\"value\": \"10000\"", "\"value\": \"-1\""));
    EXPECT_FALSE(with("exact", "upto"));
    EXPECT_FALSE(with("eip155:84532", "solana:84532"));
    EXPECT_FALSE(with("eip155:84532", "eip155:84532x"));
    EXPECT_FALSE(with("\"x402Version\": 2", "\"x402Version\": 1"));
    EXPECT_FALSE(with("0xf3746613", "0xf37466"));
}

}  // namespace
}  // namespace mintmark::gateway
