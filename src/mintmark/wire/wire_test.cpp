#include <gtest/gtest.h>

#include <limits>

#include "mintmark/base/rng.hpp"
#include "mintmark/wire/base32.hpp"
#include "mintmark/wire/cid.hpp"
#include "mintmark/wire/protobuf.hpp"
#include "mintmark/wire/reader.hpp"
#include "mintmark/wire/writer.hpp"

namespace mintmark::wire {
namespace {

TEST(Varint, RoundTripsAndHasOneEncoding) {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128},
          std::uint64_t{300}, std::uint64_t{1} << 63U, std::numeric_limits<std::uint64_t>::max()}) {
        Bytes bytes;
        put_varint(bytes, value);
        ByteReader reader(bytes);
        EXPECT_EQ(reader.varint().value(), value);
        EXPECT_TRUE(reader.expect_end());
        ByteReader cut(ByteSpan(bytes).first(bytes.size() - 1));
        EXPECT_FALSE(cut.varint());
        EXPECT_EQ(cut.position(), 0U);
    }
    Bytes three_hundred;
    put_varint(three_hundred, 300);
    EXPECT_EQ(three_hundred, (Bytes{0xac, 0x02}));  // protobuf's own example
    const Bytes padded{0x80, 0x00};
    EXPECT_FALSE(ByteReader(padded).varint());
    const Bytes too_large{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    EXPECT_FALSE(ByteReader(too_large).varint());
    const Bytes endless(20, 0xff);
    EXPECT_FALSE(ByteReader(endless).varint());
}

/// Lists against one number after another, cut off and with bytes that one number refuses.
TEST(Reader, ManyVarints) {
    SeededRng rng(4);
    Bytes bytes;
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 500; ++i) {
        values.push_back(rng.next() >> rng.next() % 64);
        put_varint(bytes, values.back());
    }
    std::vector<std::uint64_t> got(values.size());
    ByteReader reader(bytes);
    ASSERT_TRUE(reader.varints(got));
    EXPECT_EQ(got, values);
    EXPECT_TRUE(reader.empty());
    EXPECT_FALSE(reader.varints(std::span(got).first(1)));
    for (std::size_t size = 0; size + 1 < bytes.size(); size += 7) {
        ByteReader cut(ByteSpan(bytes).first(size));
        EXPECT_FALSE(cut.varints(got));
    }
    for (const Bytes& bad :
         {Bytes{0x80, 0x00}, Bytes{0xff, 0x80, 0x00}, Bytes{0x80}, Bytes(11, 0xff)}) {
        ByteReader alone(bad);
        EXPECT_FALSE(alone.varints(std::span(got).first(1)));
        EXPECT_EQ(alone.position(), 0U);
    }
}

TEST(ByteReader, ReadsBigEndianWithinBounds) {
    Bytes bytes{0x07};
    put_u16(bytes, 0x0102);
    put_u32(bytes, 0xdeadbeef);
    put_u64(bytes, 0x0102030405060708);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.u8().value(), 7U);
    EXPECT_EQ(reader.u16().value(), 0x0102U);
    EXPECT_EQ(reader.u32().value(), 0xdeadbeefU);
    EXPECT_FALSE(reader.take(9));
    EXPECT_FALSE(reader.take(std::numeric_limits<std::uint64_t>::max()));
    EXPECT_FALSE(reader.expect_end());
    EXPECT_EQ(reader.u64().value(), 0x0102030405060708U);
    EXPECT_EQ(reader.u8().error().code, ErrorCode::kMalformed);
}

TEST(Protobuf, RoundTripsFields) {
    Bytes message;
    put_varint_field(message, 1, 150);
    put_bytes_field(message, 2, as_bytes("testing"));
    EXPECT_EQ(to_hex(message), "0x089601120774657374696e67");  // protobuf's own examples
    ProtobufReader reader(message);
    const auto first = reader.next().value();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->number, 1U);
    EXPECT_EQ(first->value, 150U);
    const auto second = reader.next().value();
    ASSERT_TRUE(second);
    EXPECT_EQ(Bytes(second->bytes.begin(), second->bytes.end()), *from_hex("74657374696e67"));
    EXPECT_FALSE(reader.next().value());
    for (std::size_t size = 1; size < message.size(); ++size) {
        if (size == 3) continue;  // ends between the fields
        ProtobufReader cut(ByteSpan(message).first(size));
        auto field = cut.next();
        if (field && *field) field = cut.next();
        EXPECT_FALSE(field) << size;
    }
}

TEST(Protobuf, HostileMessagesAreErrors) {
    for (const char* hex : {"00", "0d01000000", "0b", "12ffffffffffffffffff01", "80808080808001"})
        EXPECT_FALSE(ProtobufReader(from_hex(hex).value()).next()) << hex;
}

TEST(Base32, MatchesRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "my"},
                                                           {"fo", "mzxq"},
                                                           {"foo", "mzxw6"},
                                                           {"foob", "mzxw6yq"},
                                                           {"fooba", "mzxw6ytb"},
                                                           {"foobar", "mzxw6ytboi"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(to_base32(as_bytes(plain)), text);
        const ByteSpan bytes = as_bytes(plain);
        EXPECT_EQ(from_base32(text).value(), Bytes(bytes.begin(), bytes.end()));
    }
    for (const char* bad : {"m", "mz1", "MY", "mzx", "mzxw6a=", "mz"}) {
        EXPECT_FALSE(from_base32(bad)) << bad;  // "mz": left-over bits are not zero
    }
    SeededRng rng(3);
    for (std::size_t size = 0; size < 40; ++size) {
        Bytes bytes(size);
        rng.fill(bytes);
        EXPECT_EQ(from_base32(to_base32(bytes)).value(), bytes);
    }
}

TEST(Cid, ReadsAndWritesTheTextForm) {
    // The empty raw block and the empty UnixFS folder, as IPFS names them.
    for (const char* text : {"bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
                             "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"}) {
        const Cid cid = Cid::parse(text).value();
        EXPECT_EQ(cid.to_string(), text);
        EXPECT_EQ(Cid::from_bytes(cid.to_bytes()).value(), cid);
        EXPECT_EQ(cid.codec, text[3] == 'k' ? Codec::kRaw : Codec::kDagPb);
    }
    const Bytes good = Cid{}.to_bytes();
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(Cid::from_bytes(ByteSpan(good).first(size)));
    }
    for (std::size_t i = 0; i < 4; ++i) {
        Bytes bad = good;
        bad[i] ^= 0x04U;
        EXPECT_FALSE(Cid::from_bytes(bad)) << i;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(Cid::from_bytes(longer));
    EXPECT_EQ(Cid::parse("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn").error().code,
              ErrorCode::kUnsupported);
    EXPECT_FALSE(Cid::parse(""));
    EXPECT_FALSE(Cid::parse("b"));
}

}  // namespace
}  // namespace mintmark::wire
