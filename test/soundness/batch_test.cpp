// Several proofs of one key under one pairing (protocol.md, section 6a).
#include <gtest/gtest.h>

#include <functional>

#include "mintmark/proof/proof.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

struct Batch {
    Batch() : model(sample_net(kTinyNet, {8, Visibility::kCommitted, Visibility::kPublic, 3})) {
        for (std::uint8_t i = 0; i < 3; ++i) {
            model.statement.context = filled(i);
            claims.push_back({filled(i), model.statement.instances, model.prove()});
        }
    }
    [[nodiscard]] bool holds() const {
        return verify_batch(model.vk, model.srs.tau, claims).has_value();
    }
    /// A proof that is changed where only the pairing can tell.
    void shift_quotient(ClaimedProof& claim, const G1& by) const {
        Proof proof = *decode_proof(model.vk, claim.proof);
        proof.opening.w_y = (G1(proof.opening.w_y) + by).to_affine();
        claim.proof = encode(proof);
    }
    ProvenModel model;
    std::vector<ClaimedProof> claims;
};

TEST(Batch, HonestProofsHoldTogether) {
    Batch b;
    EXPECT_TRUE(b.holds());
    std::swap(b.claims[0], b.claims[2]);
    EXPECT_TRUE(b.holds());
    b.claims.push_back(b.claims[0]);
    EXPECT_TRUE(b.holds()) << "one proof twice says nothing false";
    b.claims.resize(1);
    EXPECT_TRUE(b.holds());
    b.claims.clear();
    EXPECT_FALSE(b.holds()) << "no proofs prove nothing";
}

TEST(Batch, OneFalseProofAmongThreeFailsAll) {
    Batch b;
    const std::vector<ClaimedProof> honest = b.claims;
    for (std::size_t i = 0; i < 3; ++i) {
        const auto refused = [&](const std::function<void(ClaimedProof&)>& change) {
            b.claims = honest;
            change(b.claims[i]);
            return !b.holds();
        };
        EXPECT_TRUE(refused([&](auto& c) { b.shift_quotient(c, G1::generator()); }));
        EXPECT_TRUE(refused([](auto& c) { c.context = filled(9); }));
        EXPECT_TRUE(refused([](auto& c) { c.instances.output[0] += Fr::one(); }));
        EXPECT_TRUE(refused([](auto& c) { c.proof.back() ^= 1U; }));
        EXPECT_TRUE(refused([](auto& c) { c.proof.pop_back(); }));
        EXPECT_FALSE(refused([](auto&) {}));
    }
}

// Two copies of one proof, a quotient too large here and too small there: what the two are off by
// sums to zero (mercury_test.cpp shows it), so only the random coefficients refuse them.
TEST(Batch, TwoFalseProofsThatCancelAreRefused) {
    for (const auto& [i, j] : {std::pair{0, 1}, std::pair{1, 2}, std::pair{0, 2}}) {
        Batch b;
        auto& first = b.claims[static_cast<std::size_t>(i)];
        auto& second = b.claims[static_cast<std::size_t>(j)];
        second = first;
        b.shift_quotient(first, G1::generator());
        b.shift_quotient(second, -G1::generator());
        EXPECT_FALSE(b.holds());
    }
}

TEST(Batch, ProofsOfAnotherStatementDoNotSwap) {
    Batch b;
    std::swap(b.claims[0].proof, b.claims[1].proof);
    EXPECT_FALSE(b.holds());
}

}  // namespace
}  // namespace mintmark::testing
