// The contracts' custom errors: names for messages, and what each means for the caller.
#pragma once

#include <vector>

#include "mintmark/chain/contract_abi.hpp"

namespace mintmark::market {

/// Every custom error that the contracts can revert with.
[[nodiscard]] const std::vector<chain::AbiError>& contract_errors();

/// Gives a reverted call the code and the hint that fit its custom error: kExpired for an expired
/// pass or request, kPriceExceeded, kAlreadyExists for a settled request, … Others stay as they
/// are.
[[nodiscard]] Error explain(Error error);

/// explain() on the error of a Result.
template <class T>
[[nodiscard]] Result<T> explained(Result<T> result) {
    if (result) return result;
    return std::unexpected(explain(std::move(result).error()));
}

}  // namespace mintmark::market
