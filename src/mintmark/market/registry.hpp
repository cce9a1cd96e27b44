// Model lines and versions in the ModelRegistry, prices in the PriceBook.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/market/market.hpp"

namespace mintmark::market {

/// The proof system of docs/spec/protocol.md, as the contracts name it.
inline constexpr std::string_view kProofSystemName = "mintmark-flat-v5";

/// Model and version number; both from 1.
struct VersionRef {
    std::uint64_t model = 0;
    std::uint64_t version = 0;
};

enum class VersionStatus : std::uint8_t { kNone, kDraft, kActive, kDeprecated, kRevoked };
[[nodiscard]] std::string_view status_name(VersionStatus status) noexcept;
/// "draft", "active", "deprecated", "revoked"; kInvalidArgument.
[[nodiscard]] Result<VersionStatus> parse_status(std::string_view text);

/// What a publisher commits to; the fields of IModelRegistry.VersionCommitment.
struct VersionCommitment {
    Bytes32 manifest_root = {};
    Bytes32 weights_hash = {};  ///< SHA-256 of the ONNX file
    Bytes32 circuit_hash = {};  ///< Keccak-256 of the circuit's key before its commitments
    Bytes32 vk_hash = {};       ///< Keccak-256 of the key's bytes
    Address verifying_key = {};
    Address verifier = {};
    std::uint64_t parameter_count = 0;
    std::string architecture;
    std::string storage_uri;
    std::string proof_system{kProofSystemName};  ///< a name, or an unknown id in hex
};

struct VersionInfo {
    VersionCommitment commitment;
    VersionStatus status = VersionStatus::kNone;
    std::uint64_t published_at = 0;  ///< seconds since 1970
};

/// Pico-wei.
struct Price {
    chain::U256 per_call;
    chain::U256 per_day;
};

struct ModelInfo {
    std::uint64_t id = 0;
    std::string name;
    std::string card_uri;
    Address owner = {};
    Address payout = {};
    std::uint64_t versions = 0;
    std::uint64_t canonical = 0;  ///< 0: none
};

/// Every registered model, by id; `owner`: only his.
[[nodiscard]] Result<std::vector<ModelInfo>> list_models(Market& market,
                                                         const std::optional<Address>& owner);
/// kNotFound.
[[nodiscard]] Result<ModelInfo> get_model(Market& market, std::uint64_t id);
[[nodiscard]] Result<VersionInfo> get_version(Market& market, const VersionRef& ref);
/// The canonical version when `version` is 0; kNotFound when there is none.
[[nodiscard]] Result<VersionRef> resolve_version(Market& market, const VersionRef& ref);
/// nullopt when none was set.
[[nodiscard]] Result<std::optional<Price>> get_price(Market& market, const VersionRef& ref);

/// Calls that publishing consists of; the caller sends them.
[[nodiscard]] ContractCall register_call(const std::string& name, const std::string& card_uri,
                                         const Address& payout);
[[nodiscard]] ContractCall commit_call(const Bytes32& commitment);
[[nodiscard]] ContractCall publish_call(std::uint64_t model, const VersionCommitment& version,
                                        const Bytes32& salt);
[[nodiscard]] ContractCall price_call(const VersionRef& ref, const Price& price);
[[nodiscard]] ContractCall terms_call(std::uint64_t model, bool transferable,
                                      std::uint64_t resale_ppm);
[[nodiscard]] ContractCall status_call(const VersionRef& ref, VersionStatus status,
                                       const std::string& reason);
/// What commitVersion is given: hides the claim until it is published.
[[nodiscard]] Result<Bytes32> claim_commitment(Market& market, const Address& publisher,
                                               const VersionCommitment& version,
                                               const Bytes32& salt);

/// Ids in the receipts of register_call and publish_call.
[[nodiscard]] Result<std::uint64_t> registered_model(const Market& market,
                                                     const chain::Receipt& receipt);
[[nodiscard]] Result<std::uint64_t> published_version(const Market& market,
                                                      const chain::Receipt& receipt);
/// The version of this model that carries these weights and this key, if it was published before.
[[nodiscard]] Result<std::optional<std::uint64_t>> find_version(Market& market, std::uint64_t model,
                                                                const VersionCommitment& version);

}  // namespace mintmark::market
