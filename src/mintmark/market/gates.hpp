// Gates, quotas and the stakes behind them (docs/spec/contracts.md §11).
#pragma once

#include <cstdint>
#include <string_view>

#include "mintmark/json/json.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// IGateBook.Kind.
enum class GateKind : std::uint8_t { kNone, kErc721, kVotes, kStake, kPredicate };
/// "nft", "votes", "stake", "predicate"; "none" for anything else.
[[nodiscard]] std::string_view gate_kind_name(GateKind kind) noexcept;
/// kInvalidArgument.
[[nodiscard]] Result<GateKind> parse_gate_kind(std::string_view name);

/// IGateBook.GateTerms; a gate never changes.
struct GateTerms {
    GateKind kind = GateKind::kNone;
    Address target = {};               ///< collection, votes token, staked token or predicate
    chain::U256 threshold;             ///< tokens for one quota (votes, stake); 0 otherwise
    std::uint64_t quota = 0;           ///< units per epoch
    std::uint32_t max_multiple = 1;    ///< most quotas that a large holding gives
    std::uint32_t period = 2'592'000;  ///< seconds of an epoch
};

struct GateInfo {
    std::uint64_t model = 0;
    GateTerms terms;
    std::uint64_t epoch = 0;        ///< now
    std::uint64_t epoch_start = 0;  ///< of this epoch
    bool is_retired = false;        ///< from this epoch or the next one on
};

/// What a holder states to have used in all through one provider in one epoch.
struct QuotaUsage {
    std::uint64_t gate = 0;
    std::uint64_t version = 0;
    chain::U256 key;  ///< token id, or the holder's address as a number
    std::uint64_t epoch = 0;
    Address account = {};   ///< who signs: the holder or his delegate
    Address provider = {};  ///< who settles it
    std::uint64_t cumulative = 0;
    Bytes32 receipt_root = {};
    Bytes signature;  ///< empty until it is signed

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<QuotaUsage> from_json(const json::Json& value);
    /// EIP-712 digest under the ledger's domain.
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
};

struct CreatedGate {
    std::uint64_t id;
    chain::Receipt receipt;
};

[[nodiscard]] Result<CreatedGate> create_gate(Market& market, const chain::PrivateKey& key,
                                              std::uint64_t model, const GateTerms& terms);
/// kNotFound.
[[nodiscard]] Result<GateInfo> read_gate(Market& market, std::uint64_t id);
/// Units that the account may still use now under the key.
[[nodiscard]] Result<chain::U256> remaining_quota(Market& market, const QuotaUsage& who);
/// Where the next statement's total starts: what has settled through the provider in that epoch.
[[nodiscard]] Result<chain::U256> used_through(Market& market, const QuotaUsage& who);
/// As the usage's provider. kRejected, before anything is sent, when the ledger would refuse it,
/// with its reason.
[[nodiscard]] Result<chain::Receipt> settle_quota(Market& market, const chain::PrivateKey& key,
                                                  const QuotaUsage& usage);
/// Stakes the key's tokens behind a gate; approves the vault first when needed.
[[nodiscard]] Result<chain::Receipt> stake(Market& market, const chain::PrivateKey& key,
                                           std::uint64_t gate, const chain::U256& amount);
[[nodiscard]] Result<chain::Receipt> unstake(Market& market, const chain::PrivateKey& key,
                                             std::uint64_t gate, const chain::U256& amount);

}  // namespace mintmark::market
