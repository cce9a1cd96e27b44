// From a file of one gateway to a database of several.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "mintmark/base/result.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger {

/// Rows that were copied.
struct Copied {
    std::uint64_t requests = 0, lanes = 0, keys = 0, nonces = 0;
    std::uint64_t closed = 0;  ///< requests of the file that a crash had left open
};

/// More that moves, in the same transaction. An error: nothing moves.
using Beside = std::function<Status(sql::Database& to)>;

/// All of it or nothing, in one transaction, which also compares numbers of rows and sums of both
/// before it ends. Requests that a crash left open in the file are closed first, as at a start;
/// nothing else of the file changes. kNotFound: no such file; kAlreadyExists: a gateway has the
/// file open, or the database is not empty; kRejected: the file's own totals do not agree with its
/// requests; kInvalidArgument: `to` is no PostgreSQL; kNetwork; kIo.
[[nodiscard]] Result<Copied> copy_to_shared(const std::filesystem::path& from,
                                            const std::string& to, const Beside& beside = {});

}  // namespace mintmark::ledger
