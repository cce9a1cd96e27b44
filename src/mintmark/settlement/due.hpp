// What is signed and not settled, as the ledger's file says it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/market/settling.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::settlement {

enum class Kind : std::uint8_t { kChannel, kPass, kQuota };

/// One lane's latest voucher.
struct Due {
    Kind kind = Kind::kChannel;
    std::string account = {};
    std::string lane = {};
    chain::U256 cumulative = {};
    std::uint64_t valid_until = 0;  ///< 0: no end
    market::Voucher voucher = {};   ///< kChannel
    market::PassUsage pass = {};    ///< kPass
    Bytes signature = {};           ///< kPass
    market::QuotaUsage quota = {};  ///< kQuota
    /// Vouchers with the same group settle in one transaction.
    [[nodiscard]] std::string group() const;
};

/// Lanes whose voucher is above what the ledger knows to be settled. A row that does not parse is
/// left out and counted in `bad`. kIo.
[[nodiscard]] Result<std::vector<Due>> read_due(sql::Database& ledger, std::uint64_t& bad);

/// The transaction of 1 to 256 vouchers of one group.
[[nodiscard]] market::ContractCall settling_call(const std::vector<Due>& batch);

}  // namespace mintmark::settlement
