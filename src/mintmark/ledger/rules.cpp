#include "mintmark/ledger/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/rng.hpp"

namespace mintmark::ledger {

Amount plus(const Amount& a, const Amount& b) {
    const Amount most({~0ULL, ~0ULL, ~0ULL, ~0ULL});
    return a.checked_add(b).value_or(most);
}

Amount minus(const Amount& a, const Amount& b) {
    return a.checked_sub(b).value_or(Amount());
}

Amount AccountState::used() const {
    Amount sum;
    for (const auto& [name, lane] : lanes) sum = plus(sum, lane.used);
    return sum;
}

Amount AccountState::signed_total() const {
    Amount sum;
    for (const auto& [name, lane] : lanes) sum = plus(sum, lane.signed_total);
    return sum;
}

Amount AccountState::outstanding() const {
    Amount sum;
    for (const auto& [name, lane] : lanes) sum = plus(sum, minus(lane.used, lane.base));
    return sum;
}

Amount AccountState::available() const {
    const Amount left = minus(terms.limit, plus(outstanding(), reserved));
    if (!terms.exposure) return left;
    return std::min(left, minus(plus(signed_total(), *terms.exposure), plus(used(), reserved)));
}

Status Ledger::refresh(const std::string&) {
    return {};
}

/// A file has one gateway, and what it sealed need not outlive it.
Result<std::string> Ledger::secret(const std::string&) {
    Bytes random(32);
    system_rng().fill(random);
    return to_hex(random).substr(2);
}

Status Ledger::load_key(const std::string&) {
    return {};
}

Status check_reservation(const AccountState& account, const KeyState* key,
                         const RequestRow& request) {
    const Amount taken = plus(account.reserved, request.units_reserved);
    if (plus(account.outstanding(), taken) > account.terms.limit) {
        return fail(
            ErrorCode::kInsufficientFunds,
            fmt::format("{} has {} left, this request may cost {}", request.account,
                        minus(account.terms.limit, plus(account.outstanding(), account.reserved))
                            .to_string(),
                        request.units_reserved.to_string()));
    }
    if (account.terms.exposure &&
        plus(account.used(), taken) > plus(account.signed_total(), *account.terms.exposure)) {
        return fail(ErrorCode::kRejected,
                    fmt::format("{} owes {} of which {} are signed", request.account,
                                account.used().to_string(), account.signed_total().to_string()),
                    "sign a voucher for what you owe");
    }
    if (key != nullptr && key->row.budget != 0 &&
        (request.usd_reserved > key->row.budget ||
         key->row.spent + key->reserved > key->row.budget - request.usd_reserved)) {
        return fail(ErrorCode::kPriceExceeded, "the key's budget does not cover this request");
    }
    return {};
}

}  // namespace mintmark::ledger
