// Claims and games on the chain: RefereedExecution through the market's client.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/market/adapter_keys.hpp"
#include "mintmark/referee/moves.hpp"

namespace mintmark::referee {

/// RefereeKey.Key without its roots.
struct Terms {
    chain::U256 bond, challenge_bond;  ///< wei
    std::uint64_t window_s = 0;        ///< seconds in which a claim can be challenged
    std::uint64_t move_period_s = 0;   ///< seconds for each move
};

/// The bytes of a key contract (RefereeKey.Key): what is registered as the version's vkHash.
[[nodiscard]] Bytes key_bytes(const Commitments& model, const Terms& terms);
/// The terms of a key; kRejected when its program, weights, tables or salts are not this model's.
[[nodiscard]] Result<Terms> check_key(ByteSpan key, const Commitments& model);

/// IRefereedExecution.State.
enum class ClaimState : std::uint8_t { kNone, kPending, kChallenged, kReturned, kRejected };
[[nodiscard]] std::string_view claim_state_name(ClaimState state) noexcept;

struct ClaimInfo {
    Bytes32 id = {};
    ClaimState state = ClaimState::kNone;
    std::uint64_t until = 0;  ///< last second of the window, or of the move
    Address prover = {}, challenger = {}, key = {};
    chain::U256 bond, challenge_bond;  ///< wei
    Bytes32 trace_root = {};
    bool is_final = false;
    Statement statement;  ///< from the event
    Game game;            ///< with what the prover posted last
};

/// What the adapter stands behind in the deployment.
inline constexpr std::string_view kAdapter = "RefereedExecution";

/// keccak256 of key, key's code, statement, prover and root.
[[nodiscard]] Result<Bytes32> claim_id(market::Market& market, const Address& key,
                                       const Statement& statement, const Address& prover,
                                       const Bytes32& trace_root);
/// kNotFound when nobody made such a claim.
[[nodiscard]] Result<ClaimInfo> read_claim(market::Market& market, const Bytes32& id);

/// Claims the result of `side`'s trace with the key's bond.
[[nodiscard]] Result<chain::Receipt> propose(market::Market& market, const chain::PrivateKey& key,
                                             const Address& referee_key, const Side& side);
/// Sends a move; `value` for the challenge bond.
[[nodiscard]] Result<chain::Receipt> send(market::Market& market, const chain::PrivateKey& key,
                                          const Move& move, const chain::U256& value = {});
/// Ends what time has decided: a stalled game, or the window of a claim that nobody challenged.
[[nodiscard]] Result<chain::Receipt> conclude(market::Market& market, const chain::PrivateKey& key,
                                              const ClaimInfo& claim);
/// The `proof` that settles a final claim: abi.encode(prover, traceRoot).
[[nodiscard]] Bytes settlement_proof(const ClaimInfo& claim);

}  // namespace mintmark::referee
