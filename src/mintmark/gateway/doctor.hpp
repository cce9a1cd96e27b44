// Everything that can be wrong with a gateway, looked at before it is.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace mintmark::gateway {

struct Finding {
    std::string check = {};
    bool is_ok = true;
    std::string says = {};
    std::string advice = {};
};

struct Diagnosis {
    std::vector<Finding> findings = {};
    [[nodiscard]] bool is_healthy() const;
};

/// Reads the configuration, then looks at the ledger's disk and sums, certificate, upstreams, the
/// chain's node (its id, its clock, eth_getLogs), contracts, index, provider and
/// prices. Changes nothing but an empty ledger.
[[nodiscard]] Diagnosis examine(const std::filesystem::path& config);

}  // namespace mintmark::gateway
