// A model set up for proving, for tests: keys, an honest witness, a statement.
#pragma once

#include <array>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/prover/mock.hpp"
#include "mintmark/prover/prover.hpp"
#include "mintmark/verifier/verifier.hpp"
#include "sample_net.hpp"

namespace mintmark::testing {

/// One SRS per chunk size, made on first use.
inline const Srs& test_srs(std::uint8_t mu) {
    static std::array<Srs, 25> cache;
    Srs& srs = cache[mu];
    if (srs.g1.empty()) {
        SeededRng rng(1000U + mu);
        srs = generate_insecure_srs(masked_length(mu), rng);
    }
    return srs;
}

inline Bytes32 filled(std::uint8_t byte) {
    Bytes32 out;
    out.fill(byte);
    return out;
}

/// Setup, witness and statement of a sample; every step must succeed.
struct ProvenModel {
    explicit ProvenModel(const Sample& sample) : srs(test_srs(sample.circuit.mu)) {
        auto made = prover::setup(sample.circuit, sample.weights, srs, filled(7));
        MINTMARK_ASSERT(made.has_value());
        key = *std::move(made);
        vk = key.vk;
        auto filled_in = prover::fill_witness(sample.circuit, sample.weights, sample.input);
        MINTMARK_ASSERT(filled_in.has_value());
        witness = *std::move(filled_in);
        statement.context = filled(3);
        statement.openings = prover::random_openings(sample.circuit, rng);
        restate();
    }

    [[nodiscard]] const Circuit& circuit() const { return key.vk.circuit; }
    /// The statement's instances from the witness as it is now.
    void restate() {
        statement.instances = prover::make_instances(circuit(), srs, witness, statement.openings);
    }
    [[nodiscard]] Bytes prove(const prover::ProverTamper& tamper = {}) {
        auto proof = prover::prove(key, srs, statement, witness, rng, tamper);
        MINTMARK_ASSERT(proof.has_value());
        return *std::move(proof);
    }
    [[nodiscard]] Status check(ByteSpan proof) const {
        return verify(vk, srs.tau, statement.context, statement.instances, proof);
    }

    const Srs& srs;
    SeededRng rng{99};
    prover::ProvingKey key;
    VerifyingKey vk;  ///< what the verifier has, whatever happens to `key`
    prover::Witness witness;
    prover::Statement statement;
};

}  // namespace mintmark::testing
