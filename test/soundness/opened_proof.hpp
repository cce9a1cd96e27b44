// Proofs with their secrets, for tests that compare what is shown with what is hidden.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/pcs/mercury_shape.hpp"
#include "mintmark/proof/proof.hpp"
#include "mintmark/prover/residual.hpp"
#include "session.hpp"
#include "tiny_opening.hpp"
#include "visibility.hpp"

namespace mintmark::testing {

/// Circuits and nets, the nets with every visibility.
inline std::vector<Sample> zk_samples() {
    std::vector<Sample> out = with_every_visibility(sample_net(kTinyNet, {.mu = 8}));
    for (const TestCircuit& t : all_circuits()) out.push_back({t.circuit, t.weights, t.input});
    return out;
}

/// 32 bytes each.
inline std::vector<Bytes32> words_of(ByteSpan bytes) {
    std::vector<Bytes32> out(bytes.size() / 32);
    for (std::size_t i = 0; i < out.size(); ++i)
        std::ranges::copy(bytes.subspan(32 * i, 32), out[i].begin());
    return out;
}

/// A proof with all that its prover knew, and the challenges.
struct OpenedProof {
    Proof proof;
    prover::Columns columns;
    prover::Masks masks;
    prover::Challenges at;
    Fr lambda;
    std::vector<Fr> z;
    tiny::OpeningChallenges<Fr> opening;
};

/// Runs the transcript of section 5 over the proof's messages.
inline void replay_challenges(const ProvenModel& model, OpenedProof& out) {
    const Circuit& circuit = model.circuit();
    const Proof& p = out.proof;
    Transcript t;
    t.absorb("vk", digest(model.vk));
    t.absorb("ctx", model.statement.context);
    Bytes io;
    for (const Bytes32& word : to_words(model.statement.instances)) append(io, word);
    t.absorb("io", io);
    std::vector<G1Affine> points;
    for (const auto* column : {&p.f, &p.g, &p.m})
        points.insert(points.end(), column->begin(), column->end());
    points.push_back(p.z);
    points.push_back(p.r);
    t.absorb_points("trace", points);
    out.at.alpha = t.challenge("alpha");
    out.at.beta = t.challenge("beta");
    points = p.h;
    points.insert(points.end(), p.ht.begin(), p.ht.end());
    t.absorb_points("inv", points);
    out.at.rho = t.challenges("rho", circuit.n_rho());
    out.at.gamma = t.challenge("gamma");
    out.at.delta = t.challenge("delta");
    t.absorb_fr("sum", std::array{p.sum});
    for (const auto& round : p.product_rounds) {
        t.absorb_fr("prod", round);
        out.at.r.push_back(t.challenge("r"));
    }
    t.absorb_fr("prod", p.last_product_round);
    out.at.r.push_back(t.challenge("r"));
    t.absorb_fr("evals", to_scalars(p.evals));
    out.lambda = t.challenge("lambda");
    for (const auto& round : p.merge_rounds) {
        t.absorb_fr("merge", round);
        out.z.push_back(t.challenge("z"));
    }
    out.opening.a = mercury::after_h(t, p.opening);
    out.opening.gamma = mercury::after_qg(t, p.opening);
    out.opening.zeta = mercury::after_sd(t, p.opening);
    out.opening.nu = mercury::after_evals(t, p.opening);
    out.opening.y = mercury::after_w(t, p.opening);
    SeededRng rng(1000U + circuit.mu);
    out.opening.tau = Fr::random(rng);
}

/// Proves and looks over the prover's shoulder; `change` may spoil the masks.
inline OpenedProof prove_openly(ProvenModel& model,
                                const std::function<void(prover::Masks&)>& change = {}) {
    OpenedProof out;
    prover::ProverTamper tap;
    tap.columns = [&](prover::Columns& columns) { out.columns = columns; };
    tap.inverses = [&](std::vector<Fr>& h, std::vector<Fr>& ht) {
        out.columns.h = h;
        out.columns.ht = ht;
    };
    tap.masks = [&](prover::Masks& masks) {
        if (change) change(masks);
        out.masks = masks;
    };
    const Bytes bytes = model.prove(tap);
    EXPECT_TRUE(model.check(bytes).has_value());
    out.proof = *decode_proof(model.vk, bytes);
    replay_challenges(model, out);
    return out;
}

}  // namespace mintmark::testing
