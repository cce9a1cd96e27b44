// Writes test vectors for other verifiers: make_vectors DIR makes one JSON file per net or test
// circuit, with the key, an honest proof, its challenges, and lying proofs that must be rejected.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "lies.hpp"
#include "mintmark/circuit/testing.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/proof/proof.hpp"

namespace mintmark::testing {
namespace {

using json::Json;

Json hex_of(const Fr& value) {
    return to_hex(value.to_bytes());
}

Json hex_of(std::span<const Fr> values) {
    Json out = Json::array();
    for (const Fr& value : values) out.push_back(hex_of(value));
    return out;
}

Json words_of(const Instances& instances) {
    Json out = Json::array();
    for (const Bytes32& word : to_words(instances)) out.push_back(to_hex(word));
    return out;
}

template <class... Points>
void absorb_all(Transcript& transcript, std::string_view label, const Points&... points) {
    std::vector<G1Affine> all;
    (all.insert(all.end(), points.begin(), points.end()), ...);
    transcript.absorb_points(label, all);
}

// Every challenge of section 5, replayed from the proof.
Json challenges(const ProvenModel& model, const Proof& proof) {
    const Circuit& circuit = model.circuit();
    Transcript t;
    Json out;
    t.absorb("vk", digest(model.vk));
    t.absorb("ctx", model.statement.context);
    Bytes words;
    for (const Bytes32& word : to_words(model.statement.instances)) append(words, word);
    t.absorb("io", words);
    absorb_all(t, "trace", proof.f, proof.g, proof.m, std::array{proof.z, proof.r});
    out["alpha"] = hex_of(t.challenge("alpha"));
    out["beta"] = hex_of(t.challenge("beta"));
    absorb_all(t, "inv", proof.h, proof.ht);
    out["rho"] = hex_of(t.challenges("rho", circuit.n_rho()));
    out["gamma"] = hex_of(t.challenge("gamma"));
    out["delta"] = hex_of(t.challenge("delta"));
    t.absorb_fr("sum", std::array{proof.sum});
    Json r = Json::array(), z = Json::array();
    for (const auto& message : proof.product_rounds) {
        t.absorb_fr("prod", message);
        r.push_back(hex_of(t.challenge("r")));
    }
    t.absorb_fr("prod", proof.last_product_round);
    r.push_back(hex_of(t.challenge("r")));
    t.absorb_fr("evals", to_scalars(proof.evals));
    out["r"] = std::move(r);
    out["lambda"] = hex_of(t.challenge("lambda"));
    for (const auto& message : proof.merge_rounds) {
        t.absorb_fr("merge", message);
        z.push_back(hex_of(t.challenge("z")));
    }
    out["z"] = std::move(z);
    return out;
}

/// More honest proofs of one model, each for a context of its own.
Json batch_of(ProvenModel& model, std::uint8_t count) {
    Json out = Json::array();
    for (std::uint8_t i = 0; i < count; ++i) {
        model.statement.context = filled(static_cast<std::uint8_t>(0x20 + i));
        out.push_back({{"context", to_hex(model.statement.context)},
                       {"instances", words_of(model.statement.instances)},
                       {"proof", to_hex(model.prove())}});
    }
    return out;
}

Json vector_of(const Sample& sample, const std::vector<Lie>& all, std::uint8_t more = 0) {
    ProvenModel model(sample);
    const Bytes proof = model.prove();
    MINTMARK_ASSERT(model.check(proof).has_value());
    const Bytes vk = encode(model.vk);
    Json out;
    out["vk"] = to_hex(vk);
    out["vk_digest"] = to_hex(digest(model.vk));
    out["tau_powers"] = to_hex(encode_tau_powers(model.srs));
    out["srs_digest"] = to_hex(model.srs.digest());
    out["context"] = to_hex(model.statement.context);
    out["instances"] = words_of(model.statement.instances);
    out["proof"] = to_hex(proof);
    out["challenges"] = challenges(model, *decode_proof(model.vk, proof));
    if (more > 0) out["batch"] = batch_of(model, more);
    out["lies"] = Json::array();
    for (const Lie& lie : all) {
        const LyingProof told = lie.tell(sample);
        MINTMARK_ASSERT(!verify(told.vk, model.srs.tau, told.context, told.instances, told.proof));
        Json entry{{"name", lie.name},
                   {"context", to_hex(told.context)},
                   {"instances", words_of(told.instances)},
                   {"proof", to_hex(told.proof)}};
        if (const Bytes key = encode(told.vk); key != vk) entry["vk"] = to_hex(key);
        out["lies"].push_back(std::move(entry));
    }
    return out;
}

Status make(const std::filesystem::path& folder) {
    constexpr auto kOpen = Visibility::kPublic, kHidden = Visibility::kCommitted;
    const std::vector<std::pair<std::string, NetOptions>> nets{
        {"net_public_mu8", {8, kOpen, kOpen, 1}},
        {"net_public_mu7", {7, kOpen, kOpen, 2}},
        {"net_committed_mu8", {8, kHidden, kHidden, 3}},
        {"net_committed_mu7", {7, kHidden, kHidden, 1}},
        {"net_hidden_input_mu7", {7, kHidden, kOpen, 4}},
    };
    for (const auto& [name, options] : nets) {
        const auto path = folder / (name + ".json");
        const Sample sample = sample_net(kTinyNet, options);
        const auto all = options.mu == 7 && options.seed < 3 ? std::vector<Lie>{}
                                                             : lies(sample);  // else too long
        MINTMARK_CHECK(json::write(path, vector_of(sample, all)));
    }
    const Sample lenet = sample_net(kLeNet, {15, kHidden, kOpen, 3});  // for gas, of batches too
    MINTMARK_CHECK(json::write(folder / "lenet_mu15.json", vector_of(lenet, {}, 7)));
    const Sample wide =
        sample_net(kWideNet, {7, kHidden, kOpen, 5});  // its key lies in two contracts
    MINTMARK_CHECK(json::write(folder / "net_wide_mu7.json", vector_of(wide, {})));
    for (const TestCircuit& test : all_circuits())
        MINTMARK_CHECK(json::write(folder / (test.name + ".json"),
                                   vector_of({test.circuit, test.weights, test.input}, {})));
    return {};
}

}  // namespace
}  // namespace mintmark::testing

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: make_vectors DIR\n");
        return 2;
    }
    const auto status = mintmark::testing::make(argv[1]);
    if (status) return 0;
    fmt::print(stderr, "{}\n", status.error().message);
    return exit_code(status.error().code);
}
