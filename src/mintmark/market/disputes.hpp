// Disputes about models: a bond that makes a model's own claims wait (docs/spec/contracts.md §14).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/market/market.hpp"

namespace mintmark::market {

/// IModelDisputes.State.
enum class DisputeState : std::uint8_t {
    kNone,
    kOpen,    ///< waits for the arbiter
    kUpheld,  ///< the tag holds until it is lifted
    kClosed   ///< no tag
};
[[nodiscard]] std::string_view dispute_state_name(DisputeState state) noexcept;

struct Dispute {
    std::uint64_t id = 0;
    std::uint64_t model = 0;
    DisputeState state = DisputeState::kNone;
    Address accuser = {};
    std::uint64_t decide_by = 0;  ///< last second at which the arbiter decides
    Bytes32 evidence_hash = {};   ///< SHA-256 of the evidence
    std::string evidence_uri = {};
};

struct Accusation {
    std::uint64_t model = 0;
    Bytes32 evidence_hash = {};
    std::string evidence_uri = {};  ///< at most 512 bytes
};

/// A dispute that was opened, what it cost, and the transaction that opened it.
struct OpenedDispute {
    std::uint64_t id = 0;
    chain::U256 bond;  ///< wei
    chain::Receipt receipt;
};

/// What an open or an upheld dispute can be told.
enum class DisputeStep : std::uint8_t {
    kWithdraw,       ///< by the accuser; the bond is the owner's
    kLapse,          ///< by anybody, after `decide_by`
    kLift,           ///< by the accuser, of an upheld one
    kLiftByArbiter,  ///< role ARBITER
};

enum class Verdict : std::uint8_t { kUpheld, kDismissed };

/// Posts the contract's bond. kAlreadyExists when this account has accused the model before.
[[nodiscard]] Result<OpenedDispute> open_dispute(Market& market, const chain::PrivateKey& key,
                                                 const Accusation& accusation);
/// kNotFound.
[[nodiscard]] Result<Dispute> get_dispute(Market& market, std::uint64_t id);
/// From events, by id; model 0: of all models.
[[nodiscard]] Result<std::vector<Dispute>> list_disputes(Market& market, std::uint64_t model);
/// Whether any tag holds on the model now.
[[nodiscard]] Result<bool> is_frozen(Market& market, std::uint64_t model);
/// The owner's answer, on record.
[[nodiscard]] Result<chain::Receipt> answer_dispute(Market& market, const chain::PrivateKey& key,
                                                    std::uint64_t id, const std::string& uri);
/// Role ARBITER.
[[nodiscard]] Result<chain::Receipt> decide_dispute(Market& market, const chain::PrivateKey& key,
                                                    std::uint64_t id, Verdict verdict,
                                                    const std::string& reason);
[[nodiscard]] Result<chain::Receipt> move_dispute(Market& market, const chain::PrivateKey& key,
                                                  std::uint64_t id, DisputeStep step);
/// Wei that came back to an account, or were won by it.
[[nodiscard]] Result<chain::U256> dispute_credit(Market& market, const Address& account);
[[nodiscard]] Result<chain::Receipt> withdraw_dispute_credit(Market& market,
                                                             const chain::PrivateKey& key,
                                                             const Address& to);

}  // namespace mintmark::market
