#include "mintmark/settlement/batcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "mintmark/chain/address.hpp"
#include "mintmark/chain/rpc_json.hpp"
#include "mintmark/chain/transaction.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/contract_errors.hpp"

namespace mintmark::settlement {
namespace {

using chain::U256;
using market::VoucherStatus;

U256 times(const U256& a, std::uint64_t b) {
    const U256 most({~0ULL, ~0ULL, ~0ULL, ~0ULL});
    return a.checked_mul(b).value_or(most);
}

/// An eighth more, rounded up: what nodes ask of a replacement.
U256 raised(const U256& fee) {
    return times(fee, 9).divide(8).quotient.checked_add(1U).value_or(fee);
}

bool is_settled(std::uint64_t status) {
    return status == static_cast<std::uint64_t>(VoucherStatus::kSettled) ||
           status == static_cast<std::uint64_t>(VoucherStatus::kSettledInPart);
}

Result<std::uint64_t> mined_nonce(chain::RpcClient& client, const std::string& account) {
    MINTMARK_TRY(const auto value,
                 client.request("eth_getTransactionCount", json::Json::array({account, "latest"})));
    return chain::rpc_json::to_u64(value);
}

bool is_node_trouble(const Error& error) {
    return error.code == ErrorCode::kNetwork || error.code == ErrorCode::kMalformed ||
           error.code == ErrorCode::kInterrupted;
}

}  // namespace

Batcher::Batcher(chain::RpcClient& client, const chain::Deployment& deployment,
                 const chain::PrivateKey& key, sql::Database& ledger, Intents& intents,
                 Options options, Tell tell)
    : client_(client),
      deployment_(deployment),
      key_(key),
      ledger_(ledger),
      intents_(intents),
      options_(options),
      tell_(std::move(tell)),
      wallet_(to_hex(key.address())) {}

void Batcher::tell(const std::string& what, const std::string& advice) const {
    if (tell_) tell_(what, advice);
}

Status Batcher::step(std::int64_t now_ms) {
    return run(now_ms, Urgency::kByRule);
}

Status Batcher::settle_all(std::int64_t now_ms) {
    return run(now_ms, Urgency::kAll);
}

Status Batcher::run(std::int64_t now_ms, Urgency urgency) {
    // A node that has moved to another chain must not be given anything.
    MINTMARK_CHECK(client_.expect_chain_id(deployment_.chain_id));
    MINTMARK_TRY(counts_.is_settler, intents_.is_settler());
    if (!counts_.is_settler) return {};
    MINTMARK_TRY(auto open, intents_.open_ones(wallet_));
    bool is_first = true;  // of those that are not mined
    for (Intent& intent : open) {
        MINTMARK_CHECK(look_after(intent, is_first, now_ms));
        if (intent.state == IntentState::kSigned) is_first = false;
    }
    const auto num_in = [&](IntentState state) {
        return static_cast<std::uint64_t>(std::ranges::count(open, state, &Intent::state));
    };
    counts_.unconfirmed = num_in(IntentState::kMined);
    counts_.open = num_in(IntentState::kSigned) + counts_.unconfirmed;
    MINTMARK_TRY(const auto due, wanted(now_ms));
    const bool waits = std::ranges::any_of(
        open, [](const Intent& each) { return each.state == IntentState::kSigned; });
    if (waits) return {};
    std::map<std::string, std::vector<Due>> groups;
    for (const Due& each : due) {
        // What a mined transaction settles is not due again before that is taken back.
        const bool is_on_its_way = std::ranges::any_of(open, [&](const Intent& intent) {
            return intent.state == IntentState::kMined &&
                   std::ranges::any_of(intent.items, [&](const Item& item) {
                       return item.account == each.account && item.lane == each.lane &&
                              item.cumulative >= each.cumulative;
                   });
        });
        if (is_on_its_way) continue;
        auto& group = groups[each.group()];
        if (group.size() < options_.max_batch) group.push_back(each);
    }
    for (auto& [name, group] : groups) {
        MINTMARK_TRY(const bool is_sent, send_one(std::move(group), now_ms, urgency));
        if (is_sent) break;
    }
    return {};
}

Status Batcher::look_after(Intent& intent, bool is_first, std::int64_t now_ms) {
    for (const Bytes32& hash : intent.hashes) {
        MINTMARK_TRY(const auto receipt, client_.receipt(hash));
        if (!receipt) continue;
        // A node that answers with another transaction's receipt is not believed.
        if (receipt->transaction_hash != hash)
            return fail(ErrorCode::kMalformed, "the node gives another transaction's receipt");
        absences_ = 0;
        return on_receipt(intent, *receipt, now_ms);
    }
    return on_absence(intent, is_first, now_ms);
}

Status Batcher::on_receipt(Intent& intent, const chain::Receipt& receipt, std::int64_t now_ms) {
    MINTMARK_TRY(const std::uint64_t head, client_.block_number());
    const bool is_confirmed = head + 1 >= receipt.block_number + options_.confirmations;
    if (!receipt.success && is_confirmed) {
        ++counts_.failed;
        intent.state = IntentState::kFailed;
        tell(fmt::format("settlement {} reverted", to_hex(receipt.transaction_hash)),
             "it is planned again; look at the transaction");
        for (const Item& item : intent.items) {
            MINTMARK_TRY(Seen seen, intents_.seen(item.account, item.lane));
            seen.retry_ms = now_ms + options_.refused_ms;
            MINTMARK_CHECK(intents_.put_seen(item.account, item.lane, seen));
        }
        return intents_.update(intent);
    }
    if (is_confirmed) return finish(intent, now_ms);
    if (intent.state == IntentState::kMined && intent.block == receipt.block_number) return {};
    intent.state = IntentState::kMined;
    intent.block = receipt.block_number;
    return intents_.update(intent);
}

/// Confirmed: its vouchers need no transaction any more, as far as the contract has counted them.
Status Batcher::finish(Intent& intent, std::int64_t now_ms) {
    MINTMARK_TRY(auto due, wanted(now_ms));
    std::map<std::string, std::vector<Due>> groups;
    for (Due& each : due) {
        const bool is_his = std::ranges::any_of(intent.items, [&](const Item& item) {
            return item.account == each.account && item.lane == each.lane &&
                   item.cumulative == each.cumulative;
        });
        if (is_his) groups[each.group()].push_back(std::move(each));
    }
    for (auto& [name, group] : groups) {
        Plan plan;
        plan.items = std::move(group);
        // Whoever is asked again says "nothing new" (then it is done) or what is left.
        MINTMARK_CHECK(simulate(plan, now_ms));
    }
    ++counts_.final;
    intent.state = IntentState::kFinal;
    return intents_.update(intent);
}

Status Batcher::on_absence(Intent& intent, bool is_first, std::int64_t now_ms) {
    if (intent.state == IntentState::kMined) {
        ++counts_.taken_back;
        intent.state = IntentState::kSigned;
        MINTMARK_CHECK(intents_.update(intent));
        tell(fmt::format("settlement {} was taken back by a re-organisation; it is sent again",
                         to_hex(intent.hashes.back())));
    }
    MINTMARK_TRY(const std::uint64_t used, mined_nonce(client_, wallet_));
    if (used > intent.nonce) {
        // Some nodes of a pool know the number before they know the receipt.
        if (++absences_ < options_.patience) return {};
        absences_ = 0;
        ++counts_.dropped;
        intent.state = IntentState::kDropped;
        tell(fmt::format("another transaction of {} has used number {}", wallet_, intent.nonce),
             "give the gateway a wallet that nobody else sends from");
        return intents_.update(intent);
    }
    if (used < intent.nonce && is_first) return renumber(intent, used, now_ms);
    if (now_ms - intent.sent_ms >= options_.stuck_ms) return replace(intent, now_ms);
    const auto sent = client_.send_raw(intent.raw);
    // What a node says against a transaction that it may have already is no news.
    if (!sent && is_node_trouble(sent.error())) return std::unexpected(sent.error());
    return {};
}

/// A re-organisation deeper than the confirmations took back a transaction that counted as final:
/// without its number this one can never be mined. Should both be, the second settles nothing.
Status Batcher::renumber(Intent& intent, std::uint64_t nonce, std::int64_t now_ms) {
    if (++absences_ < options_.patience) return {};
    absences_ = 0;
    ++counts_.taken_back;
    tell(fmt::format("numbers of {} were taken back from {} to {}", wallet_, intent.nonce, nonce),
         "raise settle.confirmations");
    intent.nonce = nonce;
    intent.raw = sign(intent);
    intent.hashes.push_back(keccak256(intent.raw));
    intent.sent_ms = now_ms;
    MINTMARK_CHECK(intents_.update(intent));
    const auto sent = client_.send_raw(intent.raw);
    if (!sent && is_node_trouble(sent.error())) return std::unexpected(sent.error());
    return {};
}

Status Batcher::replace(Intent& intent, std::int64_t now_ms) {
    MINTMARK_TRY(const chain::Fees fees, client_.suggest_fees());
    const U256 fee = std::max(raised(intent.max_fee), fees.max_fee);
    if (fee > options_.max_fee) {
        ++counts_.above_cap;
        intent.sent_ms = now_ms;
        tell(fmt::format("settlement {} is stuck and the cap of {} wei per gas is reached",
                         to_hex(intent.hashes.back()), options_.max_fee.to_string()),
             "raise settle.max_fee_gwei, or wait for cheaper gas");
        MINTMARK_CHECK(intents_.update(intent));
        const auto again = client_.send_raw(intent.raw);
        if (!again && is_node_trouble(again.error())) return std::unexpected(again.error());
        return {};
    }
    intent.max_fee = fee;
    intent.tip = std::min(fee, std::max(raised(intent.tip), fees.max_priority_fee));
    intent.raw = sign(intent);
    intent.hashes.push_back(keccak256(intent.raw));
    intent.sent_ms = now_ms;
    MINTMARK_CHECK(intents_.update(intent));  // before it is sent
    ++counts_.replaced;
    const auto sent = client_.send_raw(intent.raw);
    if (!sent && is_node_trouble(sent.error())) return std::unexpected(sent.error());
    return {};
}

Result<std::vector<Due>> Batcher::wanted(std::int64_t now_ms) {
    counts_.bad_rows = 0;
    MINTMARK_TRY(auto due, read_due(ledger_, counts_.bad_rows));
    std::vector<Due> out;
    std::int64_t oldest = now_ms;
    std::uint64_t num_due = 0;
    for (Due& each : due) {
        MINTMARK_TRY(Seen seen, intents_.seen(each.account, each.lane));
        if (each.cumulative <= seen.done) {
            if (seen.retry_ms <= now_ms) out.push_back(std::move(each));  // looked at again
            continue;
        }
        if (seen.since_ms == 0) {
            seen.since_ms = now_ms;
            seen.retry_ms = 0;
            MINTMARK_CHECK(intents_.put_seen(each.account, each.lane, seen));
        }
        oldest = std::min(oldest, seen.since_ms);
        ++num_due;
        if (seen.retry_ms <= now_ms) out.push_back(std::move(each));
    }
    counts_.due = num_due;
    counts_.oldest_ms = now_ms - oldest;
    return out;
}

Status Batcher::refuse(const Due& due, std::string_view why, bool is_done, std::int64_t now_ms) {
    MINTMARK_TRY(Seen seen, intents_.seen(due.account, due.lane));
    if (is_done) {
        seen.done = due.cumulative;
        seen.since_ms = 0;
        seen.retry_ms = now_ms + options_.recheck_ms;
        return intents_.put_seen(due.account, due.lane, seen);
    }
    ++counts_.refused_vouchers;
    seen.retry_ms = now_ms + options_.refused_ms;
    tell(fmt::format("the voucher of {} {} over {} does not settle: {}", due.account, due.lane,
                     due.cumulative.to_string(), why),
         "ask the buyer for a new one; no further credit is given without it");
    return intents_.put_seen(due.account, due.lane, seen);
}

Status Batcher::simulate(Plan& plan, std::int64_t now_ms) {
    plan.call = settling_call(plan.items);
    MINTMARK_TRY(plan.to, deployment_.contract(plan.call.contract));
    MINTMARK_TRY(plan.data, chain::encode_call(plan.call.signature, plan.call.arguments));
    const Kind kind = plan.items.front().kind;
    const chain::CallRequest request{key_.address(), plan.to, plan.data, {}};
    const auto answer = market::explained(client_.call(request));
    if (!answer) {
        if (is_node_trouble(answer.error())) return std::unexpected(answer.error());
        const bool is_done = answer.error().message.find("NothingNew") != std::string::npos ||
                             answer.error().message.find("nothing new") != std::string::npos;
        for (const Due& due : plan.items)
            MINTMARK_CHECK(refuse(due, answer.error().message, is_done, now_ms));
        plan.items.clear();
        return {};
    }
    if (kind == Kind::kPass) return {};
    MINTMARK_TRY(
        const auto values,
        chain::decode_values(kind == Kind::kQuota ? "(uint8[])" : "(uint8[],uint256)", *answer));
    MINTMARK_TRY(const auto statuses, values[0].as_items());
    if (statuses.size() != plan.items.size())
        return fail(ErrorCode::kMalformed, "the contract answers for other vouchers");
    std::vector<Due> kept;
    for (std::size_t i = 0; i < statuses.size(); ++i) {
        MINTMARK_TRY(const std::uint64_t status, statuses[i].as_u64());
        if (is_settled(status)) {
            kept.push_back(plan.items[i]);
            continue;
        }
        const auto what = static_cast<VoucherStatus>(status);
        const bool is_done = what == VoucherStatus::kNothingNew;
        const std::string_view why = kind == Kind::kQuota
                                         ? std::string_view("refused by the quota ledger")
                                         : market::voucher_status_name(what);
        MINTMARK_CHECK(refuse(plan.items[i], why, is_done, now_ms));
    }
    if (kind == Kind::kChannel) {
        MINTMARK_TRY(plan.total, values[1].as_u256());
        plan.is_native = plan.items.front().voucher.channel.token == Address{};
    }
    const bool is_smaller = kept.size() != plan.items.size();
    plan.items = std::move(kept);
    if (is_smaller && !plan.items.empty()) {
        plan.call = settling_call(plan.items);
        MINTMARK_TRY(plan.data, chain::encode_call(plan.call.signature, plan.call.arguments));
    }
    return {};
}

Result<bool> Batcher::is_urgent(const Due& due, std::int64_t now_ms) {
    const auto soon = static_cast<std::uint64_t>(now_ms / 1000 + options_.margin_s);
    if (due.valid_until != 0 && due.valid_until <= soon) return true;
    if (due.kind != Kind::kChannel) return false;
    // A buyer who takes his escrow back: before it has thawed, what he has signed comes out of it.
    MINTMARK_TRY(const Address channels, deployment_.contract("PaymentChannels"));
    MINTMARK_TRY(const auto channel, client_.call(channels, "getChannel(bytes32)",
                                                  {chain::AbiValue(due.voucher.channel.id())},
                                                  "(uint128,uint128,uint128,uint64,uint64)"));
    MINTMARK_TRY(const U256 thawing, channel[2].as_u256());
    return !thawing.is_zero();
}

Result<bool> Batcher::is_ripe(const Plan& plan, std::int64_t now_ms) {
    if (!options_.value.is_zero() && plan.total >= options_.value) return true;
    for (const Due& due : plan.items) {
        MINTMARK_TRY(const Seen seen, intents_.seen(due.account, due.lane));
        if (now_ms - seen.since_ms >= options_.age_ms) return true;
    }
    return false;
}

Result<bool> Batcher::send_one(std::vector<Due> group, std::int64_t now_ms, Urgency urgency) {
    Plan plan;
    plan.items = std::move(group);
    MINTMARK_CHECK(simulate(plan, now_ms));
    if (plan.items.empty()) return false;
    plan.is_urgent = urgency == Urgency::kAll;
    if (!plan.is_urgent) {
        MINTMARK_TRY(const bool is_ripe_now, is_ripe(plan, now_ms));
        for (const Due& due : plan.items) {
            if (is_ripe_now || plan.is_urgent) break;
            MINTMARK_TRY(plan.is_urgent, is_urgent(due, now_ms));
        }
        if (!is_ripe_now && !plan.is_urgent) return false;
    }
    const std::uint64_t before = counts_.sent;
    MINTMARK_CHECK(submit(plan, now_ms));
    return counts_.sent != before;
}

Bytes Batcher::sign(const Intent& intent) const {
    chain::Transaction tx;
    tx.kind =
        intent.is_dynamic ? chain::TransactionKind::kDynamicFee : chain::TransactionKind::kLegacy;
    tx.chain_id = deployment_.chain_id;
    tx.nonce = intent.nonce;
    tx.gas_limit = intent.gas_limit;
    tx.max_fee = intent.max_fee;
    tx.max_priority_fee = intent.tip;
    tx.to = chain::parse_address(intent.to).value_or(Address{});
    tx.data = intent.data;
    return chain::sign_transaction(tx, key_);
}

Status Batcher::submit(const Plan& plan, std::int64_t now_ms) {
    const chain::CallRequest request{key_.address(), plan.to, plan.data, {}};
    MINTMARK_TRY(const std::uint64_t gas, client_.estimate_gas(request));
    MINTMARK_TRY(const chain::Fees fees, client_.suggest_fees());
    Intent intent;
    intent.wallet = wallet_;
    intent.to = chain::to_checksum(plan.to);
    intent.data = plan.data;
    intent.gas_limit = gas + gas / 4;
    intent.is_dynamic = fees.dynamic;
    intent.max_fee = fees.max_fee;
    intent.tip = std::min(fees.max_priority_fee, fees.max_fee);
    const U256 cost = times(fees.max_fee, gas);
    const bool is_dear = plan.is_native && options_.max_gas_percent != 0 && !plan.is_urgent &&
                         times(cost, 100) > times(plan.total, options_.max_gas_percent);
    if (fees.max_fee > options_.max_fee || is_dear) {
        ++counts_.above_cap;
        tell(fmt::format("a settlement of {} vouchers waits: gas costs {} wei", plan.items.size(),
                         cost.to_string()),
             is_dear ? "it is worth less than settle.max_gas_percent allows"
                     : "raise settle.max_fee_gwei, or wait for cheaper gas");
        return {};
    }
    MINTMARK_TRY(intent.nonce, client_.nonce(key_.address()));
    for (const Due& due : plan.items)
        intent.items.push_back({due.account, due.lane, due.cumulative});
    intent.raw = sign(intent);
    intent.hashes = {keccak256(intent.raw)};
    intent.sent_ms = now_ms;
    // Durable first: a crash after this line sends the same bytes again, one before it nothing.
    MINTMARK_TRY(intent.id, intents_.add(intent));
    ++counts_.sent;
    ++counts_.open;
    const auto sent = client_.send_raw(intent.raw);
    if (!sent && is_node_trouble(sent.error())) return std::unexpected(sent.error());
    if (!sent) tell("a settlement was not taken: " + sent.error().message, sent.error().hint);
    return {};
}

}  // namespace mintmark::settlement
