#include "mintmark/pcs/srs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/hash/sha256.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kHeader = 32;
constexpr std::size_t kG2 = kHeader;
constexpr std::size_t kTauG2 = kG2 + 128;
constexpr std::size_t kPoints = kTauG2 + 2 * 128;  // of a file with four points in G1

Srs small_srs(std::size_t num_points = 8, std::uint64_t seed = 31) {
    SeededRng rng(seed);
    return generate_insecure_srs(num_points, rng);
}

/// Recomputes the digest at the end, so that the checks behind it are met.
Bytes with_digest(const Bytes& file) {
    Bytes out(file.begin(), file.end() - 32);
    append(out, sha256(out));
    return out;
}

void put(Bytes& file, std::size_t offset, ByteSpan bytes) {
    std::ranges::copy(bytes, file.begin() + static_cast<std::ptrdiff_t>(offset));
}

ErrorCode decode_error(ByteSpan bytes) {
    const auto srs = decode_srs(bytes);
    EXPECT_FALSE(srs.has_value());
    return srs ? ErrorCode::kInternal : srs.error().code;
}

TEST(Srs, GeneratedPointsArePowersOfOneTau) {
    SeededRng rng(32);
    const Srs srs = generate_insecure_srs(70, rng);
    SeededRng again(32);
    const Fr tau = Fr::random(again);
    Fr power = Fr::one();
    for (const G1Affine& point : srs.g1) {
        ASSERT_EQ(point, G1::generator().mul(power).to_affine());
        power *= tau;
    }
    EXPECT_EQ(srs.g2, G2Affine::generator());
    ASSERT_EQ(srs.tau.g2.size(), 7U);  // tau^64 is the last square among 70 powers
    for (std::size_t k = 0; k < srs.tau.g2.size(); ++k) {
        EXPECT_EQ(srs.tau.g2[k], G2::generator().mul(tau.pow(std::uint64_t{1} << k)).to_affine());
    }
    EXPECT_TRUE(srs.insecure);
}

TEST(Srs, NumberOfPointsLeavesRoomForBlinderAndMasks) {
    EXPECT_EQ(srs_points_for_chunk(1), 1U + 1 + 8);
    EXPECT_EQ(srs_points_for_chunk(1U << 12U), 4096U + 1 + 8 * 64);
    EXPECT_EQ(srs_points_for_chunk(1U << 15U), 32768U + 1 + 8 * 256);
}

TEST(Srs, DigestIsKeccakOfTauInG2) {
    const Srs srs = small_srs();
    EXPECT_EQ(srs.digest(), keccak256(srs.tau.g2[0].to_bytes()));
    EXPECT_NE(srs.digest(), small_srs(8, 33).digest());
}

TEST(SrsFile, RoundTripsThroughDisk) {
    const auto path = std::filesystem::temp_directory_path() / "mintmark_srs_test" / "a.srs";
    for (const bool insecure : {true, false}) {
        Srs srs = small_srs(40);
        srs.insecure = insecure;
        ASSERT_TRUE(write_srs(path, srs));
        const auto read = read_srs(path);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        EXPECT_EQ(read->g1, srs.g1);
        EXPECT_EQ(read->g2, srs.g2);
        EXPECT_EQ(read->tau, srs.tau);
        EXPECT_EQ(read->insecure, insecure);
    }
    const auto part = read_srs(path, {.max_points = 5, .check = SrsCheck::kUnchecked});
    ASSERT_TRUE(part.has_value());
    EXPECT_EQ(part->g1.size(), 5U);
    EXPECT_EQ(part->tau.g2.size(), 3U) << "what [tau^4]_1 can vouch for";
    std::filesystem::remove_all(path.parent_path());
}

TEST(SrsFile, MissingFileAndFolder) {
    const auto folder = std::filesystem::temp_directory_path();
    EXPECT_EQ(read_srs(folder / "mintmark-no-such.srs").error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read_srs(folder).error().code, ErrorCode::kIo);
}

TEST(SrsFile, EveryTruncationIsMalformed) {
    const Bytes file = encode_srs(small_srs(4));
    for (std::size_t size = 0; size < file.size(); ++size)
        ASSERT_EQ(decode_error(ByteSpan(file).first(size)), ErrorCode::kMalformed) << size;
    Bytes longer = file;
    longer.push_back(0);
    EXPECT_EQ(decode_error(longer), ErrorCode::kMalformed);
}

TEST(SrsFile, EveryFlippedByteIsNoticed) {
    const Bytes file = encode_srs(small_srs(4));
    for (std::size_t i = 0; i < file.size(); ++i) {
        Bytes bad = file;
        bad[i] ^= 0x40;
        ASSERT_FALSE(decode_srs(bad).has_value()) << i;
    }
}

TEST(SrsFile, HugeCountsAreRefusedBeforeAllocation) {
    for (const std::uint64_t count :
         {~std::uint64_t{0}, std::uint64_t{1} << 58U, std::uint64_t{1} << 29U, std::uint64_t{5}}) {
        Bytes bad = encode_srs(small_srs(4));
        for (std::size_t i = 0; i < 8; ++i)
            bad[23 - i] = static_cast<std::uint8_t>(count >> (8 * i));
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kMalformed);
    }
}

TEST(SrsFile, AnotherVersionOrUnknownFlagIsUnsupported) {
    for (const std::size_t at : {11U, 15U}) {
        Bytes bad = encode_srs(small_srs(4));
        bad[at] = 4;
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kUnsupported);
    }
}

TEST(SrsFile, FilesWithoutPowersInG2AreNamed) {
    Bytes old = encode_srs(small_srs(4));
    old[11] = 1;
    const auto read = decode_srs(with_digest(old));
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(read.error().message.find("older"), std::string::npos);
    Srs none = small_srs(4);
    none.tau.g2.clear();
    EXPECT_EQ(decode_error(encode_srs(none)), ErrorCode::kMalformed);
    for (const std::uint8_t count :
         std::array<std::uint8_t, 3>{3, 14, 255}) {  // four points in G1 vouch for two powers
        Bytes bad = encode_srs(small_srs(4));
        bad[kHeader - 1] = count;
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kMalformed);
    }
}

TEST(SrsFile, FewerPowersInG2ThanPossibleAreFine) {
    Srs srs = small_srs(40);
    srs.tau.g2.resize(2);
    const auto read = decode_srs(encode_srs(srs));
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->tau, srs.tau);
}

/// Who gets a wrong [tau^b]_2 accepted chooses it so that false openings pass.
TEST(SrsFile, WrongPowersInG2AreRejected) {
    const Srs honest = small_srs(20);
    ASSERT_EQ(honest.tau.g2.size(), 5U);
    for (std::size_t k = 0; k < honest.tau.g2.size(); ++k) {
        Srs bad = honest;
        bad.tau.g2[k] = (G2(bad.tau.g2[k]) + G2::generator()).to_affine();
        EXPECT_EQ(decode_error(encode_srs(bad)), ErrorCode::kRejected) << k;
        bad = honest;
        bad.tau.g2[k] = small_srs(20, 35).tau.g2[k];
        EXPECT_EQ(decode_error(encode_srs(bad)), ErrorCode::kRejected) << k;
        bad = honest;
        bad.tau.g2[k] = G2Affine();
        EXPECT_FALSE(decode_srs(encode_srs(bad)).has_value()) << k;
        if (k == 0) continue;
        bad = honest;
        std::swap(bad.tau.g2[k], bad.tau.g2[k - 1]);
        EXPECT_EQ(decode_error(encode_srs(bad)), ErrorCode::kRejected) << k;
    }
}

TEST(Srs, WhatTheVerifyingContractIsGiven) {
    const Srs srs = small_srs(20);
    const Bytes rows = encode_tau_powers(srs);
    ASSERT_EQ(rows.size(), 5U * 192);
    for (std::size_t k = 0; k < 5; ++k) {
        const ByteSpan row = ByteSpan(rows).subspan(192 * k, 192);
        EXPECT_TRUE(std::ranges::equal(row.first(64), srs.g1[std::size_t{1} << k].to_bytes()));
        EXPECT_TRUE(std::ranges::equal(row.last(128), srs.tau.g2[k].to_bytes()));
    }
    EXPECT_EQ(num_tau_powers(1), 0U);
    EXPECT_EQ(num_tau_powers(2), 1U);
    EXPECT_EQ(num_tau_powers(kVerifierPoints - 1), kMaxTauPowers - 1);
    EXPECT_EQ(num_tau_powers(kVerifierPoints), kMaxTauPowers);
    EXPECT_EQ(num_tau_powers(SIZE_MAX), kMaxTauPowers);
}

TEST(SrsFile, PointsOffTheCurveAreMalformedInEverySection) {
    const Bytes file = encode_srs(small_srs(4));
    for (const std::size_t at :
         {kG2, kTauG2, kTauG2 + 128, kPoints, kPoints + 64, kPoints + 3 * 64}) {
        Bytes bad = file;
        bad[at + 63] ^= 1;
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kMalformed) << at;
        put(bad, at, Bytes(64));  // infinity in G1, x = 0 in G2
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kMalformed) << at;
        put(bad, at, Bytes(32, 0xff));  // not below q
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kMalformed) << at;
    }
}

TEST(SrsFile, InconsistentPowersAreRejected) {
    const Srs honest = small_srs(6);
    for (std::size_t i = 0; i < honest.g1.size(); ++i) {
        Srs bad = honest;
        bad.g1[i] = G1(bad.g1[i]).add(G1::generator()).to_affine();
        EXPECT_EQ(decode_error(encode_srs(bad)), ErrorCode::kRejected) << i;
        if (i < 2) continue;
        EXPECT_TRUE(decode_srs(encode_srs(bad), {.check = SrsCheck::kUnchecked}).has_value());
        EXPECT_TRUE(decode_srs(encode_srs(bad), {.max_points = i}).has_value());
    }
    Srs swapped = honest;
    std::swap(swapped.g1[2], swapped.g1[3]);
    EXPECT_EQ(decode_error(encode_srs(swapped)), ErrorCode::kRejected);
    Srs other_tau = honest;
    other_tau.tau = small_srs(6, 34).tau;
    EXPECT_EQ(decode_error(encode_srs(other_tau)), ErrorCode::kRejected);
}

TEST(SrsFile, OtherGeneratorsAreRejected) {
    Srs scaled = small_srs(6);
    for (G1Affine& point : scaled.g1) point = G1(point).double_().to_affine();
    EXPECT_EQ(decode_error(encode_srs(scaled)), ErrorCode::kRejected);
    Srs other = small_srs(6);
    other.g2 = G2(other.g2).double_().to_affine();
    for (G2Affine& power : other.tau.g2) power = G2(power).double_().to_affine();
    EXPECT_EQ(decode_error(encode_srs(other)), ErrorCode::kRejected);
}

TEST(SrsFile, TauInG2OutsideOfTheSubgroupIsRejected) {
    // x = 1 is on the twist; its order is not r (a square root taken in Python).
    const Bytes point = from_hex(
                            "0000000000000000000000000000000000000000000000000000000000000000"
                            "0000000000000000000000000000000000000000000000000000000000000001"
                            "0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4"
                            "2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb")
                            .value();
    ASSERT_TRUE(G2Affine::from_bytes(ByteSpan(point).first<128>()).has_value());
    for (const std::size_t at : {kTauG2, kTauG2 + 128}) {
        Bytes bad = encode_srs(small_srs(4));
        put(bad, at, point);
        EXPECT_EQ(decode_error(with_digest(bad)), ErrorCode::kRejected);
        EXPECT_FALSE(decode_srs(with_digest(bad), {.check = SrsCheck::kUnchecked}).has_value());
    }
}

TEST(SrsFile, FewerThanTwoPointsAreMalformed) {
    Srs one = small_srs(2);
    one.g1.pop_back();
    EXPECT_EQ(decode_error(encode_srs(one)), ErrorCode::kMalformed);
    EXPECT_FALSE(decode_srs(encode_srs(small_srs(4)), {.max_points = 1}).has_value());
    EXPECT_FALSE(decode_srs(encode_srs(small_srs(4)), {.max_points = 0}).has_value());
}

}  // namespace
}  // namespace mintmark
