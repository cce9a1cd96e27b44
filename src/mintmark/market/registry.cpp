#include "mintmark/market/registry.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/market/proof_systems.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::array<std::string_view, 5> kStatusNames = {"none", "draft", "active", "deprecated",
                                                          "revoked"};
#define MINTMARK_COMMITMENT_TYPE \
    "(bytes32,bytes32,bytes32,bytes32,bytes32,address,address,bytes4,uint64,bool,string,string)"
constexpr std::string_view kRegistered = "ModelRegistered(uint256,address,string,string)";
constexpr std::string_view kPublished =
    "VersionPublished(uint256,uint256,bytes32," MINTMARK_COMMITMENT_TYPE
    ",(uint8,uint48,uint32,bytes32))";
constexpr std::string_view kRegistry = "ModelRegistry";

AbiValue to_abi(const VersionCommitment& v) {
    return AbiValue({AbiValue(v.manifest_root), AbiValue(v.weights_hash), AbiValue(v.circuit_hash),
                     AbiValue(v.vk_hash), AbiValue(Bytes32{}), AbiValue(v.verifying_key),
                     AbiValue(v.verifier), AbiValue(proof_system_id(v.proof_system)),
                     AbiValue(v.parameter_count), AbiValue(false), AbiValue(v.architecture),
                     AbiValue(v.storage_uri)});
}

Result<VersionCommitment> from_abi(const AbiValue& value) {
    MINTMARK_TRY(const auto items, value.as_items());
    if (items.size() != 12) return fail(ErrorCode::kMalformed, "a version has 12 fields");
    VersionCommitment out;
    MINTMARK_TRY(out.manifest_root, items[0].as_bytes32());
    MINTMARK_TRY(out.weights_hash, items[1].as_bytes32());
    MINTMARK_TRY(out.circuit_hash, items[2].as_bytes32());
    MINTMARK_TRY(out.vk_hash, items[3].as_bytes32());
    MINTMARK_TRY(out.verifying_key, items[5].as_address());
    MINTMARK_TRY(out.verifier, items[6].as_address());
    MINTMARK_TRY(const Bytes system, items[7].as_bytes());
    out.proof_system = proof_system_name(system);
    MINTMARK_TRY(out.parameter_count, items[8].as_u64());
    MINTMARK_TRY(out.architecture, items[10].as_text());
    MINTMARK_TRY(out.storage_uri, items[11].as_text());
    return out;
}

Result<std::uint64_t> read_u64(Market& market, const ContractCall& call) {
    MINTMARK_TRY(const U256 value, market.read_number(call));
    return AbiValue(value).as_u64();
}

std::vector<AbiValue> arguments(const VersionRef& ref) {
    return {AbiValue(ref.model), AbiValue(ref.version)};
}

/// Fields that change: owner, payout, versions.
Result<ModelInfo> complete(Market& market, const chain::Log& log) {
    ModelInfo out;
    if (log.topics.size() < 3) return fail(ErrorCode::kMalformed, "a log lacks its topics");
    MINTMARK_TRY(out.id, AbiValue(U256::from_bytes(log.topics[1])).as_u64());
    MINTMARK_TRY(const auto texts, chain::decode_values("(string,string)", log.data));
    MINTMARK_TRY(out.name, texts[0].as_text());
    const std::vector<AbiValue> id = {AbiValue(out.id)};
    MINTMARK_TRY(const auto card, market.read({kRegistry, "tokenURI(uint256)", id}, "(string)"));
    MINTMARK_TRY(out.card_uri, card[0].as_text());
    MINTMARK_TRY(out.owner, market.read_address({kRegistry, "modelOwner(uint256)", id}));
    MINTMARK_TRY(out.payout, market.read_address({kRegistry, "payoutOf(uint256)", id}));
    MINTMARK_TRY(out.versions, read_u64(market, {kRegistry, "versionCount(uint256)", id}));
    MINTMARK_TRY(out.canonical, read_u64(market, {kRegistry, "canonicalVersion(uint256)", id}));
    return out;
}

}  // namespace

std::string_view status_name(VersionStatus status) noexcept {
    const auto index = static_cast<std::size_t>(status);
    return index < kStatusNames.size() ? kStatusNames[index] : "unknown";
}

Result<VersionStatus> parse_status(std::string_view text) {
    for (std::size_t i = 1; i < kStatusNames.size(); ++i) {
        if (kStatusNames[i] == text) return static_cast<VersionStatus>(i);
    }
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no status", text),
                "active, deprecated or revoked");
}

Result<std::vector<ModelInfo>> list_models(Market& market, const std::optional<Address>& owner) {
    MINTMARK_TRY(const auto logs, market.logs(kRegistry, kRegistered));
    std::vector<ModelInfo> out;
    for (const chain::Log& log : logs) {
        MINTMARK_TRY(ModelInfo info, complete(market, log));
        if (!owner || info.owner == *owner) out.push_back(std::move(info));
    }
    return out;
}

Result<ModelInfo> get_model(Market& market, std::uint64_t id) {
    MINTMARK_TRY(const auto logs, market.logs(kRegistry, kRegistered, {U256(id).to_bytes()}));
    if (!logs.empty()) return complete(market, logs.front());
    return fail(ErrorCode::kNotFound, fmt::format("there is no model {}", id),
                "look with `mintmark model list`");
}

Result<VersionInfo> get_version(Market& market, const VersionRef& ref) {
    MINTMARK_TRY(const auto values,
                 market.read({kRegistry, "getVersion(uint256,uint256)", arguments(ref)},
                             "(" MINTMARK_COMMITMENT_TYPE ",(uint8,uint48,uint32,bytes32))"));
    VersionInfo out;
    MINTMARK_TRY(out.commitment, from_abi(values[0]));
    MINTMARK_TRY(const auto state, values[1].as_items());
    MINTMARK_TRY(const std::uint64_t status, state[0].as_u64());
    out.status = static_cast<VersionStatus>(status);
    MINTMARK_TRY(out.published_at, state[1].as_u64());
    return out;
}

Result<VersionRef> resolve_version(Market& market, const VersionRef& ref) {
    if (ref.version != 0) return ref;
    VersionRef out = ref;
    MINTMARK_TRY(out.version,
                 read_u64(market, {kRegistry, "canonicalVersion(uint256)", {AbiValue(ref.model)}}));
    if (out.version != 0) return out;
    return fail(ErrorCode::kNotFound, fmt::format("model {} has no active version", ref.model),
                "look with `mintmark model list`");
}

Result<std::optional<Price>> get_price(Market& market, const VersionRef& ref) {
    MINTMARK_TRY(const auto values,
                 market.read({"PriceBook", "latestPrice(uint256,uint256)", arguments(ref)},
                             "(((uint128,uint128,bool),uint64,uint32))"));
    MINTMARK_TRY(const auto epoch, values[0].as_items());
    MINTMARK_TRY(const std::uint64_t number, epoch[2].as_u64());
    if (number == 0) return std::nullopt;
    MINTMARK_TRY(const auto price, epoch[0].as_items());
    Price out;
    MINTMARK_TRY(out.per_call, price[0].as_u256());
    MINTMARK_TRY(out.per_day, price[1].as_u256());
    return out;
}

ContractCall register_call(const std::string& name, const std::string& card_uri,
                           const Address& payout) {
    return {kRegistry,
            "registerModel(string,string,address)",
            {AbiValue(name), AbiValue(card_uri), AbiValue(payout)}};
}

ContractCall commit_call(const Bytes32& commitment) {
    return {kRegistry, "commitVersion(bytes32)", {AbiValue(commitment)}};
}

ContractCall publish_call(std::uint64_t model, const VersionCommitment& version,
                          const Bytes32& salt) {
    return {kRegistry,
            "publishVersion(uint256," MINTMARK_COMMITMENT_TYPE ",bytes32)",
            {AbiValue(model), to_abi(version), AbiValue(salt)}};
}

ContractCall price_call(const VersionRef& ref, const Price& price) {
    const bool free = price.per_call.is_zero() && price.per_day.is_zero();
    return {"PriceBook",
            "setPrice(uint256,uint256,(uint128,uint128,bool))",
            {AbiValue(ref.model), AbiValue(ref.version),
             AbiValue({AbiValue(price.per_call), AbiValue(price.per_day), AbiValue(free)})}};
}

ContractCall terms_call(std::uint64_t model, bool transferable, std::uint64_t resale_ppm) {
    return {"AccessPass",
            "setPassTerms(uint256,(bool,uint24))",
            {AbiValue(model), AbiValue({AbiValue(transferable), AbiValue(resale_ppm)})}};
}

ContractCall status_call(const VersionRef& ref, VersionStatus status, const std::string& reason) {
    return {kRegistry,
            "setStatus(uint256,uint256,uint8,string)",
            {AbiValue(ref.model), AbiValue(ref.version),
             AbiValue(static_cast<std::uint64_t>(status)), AbiValue(reason)}};
}

Result<Bytes32> claim_commitment(Market& market, const Address& publisher,
                                 const VersionCommitment& version, const Bytes32& salt) {
    MINTMARK_TRY(const auto values,
                 market.read({kRegistry,
                              "commitmentOf(address,bytes32,bytes32,bytes32)",
                              {AbiValue(publisher), AbiValue(version.weights_hash),
                               AbiValue(version.manifest_root), AbiValue(salt)}},
                             "(bytes32)"));
    return values[0].as_bytes32();
}

Result<std::uint64_t> registered_model(const Market& market, const chain::Receipt& receipt) {
    MINTMARK_TRY(const U256 id, market.topic(receipt, {kRegistry, kRegistered, 1}));
    return AbiValue(id).as_u64();
}

Result<std::uint64_t> published_version(const Market& market, const chain::Receipt& receipt) {
    MINTMARK_TRY(const U256 id, market.topic(receipt, {kRegistry, kPublished, 2}));
    return AbiValue(id).as_u64();
}

Result<std::optional<std::uint64_t>> find_version(Market& market, std::uint64_t model,
                                                  const VersionCommitment& version) {
    MINTMARK_TRY(const auto logs,
                 market.logs(kRegistry, kPublished,
                             {U256(model).to_bytes(), std::nullopt, version.weights_hash}));
    for (const chain::Log& log : logs) {
        if (log.topics.size() < 3) continue;
        MINTMARK_TRY(const std::uint64_t id, AbiValue(U256::from_bytes(log.topics[2])).as_u64());
        MINTMARK_TRY(const VersionInfo info, get_version(market, {model, id}));
        if (info.commitment.vk_hash == version.vk_hash) return id;
    }
    return std::nullopt;
}

}  // namespace mintmark::market
