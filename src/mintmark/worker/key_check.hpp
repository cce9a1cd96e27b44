// Is a verifying key the key of given weights? For reviewers who are given weights and blinding
// seed (docs/spec/accuracy.md section 6).
#pragma once

#include <string>
#include <vector>

#include "mintmark/worker/artifacts.hpp"

namespace mintmark::worker {

/// One part of a key that was rebuilt and compared.
struct KeyPart {
    std::string name;
    bool agrees = false;
    std::string detail;  ///< what was compared, or what differs
};

/// Rebuilds a key from the compiled model, the seed and the SRS, and compares it part by part with
/// `vk`. The last part, "key", says whether the bytes agree. Fails only when nothing can be
/// rebuilt.
[[nodiscard]] Result<std::vector<KeyPart>> check_key(const VerifyingKey& vk,
                                                     const CompiledModel& model,
                                                     const Bytes32& seed, const Srs& srs);

}  // namespace mintmark::worker
