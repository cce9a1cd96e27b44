// U256, RLP, addresses, transactions, typed data: against public vectors and viem's
// (testdata/vectors.json, made by testdata/make_vectors.mjs).
#include <gtest/gtest.h>

#include <string>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/rlp.hpp"
#include "mintmark/chain/signer.hpp"
#include "mintmark/chain/transaction.hpp"
#include "mintmark/chain/typed_data.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::chain {
namespace {

const json::Json& vectors() {
    static const json::Json value = json::read(MINTMARK_CHAIN_TESTDATA "/vectors.json").value();
    return value;
}

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

std::string text(const json::Json& object, std::string_view key) {
    return json::get_string(object, key).value();
}

U256 number(const json::Json& object, std::string_view key) {
    return U256::parse(text(object, key)).value();
}

PrivateKey vector_key() {
    return PrivateKey::from_bytes(hex(text(vectors(), "key"))).value();
}

TEST(U256, ParsesPrintsAndChecksItsRange) {
    const std::string max =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    const U256 top = U256::parse(max).value();
    EXPECT_EQ(top.to_string(), max);
    EXPECT_EQ(U256::parse("0x" + std::string(64, 'f')).value(), top);
    EXPECT_EQ(top.bit_length(), 256U);
    EXPECT_FALSE(top.checked_add(1U));
    EXPECT_FALSE(top.checked_mul(2U));
    EXPECT_FALSE(U256(3U).checked_sub(4U));
    EXPECT_EQ(top.checked_sub(top).value(), U256());
    EXPECT_EQ(U256::parse(max + "0").error().code, ErrorCode::kOutOfRange);
    for (const char* bad : {"", "-1", "1.5", "0x", "12a", " 1", "0xg"}) {
        EXPECT_EQ(U256::parse(bad).error().code, ErrorCode::kMalformed) << bad;
    }
    EXPECT_EQ(U256(0U).to_quantity(), "0x0");
    EXPECT_EQ(U256(0x1aU).to_quantity(), "0x1a");
    EXPECT_EQ(U256(1U) <=> U256(2U), std::strong_ordering::less);
    EXPECT_GT(top, U256(~std::uint64_t{0}));
    EXPECT_TRUE(U256().to_minimal_bytes().empty());
    const U256 square = U256(~std::uint64_t{0}).checked_mul(~std::uint64_t{0}).value();
    EXPECT_EQ(square.to_string(), "340282366920938463426481119284349108225");
    EXPECT_EQ(square.divide(10).remainder, 5U);
    EXPECT_EQ(U256::from_bytes(square.to_bytes()), square);
    EXPECT_DOUBLE_EQ(square.to_double(), 340282366920938463426481119284349108225.0);
    EXPECT_FALSE(U256::from_bytes(ByteSpan(Bytes(33))));
}

TEST(Units, RoundTripExactly) {
    EXPECT_EQ(parse_units("1.25", 18).value().to_string(), "1250000000000000000");
    EXPECT_EQ(parse_units("0.000001", 6).value(), U256(1U));
    EXPECT_EQ(parse_units(".5", 1).value(), U256(5U));
    EXPECT_EQ(parse_units("7", 0).value(), U256(7U));
    EXPECT_EQ(parse_units("1.50", 1).value(), U256(15U));
    EXPECT_EQ(parse_units("0.15", 1).error().code, ErrorCode::kOutOfRange);
    for (const char* bad : {"", ".", "1.", "1e3", "-1", "1.2.3", "1,5"}) {
        EXPECT_FALSE(parse_units(bad, 18)) << bad;
    }
    EXPECT_EQ(format_units(1'250'000'000'000'000'000U, 18), "1.25");
    EXPECT_EQ(format_units(1U, 18), "0.000000000000000001");
    EXPECT_EQ(format_units(0U, 18), "0");
    EXPECT_EQ(format_units(100U, 0), "100");
}

TEST(Rlp, MatchesThePublicExamples) {
    const auto string = [](std::string_view s) { return rlp_bytes(as_bytes(s)); };
    EXPECT_EQ(to_hex(string("dog")), "0x83646f67");
    EXPECT_EQ(to_hex(string("")), "0x80");
    EXPECT_EQ(to_hex(rlp_uint(0U)), "0x80");
    EXPECT_EQ(to_hex(rlp_uint(15U)), "0x0f");
    EXPECT_EQ(to_hex(rlp_uint(1024U)), "0x820400");
    EXPECT_EQ(to_hex(rlp_list(std::array{string("cat"), string("dog")})), "0xc88363617483646f67");
    const Bytes empty = rlp_list({});
    const Bytes one = rlp_list(std::array{empty});
    EXPECT_EQ(to_hex(rlp_list(std::array{empty, one, rlp_list(std::array{empty, one})})),
              "0xc7c0c1c0c3c0c1c0");
    EXPECT_EQ(to_hex(string("Lorem ipsum dolor sit amet, consectetur adipisicing elit")),
              "0xb8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465"
              "7475722061646970697369"
              "63696e6720656c6974");
}

TEST(Rlp, DecodesWhatItEncodes) {
    const Bytes leaf = rlp_bytes(Bytes(300, 7));
    const Bytes encoded = rlp_list(std::array{leaf, rlp_list({}), rlp_uint(5U), leaf});
    const RlpItem item = rlp_decode(encoded).value();
    ASSERT_TRUE(item.is_list);
    ASSERT_EQ(item.items.size(), 4U);
    EXPECT_EQ(item.items[3].bytes, Bytes(300, 7));
    EXPECT_TRUE(item.items[1].is_list);
    EXPECT_EQ(item.items[2].bytes, Bytes{5});
    for (std::size_t size = 0; size < encoded.size(); ++size) {
        EXPECT_FALSE(rlp_decode(ByteSpan(encoded).first(size))) << size;
    }
}

TEST(Rlp, HostileBytesAreErrors) {
    for (const char* bad :
         {"", "8100", "817f", "b800", "b837", "b90000", "bfffffffffffffffff", "ffffffffffffffffff",
          "f800", "c180ff", "0000", "c1", "bf", "f7ffffff"}) {
        EXPECT_FALSE(rlp_decode(hex(bad))) << bad;
    }
    Bytes deep = rlp_list({});
    for (int i = 0; i < 15; ++i) deep = rlp_list(std::array{deep});
    EXPECT_TRUE(rlp_decode(deep));
    for (int i = 0; i < 1000; ++i) deep = rlp_list(std::array{deep});
    EXPECT_FALSE(rlp_decode(deep));
}

TEST(Address, ChecksumsMatchEip55) {
    for (const char* good : {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
                             "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
                             "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
                             "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"}) {
        EXPECT_EQ(to_checksum(parse_address(good).value()), good);
    }
    EXPECT_TRUE(parse_address("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
    for (const char* bad :
         {"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
          "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeA", "0x", "",
          "0xzzaeb6053f3e94c9b9a09f33669435e7ef1beaed"}) {
        EXPECT_EQ(parse_address(bad).error().code, ErrorCode::kMalformed) << bad;
    }
}

TEST(Address, OfCreatedContracts) {
    const Address sender = vector_key().address();
    for (const auto& pair : *json::find(vectors(), "created")) {
        const auto nonce = U256::parse(pair[0].get<std::string>()).value().to_u64().value();
        EXPECT_EQ(to_checksum(contract_address(sender, nonce)), pair[1].get<std::string>());
    }
}

TEST(Signer, RefusesKeysOutsideTheGroup) {
    EXPECT_FALSE(PrivateKey::from_bytes(Bytes(32, 0)));
    EXPECT_FALSE(PrivateKey::from_bytes(Bytes(32, 0xff)));
    EXPECT_FALSE(PrivateKey::from_bytes(Bytes(31, 1)));
    SeededRng rng(5);
    EXPECT_NE(PrivateKey::generate(rng).address(), PrivateKey::generate(rng).address());
    EXPECT_EQ(to_checksum(vector_key().address()), text(vectors(), "address"));
}

TEST(Signer, RecoversAndRefusesMalleatedSignatures) {
    const PrivateKey key = vector_key();
    const Bytes32 hash = keccak256(as_bytes("message"));
    const Bytes good = key.sign(hash).to_bytes();
    EXPECT_EQ(recover(hash, Signature::from_bytes(good).value()).value(), key.address());
    Bytes zero_based = good;
    zero_based[64] = static_cast<std::uint8_t>(zero_based[64] - 27);
    EXPECT_EQ(Signature::from_bytes(zero_based).value(), Signature::from_bytes(good).value());
    // (r, order - s, other v) verifies too in plain ECDSA.
    const U256 order =
        U256::parse("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").value();
    Bytes twin = good;
    const U256 s = U256::from_bytes(ByteSpan(good).subspan(32, 32)).value();
    const Bytes32 other = order.checked_sub(s).value().to_bytes();
    std::ranges::copy(other, twin.begin() + 32);
    twin[64] ^= 7U;  // 27 <-> 28
    EXPECT_EQ(Signature::from_bytes(twin).error().code, ErrorCode::kMalformed);
    EXPECT_FALSE(Signature::from_bytes(Bytes(64)));
    Bytes bad_v = good;
    bad_v[64] = 29;
    EXPECT_FALSE(Signature::from_bytes(bad_v));
    Bytes changed = good;
    changed[3] ^= 1U;
    const auto parsed = Signature::from_bytes(changed);
    EXPECT_TRUE(!parsed || !recover(hash, *parsed) || *recover(hash, *parsed) != key.address());
    EXPECT_FALSE(Signature::from_bytes(Bytes(65, 0xff)));
}

TEST(Transaction, MatchesEip155Example) {
    Transaction tx;
    tx.kind = TransactionKind::kLegacy;
    tx.chain_id = 1;
    tx.nonce = 9;
    tx.max_fee = 20'000'000'000U;
    tx.gas_limit = 21'000;
    tx.to = parse_address("0x3535353535353535353535353535353535353535").value();
    tx.value = 1'000'000'000'000'000'000U;
    EXPECT_EQ(to_hex(signing_hash(tx)),
              "0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
    EXPECT_EQ(
        to_hex(sign_transaction(tx, vector_key())),
        "0xf86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a7640000"
        "8025a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f76"
        "1aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83");
}

TEST(Transaction, MatchesViem) {
    const PrivateKey key = vector_key();
    for (const json::Json& v : *json::find(vectors(), "transactions")) {
        Transaction tx;
        const bool legacy = text(v, "type") == "legacy";
        tx.kind = legacy ? TransactionKind::kLegacy : TransactionKind::kDynamicFee;
        tx.chain_id = json::get_u64(v, "chainId").value();
        tx.nonce = json::get_u64(v, "nonce").value();
        tx.gas_limit = number(v, "gas").to_u64().value();
        tx.max_fee = number(v, legacy ? "gasPrice" : "maxFeePerGas");
        if (!legacy) tx.max_priority_fee = number(v, "maxPriorityFeePerGas");
        if (json::find(v, "to") != nullptr) tx.to = parse_address(text(v, "to")).value();
        tx.value = number(v, "value");
        tx.data = hex(text(v, "data"));
        EXPECT_EQ(to_hex(sign_transaction(tx, key)), text(v, "signed"));
    }
}

TEST(TypedData, MatchesEip712MailExample) {
    const PrivateKey cow = PrivateKey::from_bytes(keccak256(as_bytes("cow"))).value();
    EXPECT_EQ(to_checksum(cow.address()), "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826");
    const auto person = [](std::string_view name, std::string_view wallet) {
        return StructHash("Person(string name,address wallet)")
            .text(name)
            .address(parse_address(wallet).value())
            .finish();
    };
    const Bytes32 mail =
        StructHash("Mail(Person from,Person to,string contents)Person(string name,address wallet)")
            .word(person("Cow", "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"))
            .word(person("Bob", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"))
            .text("Hello, Bob!")
            .finish();
    EXPECT_EQ(to_hex(mail), "0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
    const TypedDataDomain domain{
        "Ether Mail", "1", 1, parse_address("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC").value()};
    EXPECT_EQ(to_hex(domain.separator()),
              "0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
    const Bytes32 hash = typed_data_hash(domain, mail);
    EXPECT_EQ(to_hex(hash), "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
    EXPECT_EQ(recover(hash, cow.sign(hash)).value(), cow.address());
}

TEST(TypedData, MatchesViem) {
    const json::Json& typed = *json::find(vectors(), "typed");
    const json::Json& m = *json::find(typed, "message");
    const json::Json& d = *json::find(typed, "domain");
    const Bytes32 message =
        StructHash(
            "InferenceRequest(uint256 model,uint256 pass,bytes32 input,address buyer,bool free,"
            "string note,bytes blob)")
            .number(number(m, "model"))
            .number(number(m, "pass"))
            .word(bytes32_from_hex(text(m, "input")).value())
            .address(parse_address(text(m, "buyer")).value())
            .flag(json::get_bool(m, "free").value())
            .text(text(m, "note"))
            .bytes(hex(text(m, "blob")))
            .finish();
    const TypedDataDomain domain{text(d, "name"), text(d, "version"),
                                 json::get_u64(d, "chainId").value(),
                                 parse_address(text(d, "verifyingContract")).value()};
    const Bytes32 hash = typed_data_hash(domain, message);
    EXPECT_EQ(to_hex(hash), text(typed, "hash"));
    EXPECT_EQ(to_hex(vector_key().sign(hash).to_bytes()), text(typed, "signature"));
}

TEST(PersonalMessage, MatchesViem) {
    const json::Json& v = *json::find(vectors(), "personal");
    const Bytes32 hash = personal_message_hash(as_bytes(text(v, "message")));
    EXPECT_EQ(to_hex(hash), text(v, "hash"));
    EXPECT_EQ(to_hex(vector_key().sign(hash).to_bytes()), text(v, "signature"));
}

}  // namespace
}  // namespace mintmark::chain
