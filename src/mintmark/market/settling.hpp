// What turns vouchers into money: the calls that settle, for callers that send them by themselves.
#pragma once

#include <span>

#include "mintmark/market/channels.hpp"
#include "mintmark/market/gates.hpp"
#include "mintmark/market/passes.hpp"

namespace mintmark::market {

/// 1 to 256 vouchers of one version, provider and token; returns "(uint8[],uint256)".
[[nodiscard]] ContractCall channel_settlement(std::span<const Voucher> vouchers);
/// By the usage's provider; returns "(uint8[])".
[[nodiscard]] ContractCall quota_settlement(const QuotaUsage& usage);
/// By anybody; returns "(uint256)".
[[nodiscard]] ContractCall pass_settlement(const PassUsage& usage, const Bytes& signature);

}  // namespace mintmark::market
