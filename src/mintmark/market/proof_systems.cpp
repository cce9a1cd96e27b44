#include "mintmark/market/proof_systems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {
namespace {

constexpr std::array<ProofSystem, 7> kSystems = {
    ProofSystem{kProofSystemName, "UniversalVerifier"},
    ProofSystem{kEzklSystem, "EzklVerifier", true},
    ProofSystem{kRiscZeroSystem, "RiscZeroVerifier", true},
    ProofSystem{kOptimisticSystem, "OptimisticVerifier", false, true},
    ProofSystem{kAuditSystem, "AuditedVerifier", false, true},
    ProofSystem{kRefereeSystem, "RefereedExecution"},
    ProofSystem{kTeeSystem, "TeeVerifier"},
};
constexpr std::size_t kWord = 32;

ByteSpan word_at(const Bytes& key, std::size_t index) {
    return ByteSpan(key).subspan(kWord * index, kWord);
}

Address address_in(ByteSpan word) {
    Address out = {};
    std::ranges::copy(word.subspan(kWord - out.size()), out.begin());
    return out;
}

}  // namespace

std::span<const ProofSystem> proof_systems() noexcept {
    return kSystems;
}

Result<ProofSystem> find_proof_system(std::string_view name) {
    const auto* found = std::ranges::find(kSystems, name, &ProofSystem::name);
    if (found != kSystems.end()) return *found;
    std::string known;
    for (const ProofSystem& system : kSystems)
        known += (known.empty() ? "" : ", ") + std::string(system.name);
    return fail(ErrorCode::kUnsupported, fmt::format("there is no proof system '{}'", name), known);
}

Bytes proof_system_id(std::string_view name) {
    const Bytes32 hash = keccak256(as_bytes(name));
    return {hash.begin(), hash.begin() + 4};
}

std::string proof_system_name(const Bytes& id) {
    for (const ProofSystem& system : kSystems) {
        if (proof_system_id(system.name) == id) return std::string(system.name);
    }
    return to_hex(id);
}

Result<AdapterKeyHead> read_adapter_key(Market& market, const Address& key) {
    constexpr std::size_t kLeastWords = 4;
    constexpr std::size_t kWrappedWords = 5;
    MINTMARK_TRY(const Bytes bytes, adapter_key_bytes(market, key));
    const auto malformed = [] {
        return fail(ErrorCode::kMalformed, "there is no adapter's key at this address",
                    "make one with `mintmark challenge|audit|referee|tee|ezkl|risc-zero key`");
    };
    if (bytes.size() < kWord * kLeastWords) return malformed();
    for (const ProofSystem& system : kSystems) {
        if (!std::ranges::equal(word_at(bytes, 0), keccak256(as_bytes(system.name)))) continue;
        AdapterKeyHead out{.system = system, .hash = keccak256(bytes)};
        Bytes32 words = {};
        std::ranges::copy(word_at(bytes, 1), words.begin());
        MINTMARK_TRY(out.input_words, chain::AbiValue(chain::U256::from_bytes(words)).as_u64());
        if (!system.is_wrapped) return out;
        if (bytes.size() < kWord * kWrappedWords) return malformed();
        out.verifier = address_in(word_at(bytes, 2));
        out.inner_key = address_in(word_at(bytes, 4));
        return out;
    }
    return malformed();
}

}  // namespace mintmark::market
