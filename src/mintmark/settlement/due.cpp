#include "mintmark/settlement/due.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/address.hpp"

namespace mintmark::settlement {
namespace {

using chain::U256;

Status read_pass(Due& out, const json::Json& body) {
    MINTMARK_TRY(out.pass.pass, json::get_u64(body, "passId"));
    MINTMARK_TRY(out.pass.cumulative, json::get_u64(body, "cumulative"));
    MINTMARK_TRY(out.pass.valid_until, json::get_u64(body, "validUntil"));
    MINTMARK_TRY(const std::string node, json::get_string(body, "node"));
    MINTMARK_TRY(out.pass.node, chain::parse_address(node));
    if (const json::Json* root = json::find(body, "receiptRoot");
        root != nullptr && root->is_string()) {
        MINTMARK_TRY(out.pass.receipt_root, bytes32_from_hex(root->get<std::string>()));
    }
    MINTMARK_TRY(const std::string hex, json::get_string(body, "signature"));
    MINTMARK_TRY(out.signature, from_hex(hex));
    out.cumulative = out.pass.cumulative;
    out.valid_until = out.pass.valid_until;
    return {};
}

Status read_voucher(Due& out, const std::string& text) {
    MINTMARK_TRY(const json::Json body, json::parse(text));
    if (out.account.starts_with("pass:")) {
        out.kind = Kind::kPass;
        return read_pass(out, body);
    }
    if (out.account.starts_with("gate:")) {
        out.kind = Kind::kQuota;
        MINTMARK_TRY(out.quota, market::QuotaUsage::from_json(body));
        out.cumulative = out.quota.cumulative;
        return {};
    }
    MINTMARK_TRY(out.voucher, market::Voucher::from_json(body));
    out.cumulative = out.voucher.cumulative;
    out.valid_until = out.voucher.valid_until;
    // A session key's signature is worth nothing after its end.
    if (const auto ends = json::get_u64(body, "sessionExpires"))
        out.valid_until = std::min(out.valid_until, *ends);
    return {};
}

}  // namespace

std::string Due::group() const {
    if (kind != Kind::kChannel) return account + "|" + lane;
    return fmt::format("channels:{}/{}:{}:{}", voucher.version.model, voucher.version.version,
                       to_hex(voucher.channel.provider), to_hex(voucher.channel.token));
}

Result<std::vector<Due>> read_due(sql::Database& ledger, std::uint64_t& bad) {
    MINTMARK_TRY(const auto answer, ledger.run("SELECT account,lane,base,voucher FROM lanes "
                                               "WHERE voucher IS NOT NULL ORDER BY account,lane"));
    std::vector<Due> out;
    for (const sql::Row& row : answer.rows) {
        Due due;
        due.account = sql::text(row, 0);
        due.lane = sql::text(row, 1);
        const auto base = U256::parse(sql::text(row, 2));
        if (!base || !read_voucher(due, sql::text(row, 3))) {
            ++bad;
            continue;
        }
        if (due.cumulative > *base) out.push_back(std::move(due));
    }
    return out;
}

market::ContractCall settling_call(const std::vector<Due>& batch) {
    const Due& first = batch.front();
    if (first.kind == Kind::kPass) return market::pass_settlement(first.pass, first.signature);
    if (first.kind == Kind::kQuota) return market::quota_settlement(first.quota);
    std::vector<market::Voucher> vouchers;
    for (const Due& due : batch) vouchers.push_back(due.voucher);
    return market::channel_settlement(vouchers);
}

}  // namespace mintmark::settlement
