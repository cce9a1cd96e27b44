// Differential test of the two verifiers: the same mutated proofs through this one and, in forge,
// through the contract (Mutations.t.sol); on both sides only what is unchanged is accepted.
// MINTMARK_MUTATIONS sets how many of each vector (`make test-long`: 100,000 in all).
#include "mutation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "mintmark/json/json.hpp"
#include "mintmark/proof/instances.hpp"
#include "mintmark/verifier/verifier.hpp"

namespace mintmark::testing {
namespace {

using json::Json;

struct Vector {
    VerifyingKey vk;
    TauPowers tau;
    Shown honest;
};

Bytes hex_at(const Json& file, const char* key) {
    return from_hex(json::get_string(file, key).value()).value();
}

Bytes32 word_of(const Bytes& bytes) {
    Bytes32 out = {};
    std::ranges::copy(bytes, out.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return out;
}

Json read(const std::string& name) {
    return json::read(std::filesystem::path(MINTMARK_VECTORS) / (name + ".json")).value();
}

Shown shown_in(const Json& object) {
    Shown out;
    out.context = word_of(hex_at(object, "context"));
    const Json words = json::get_array(object, "instances").value();
    for (const Json& word : words)
        out.instances.push_back(word_of(from_hex(word.get<std::string>()).value()));
    out.proof = hex_at(object, "proof");
    return out;
}

Vector load(const std::string& name) {
    const Json file = read(name);
    Vector out;
    out.vk = decode_verifying_key(hex_at(file, "vk")).value();
    const Bytes rows = hex_at(file, "tau_powers");
    for (std::size_t at = 0; at < rows.size(); at += 192)
        out.tau.g2.push_back(
            G2Affine::from_bytes(ByteSpan(rows).subspan(at + 64).first<128>()).value());
    out.honest = shown_in(file);
    return out;
}

bool accepted(const Vector& v, const Shown& shown) {
    const auto instances = instances_from_words(v.vk.circuit, shown.instances);
    return instances && verify(v.vk, v.tau, shown.context, *instances, shown.proof).has_value();
}

class Mutations : public ::testing::TestWithParam<const char*> {};

TEST_P(Mutations, OnlyTheUnchangedProofIsAccepted) {
    const char* asked = std::getenv("MINTMARK_MUTATIONS");
    const std::uint64_t count = asked == nullptr ? 1000 : std::strtoull(asked, nullptr, 10);
    const Vector v = load(GetParam());
    ASSERT_TRUE(accepted(v, v.honest));
    for (std::uint64_t i = 0; i < count; ++i) {
        const Shown shown = mutated(v.honest, i);
        ASSERT_EQ(accepted(v, shown), shown == v.honest) << "mutation " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, Mutations,
                         ::testing::Values("relu", "mixed", "net_committed_mu7",
                                           "net_hidden_input_mu7", "ref_mlp_public",
                                           "ref_conv_committed"));

/** The liars of other provers, among them who keeps to the transcript with points off the curve. */
class ToldLies : public ::testing::TestWithParam<const char*> {};

TEST_P(ToldLies, NoneIsAccepted) {
    Vector v = load(GetParam());
    const VerifyingKey honest = v.vk;
    ASSERT_TRUE(accepted(v, v.honest));
    const Json lies = json::get_array(read(GetParam()), "lies").value();
    EXPECT_GE(lies.size(), 9U);
    for (const Json& lie : lies) {
        const auto key = lie.contains("vk") ? decode_verifying_key(hex_at(lie, "vk"))
                                            : Result<VerifyingKey>(honest);
        const std::string name = json::get_string(lie, "name").value();
        if (!key) {
            EXPECT_TRUE(name.starts_with("off curve in key")) << name;
            continue;
        }
        v.vk = *key;
        EXPECT_FALSE(accepted(v, shown_in(lie))) << name;
    }
}

INSTANTIATE_TEST_SUITE_P(Vectors, ToldLies,
                         ::testing::Values("net_hidden_input_mu7", "net_public_mu8",
                                           "ref_mlp_public"));

}  // namespace
}  // namespace mintmark::testing
