// The prover: a witness becomes a proof (docs/spec/protocol.md §5-§7).
#pragma once

#include "mintmark/base/rng.hpp"
#include "mintmark/prover/setup.hpp"
#include "mintmark/prover/tamper.hpp"
#include "mintmark/prover/witness.hpp"

namespace mintmark::prover {

/// What is to be proven.
struct Statement {
    Bytes32 context = {};  ///< binds the proof to chain, router, request, ...
    Instances instances;   ///< what the verifier sees; make_instances
    Openings openings;     ///< blinders of its commitments
};

/// The proof's bytes. `rng` gives the blinders of the trace commitments and all masks (secret,
/// never used twice: the operating system's). `tamper`: tests only. kInvalidArgument when sizes do
/// not fit the key, kUnsupported for another or a short SRS. A false witness gives a proof that
/// does not verify; `mock` tells where it is wrong. Zero-knowledge: the proof says nothing beyond
/// key and instances (docs/spec/security-proofs.md). A witness that is handed over (std::move) is
/// not held twice.
[[nodiscard]] Result<Bytes> prove(const ProvingKey& key, const Srs& srs, const Statement& statement,
                                  Witness witness, Rng& rng, const ProverTamper& tamper = {});

}  // namespace mintmark::prover
