// Key bytes: one encoding per key, and every malformed key refused.
#include "mintmark/circuit/vk.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/circuit/program.hpp"
#include "mintmark/circuit/testing.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kHeader = 64;

std::vector<G1Affine> random_points(SeededRng& rng, std::size_t n) {
    std::vector<G1Affine> points(n);
    for (G1Affine& p : points) p = G1::generator().mul(Fr::random(rng)).to_affine();
    return points;
}

VerifyingKey key_of(const Circuit& circuit) {
    SeededRng rng(1);
    VerifyingKey vk{.circuit = circuit, .srs_digest = {}, .w = {}, .t = {}};
    rng.fill(vk.srs_digest);
    vk.w = random_points(rng, circuit.n_w);
    vk.t = random_points(rng, circuit.n_t);
    return vk;
}

TEST(VerifyingKey, RoundTrip) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const VerifyingKey vk = key_of(t.circuit);
        const Bytes bytes = encode(vk);
        const Result<VerifyingKey> back = decode_verifying_key(bytes);
        ASSERT_TRUE(back.has_value()) << t.name << ": " << back.error().message;
        EXPECT_EQ(back->circuit, vk.circuit);
        EXPECT_EQ(back->srs_digest, vk.srs_digest);
        EXPECT_EQ(back->w, vk.w);
        EXPECT_EQ(back->t, vk.t);
        EXPECT_EQ(encode(*back), bytes);
        EXPECT_EQ(digest(vk), keccak256(bytes));
    }
}

TEST(VerifyingKey, KeysOfOlderSystemsAreNamed) {
    Bytes bytes = encode(key_of(testing::gemm_circuit().circuit));
    for (std::uint8_t id = 0; id < 8; ++id) {
        if (id == kProofSystemId) continue;
        bytes[0] = id;
        const auto key = decode_verifying_key(bytes);
        ASSERT_FALSE(key.has_value());
        const bool is_older = id > 0 && id < kProofSystemId;
        EXPECT_EQ(key.error().message.find("older") != std::string::npos, is_older) << int{id};
        EXPECT_EQ(key.error().hint.empty(), !is_older);
    }
}

TEST(VerifyingKey, HeaderLayout) {
    const testing::TestCircuit t = testing::gemm_circuit();
    const Circuit& c = t.circuit;
    const Bytes b = encode(key_of(c));
    EXPECT_EQ(b[0], 5);
    EXPECT_EQ(b[1], c.mu);
    EXPECT_EQ(b[2], c.nu());
    EXPECT_EQ(b[3], c.kappa());
    EXPECT_EQ(b[4], 0);
    EXPECT_EQ(b[5], c.n_rho());
    EXPECT_EQ(b[6], c.n_prod());
    EXPECT_EQ(b[9], c.tables.size());
    EXPECT_EQ(b[11], c.tensors.size());
    EXPECT_EQ(b[13], c.steps.size());
    EXPECT_EQ(b[15], c.n_w);
    EXPECT_EQ(b[21], c.n_f);
    EXPECT_EQ(b[23], c.n_g);
    EXPECT_EQ(b[25], c.n_t);
    const std::size_t steps = (std::size_t{b[27]} << 8) | b[28];
    const std::size_t program = (std::size_t{b[30]} << 8) | b[31];
    EXPECT_EQ(program, verifier_program(c)->size());
    EXPECT_EQ(b.size(), kHeader + 32 * (c.tables.size() + c.tensors.size()) + steps + program +
                            64 * (std::size_t{c.n_w} + c.n_t));
}

// Any byte changed to any of several values: refused, or another key with exactly these bytes.
TEST(VerifyingKey, EveryByteMatters) {
    for (const testing::TestCircuit& t : {testing::gemm_circuit(), testing::mixed_circuit()}) {
        const Bytes good = encode(key_of(t.circuit));
        for (std::size_t i = 0; i < good.size(); ++i) {
            for (const int change : {1, 0x82}) {
                Bytes bad = good;
                bad[i] = static_cast<std::uint8_t>(bad[i] ^ change);
                const Result<VerifyingKey> vk = decode_verifying_key(bad);
                if (vk) {
                    EXPECT_EQ(encode(*vk), bad) << t.name << " byte " << i;
                }
            }
        }
    }
}

TEST(VerifyingKey, RefusesEveryOtherLength) {
    Bytes bytes = encode(key_of(testing::conv_circuit().circuit));
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(decode_verifying_key(std::span(bytes).first(n)).has_value()) << n;
    bytes.push_back(0);
    EXPECT_FALSE(decode_verifying_key(bytes).has_value());
}

// Bytes that must be refused whatever else the key holds: reserved, derived and length fields.
TEST(VerifyingKey, RefusesReservedAndDerivedBytes) {
    const Circuit circuit = testing::mixed_circuit().circuit;
    const Bytes good = encode(key_of(circuit));
    const std::size_t tensors = kHeader + 32 * circuit.tables.size();
    const auto refused = [&](std::size_t at, int change) {
        Bytes bad = good;
        bad[at] = static_cast<std::uint8_t>(bad[at] ^ change);
        EXPECT_FALSE(decode_verifying_key(bad).has_value()) << "byte " << at;
    };
    for (const std::size_t at : {0U, 2U, 3U, 5U, 6U, 7U, 26U, 27U, 28U, 29U, 30U, 31U})
        refused(at, 1);
    refused(4, 4);                    // unknown flag
    refused(kHeader + 30, 1);         // alpha of a range table
    refused(kHeader + 1, 0x40);       // unknown function
    refused(tensors, 0x20);           // unknown column
    refused(tensors + 30, 1);         // a tensor's reserved bytes
    refused(tensors + 31, 1);         //
    refused(tensors + 29, 1);         // an axis that is not there
    refused(tensors + 6, 1);          // a log that is not minimal
    refused(good.size() - 1, 1);      // a point off the curve
    refused(good.size() - 64, 0xff);  // a coordinate beyond q
}

/// A key's bytes with another program, lengths set accordingly.
class ProgramForger {
  public:
    explicit ProgramForger(const Circuit& circuit) : good_(encode(key_of(circuit))) {
        begin_ = kHeader + 32 * (circuit.tables.size() + circuit.tensors.size()) +
                 ((std::size_t{good_[27]} << 8) | good_[28]);
        const auto end = static_cast<std::ptrdiff_t>(begin_ + verifier_program(circuit)->size());
        program = {good_.begin() + static_cast<std::ptrdiff_t>(begin_), good_.begin() + end};
        tail_ = {good_.begin() + end, good_.end()};
    }
    [[nodiscard]] bool accepted(const Bytes& other) const {
        Bytes key(good_.begin(), good_.begin() + static_cast<std::ptrdiff_t>(begin_));
        key[30] = static_cast<std::uint8_t>(other.size() >> 8);
        key[31] = static_cast<std::uint8_t>(other.size());
        append(key, other);
        append(key, tail_);
        return decode_verifying_key(key).has_value();
    }
    /// The number of records of a kind (0: CONST … 7: SUM), or of terms of a section (8 …).
    [[nodiscard]] std::uint8_t& count(Bytes& bytes, std::size_t i) const {
        return bytes[6 + 2 * i + 1];
    }

    Bytes program;

  private:
    Bytes good_, tail_;
    std::size_t begin_ = 0;
};

constexpr std::size_t kProgramHead = 6 + 2 * 17;

/// The contract runs the program without a look at the steps: whoever could have another one
/// registered could drop a claim. Numbers out of range, factors of another kind, a sum of itself:
/// each is some byte changed.
TEST(VerifyingKey, RefusesEveryOtherProgram) {
    for (const testing::TestCircuit& t : {testing::gemm_circuit(), testing::mixed_circuit()}) {
        const ProgramForger forger(t.circuit);
        ASSERT_TRUE(forger.accepted(forger.program));
        for (std::size_t i = 0; i < forger.program.size(); ++i) {
            Bytes other = forger.program;
            other[i] = static_cast<std::uint8_t>(other[i] ^ (i % 2 == 0 ? 0xff : 1));
            EXPECT_FALSE(forger.accepted(other)) << t.name << " byte " << i;
        }
    }
}

/// A factor twice, one that nothing uses, two in the wrong order, a term less, a term twice.
TEST(VerifyingKey, RefusesProgramsOfOtherLengths) {
    const ProgramForger forger(testing::mixed_circuit().circuit);
    const auto at = [](std::size_t i) { return static_cast<std::ptrdiff_t>(i); };
    Bytes twice = forger.program;
    ASSERT_GE(forger.count(twice, 0), 2);
    twice.insert(twice.begin() + at(kProgramHead), 32, 0);
    std::copy_n(twice.begin() + at(kProgramHead) + 32, 32, twice.begin() + at(kProgramHead));
    ++forger.count(twice, 0);
    EXPECT_FALSE(forger.accepted(twice));

    Bytes unused = forger.program;
    unused.insert(unused.begin() + at(kProgramHead), 32, 0);
    ++forger.count(unused, 0);
    EXPECT_FALSE(forger.accepted(unused));

    Bytes unsorted = forger.program;
    std::swap_ranges(unsorted.begin() + at(kProgramHead), unsorted.begin() + at(kProgramHead) + 32,
                     unsorted.begin() + at(kProgramHead) + 32);
    EXPECT_FALSE(forger.accepted(unsorted));

    Bytes fewer = forger.program;
    fewer.erase(fewer.end() - 7, fewer.end());
    EXPECT_FALSE(forger.accepted(fewer));
    EXPECT_FALSE(forger.accepted({}));
    EXPECT_FALSE(forger.accepted(Bytes(kProgramHead, 0)));
}

TEST(VerifyingKey, RefusesNoise) {
    SeededRng rng(3);
    for (std::size_t n = 0; n < 3000; ++n) {
        Bytes noise(n % 700);
        rng.fill(noise);
        if (!noise.empty()) noise[0] = 1;
        if (noise.size() > 1) noise[1] = static_cast<std::uint8_t>(noise[1] % 26);
        EXPECT_FALSE(decode_verifying_key(noise).has_value());
    }
}

}  // namespace
}  // namespace mintmark
