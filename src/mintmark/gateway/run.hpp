// One metered request on its way through the gateway.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "mintmark/gateway/entitlements.hpp"
#include "mintmark/gateway/kserve.hpp"
#include "mintmark/gateway/trace.hpp"
#include "mintmark/gateway/x402.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/serving/http_client.hpp"

namespace mintmark::gateway {

struct Run {
    std::string id = {};
    Buyer buyer = {};
    Call call = {};
    const ModelConfig* model = nullptr;
    std::shared_ptr<const TensorModel> tensor_model = {};  ///< of a call of the protocol
    TensorCall tensors = {};
    CardFacts card = {};
    Entitlement entitlement = {};
    market::Usage worst = {};
    std::unique_ptr<Payment> payment = {};  ///< of a caller without an account
    Signer payment_signer = Signer::kPayer;
    std::string payment_key = {};  ///< the same payment again is the same request
    /// Not changed any more once it is reserved: the ledger has it too.
    std::shared_ptr<ledger::RequestRow> row = std::make_shared<ledger::RequestRow>();
    std::uint64_t reserved_at = 0;  ///< the reservation's place in the journal
    std::uint64_t nonce_at = 0;     ///< the payment's; 0: none
    serving::Headers headers = {};  ///< of the answer
    std::string upstream = {};
    Span span = {};                          ///< of the request
    Span upstream_span = {};                 ///< of what the model's server does for it
    std::string text = {};                   ///< what was produced
    Sha256 response_hash = {};               ///< of what came in parts
    std::optional<Bytes32> whole_hash = {};  ///< of an answer that came whole
    std::string kept = {};                   ///< of a stream with an idempotency key
    // What it cost, once it is closed.
    market::Usage usage = {};
    ledger::Amount units = {};
    std::uint64_t usd = 0;
};

}  // namespace mintmark::gateway
