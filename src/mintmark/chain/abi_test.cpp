#include "mintmark/chain/abi.hpp"

#include <gtest/gtest.h>

#include <string>

#include "mintmark/base/rng.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/contract_abi.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::chain {
namespace {

using Kind = AbiType::Kind;

U256 negative(const U256& value) {  // -1 - (value - 1)
    const U256 top = U256::parse("0x" + std::string(64, 'f')).value();
    return top.checked_sub(*value.checked_sub(1U)).value();
}

/// A value of viem's vectors: numbers are decimal text.
AbiValue from_json(const AbiType& type, const json::Json& value) {
    switch (type.kind) {
        case Kind::kUint:
            return AbiValue(U256::parse(value.get<std::string>()).value());
        case Kind::kInt: {
            const auto digits = value.get<std::string>();
            if (digits[0] != '-') return AbiValue(U256::parse(digits).value());
            return AbiValue(negative(U256::parse(digits.substr(1)).value()));
        }
        case Kind::kAddress:
            return AbiValue(parse_address(value.get<std::string>()).value());
        case Kind::kBool:
            return AbiValue(value.get<bool>());
        case Kind::kString:
            return AbiValue(value.get<std::string>());
        case Kind::kBytes:
        case Kind::kFixedBytes:
            return AbiValue(from_hex(value.get<std::string>()).value());
        default:
            break;
    }
    std::vector<AbiValue> items;
    for (const json::Json& item : value) {
        const std::size_t i = type.kind == Kind::kTuple ? items.size() : 0;
        items.push_back(from_json(type.components[i], item));
    }
    return AbiValue(std::move(items));
}

json::Json vectors(const char* key) {
    const auto file = json::read(MINTMARK_CHAIN_TESTDATA "/vectors.json").value();
    return json::get_array(file, key).value();
}

TEST(Abi, EncodesAndDecodesAsViemDoes) {
    for (const json::Json& v : vectors("abi")) {
        const std::string text = json::get_string(v, "types").value();
        const AbiType types = AbiType::parse(text).value();
        EXPECT_EQ(types.to_string(), text);
        const AbiValue values = from_json(types, *json::find(v, "values"));
        const auto items = values.as_items().value();
        const Bytes encoded = encode_values(types.components, items).value();
        EXPECT_EQ(to_hex(encoded), json::get_string(v, "data").value()) << text;
        EXPECT_EQ(decode_values(text, encoded).value(), items) << text;
        // Without trailing content-free padding every cut loses something that is needed.
        EXPECT_FALSE(decode_values(text, ByteSpan(encoded).first(encoded.size() / 64 * 32)));
    }
}

TEST(Abi, SelectorsMatchViem) {
    for (const json::Json& v : vectors("selectors")) {
        EXPECT_EQ(to_hex(selector(v[0].get<std::string>())), v[1].get<std::string>());
    }
    EXPECT_EQ(
        to_hex(encode_call("transfer(address,uint)", {AbiValue(Address{}), AbiValue(1U)}).value())
            .substr(0, 10),
        "0xa9059cbb");
    const std::vector<AbiValue> arguments = {AbiValue(Bytes32{1}), AbiValue("text"), AbiValue(7U)};
    const Bytes call = encode_call("f(bytes32,string,uint8)", arguments).value();
    const Bytes plain = encode_values("(bytes32,string,uint8)", arguments).value();
    EXPECT_EQ(Bytes(call.begin() + 4, call.end()), plain);
    EXPECT_FALSE(encode_call("transfer", {}));
    EXPECT_FALSE(encode_call("f(uint256)", {}));
    EXPECT_FALSE(encode_call("f(uint256)[]", {AbiValue(1U)}));
}

TEST(Abi, RefusesValuesThatDoNotFit) {
    const auto encode = [](const char* type, const AbiValue& value) {
        return encode_values(type, std::array{value}).has_value();
    };
    EXPECT_TRUE(encode("(uint8)", AbiValue(255U)));
    EXPECT_FALSE(encode("(uint8)", AbiValue(256U)));
    EXPECT_TRUE(encode("(int8)", AbiValue(std::int64_t{-128})));
    EXPECT_FALSE(encode("(int8)", AbiValue(std::int64_t{-129})));
    EXPECT_TRUE(encode("(int8)", AbiValue(127U)));
    EXPECT_FALSE(encode("(int8)", AbiValue(128U)));
    EXPECT_TRUE(encode("(int256)", AbiValue(std::int64_t{-1})));
    EXPECT_FALSE(encode("(bool)", AbiValue(2U)));
    EXPECT_FALSE(encode("(bytes4)", AbiValue(Bytes(5))));
    EXPECT_FALSE(encode("(bytes4)", AbiValue(4U)));
    EXPECT_FALSE(encode("(uint256)", AbiValue("text")));
    EXPECT_FALSE(encode("(string)", AbiValue(1U)));
    EXPECT_FALSE(encode("(uint256[2])", AbiValue(std::vector{AbiValue(1U)})));
    EXPECT_FALSE(encode("(uint256)", AbiValue(std::vector{AbiValue(1U)})));
    EXPECT_FALSE(encode("(address)", AbiValue(U256({0, 0, 1ULL << 32U, 0}))));
    EXPECT_FALSE(encode("uint256", AbiValue(1U)));
}

TEST(Abi, RefusesWhatIsNoType) {
    for (const char* bad : {"",
                            "(",
                            ")",
                            "()x",
                            "(uint256",
                            "uint",
                            "uint7",
                            "uint0",
                            "uint264",
                            "bytes0",
                            "bytes33",
                            "uint08",
                            "(uint256,)",
                            "(,uint256)",
                            "(uint256[)",
                            "(uint256])",
                            "(uint256[0])",
                            "(uint256[01])",
                            "(uint256[99999999999])",
                            "(bool1)",
                            "((uint256)",
                            "(fixed128x18)",
                            "(function)",
                            "(()[])",
                            "(uint256[65536][65536])",
                            "(uint256[-1])",
                            "(a b)"}) {
        const auto type = AbiType::parse(bad);
        EXPECT_TRUE(!type || type->kind != Kind::kTuple) << bad;
    }
    EXPECT_FALSE(AbiType::parse(std::string(5000, '(')));
    EXPECT_FALSE(AbiType::parse(std::string(100, '(') + std::string(100, ')')));
    std::string deep = "(uint256";
    for (int i = 0; i < 20; ++i) deep += "[]";
    EXPECT_FALSE(AbiType::parse(deep + ")"));
}

Bytes words(std::initializer_list<std::uint64_t> values) {
    Bytes out;
    for (const std::uint64_t value : values) append(out, U256(value).to_bytes());
    return out;
}

TEST(AbiAttack, LengthsAndOffsetsBeyondTheData) {
    constexpr std::uint64_t kHuge = ~std::uint64_t{0};
    for (const Bytes& data : {words({kHuge}), words({32}), words({32, kHuge}), words({32, 1}),
                              words({64, 0}), words({33, 0}), words({32, 1ULL << 40U, 0, 0})}) {
        for (const char* type : {"(bytes)", "(uint256[])", "(string[])", "((uint256,bytes)[])"}) {
            EXPECT_FALSE(decode_values(type, data)) << type << ' ' << to_hex(data);
        }
        EXPECT_FALSE(decode_values("(uint256[4])", words({1, 2, 3})));
    }
    Bytes top(64, 0xff);
    EXPECT_FALSE(decode_values("(bytes)", top));
    EXPECT_FALSE(decode_values("(uint8)", words({256})));
    EXPECT_FALSE(decode_values("(bool)", words({2})));
    EXPECT_FALSE(decode_values("(address)", top));
    EXPECT_FALSE(decode_values("(bytes4)", words({1})));
    EXPECT_FALSE(decode_values("(int8)", words({128})));
}

TEST(AbiAttack, OffsetsThatPointToTheSamePlaceCostNoMoreThanTheData) {
    // Each level is a list of k offsets to the same next level: k^6 values if decoded blindly.
    constexpr std::uint64_t k = 30;
    Bytes data = words({32});
    for (int level = 0; level < 6; ++level) {
        append(data, words({k}));
        for (std::uint64_t i = 0; i < k; ++i) append(data, words({k * 32}));
    }
    append(data, words({0}));
    const auto decoded = decode_values("(uint256[][][][][][][])", data);
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().message, "ABI: parts overlap too much");
    // One long byte string named many times.
    Bytes strings = words({32, 1000});
    for (int i = 0; i < 1000; ++i) append(strings, words({32'000}));
    append(strings, words({320'000}));
    strings.resize(strings.size() + 320'000);
    EXPECT_FALSE(decode_values("(bytes[])", strings));
}

TEST(AbiAttack, RandomBytesNeverBreakTheDecoder) {
    SeededRng rng(11);
    const char* types[] = {"(uint256[],bytes,(string,bool)[2],address[][])", "(bytes[][2],int16)"};
    for (int round = 0; round < 4000; ++round) {
        Bytes data(rng.next() % 512);
        for (std::size_t i = 0; i < data.size(); ++i) {  // small numbers reach deeper
            const auto b = static_cast<std::uint8_t>(rng.next());
            data[i] = i % 32 == 31 ? b & 0xe0U : (rng.next() % 50 == 0 ? b : 0);
        }
        for (const char* type : types) {
            const auto decoded = decode_values(type, data);
            if (!decoded) continue;
            const auto again = encode_values(type, *decoded);
            ASSERT_TRUE(again);
            EXPECT_EQ(decode_values(type, *again).value(), *decoded);
        }
    }
}

constexpr const char* kAbi = R"([
 {"type":"constructor","inputs":[{"name":"owner","type":"address"}]},
 {"type":"function","name":"f","inputs":[{"name":"x","type":"tuple[2][]","components":[
   {"name":"a","type":"uint8"},{"name":"b","type":"bytes"}]}],
   "outputs":[{"name":"","type":"bool"}]},
 {"type":"event","name":"Bought","inputs":[{"name":"buyer","type":"address","indexed":true},
   {"name":"note","type":"string","indexed":true},{"name":"calls","type":"uint32"},
   {"name":"why","type":"string"}]},
 {"type":"error","name":"Pass_Expired","inputs":[{"name":"tokenId","type":"uint256"},
   {"name":"who","type":"address"},{"name":"t","type":"tuple","components":[
     {"name":"s","type":"string"},{"name":"i","type":"int64[]"}]}]},
 {"type":"receive"}])";

TEST(ContractAbi, ReadsCompilerOutput) {
    const auto abi = ContractAbi::from_json(json::parse(kAbi).value()).value();
    EXPECT_EQ(abi.function("f")->signature(), "f((uint8,bytes)[2][])");
    EXPECT_EQ(abi.event("Bought")->signature(), "Bought(address,string,uint32,string)");
    EXPECT_EQ(abi.errors[0].signature(), "Pass_Expired(uint256,address,(string,int64[]))");
    EXPECT_EQ(abi.constructor_inputs.size(), 1U);
    EXPECT_EQ(abi.function("g"), nullptr);
    for (const char* bad : {"{}", "[1]", "[{}]", R"([{"type":"event","inputs":3}])",
                            R"([{"type":"error","name":"E","inputs":[{"type":"uint7"}]}])",
                            R"([{"type":"error","name":"E","inputs":[{"type":"tuple[]"}]}])"}) {
        EXPECT_FALSE(ContractAbi::from_json(json::parse(bad).value())) << bad;
    }
}

TEST(ContractAbi, DecodesEvents) {
    const auto abi = ContractAbi::from_json(json::parse(kAbi).value()).value();
    const AbiEvent& event = *abi.event("Bought");
    Bytes32 buyer = {};
    buyer[31] = 9;
    const Bytes32 note = {1};
    const Bytes data =
        encode_values("(uint32,string)", std::array{AbiValue(5U), AbiValue("yes")}).value();
    const std::vector<Bytes32> topics = {event.topic(), buyer, note};
    const DecodedEvent decoded = decode_event(event, topics, data).value();
    EXPECT_EQ(decoded.value("buyer")->as_address().value()[19], 9U);
    EXPECT_EQ(decoded.value("note")->as_bytes32().value(), note);
    EXPECT_EQ(decoded.value("calls")->as_u64().value(), 5U);
    EXPECT_EQ(decoded.value("why")->as_text().value(), "yes");
    EXPECT_FALSE(decoded.value("nothing"));
    EXPECT_EQ(decode_event(event, std::span(topics).subspan(1), data).error().code,
              ErrorCode::kNotFound);
    EXPECT_FALSE(decode_event(event, std::span(topics).first(2), data));
    EXPECT_FALSE(decode_event(event, topics, ByteSpan(data).first(31)));
    const std::vector<Bytes32> dirty = {event.topic(), Bytes32{1}, note};
    EXPECT_FALSE(decode_event(event, dirty, data));
    EXPECT_FALSE(decode_event(event, {}, {}));
}

TEST(ContractAbi, DescribesReverts) {
    const auto abi = ContractAbi::from_json(json::parse(kAbi).value()).value();
    const auto revert = [](std::string_view signature, const std::vector<AbiValue>& arguments) {
        return encode_call(signature, arguments).value();
    };
    EXPECT_EQ(describe_revert({}, abi.errors), "without a reason");
    EXPECT_EQ(describe_revert(revert("Error(string)", {AbiValue("no\n\x1b[2J")}), {}),
              "\"no\\x0a\\x1b[2J\"");
    EXPECT_EQ(describe_revert(revert("Panic(uint256)", {AbiValue(0x11U)}), {}),
              "panic 0x11: arithmetic overflow");
    EXPECT_EQ(describe_revert(revert("Panic(uint256)", {AbiValue(0x99U)}), {}), "panic 0x99");
    const Bytes custom = revert(
        abi.errors[0].signature(),
        {AbiValue(3U), AbiValue(Address{}),
         AbiValue(std::vector{AbiValue("hi"),
                              AbiValue(std::vector{AbiValue(std::int64_t{-5}), AbiValue(7U)})})});
    EXPECT_EQ(describe_revert(custom, abi.errors),
              "Pass_Expired(tokenId: 3, who: 0x0000000000000000000000000000000000000000, "
              "t: (\"hi\", [-5, 7]))");
    EXPECT_EQ(describe_revert(custom, {}).substr(0, 13), "error data 0x");
    for (std::size_t size = 0; size < custom.size(); size += 7) {
        EXPECT_FALSE(describe_revert(ByteSpan(custom).first(size), abi.errors).empty());
    }
}

}  // namespace
}  // namespace mintmark::chain
