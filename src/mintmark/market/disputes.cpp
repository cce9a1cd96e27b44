#include "mintmark/market/disputes.hpp"

#include <fmt/format.h>

#include <array>

namespace mintmark::market {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kDisputes = "ModelDisputes";
constexpr std::string_view kOpened =
    "DisputeOpened(uint256,uint256,address,bytes32,string,uint256,uint48)";
constexpr std::array<std::string_view, 4> kStates = {"none", "open", "upheld", "closed"};

constexpr std::string_view function_of(DisputeStep step) noexcept {
    switch (step) {
        case DisputeStep::kWithdraw:
            return "withdraw(uint256)";
        case DisputeStep::kLapse:
            return "lapse(uint256)";
        case DisputeStep::kLift:
            return "lift(uint256)";
        case DisputeStep::kLiftByArbiter:
            return "liftByArbiter(uint256)";
    }
    return "";
}

/// What the contract holds of a dispute; the evidence is in its event alone.
Result<Dispute> read_dispute(Market& market, std::uint64_t id) {
    MINTMARK_TRY(const auto values, market.read({kDisputes, "disputeOf(uint256)", {AbiValue(id)}},
                                                "((address,uint64,uint8,uint48))"));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    Dispute out;
    out.id = id;
    MINTMARK_TRY(out.accuser, fields[0].as_address());
    MINTMARK_TRY(out.model, fields[1].as_u64());
    MINTMARK_TRY(const std::uint64_t state, fields[2].as_u64());
    out.state = static_cast<DisputeState>(state);
    MINTMARK_TRY(out.decide_by, fields[3].as_u64());
    return out;
}

Result<Dispute> dispute_of(Market& market, const chain::Log& log) {
    if (log.topics.size() != 4) return fail(ErrorCode::kMalformed, "a dispute has four topics");
    MINTMARK_TRY(const std::uint64_t id, AbiValue(U256::from_bytes(log.topics[1])).as_u64());
    MINTMARK_TRY(Dispute out, read_dispute(market, id));
    MINTMARK_TRY(const auto data,
                 chain::decode_values("(bytes32,string,uint256,uint48)", log.data));
    MINTMARK_TRY(out.evidence_hash, data[0].as_bytes32());
    MINTMARK_TRY(out.evidence_uri, data[1].as_text());
    return out;
}

}  // namespace

std::string_view dispute_state_name(DisputeState state) noexcept {
    const auto index = static_cast<std::size_t>(state);
    return index < kStates.size() ? kStates[index] : kStates[0];
}

Result<OpenedDispute> open_dispute(Market& market, const chain::PrivateKey& key,
                                   const Accusation& accusation) {
    OpenedDispute out;
    MINTMARK_TRY(out.bond, market.read_number({kDisputes, "bond()"}));
    MINTMARK_TRY(out.receipt,
                 market.send(key, {kDisputes,
                                   "open(uint256,bytes32,string)",
                                   {AbiValue(accusation.model), AbiValue(accusation.evidence_hash),
                                    AbiValue(accusation.evidence_uri)},
                                   out.bond}));
    MINTMARK_TRY(const U256 id, market.topic(out.receipt, {kDisputes, kOpened}));
    MINTMARK_TRY(out.id, AbiValue(id).as_u64());
    return out;
}

Result<Dispute> get_dispute(Market& market, std::uint64_t id) {
    const auto topic = U256(id).to_bytes();
    MINTMARK_TRY(const auto logs, market.logs(kDisputes, kOpened, {topic}));
    if (logs.empty()) {
        return fail(ErrorCode::kNotFound, fmt::format("there is no dispute {}", id),
                    "look with `mintmark dispute list`");
    }
    return dispute_of(market, logs.front());
}

Result<std::vector<Dispute>> list_disputes(Market& market, std::uint64_t model) {
    std::vector<std::optional<Bytes32>> indexed;
    if (model != 0) indexed = {std::nullopt, U256(model).to_bytes()};
    MINTMARK_TRY(const auto logs, market.logs(kDisputes, kOpened, indexed));
    std::vector<Dispute> out;
    for (const chain::Log& log : logs) {
        MINTMARK_TRY(out.emplace_back(), dispute_of(market, log));
    }
    return out;
}

Result<bool> is_frozen(Market& market, std::uint64_t model) {
    MINTMARK_TRY(const auto values,
                 market.read({kDisputes, "isFrozen(uint256)", {AbiValue(model)}}, "(bool)"));
    return values[0].as_bool();
}

Result<chain::Receipt> answer_dispute(Market& market, const chain::PrivateKey& key,
                                      std::uint64_t id, const std::string& uri) {
    return market.send(key, {kDisputes, "answer(uint256,string)", {AbiValue(id), AbiValue(uri)}});
}

Result<chain::Receipt> decide_dispute(Market& market, const chain::PrivateKey& key,
                                      std::uint64_t id, Verdict verdict,
                                      const std::string& reason) {
    return market.send(key,
                       {kDisputes,
                        "decide(uint256,bool,string)",
                        {AbiValue(id), AbiValue(verdict == Verdict::kUpheld), AbiValue(reason)}});
}

Result<chain::Receipt> move_dispute(Market& market, const chain::PrivateKey& key, std::uint64_t id,
                                    DisputeStep step) {
    return market.send(key, {kDisputes, function_of(step), {AbiValue(id)}});
}

Result<U256> dispute_credit(Market& market, const Address& account) {
    return market.read_number({kDisputes, "bondOf(address)", {AbiValue(account)}});
}

Result<chain::Receipt> withdraw_dispute_credit(Market& market, const chain::PrivateKey& key,
                                               const Address& to) {
    return market.send(key, {kDisputes, "withdrawBond(address)", {AbiValue(to)}});
}

}  // namespace mintmark::market
