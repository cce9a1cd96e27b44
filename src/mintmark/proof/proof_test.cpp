// Proof and instance bytes: round trips, exact lengths, canonical scalars, points on the curve.
#include "mintmark/proof/proof.hpp"

#include <gtest/gtest.h>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/proof/instances.hpp"

namespace mintmark {
namespace {

/// Random bytes that parse: distinct points and scalars, so that a swap of two fields shows.
class Filler {
  public:
    void fill(std::vector<G1Affine>& points, std::size_t n) {
        points.resize(n);
        for (G1Affine& p : points) fill(p);
    }
    void fill(G1Affine& p) { p = G1::generator().mul(Fr::random(rng_)).to_affine(); }
    void fill(Fr& s) { s = Fr::random(rng_); }

  private:
    SeededRng rng_{5};
};

Proof random_proof(const Circuit& c) {
    Filler f;
    Proof p;
    f.fill(p.f, c.n_f);
    f.fill(p.g, c.n_g);
    f.fill(p.m, c.n_t);
    f.fill(p.h, c.n_f);
    f.fill(p.ht, c.n_t);
    for (Fr* s : {&p.sum, &p.evals.h, &p.evals.q, &p.evals.ht, &p.evals.t}) f.fill(*s);
    f.fill(p.z);
    f.fill(p.r);
    p.product_rounds.resize(c.n_prod() - std::size_t{1});
    for (Fr& s : p.last_product_round) f.fill(s);
    for (auto& round : p.product_rounds)
        for (Fr& s : round) f.fill(s);
    p.evals.products.resize(c.num_products());
    for (auto& [a, b] : p.evals.products) {
        f.fill(a);
        f.fill(b);
    }
    p.merge_rounds.resize(c.mu);
    for (auto& round : p.merge_rounds)
        for (Fr& s : round) f.fill(s);
    MercuryProof& o = p.opening;
    for (G1Affine* g : {&o.h, &o.q, &o.g, &o.s, &o.d, &o.w, &o.w_y}) f.fill(*g);
    for (Fr* s : {&o.zeta_inv, &o.g_z, &o.g_zi, &o.h_z, &o.h_zi, &o.s_z, &o.s_zi}) f.fill(*s);
    return p;
}

VerifyingKey key_of(const Circuit& circuit) {
    return {.circuit = circuit, .srs_digest = {}, .w = {}, .t = {}};
}

TEST(ProofBytes, RoundTrip) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Proof proof = random_proof(t.circuit);
        const Bytes bytes = encode(proof);
        ASSERT_EQ(bytes.size(), proof_size(t.circuit)) << t.name;
        const Result<Proof> back = decode_proof(key_of(t.circuit), bytes);
        ASSERT_TRUE(back.has_value()) << back.error().message;
        EXPECT_EQ(encode(*back), bytes);
        EXPECT_EQ(back->f, proof.f);
        EXPECT_EQ(back->m, proof.m);
        EXPECT_EQ(back->sum, proof.sum);
        EXPECT_EQ(back->z, proof.z);
        EXPECT_EQ(back->last_product_round, proof.last_product_round);
        EXPECT_EQ(back->product_rounds, proof.product_rounds);
        EXPECT_EQ(back->evals.products, proof.evals.products);
        EXPECT_EQ(back->merge_rounds, proof.merge_rounds);
        EXPECT_EQ(back->opening, proof.opening);
    }
}

TEST(ProofBytes, RefusesEveryOtherLength) {
    const Circuit circuit = testing::relu_circuit().circuit;
    Bytes bytes = encode(random_proof(circuit));
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(decode_proof(key_of(circuit), std::span(bytes).first(n)).has_value());
    bytes.push_back(0);
    EXPECT_FALSE(decode_proof(key_of(circuit), bytes).has_value());
}

// All ones is neither a canonical scalar nor a canonical coordinate: no 32-byte word may be that.
TEST(ProofBytes, RefusesNonCanonicalWords) {
    const Circuit circuit = testing::gemm_circuit().circuit;
    const Bytes good = encode(random_proof(circuit));
    for (std::size_t word = 0; word < good.size() / 32; ++word) {
        Bytes bad = good;
        std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(32 * word), 32, std::uint8_t{0xff});
        const Result<Proof> result = decode_proof(key_of(circuit), bad);
        ASSERT_FALSE(result.has_value()) << "word " << word;
        EXPECT_EQ(result.error().code, ErrorCode::kMalformed);
    }
}

// r itself in place of each scalar, and (1, 1), which is not on the curve, in place of each point.
TEST(ProofBytes, RefusesModulusAndOffCurve) {
    const Circuit c = testing::relu_circuit().circuit;
    const Bytes good = encode(random_proof(c));
    const std::size_t masks = 64 * (std::size_t{c.n_f} + c.n_g + c.n_t);
    const std::size_t first_points = masks + 64 * (2 + std::size_t{c.n_f} + c.n_t);
    const Bytes modulus =
        *from_hex("30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001");
    Bytes bad = good;
    std::ranges::copy(modulus, bad.begin() + static_cast<std::ptrdiff_t>(first_points));
    EXPECT_EQ(decode_proof(key_of(c), bad).error().message, "proof: scalar not canonical");
    bad[first_points + 31] = 0;  // r - 1 is one
    EXPECT_TRUE(decode_proof(key_of(c), bad).has_value());
    for (std::size_t at = 0; at < first_points; at += 64) {
        bad = good;
        std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at), 64, std::uint8_t{0});
        const bool is_mask = at == masks || at == masks + 64;
        EXPECT_EQ(decode_proof(key_of(c), bad).has_value(), !is_mask);  // infinity
        bad[at + 31] = bad[at + 63] = 1;
        EXPECT_EQ(decode_proof(key_of(c), bad).error().message, "proof: point not on the curve");
    }
}

Instances random_instances(const Circuit& c) {
    Filler f;
    Instances io;
    const auto part = [&](Column column, std::vector<Fr>& values, std::vector<G1Affine>& points) {
        const bool in = column == Column::kIn;
        if ((in ? c.input : c.output) == Visibility::kCommitted)
            return f.fill(points, c.num_chunks(column));
        values.resize(num_entries((in ? c.input_tensor() : c.output_tensor()).axes));
        for (Fr& v : values) f.fill(v);
    };
    part(Column::kIn, io.input, io.input_commitments);
    part(Column::kOut, io.output, io.output_commitments);
    return io;
}

TEST(InstanceWords, RoundTrip) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Instances io = random_instances(t.circuit);
        EXPECT_TRUE(check_instances(t.circuit, io).has_value());
        std::vector<Bytes32> words = to_words(io);
        ASSERT_EQ(words.size(), num_instance_words(t.circuit));
        const Result<Instances> back = instances_from_words(t.circuit, words);
        ASSERT_TRUE(back.has_value()) << back.error().message;
        EXPECT_EQ(back->input, io.input);
        EXPECT_EQ(back->output, io.output);
        EXPECT_EQ(back->input_commitments, io.input_commitments);
        EXPECT_EQ(back->output_commitments, io.output_commitments);
        words.pop_back();
        EXPECT_FALSE(instances_from_words(t.circuit, words).has_value());
    }
}

TEST(InstanceWords, RefusesNonCanonicalWords) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const std::vector<Bytes32> good = to_words(random_instances(t.circuit));
        for (std::size_t i = 0; i < good.size(); ++i) {
            std::vector<Bytes32> bad = good;
            bad[i].fill(0xff);
            EXPECT_FALSE(instances_from_words(t.circuit, bad).has_value()) << "word " << i;
        }
    }
}

TEST(InstanceWords, ChecksLengthsAndCurve) {
    const Circuit c = testing::conv_circuit().circuit;
    const Instances good = random_instances(c);
    Instances bad = good;
    bad.input_commitments.pop_back();
    EXPECT_FALSE(check_instances(c, bad).has_value());
    bad = good;
    bad.input.push_back(Fr::one());
    EXPECT_FALSE(check_instances(c, bad).has_value());
    bad = good;
    bad.output_commitments[0].x += Fq::one();
    EXPECT_FALSE(check_instances(c, bad).has_value());
}

}  // namespace
}  // namespace mintmark
