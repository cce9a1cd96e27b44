#include "mintmark/market/reviews.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/chain/address.hpp"

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kBoard = "ReviewBoard";
constexpr std::array<std::string_view, 7> kStates = {
    "none", "committed", "revealed", "challenged", "stands", "slashed", "released"};
#define MINTMARK_REVIEW_TYPE                                                                     \
    "((uint256,uint256,bytes32,(bytes32,uint32,uint32,uint32),uint64,uint64,uint64,uint8,uint8," \
    "uint8,uint8))"
constexpr std::string_view kOpened =
    "ReviewOpened(uint256,uint256,uint256,bytes32,(bytes32,uint32,uint32,uint32))";

/// Reads consecutive small numbers of a tuple into `out`.
Status read_numbers(const std::vector<AbiValue>& fields, std::size_t from,
                    const std::vector<std::uint64_t*>& out) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        MINTMARK_TRY(const AbiValue field, item(fields, from + i));
        MINTMARK_TRY(*out[i], field.as_u64());
    }
    return {};
}

std::vector<AbiValue> reviewer_of(std::uint64_t review, const Address& reviewer) {
    return {AbiValue(review), AbiValue(reviewer)};
}

}  // namespace

json::Json Score::to_json() const {
    return {{"review", review},
            {"reviewer", chain::to_checksum(reviewer)},
            {"weightsHash", to_hex(weights_hash)},
            {"right", right},
            {"salt", to_hex(salt)}};
}

Result<Score> Score::from_json(const json::Json& value) {
    Score out;
    MINTMARK_TRY(out.review, json::get_u64(value, "review"));
    MINTMARK_TRY(const std::string reviewer_text, json::get_string(value, "reviewer"));
    MINTMARK_TRY(out.reviewer, chain::parse_address(reviewer_text));
    MINTMARK_TRY(const std::string hash, json::get_string(value, "weightsHash"));
    MINTMARK_TRY(out.weights_hash, bytes32_from_hex(hash));
    MINTMARK_TRY(out.right, json::get_u64(value, "right"));
    MINTMARK_TRY(const std::string salt_text, json::get_string(value, "salt"));
    MINTMARK_TRY(out.salt, bytes32_from_hex(salt_text));
    return out;
}

std::string_view phase_name(const ReviewInfo& review, std::uint64_t now) noexcept {
    if (now < review.commit_end) return "commit";
    if (now < review.reveal_end) return "reveal";
    return now < review.challenge_end ? "challenge" : "closed";
}

Result<OpenedReview> open_review(Market& market, const chain::PrivateKey& key,
                                 const VersionRef& version) {
    OpenedReview out;
    MINTMARK_TRY(out.receipt,
                 market.send(key, {kBoard,
                                   "open(uint256,uint256)",
                                   {AbiValue(version.model), AbiValue(version.version)}}));
    MINTMARK_TRY(const U256 id, market.topic(out.receipt, {kBoard, kOpened, 1}));
    MINTMARK_TRY(out.id, AbiValue(id).as_u64());
    return out;
}

Result<ReviewInfo> get_review(Market& market, std::uint64_t id) {
    MINTMARK_TRY(const auto values,
                 market.read({kBoard, "getReview(uint256)", {AbiValue(id)}}, MINTMARK_REVIEW_TYPE));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    MINTMARK_TRY(const AbiValue standard_value, item(fields, 3));
    MINTMARK_TRY(const auto standard, standard_value.as_items());
    ReviewInfo out;
    out.id = id;
    MINTMARK_CHECK(read_numbers(fields, 0, {&out.version.model, &out.version.version}));
    MINTMARK_TRY(out.weights_hash, fields[2].as_bytes32());
    MINTMARK_TRY(out.suite_hash, standard[0].as_bytes32());
    MINTMARK_CHECK(read_numbers(standard, 1, {&out.samples, &out.min_right}));
    MINTMARK_CHECK(read_numbers(fields, 4,
                                {&out.commit_end, &out.reveal_end, &out.challenge_end, &out.seated,
                                 &out.passes, &out.fails, &out.open_challenges}));
    MINTMARK_TRY(
        const auto passed,
        market.read({kBoard,
                     "hasPassed(uint256,uint256,uint256)",
                     {AbiValue(id), AbiValue(out.version.model), AbiValue(out.version.version)}},
                    "(bool)"));
    MINTMARK_TRY(out.has_passed, passed[0].as_bool());
    return out;
}

Result<ReviewAttestation> get_attestation(Market& market, std::uint64_t review,
                                          const Address& reviewer) {
    MINTMARK_TRY(
        const auto values,
        market.read({kBoard, "getAttestation(uint256,address)", reviewer_of(review, reviewer)},
                    "((uint8,bool,uint32,uint64,address,bytes32,bytes32))"));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    MINTMARK_TRY(const std::uint64_t state, fields[0].as_u64());
    ReviewAttestation out;
    out.state = state < kStates.size() ? kStates[state] : "unknown";
    MINTMARK_TRY(out.passed, fields[1].as_bool());
    MINTMARK_TRY(out.right, fields[2].as_u64());
    MINTMARK_TRY(out.challenger, fields[4].as_address());
    return out;
}

Result<U256> free_bond(Market& market, const Address& account) {
    return market.read_number({kBoard, "balanceOf(address)", {AbiValue(account)}});
}

Result<chain::Receipt> deposit_bond(Market& market, const chain::PrivateKey& key,
                                    const U256& amount) {
    return market.send(key, {kBoard, "deposit()", {}, amount});
}

Result<chain::Receipt> withdraw_bond(Market& market, const chain::PrivateKey& key,
                                     const U256& amount) {
    return market.send(
        key, {kBoard, "withdraw(address,uint256)", {AbiValue(key.address()), AbiValue(amount)}});
}

Result<chain::Receipt> commit_score(Market& market, const chain::PrivateKey& key,
                                    const Score& score) {
    MINTMARK_TRY(
        const auto commitment,
        market.read({kBoard,
                     "commitmentOf(uint256,address,bytes32,uint32,bytes32)",
                     {AbiValue(score.review), AbiValue(score.reviewer),
                      AbiValue(score.weights_hash), AbiValue(score.right), AbiValue(score.salt)}},
                    "(bytes32)"));
    return market.send(
        key, {kBoard, "commit(uint256,bytes32)", {AbiValue(score.review), commitment[0]}});
}

Result<chain::Receipt> reveal_score(Market& market, const chain::PrivateKey& key,
                                    const Score& score) {
    return market.send(key, {kBoard,
                             "reveal(uint256,bytes32,uint32,bytes32)",
                             {AbiValue(score.review), AbiValue(score.weights_hash),
                              AbiValue(score.right), AbiValue(score.salt)}});
}

Result<chain::Receipt> challenge_score(Market& market, const chain::PrivateKey& key,
                                       std::uint64_t review, const Address& reviewer,
                                       const Bytes32& evidence) {
    MINTMARK_TRY(const auto values,
                 market.read({kBoard, "rules()"},
                             "((uint256,uint256,uint64,uint64,uint64,uint64,uint8,uint8))"));
    MINTMARK_TRY(const auto rules, values[0].as_items());
    MINTMARK_TRY(const U256 bond, rules[1].as_u256());
    return market.send(key, {kBoard,
                             "challenge(uint256,address,bytes32)",
                             {AbiValue(review), AbiValue(reviewer), AbiValue(evidence)},
                             bond});
}

Result<chain::Receipt> move_review(Market& market, const chain::PrivateKey& key,
                                   std::uint64_t review, const Address& reviewer, ReviewStep step) {
    constexpr std::array<std::string_view, 3> kCalls = {
        "decideByProof(uint256,address)", "lapse(uint256,address)", "release(uint256,address)"};
    return market.send(
        key, {kBoard, kCalls[static_cast<std::size_t>(step)], reviewer_of(review, reviewer)});
}

}  // namespace mintmark::market
