// Files of other tools: snarkjs .ptau, and halo2's parameters, which are refused.
#include <gtest/gtest.h>

#include "mintmark/base/file.hpp"
#include "mintmark/pcs/naive_mercury.hpp"
#include "mintmark/pcs/srs.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kPower = 6;
constexpr std::size_t kNumPoints = 127;
constexpr std::size_t kTauG1 = 12 + 12 + 44 + 12;
constexpr std::size_t kTauG2 = kTauG1 + kNumPoints * 64 + 12;

Bytes ptau() {
    return read_file(std::filesystem::path(MINTMARK_TEST_VECTORS) / "srs" / "snarkjs_6.ptau")
        .value();
}

ErrorCode decode_error(ByteSpan bytes) {
    const auto srs = decode_srs(bytes);
    EXPECT_FALSE(srs.has_value());
    return srs ? ErrorCode::kInternal : srs.error().code;
}

void append_montgomery(Bytes& out, const Fq& value) {
    for (const std::uint64_t limb : value.montgomery())
        for (unsigned i = 0; i < 8; ++i) out.push_back(static_cast<std::uint8_t>(limb >> (8 * i)));
}

Bytes halo2_file(const Srs& srs, std::uint8_t k) {
    Bytes out = {k, 0, 0, 0};
    for (int copy = 0; copy < 2; ++copy) {  // the second stands for the Lagrange form
        for (const G1Affine& point : srs.g1) {
            append_montgomery(out, point.x);
            append_montgomery(out, point.y);
        }
    }
    for (const G2Affine& point : {srs.g2, srs.tau.g2[0]})
        for (const Fq2& c : {point.x, point.y})
            for (const Fq& part : {c.re, c.im}) append_montgomery(out, part);
    return out;
}

TEST(Ptau, FileOfSnarkjsIsReadAndChecked) {
    const auto srs = decode_srs(ptau());
    ASSERT_TRUE(srs.has_value()) << srs.error().message;
    EXPECT_EQ(srs->g1.size(), kNumPoints);
    EXPECT_EQ(srs->g1[0], G1Affine::generator());
    EXPECT_EQ(srs->g2, G2Affine::generator());
    EXPECT_EQ(srs->tau.g2.size(), kPower) << "tau^32 is the last square among 64 powers";
    EXPECT_FALSE(srs->insecure);
    const auto part = decode_srs(ptau(), {.max_points = 17});
    ASSERT_TRUE(part.has_value());
    EXPECT_EQ(part->g1.size(), 17U);
    EXPECT_EQ(part->tau.g2.size(), 5U);
    const auto own = decode_srs(encode_srs(*srs));
    ASSERT_TRUE(own.has_value());
    EXPECT_EQ(own->tau, srs->tau);
}

TEST(Ptau, ItsPowersServeToProve) {
    const Srs srs = decode_srs(ptau()).value();
    SeededRng rng(41);
    const naive::Poly f = naive::random_poly(65, rng);
    const std::vector<Fr> z = naive::random_poly(6, rng);
    Transcript prover;
    const MercuryProof proof = mercury_open(srs, f, z, prover);
    Transcript verifier;
    EXPECT_TRUE(mercury_verify(naive::commit(srs, f), z, naive::multilinear(f, z), proof, srs.tau,
                               verifier));
}

TEST(Ptau, TruncationsAndTrailingBytesAreMalformed) {
    const Bytes file = ptau();
    for (std::size_t size = 0; size < file.size(); size += size < 300 ? 1 : 61)
        ASSERT_EQ(decode_error(ByteSpan(file).first(size)), ErrorCode::kMalformed) << size;
    Bytes longer = file;
    longer.push_back(0);
    EXPECT_EQ(decode_error(longer), ErrorCode::kMalformed);
}

TEST(Ptau, DamageInEverySectionThatIsReadIsNoticed) {
    const Bytes file = ptau();
    for (std::size_t i = 0; i < kTauG1; ++i) {  // headers, but for the ceremony's own power
        if (i >= 64 && i < 68) continue;
        Bytes bad = file;
        bad[i] ^= 0x11;
        ASSERT_FALSE(decode_srs(bad).has_value()) << i;
    }
    for (const std::size_t at :
         {kTauG1, kTauG1 + 64 * 5, kTauG1 + 64 * 126, kTauG2, kTauG2 + 128, kTauG2 + 128 * 4}) {
        for (const std::size_t byte : {0U, 31U, 32U, 63U}) {
            Bytes bad = file;
            bad[at + byte] ^= 1;
            EXPECT_EQ(decode_error(bad), ErrorCode::kMalformed);
            bad[at + byte] = 0xff;
            EXPECT_EQ(decode_error(bad), ErrorCode::kMalformed);
        }
    }
}

TEST(Ptau, SwappedPowersAreRejected) {
    Bytes bad = ptau();
    const auto point = bad.begin() + kTauG1 + 7 * 64;
    std::swap_ranges(point, point + 64, point + 64);
    EXPECT_EQ(decode_error(bad), ErrorCode::kRejected);
}

TEST(Ptau, SwappedPowersInG2AreRejected) {
    Bytes bad = ptau();
    const auto point = bad.begin() + kTauG2 + 2 * 128;  // tau^2 and tau^4
    std::swap_ranges(point, point + 128, point + 2 * 128);
    EXPECT_EQ(decode_error(bad), ErrorCode::kRejected);
}

TEST(Ptau, OtherCurvesAndVersionsAreUnsupported) {
    for (const std::size_t at : {4U, 24U, 28U, 40U}) {  // version, field size, modulus
        Bytes bad = ptau();
        bad[at] ^= 2;
        EXPECT_EQ(decode_error(bad), ErrorCode::kUnsupported) << at;
    }
}

TEST(Halo2, RawParametersAreNamedAndRefused) {
    SeededRng rng(42);
    const Srs srs = generate_insecure_srs(std::size_t{1} << kPower, rng);
    const Bytes file = halo2_file(srs, kPower);
    EXPECT_EQ(file.size(), 8452U);  // what ezkl writes for k = 6
    const auto read = decode_srs(file);
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(read.error().hint.find(".ptau"), std::string::npos);
    for (std::size_t size = 0; size < file.size(); ++size)
        ASSERT_FALSE(decode_srs(ByteSpan(file).first(size)).has_value()) << size;
    EXPECT_EQ(decode_error(halo2_file(srs, 0)), ErrorCode::kMalformed);
    EXPECT_EQ(decode_error(halo2_file(srs, 255)), ErrorCode::kMalformed);
}

TEST(Halo2, CompressedParametersAreNamed) {
    EXPECT_EQ(decode_error([] {
                  Bytes file(4 + 2 * 32 * 64 + 2 * 64);
                  file[0] = 6;
                  return file;
              }()),
              ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace mintmark
