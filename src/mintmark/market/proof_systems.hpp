// Proof systems that a version can be published under, and what their keys name
// (docs/spec/contracts.md §17).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mintmark/market/adapter_keys.hpp"

namespace mintmark::market {

inline constexpr std::string_view kEzklSystem = "ezkl-halo2-v1";
inline constexpr std::string_view kRiscZeroSystem = "risc-zero-v1";
inline constexpr std::string_view kOptimisticSystem = "optimistic-v1";
inline constexpr std::string_view kAuditSystem = "sampled-audit-v1";
inline constexpr std::string_view kRefereeSystem = "refereed-v1";
inline constexpr std::string_view kTeeSystem = "tee-signer-v1";

struct ProofSystem {
    std::string_view name;      ///< what ProofSystemId is the hash of
    std::string_view contract;  ///< its verifier's name in a deployment
    bool is_foreign = false;    ///< the program is not an integer graph of ours
    bool is_wrapped = false;    ///< the key names a key of another system that decides
};

[[nodiscard]] std::span<const ProofSystem> proof_systems() noexcept;
/// kUnsupported when there is none of this name.
[[nodiscard]] Result<ProofSystem> find_proof_system(std::string_view name);
/// First four bytes of the name's Keccak-256 (ERC-7992).
[[nodiscard]] Bytes proof_system_id(std::string_view name);
/// The name of an id, or the id in hex when no system here has it.
[[nodiscard]] std::string proof_system_name(const Bytes& id);

/// The first words of a key of an adapter; `verifier` and `inner_key` only for wrapped systems.
struct AdapterKeyHead {
    ProofSystem system;
    std::uint64_t input_words = 0;
    Address verifier = {}, inner_key = {};
    Bytes32 hash = {};  ///< Keccak-256 of the key's bytes: a version's vkHash
};
/// kMalformed when there is no adapter's key at this address.
[[nodiscard]] Result<AdapterKeyHead> read_adapter_key(Market& market, const Address& key);

}  // namespace mintmark::market
