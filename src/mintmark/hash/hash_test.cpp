#include <cryptopp/keccak.h>
#include <cryptopp/sha.h>
#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/hash/sha256.hpp"

namespace mintmark {
namespace {

template <class Hash>
Bytes32 oracle(ByteSpan data) {
    Bytes32 out;
    Hash hash;
    hash.CalculateDigest(out.data(), data.data(), data.size());
    return out;
}

TEST(Keccak, MatchesKnownVectors) {
    EXPECT_EQ(to_hex(keccak256({})),
              "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    EXPECT_EQ(to_hex(keccak256(as_bytes("abc"))),
              "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    EXPECT_EQ(to_hex(keccak256(as_bytes("Transfer(address,address,uint256)"))),
              "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
}

TEST(Keccak, MatchesCryptoppForEveryLengthAcrossThreeBlocks) {
    SeededRng rng(1);
    for (std::size_t size = 0; size <= 3 * 136 + 1; ++size) {
        Bytes data(size);
        rng.fill(data);
        ASSERT_EQ(keccak256(data), oracle<CryptoPP::Keccak_256>(data)) << size;
    }
}

TEST(Sha256, MatchesKnownVectors) {
    EXPECT_EQ(to_hex(sha256({})),
              "0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, MatchesCryptoppHoweverTheMessageIsCut) {
    SeededRng rng(2);
    Sha256 incremental;
    for (std::size_t size = 0; size <= 300; ++size) {
        Bytes data(size);
        rng.fill(data);
        ASSERT_EQ(sha256(data), oracle<CryptoPP::SHA256>(data)) << size;
        const std::size_t cut = size / 3;
        incremental.update(ByteSpan(data).first(cut));
        incremental.update(ByteSpan(data).subspan(cut));
        ASSERT_EQ(incremental.finish(), sha256(data)) << size;
    }
}

}  // namespace
}  // namespace mintmark
