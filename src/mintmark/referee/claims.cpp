#include "mintmark/referee/claims.hpp"

#include <fmt/format.h>

#include <array>

#include "mintmark/base/assert.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::referee {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::string_view kSystem = "refereed-v1";
constexpr std::string_view kKeyTypes =
    "(bytes32,uint256,uint256,uint256,uint256,uint256,uint256,bytes32,bytes32,bytes32,bytes32,"
    "uint256,uint256,uint256,uint256)";
constexpr std::string_view kClaimTypes =
    "((uint8,uint64,address,address,address,uint128,uint128,bytes32,bytes32))";
constexpr std::string_view kGameTypes =
    "((uint8,uint8,uint16,uint64,uint64,uint64,bytes32,uint256,uint256))";
constexpr std::string_view kProposed =
    "ClaimProposed(bytes32,address,address,bytes32,uint256[],bytes32,uint64)";

/// The last log of an event about this claim, decoded without its indexed parts.
Result<std::vector<AbiValue>> last_log(market::Market& market, std::string_view event,
                                       const Bytes32& claim, std::string_view types) {
    MINTMARK_TRY(const std::vector<chain::Log> logs, market.logs(kAdapter, event, {claim}));
    if (logs.empty()) return fail(ErrorCode::kChain, fmt::format("the chain has no {}", event));
    return chain::decode_values(types, logs.back().data);
}

Status read_posted(market::Market& market, const Bytes32& claim, Game& game) {
    const bool is_nodes = game.stage == Stage::kPickNode;
    if (!is_nodes && game.stage != Stage::kPickSum) return {};
    MINTMARK_TRY(const auto values,
                 is_nodes ? last_log(market, "NodesPosted(bytes32,bytes32[])", claim, "(bytes32[])")
                          : last_log(market, "SumsPosted(bytes32,int256[])", claim, "(int256[])"));
    MINTMARK_TRY(const auto items, values[0].as_items());
    for (const AbiValue& item : items) {
        if (is_nodes) {
            MINTMARK_TRY(game.nodes.emplace_back(), item.as_bytes32());
        } else {
            MINTMARK_TRY(game.sums.emplace_back(), item.as_u256());
        }
    }
    return {};
}

Result<Game> read_game(market::Market& market, const Bytes32& claim) {
    MINTMARK_TRY(const auto values,
                 market.read({kAdapter, "getGame(bytes32)", {AbiValue(claim)}}, kGameTypes));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    Game out;
    MINTMARK_TRY(const std::uint64_t stage, fields[0].as_u64());
    out.stage = static_cast<Stage>(stage);
    MINTMARK_TRY(const std::uint64_t height, fields[1].as_u64());
    out.height = static_cast<std::uint8_t>(height);
    MINTMARK_TRY(const std::uint64_t step, fields[2].as_u64());
    out.step = static_cast<std::uint16_t>(step);
    MINTMARK_TRY(out.position, fields[3].as_u64());
    MINTMARK_TRY(out.lo, fields[4].as_u64());
    MINTMARK_TRY(out.hi, fields[5].as_u64());
    MINTMARK_TRY(out.posted, fields[6].as_bytes32());
    MINTMARK_TRY(out.sum_lo, fields[7].as_u256());
    MINTMARK_TRY(out.sum_hi, fields[8].as_u256());
    MINTMARK_CHECK(read_posted(market, claim, out));
    return out;
}

Result<Statement> read_statement(market::Market& market, const Bytes32& claim) {
    MINTMARK_TRY(const auto values,
                 last_log(market, kProposed, claim, "(bytes32,uint256[],bytes32,uint64)"));
    Statement out;
    MINTMARK_TRY(out.context, values[0].as_bytes32());
    MINTMARK_TRY(const auto words, values[1].as_items());
    for (const AbiValue& word : words) {
        MINTMARK_TRY(const U256 value, word.as_u256());
        out.instances.push_back(value.to_bytes());
    }
    return out;
}

Status read_fields(const std::vector<AbiValue>& fields, ClaimInfo& out) {
    MINTMARK_TRY(const std::uint64_t state, fields[0].as_u64());
    out.state = static_cast<ClaimState>(state);
    MINTMARK_TRY(out.until, fields[1].as_u64());
    MINTMARK_TRY(out.prover, fields[2].as_address());
    MINTMARK_TRY(out.challenger, fields[3].as_address());
    MINTMARK_TRY(out.key, fields[4].as_address());
    MINTMARK_TRY(out.bond, fields[5].as_u256());
    MINTMARK_TRY(out.challenge_bond, fields[6].as_u256());
    MINTMARK_TRY(out.trace_root, fields[7].as_bytes32());
    return {};
}

}  // namespace

Bytes key_bytes(const Commitments& model, const Terms& terms) {
    const Program& program = model.program;
    const std::vector<AbiValue> fields = {AbiValue(keccak256(as_bytes(kSystem))),
                                          AbiValue(program.inputs),
                                          AbiValue(program.outputs),
                                          AbiValue(std::uint64_t{program.steps.size()}),
                                          AbiValue(program.elements),
                                          AbiValue(std::uint64_t{model.weights.size()}),
                                          AbiValue(program.rows),
                                          AbiValue(model.program_tree.root()),
                                          AbiValue(model.weights_tree.root()),
                                          AbiValue(model.tables_tree.root()),
                                          AbiValue(model.salts_tree.root()),
                                          AbiValue(terms.bond),
                                          AbiValue(terms.challenge_bond),
                                          AbiValue(terms.window_s),
                                          AbiValue(terms.move_period_s)};
    auto data = chain::encode_values(kKeyTypes, fields);
    MINTMARK_ASSERT(data.has_value());
    return *std::move(data);
}

Result<Terms> check_key(ByteSpan key, const Commitments& model) {
    MINTMARK_TRY(const auto fields, chain::decode_values(kKeyTypes, key));
    Terms out;
    MINTMARK_TRY(out.bond, fields[11].as_u256());
    MINTMARK_TRY(out.challenge_bond, fields[12].as_u256());
    MINTMARK_TRY(out.window_s, fields[13].as_u64());
    MINTMARK_TRY(out.move_period_s, fields[14].as_u64());
    const Bytes own = key_bytes(model, out);
    if (!std::ranges::equal(own, key))
        return fail(ErrorCode::kRejected, "the key is not this model's",
                    "its program, weights, tables and salts come from the model and its seed");
    return out;
}

std::string_view claim_state_name(ClaimState state) noexcept {
    constexpr std::array<std::string_view, 5> kNames = {"none", "pending", "challenged", "returned",
                                                        "rejected"};
    const auto index = static_cast<std::size_t>(state);
    return index < kNames.size() ? kNames[index] : kNames[0];
}

Result<Bytes32> claim_id(market::Market& market, const Address& key, const Statement& statement,
                         const Address& prover, const Bytes32& trace_root) {
    MINTMARK_TRY(
        const auto values,
        market.read({kAdapter,
                     "claimIdOf(address,(bytes32,uint256[]),address,bytes32)",
                     {AbiValue(key), statement.value(), AbiValue(prover), AbiValue(trace_root)}},
                    "(bytes32)"));
    return values[0].as_bytes32();
}

Result<ClaimInfo> read_claim(market::Market& market, const Bytes32& id) {
    MINTMARK_TRY(const auto values,
                 market.read({kAdapter, "getClaim(bytes32)", {AbiValue(id)}}, kClaimTypes));
    MINTMARK_TRY(const auto fields, values[0].as_items());
    ClaimInfo out;
    out.id = id;
    MINTMARK_CHECK(read_fields(fields, out));
    if (out.state == ClaimState::kNone) {
        return fail(ErrorCode::kNotFound, "nobody has made this claim",
                    "claims are made with `mintmark referee propose`");
    }
    MINTMARK_TRY(const auto is_final,
                 market.read({kAdapter, "isFinal(bytes32)", {AbiValue(id)}}, "(bool)"));
    MINTMARK_TRY(out.is_final, is_final[0].as_bool());
    MINTMARK_TRY(out.statement, read_statement(market, id));
    MINTMARK_TRY(out.game, read_game(market, id));
    return out;
}

Result<chain::Receipt> propose(market::Market& market, const chain::PrivateKey& key,
                               const Address& referee_key, const Side& side) {
    MINTMARK_TRY(const Bytes bytes, market::adapter_key_bytes(market, referee_key));
    MINTMARK_TRY(const Terms terms, check_key(bytes, side.model));
    return market.send(key,
                       {kAdapter,
                        "propose(address,(bytes32,uint256[]),bytes32)",
                        {AbiValue(referee_key), side.statement.value(), AbiValue(side.tree.root())},
                        terms.bond});
}

Result<chain::Receipt> send(market::Market& market, const chain::PrivateKey& key, const Move& move,
                            const U256& value) {
    return market.send(key, {kAdapter, move.signature, move.arguments, value});
}

Result<chain::Receipt> conclude(market::Market& market, const chain::PrivateKey& key,
                                const ClaimInfo& claim) {
    const bool is_challenged = claim.state == ClaimState::kChallenged;
    if (!is_challenged && claim.state != ClaimState::kPending) {
        return fail(ErrorCode::kRejected,
                    fmt::format("the claim is over: {}", claim_state_name(claim.state)));
    }
    return market.send(key, {kAdapter,
                             is_challenged ? "conclude(bytes32)" : "returnBond(bytes32)",
                             {AbiValue(claim.id)}});
}

Bytes settlement_proof(const ClaimInfo& claim) {
    const std::vector<AbiValue> values = {AbiValue(claim.prover), AbiValue(claim.trace_root)};
    auto data = chain::encode_values("(address,bytes32)", values);
    MINTMARK_ASSERT(data.has_value());
    return *std::move(data);
}

}  // namespace mintmark::referee
