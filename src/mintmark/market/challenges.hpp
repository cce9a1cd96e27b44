// Optimistic results: claims with a bond, challenges, proofs (docs/spec/contracts.md §17).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/market/adapter_keys.hpp"
#include "mintmark/market/market.hpp"

namespace mintmark::market {

/// OptimisticVerifier.Key: the terms that a version under the optimistic system is sold with.
struct OptimisticTerms {
    std::uint64_t input_words = 0;
    Address verifier = {};   ///< IProofVerifier that decides a challenge
    Address inner_key = {};  ///< its key for the same circuit
    std::uint64_t gas_limit = 0;
    chain::U256 bond, challenge_bond;   ///< wei
    std::uint64_t window_s = 0;         ///< seconds in which a claim can be challenged
    std::uint64_t answer_period_s = 0;  ///< seconds in which a challenged claim must be proven
};

/// What a claim says: key, context, instances (input words, then output words).
using ClaimStatement = AdapterResult;

/// IOptimisticVerifier.State.
enum class ClaimState : std::uint8_t {
    kNone,
    kPending,
    kChallenged,
    kProven,
    kReturned,
    kRejected
};
/// "none", "pending", "challenged", "proven", "returned", "rejected".
[[nodiscard]] std::string_view claim_state_name(ClaimState state) noexcept;

struct ClaimInfo {
    ClaimState state = ClaimState::kNone;
    std::uint64_t until = 0;  ///< last second of the window, or of the answer
    Address proposer = {}, challenger = {};
    chain::U256 bond, challenge_bond;  ///< wei
    bool is_final = false;             ///< the result can be relied on
};

/// Stores the terms as a key contract, with the verifier's code hash of now. kRejected when the
/// adapter does not take the terms.
[[nodiscard]] Result<AdapterKeyMade> deploy_optimistic_key(Market& market,
                                                           const chain::PrivateKey& key,
                                                           const OptimisticTerms& terms);

/// The terms that a key contract holds; kMalformed when it is none.
[[nodiscard]] Result<OptimisticTerms> read_optimistic_key(Market& market, const Address& key);

[[nodiscard]] Result<Bytes32> claim_id(Market& market, const ClaimStatement& claim);
/// kNotFound when nobody made such a claim.
[[nodiscard]] Result<ClaimInfo> read_claim(Market& market, const Bytes32& id);

/// Claims the result with the key's bond.
[[nodiscard]] Result<chain::Receipt> propose_claim(Market& market, const chain::PrivateKey& key,
                                                   const ClaimStatement& claim);
/// Doubts a claim, with the challenge bond that it names.
[[nodiscard]] Result<chain::Receipt> challenge_claim(Market& market, const chain::PrivateKey& key,
                                                     const Bytes32& id);
/// Proves a challenged claim.
[[nodiscard]] Result<chain::Receipt> answer_challenge(Market& market, const chain::PrivateKey& key,
                                                      const ClaimStatement& claim,
                                                      const Bytes& proof);
/// Ends what its time has decided: a challenged claim that nobody proved is rejected, a claim that
/// nobody challenged gets its bond back. kRejected while time runs, or when it is over already.
[[nodiscard]] Result<chain::Receipt> conclude_claim(Market& market, const chain::PrivateKey& key,
                                                    const Bytes32& id);
/// Wei that the account can withdraw.
[[nodiscard]] Result<chain::U256> bond_credit(Market& market, const Address& account);
[[nodiscard]] Result<chain::Receipt> withdraw_bonds(Market& market, const chain::PrivateKey& key);

}  // namespace mintmark::market
