// The tables of a shared ledger, and how older ones become them.
#pragma once

#include "mintmark/base/result.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger {

/// Of the tables that this program reads and writes.
[[nodiscard]] std::int64_t schema_version() noexcept;

/// Brings the tables up to schema_version(), one transaction per step; several gateways may start
/// at once. kUnsupported: a newer program has been here; kIo.
[[nodiscard]] Status migrate(sql::Database& database);

/// 0: no tables yet. kIo.
[[nodiscard]] Result<std::int64_t> read_schema_version(sql::Database& database);

}  // namespace mintmark::ledger
