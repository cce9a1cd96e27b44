// The verifier: no network, no allocation by unchecked numbers, no assertion that bytes can reach.
#pragma once

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/math/curve.hpp"
#include "mintmark/proof/instances.hpp"

namespace mintmark {

/// Checks `proof` for the statement (key, context, instances). `vk` comes from
/// decode_verifying_key (or passes check_circuit with the right numbers of commitments); `tau_g2`
/// must be the SRS point whose digest the key names. kRejected names the failing check.
[[nodiscard]] Status verify(const VerifyingKey& vk, const G2Affine& tau_g2, const Bytes32& context,
                            const Instances& instances, ByteSpan proof);

}  // namespace mintmark
