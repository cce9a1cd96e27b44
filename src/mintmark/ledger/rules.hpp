// What may be reserved: the same for a file and for a shared database.
#pragma once

#include "mintmark/ledger/ledger.hpp"

namespace mintmark::ledger {

/// At most 2^256 - 1.
[[nodiscard]] Amount plus(const Amount& a, const Amount& b);
/// At least 0.
[[nodiscard]] Amount minus(const Amount& a, const Amount& b);

/// Does the account, under its terms, and the key's budget (nullptr: none) cover the request?
/// kInsufficientFunds, kRejected, kPriceExceeded.
[[nodiscard]] Status check_reservation(const AccountState& account, const KeyState* key,
                                       const RequestRow& request);

}  // namespace mintmark::ledger
