// Technical review of versions by bonded reviewers (docs/spec/contracts.md §16).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// A reviewer's score, secret until it is revealed.
struct Score {
    std::uint64_t review = 0;
    Address reviewer = {};
    Bytes32 weights_hash = {};  ///< as the reviewer computed it
    std::uint64_t right = 0;    ///< right answers of the suite's samples
    Bytes32 salt = {};

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<Score> from_json(const json::Json& value);
};

/// What a review is about, and how far it is. Times in seconds since 1970.
struct ReviewInfo {
    std::uint64_t id = 0;
    VersionRef version;
    Bytes32 weights_hash = {};
    Bytes32 suite_hash = {};
    std::uint64_t samples = 0;
    std::uint64_t min_right = 0;
    std::uint64_t commit_end = 0;
    std::uint64_t reveal_end = 0;
    std::uint64_t challenge_end = 0;
    std::uint64_t seated = 0;
    std::uint64_t passes = 0;
    std::uint64_t fails = 0;
    std::uint64_t open_challenges = 0;
    bool has_passed = false;
};

/// "commit", "reveal", "challenge" or "closed" at that time.
[[nodiscard]] std::string_view phase_name(const ReviewInfo& review, std::uint64_t now) noexcept;

/// One reviewer's part in a review.
struct ReviewAttestation {
    std::string_view state;  ///< "none", "committed", "revealed", "challenged", "stands", …
    bool passed = false;
    std::uint64_t right = 0;
    Address challenger = {};
};

struct OpenedReview {
    std::uint64_t id = 0;
    chain::Receipt receipt;
};

/// Opens a review under the model's present standard. Anybody.
[[nodiscard]] Result<OpenedReview> open_review(Market& market, const chain::PrivateKey& key,
                                               const VersionRef& version);
/// kNotFound.
[[nodiscard]] Result<ReviewInfo> get_review(Market& market, std::uint64_t id);
[[nodiscard]] Result<ReviewAttestation> get_attestation(Market& market, std::uint64_t review,
                                                        const Address& reviewer);
/// Wei in the contract that are not locked.
[[nodiscard]] Result<chain::U256> free_bond(Market& market, const Address& account);
[[nodiscard]] Result<chain::Receipt> deposit_bond(Market& market, const chain::PrivateKey& key,
                                                  const chain::U256& amount);
[[nodiscard]] Result<chain::Receipt> withdraw_bond(Market& market, const chain::PrivateKey& key,
                                                   const chain::U256& amount);

/// Takes a seat: sends the commitment to the score, and locks the bond.
[[nodiscard]] Result<chain::Receipt> commit_score(Market& market, const chain::PrivateKey& key,
                                                  const Score& score);
[[nodiscard]] Result<chain::Receipt> reveal_score(Market& market, const chain::PrivateKey& key,
                                                  const Score& score);
/// Disputes a revealed score, with the board's challenge bond.
[[nodiscard]] Result<chain::Receipt> challenge_score(Market& market, const chain::PrivateKey& key,
                                                     std::uint64_t review, const Address& reviewer,
                                                     const Bytes32& evidence);

/// What anybody may do for a reviewer whose time has come.
enum class ReviewStep : std::uint8_t {
    kDecideByProof,  ///< an accuracy proof of the version decides the challenge
    kLapse,          ///< nobody decided it in time: the score stands
    kRelease         ///< the window is over: the bond is free, or forfeited if never revealed
};
[[nodiscard]] Result<chain::Receipt> move_review(Market& market, const chain::PrivateKey& key,
                                                 std::uint64_t review, const Address& reviewer,
                                                 ReviewStep step);

}  // namespace mintmark::market
