// What a lying prover might try: each lie goes through the real prover, which continues honestly
// with the lie inside, and must be rejected by every verifier.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "session.hpp"

namespace mintmark::testing {

/// A proof to be rejected, with the statement that it is presented for.
struct LyingProof {
    VerifyingKey vk;  ///< what the creator has registered
    Bytes32 context;
    Instances instances;
    Bytes proof;
};

struct Lie {
    std::string name;
    /// Makes the proof from a fresh honest session on `sample`.
    std::function<LyingProof(const Sample& sample)> tell;
};

/// False witnesses, keys, claims and statements: one of each kind.
[[nodiscard]] std::vector<Lie> lies(const Sample& sample);
/// Every single number of every sumcheck message, evaluation and opening altered.
[[nodiscard]] std::vector<Lie> altered_messages(const Sample& sample);

}  // namespace mintmark::testing
