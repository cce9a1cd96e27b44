// Settled answers as ERC-7007 tokens (docs/spec/contracts.md §17).
#pragma once

#include "mintmark/market/request.hpp"

namespace mintmark::market {

struct AnswerToken {
    Bytes32 id = {};  ///< the request's nullifier
    chain::Receipt receipt;
};

/// Mints the answer of a settled request to the wallet that signed it. `answer` is the settlement
/// as the router accepted it. kRejected before anything is sent when the instances do not open the
/// request's input; kNotFound when it has not settled, kAlreadyExists when it is a token already,
/// kRejected when another wallet signed it or the router does not accept the proof now.
[[nodiscard]] Result<AnswerToken> mint_answer(Market& market, const chain::PrivateKey& key,
                                              const Settlement& answer);
/// kNotFound when the request's answer is no token.
[[nodiscard]] Result<Address> answer_owner(Market& market, const Request& request);
/// InferenceNFT.verify: true for ever for what was minted.
[[nodiscard]] Result<bool> verify_answer(Market& market, const Settlement& answer);

}  // namespace mintmark::market
