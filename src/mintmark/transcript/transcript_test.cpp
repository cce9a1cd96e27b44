#include "mintmark/transcript/transcript.hpp"

#include <cryptopp/integer.h>
#include <cryptopp/keccak.h>
#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"

namespace mintmark {
namespace {

/// Section 0 of the specification once more, on Crypto++ alone.
class Oracle {
  public:
    Oracle() : state_(keccak(std::string("mintmark-flat-v5"))) {}
    void absorb(std::string label, const std::string& data) {
        label.resize(32, '\0');
        std::string length(32, '\0');
        length[30] = static_cast<char>(data.size() / 256);
        length[31] = static_cast<char>(data.size() % 256);
        state_ = keccak(state_ + label + length + data);
    }
    std::string challenge(const std::string& label) {
        absorb(label, "");
        const CryptoPP::Integer r(
            "21888242871839275222246405745257275088548364400416034343698204186575808495617.");
        const CryptoPP::Integer reduced =
            CryptoPP::Integer(reinterpret_cast<const CryptoPP::byte*>(state_.data()), 32) % r;
        std::string out(32, '\0');
        reduced.Encode(reinterpret_cast<CryptoPP::byte*>(out.data()), 32);
        return out;
    }

  private:
    static std::string keccak(const std::string& text) {
        CryptoPP::Keccak_256 hash;
        hash.Update(reinterpret_cast<const CryptoPP::byte*>(text.data()), text.size());
        std::string out(32, '\0');
        hash.Final(reinterpret_cast<CryptoPP::byte*>(out.data()));
        return out;
    }
    std::string state_;
};

std::string text_of(ByteSpan bytes) {
    return {bytes.begin(), bytes.end()};
}

TEST(Transcript, MatchesTheSpecificationOnAnotherLibrary) {
    SeededRng rng(3);
    Transcript transcript;
    Oracle oracle;
    for (std::size_t size = 0; size < 700; size += 7) {
        Bytes data(size);
        rng.fill(data);
        transcript.absorb("trace", data);
        oracle.absorb("trace", text_of(data));
        ASSERT_EQ(text_of(transcript.challenge("alpha").to_bytes()), oracle.challenge("alpha"));
    }
}

TEST(Transcript, EncodesScalarsAndPointsAsTheEvmDoes) {
    SeededRng rng(4);
    const std::vector<Fr> scalars = {Fr::zero(), Fr::one(), -Fr::one(), Fr::random(rng)};
    const G1Affine generator = G1Affine::generator();
    const std::vector<G1Affine> points = {generator, G1::identity().to_affine()};
    Transcript transcript;
    transcript.absorb_fr("sums", scalars);
    transcript.absorb_points("trace", points);

    std::string scalar_bytes;
    for (const Fr& scalar : scalars) scalar_bytes += text_of(scalar.to_bytes());
    std::string point_bytes(128, '\0');  // (1, 2), then infinity
    point_bytes[31] = 1;
    point_bytes[63] = 2;
    Oracle oracle;
    oracle.absorb("sums", scalar_bytes);
    oracle.absorb("trace", point_bytes);
    EXPECT_EQ(text_of(transcript.challenge("r").to_bytes()), oracle.challenge("r"));
}

TEST(Transcript, VectorOfChallengesIsOneAfterTheOther) {
    Transcript one;
    Transcript many;
    const std::vector<Fr> drawn = many.challenges("rho", 5);
    for (const Fr& challenge : drawn) EXPECT_EQ(challenge, one.challenge("rho"));
    EXPECT_EQ(one.challenge("z"), many.challenge("z"));
}

TEST(Transcript, LabelLengthAndContentMatter) {
    const auto draw = [](std::string_view label, std::string_view data) {
        Transcript transcript;
        transcript.absorb(label, as_bytes(data));
        return transcript.challenge("x");
    };
    EXPECT_EQ(draw("a", "b"), draw("a", "b"));
    EXPECT_NE(draw("a", "b"), draw("b", "b"));
    EXPECT_NE(draw("a", "b"), draw("a", "c"));
    EXPECT_NE(draw("a", "b"), draw("a", std::string_view("b\0", 2)));
}

}  // namespace
}  // namespace mintmark
