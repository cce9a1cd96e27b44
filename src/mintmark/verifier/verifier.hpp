// The verifier: no network, no allocation by unchecked numbers, no assertion that bytes can reach.
#pragma once

#include <span>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/proof/instances.hpp"

namespace mintmark {

/// Checks `proof` for the statement (key, context, instances). `vk` comes from
/// decode_verifying_key (or passes check_circuit with the right numbers of commitments); `tau`
/// must be the points of the SRS whose digest the key names. kRejected names the failing check.
[[nodiscard]] Status verify(const VerifyingKey& vk, const TauPowers& tau, const Bytes32& context,
                            const Instances& instances, ByteSpan proof);

/// A statement about the model of a key, and what should prove it.
struct ClaimedProof {
    Bytes32 context;
    Instances instances;
    Bytes proof;
};

/// `verify` of every one, with one pairing (protocol.md, section 6a): kRejected if any is false,
/// or if there is none; the message does not say which one when only the pairing tells.
[[nodiscard]] Status verify_batch(const VerifyingKey& vk, const TauPowers& tau,
                                  std::span<const ClaimedProof> claims);

}  // namespace mintmark
