// How each event changes its entity. Amounts are decimal text; times are seconds since 1970.
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/abi.hpp"
#include "mintmark/index/events.hpp"

namespace mintmark::index {
namespace {

using chain::AbiValue;
using chain::U256;
using json::Json;
using Values = std::vector<AbiValue>;

std::string address_text(const Bytes32& word) {
    return to_hex(ByteSpan(word).subspan(12));
}

std::string word_text(const Bytes32& word) {
    return {word.begin(), std::find(word.begin(), word.end(), 0)};
}

Result<std::string> amount(const AbiValue& value) {
    MINTMARK_TRY(const U256 number, value.as_u256());
    return number.to_string();
}

Result<U256> known(const Json& state, std::string_view key) {
    const Json* value = json::find(state, key);
    if (value == nullptr) return U256();
    return U256::parse(value->get<std::string>());
}

std::unexpected<Error> impossible(const Event& event) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{} cannot happen to {}", static_cast<int>(event.kind), event.entity),
                "events are missing: `mintmark index rebuild`");
}

Status add(Json& state, std::string_view key, const U256& value) {
    MINTMARK_TRY(const U256 before, known(state, key));
    const auto sum = before.checked_add(value);
    if (!sum) return fail(ErrorCode::kOutOfRange, "a total leaves the range");
    state[key] = sum->to_string();
    return {};
}

Status take(Json& state, std::string_view key, const U256& value, const Event& event) {
    MINTMARK_TRY(const U256 before, known(state, key));
    const auto rest = before.checked_sub(value);
    if (!rest) return impossible(event);
    state[key] = rest->to_string();
    return {};
}

Result<std::uint64_t> topic_u64(const Event& event, std::size_t at) {
    return AbiValue(U256::from_bytes(event.topics[at])).as_u64();
}

Status fold_model(Json& state, const Event& event) {
    switch (event.kind) {
        case Kind::kModelRegistered: {
            MINTMARK_TRY(const Values v, chain::decode_values("(string,string)", event.data));
            MINTMARK_TRY(state["id"], topic_u64(event, 0));
            state["owner"] = address_text(event.topics[1]);
            MINTMARK_TRY(state["name"], v[0].as_text());
            MINTMARK_TRY(state["card_uri"], v[1].as_text());
            return {};
        }
        case Kind::kCardUpdated: {
            MINTMARK_TRY(const Values v, chain::decode_values("(string)", event.data));
            MINTMARK_TRY(state["card_uri"], v[0].as_text());
            return {};
        }
        case Kind::kPayoutChanged:
            state["payout"] = address_text(event.topics[1]);
            return {};
        case Kind::kCuratorChanged:
            state["curator"] = address_text(event.topics[1]);
            return {};
        case Kind::kCanonicalChanged: {
            MINTMARK_TRY(state["canonical"], topic_u64(event, 1));
            return {};
        }
        case Kind::kModelMoved:
            state["owner"] = address_text(event.topics[1]);
            return {};
        default:
            break;
    }
    MINTMARK_TRY(const Values v, chain::decode_values("(bytes32,uint8,string)", event.data));
    Json& listing = state["listing"];
    listing["task"] = word_text(event.topics[1]);
    listing["license"] = word_text(event.topics[2]);
    MINTMARK_TRY(const Bytes32 modality, v[0].as_bytes32());
    listing["modality"] = word_text(modality);
    MINTMARK_TRY(listing["verification"], v[1].as_u64());
    MINTMARK_TRY(listing["tags"], v[2].as_text());
    return {};
}

Status fold_version(Json& state, const Event& event) {
    if (event.kind == Kind::kStatusChanged) {
        MINTMARK_TRY(const Values v, chain::decode_values("(uint8,uint8,string)", event.data));
        MINTMARK_TRY(state["status"], v[1].as_u64());
        return {};
    }
    MINTMARK_TRY(const Values v,
                 chain::decode_values("((bytes32,bytes32,bytes32,bytes32,bytes32,address,address,"
                                      "bytes4,uint64,bool,string,string),"
                                      "(uint8,uint48,uint32,bytes32))",
                                      event.data));
    MINTMARK_TRY(const Values commitment, v[0].as_items());
    MINTMARK_TRY(const Values now, v[1].as_items());
    state["weights_hash"] = to_hex(event.topics[2]);
    MINTMARK_TRY(state["parameters"], commitment[8].as_u64());
    MINTMARK_TRY(state["architecture"], commitment[10].as_text());
    MINTMARK_TRY(state["storage_uri"], commitment[11].as_text());
    MINTMARK_TRY(state["status"], now[0].as_u64());
    MINTMARK_TRY(state["published_at"], now[1].as_u64());
    return {};
}

/// What is scheduled replaces what has not begun, as the price books do it.
Status schedule(Json& state, const Event& event, std::uint64_t starts_at, std::uint64_t number) {
    Json next = {{"starts_at", starts_at}, {"number", number}, {"data", to_hex(event.data)}};
    const Json* latest = json::find(state, "latest");
    const std::uint64_t now = std::stoull(event.note);
    if (latest != nullptr && (*latest)["starts_at"].get<std::uint64_t>() <= now)
        state["current"] = Json(*latest);
    state["latest"] = std::move(next);
    return {};
}

Status fold_price(Json& state, const Event& event) {
    MINTMARK_TRY(const Values v,
                 chain::decode_values("(uint32,(uint128,uint128,bool),uint64)", event.data));
    MINTMARK_TRY(const std::uint64_t number, v[0].as_u64());
    MINTMARK_TRY(const std::uint64_t starts_at, v[2].as_u64());
    return schedule(state, event, starts_at, number);
}

Status fold_rates(Json& state, const Event& event) {
    MINTMARK_TRY(
        const Values v,
        chain::decode_values(
            "(uint32,(uint64[12],uint64,uint32,uint32,uint32,uint16,uint64),uint48)", event.data));
    MINTMARK_TRY(const std::uint64_t number, v[0].as_u64());
    MINTMARK_TRY(const std::uint64_t starts_at, v[2].as_u64());
    return schedule(state, event, starts_at, number);
}

Status fold_pass_bought(Json& state, const Event& event) {
    MINTMARK_TRY(const Values v,
                 chain::decode_values("(address,address,uint256,uint64,uint256)", event.data));
    MINTMARK_TRY(state["id"], topic_u64(event, 0));
    MINTMARK_TRY(state["model"], topic_u64(event, 1));
    MINTMARK_TRY(state["version"], topic_u64(event, 2));
    MINTMARK_TRY(const Address to, v[1].as_address());
    state["owner"] = to_hex(to);
    MINTMARK_TRY(state["left"], v[2].as_u64());
    MINTMARK_TRY(state["expires"], v[3].as_u64());
    return {};
}

/// The contract counts no more than what was left.
Status fold_pass_metered(Json& state, const Event& event) {
    MINTMARK_TRY(const Values v, chain::decode_values("(uint256,bytes32)", event.data));
    MINTMARK_TRY(const std::uint64_t total, v[0].as_u64());
    const std::uint64_t metered = state.value("metered", std::uint64_t{0});
    const std::uint64_t left = state.value("left", std::uint64_t{0});
    if (total < metered) return impossible(event);
    state["metered"] = metered + std::min(total - metered, left);
    return {};
}

Status fold_pass(Json& state, const Event& event) {
    switch (event.kind) {
        case Kind::kPassBought:
            return fold_pass_bought(state, event);
        case Kind::kPassMetered:
            return fold_pass_metered(state, event);
        case Kind::kPassPaidIn: {
            MINTMARK_TRY(const Values v, chain::decode_values("(uint8,bytes32)", event.data));
            state["token"] = address_text(event.topics[1]);
            MINTMARK_TRY(state["unit"], v[0].as_u64());
            return {};
        }
        case Kind::kPassConsumed: {
            MINTMARK_TRY(const Values v,
                         chain::decode_values("(uint256,uint256,uint256)", event.data));
            MINTMARK_TRY(state["left"], v[1].as_u64());
            return {};
        }
        case Kind::kPassRenewed:
        case Kind::kPassCancelled: {
            MINTMARK_TRY(const Values v, chain::decode_values("(uint64)", event.data));
            MINTMARK_TRY(state["expires"], v[0].as_u64());
            return {};
        }
        case Kind::kPassMovedVersion: {
            MINTMARK_TRY(state["version"], topic_u64(event, 1));
            return {};
        }
        case Kind::kPassRefunded:
            state["left"] = 0;
            return {};
        case Kind::kPassMoved:
            state["owner"] = address_text(event.topics[1]);
            return {};
        default:
            break;
    }
    MINTMARK_TRY(const Values v, chain::decode_values("(uint64)", event.data));
    state["user"] = address_text(event.topics[1]);
    MINTMARK_TRY(state["user_expires"], v[0].as_u64());
    return {};
}

Status fold_session(Json& state, const Event& event) {
    Json& session = state["sessions"][address_text(event.topics[1])];
    if (event.kind == Kind::kSessionRevoked) {
        MINTMARK_TRY(const Values v, chain::decode_values("(uint64)", event.data));
        MINTMARK_TRY(session["expires"], v[0].as_u64());
        return {};
    }
    MINTMARK_TRY(const Values v, chain::decode_values("(uint96,uint64)", event.data));
    MINTMARK_TRY(session["cap"], amount(v[0]));
    MINTMARK_TRY(session["expires"], v[1].as_u64());
    return {};
}

Status fold_voucher(Json& state, const Event& event) {
    MINTMARK_TRY(const Values v, chain::decode_values("(uint256,bytes32)", event.data));
    MINTMARK_TRY(const U256 value, v[0].as_u256());
    MINTMARK_CHECK(take(state, "balance", value, event));
    MINTMARK_CHECK(add(state, "settled", value));
    return add(state["settled_for"], event.note, value);
}

Status fold_channel(Json& state, const Event& event) {
    switch (event.kind) {
        case Kind::kDeposited: {
            MINTMARK_TRY(const Values v, chain::decode_values("(address,uint256)", event.data));
            state["buyer"] = address_text(event.topics[1]);
            state["provider"] = address_text(event.topics[2]);
            MINTMARK_TRY(const Address token, v[0].as_address());
            state["token"] = to_hex(token);
            MINTMARK_TRY(const U256 value, v[1].as_u256());
            return add(state, "balance", value);
        }
        case Kind::kVoucherSettled:
            return fold_voucher(state, event);
        case Kind::kThawStarted: {
            MINTMARK_TRY(const Values v, chain::decode_values("(uint256,uint64)", event.data));
            MINTMARK_TRY(state["thawing"], amount(v[0]));
            MINTMARK_TRY(state["thaw_ends"], v[1].as_u64());
            return {};
        }
        case Kind::kWithdrawn: {
            MINTMARK_TRY(const Values v, chain::decode_values("(uint256)", event.data));
            MINTMARK_TRY(const U256 value, v[0].as_u256());
            state["thawing"] = "0";
            return take(state, "balance", value, event);
        }
        case Kind::kChannelClosed:
            state["balance"] = state["thawing"] = "0";
            state["closes"] = state.value("closes", std::uint64_t{0}) + 1;
            return {};
        default:
            return fold_session(state, event);
    }
}

Status fold_gate(Json& state, const Event& event) {
    if (event.kind == Kind::kGateRetired) {
        MINTMARK_TRY(const Values v, chain::decode_values("(uint64)", event.data));
        MINTMARK_TRY(state["retired_from"], v[0].as_u64());
        return {};
    }
    MINTMARK_TRY(
        const Values v,
        chain::decode_values("((uint8,address,uint128,uint64,uint32,uint32),uint64)", event.data));
    MINTMARK_TRY(const Values terms, v[0].as_items());
    MINTMARK_TRY(state["model"], topic_u64(event, 1));
    MINTMARK_TRY(state["kind"], terms[0].as_u64());
    MINTMARK_TRY(const Address target, terms[1].as_address());
    state["target"] = to_hex(target);
    MINTMARK_TRY(state["threshold"], amount(terms[2]));
    MINTMARK_TRY(state["quota"], terms[3].as_u64());
    MINTMARK_TRY(state["max_multiple"], terms[4].as_u64());
    MINTMARK_TRY(state["period"], terms[5].as_u64());
    MINTMARK_TRY(state["anchor"], v[1].as_u64());
    return {};
}

Status fold_quota(Json& state, const Event& event) {
    MINTMARK_TRY(const Values v, chain::decode_values("(address,uint256,bytes32)", event.data));
    MINTMARK_TRY(const Address provider, v[0].as_address());
    MINTMARK_TRY(const U256 units, v[1].as_u256());
    MINTMARK_CHECK(add(state, "used", units));
    return add(state["through"], to_hex(provider), units);
}

Status fold_proposal(Json& state, const Event& event) {
    switch (event.kind) {
        case Kind::kProposalCreated: {
            MINTMARK_TRY(const Values v,
                         chain::decode_values("(uint256,address,address[],uint256[],string[],"
                                              "bytes[],uint256,uint256,string)",
                                              event.data));
            MINTMARK_TRY(const Address proposer, v[1].as_address());
            state["proposer"] = to_hex(proposer);
            MINTMARK_TRY(state["vote_start"], v[6].as_u64());
            MINTMARK_TRY(state["vote_end"], v[7].as_u64());
            MINTMARK_TRY(state["description"], v[8].as_text());
            state["state"] = "open";
            return {};
        }
        case Kind::kVoteCast: {
            MINTMARK_TRY(const Values v,
                         chain::decode_values("(uint256,uint8,uint256,string)", event.data));
            MINTMARK_TRY(const std::uint64_t support, v[1].as_u64());
            MINTMARK_TRY(const U256 weight, v[2].as_u256());
            const char* side = support == 0 ? "against" : support == 1 ? "for" : "abstain";
            return add(state, side, weight);
        }
        case Kind::kProposalQueued:
            state["state"] = "queued";
            return {};
        case Kind::kProposalExecuted:
            state["state"] = "executed";
            return {};
        default:
            state["state"] = "cancelled";
            return {};
    }
}

}  // namespace

Status fold(Json& state, const Event& event) {
    if (state.is_null()) state = Json::object();
    switch (event.entity.empty() ? '\0' : event.entity[0]) {
        case 'm':
            return fold_model(state, event);
        case 'v':
            return fold_version(state, event);
        case 'e':
            return fold_price(state, event);
        case 'r':
            return fold_rates(state, event);
        case 'p':
            return fold_pass(state, event);
        case 'c':
            return fold_channel(state, event);
        case 'g':
            return fold_gate(state, event);
        case 'q':
            return fold_quota(state, event);
        case 'w': {
            MINTMARK_TRY(const Values v, chain::decode_values("(uint256,uint256)", event.data));
            MINTMARK_TRY(state["votes"], amount(v[1]));
            return {};
        }
        case 'o':
            return fold_proposal(state, event);
        default:
            return fail(ErrorCode::kInternal, "an event without an entity");
    }
}

}  // namespace mintmark::index
