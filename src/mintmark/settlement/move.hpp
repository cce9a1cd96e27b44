// Settlements of a file of one gateway into a database of several.
#pragma once

#include <cstdint>
#include <filesystem>

#include "mintmark/base/result.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::settlement {

/// Rows that moved.
struct Moved {
    std::uint64_t intents = 0;  ///< transactions, those that are done as well
    std::uint64_t open = 0;     ///< of them, such as are not final: they go on from there
    std::uint64_t lanes = 0;
};

/// Within the transaction that is open in `to`: with it all of them are there, or none. A
/// transaction that is in flight keeps its number and its signed bytes, so whoever goes on sends
/// the same one again. The file does not change. kNotFound: no such file; kMalformed: it is none of
/// settlements; kAlreadyExists: a gateway has it open, or the database has some already;
/// kInternal: what arrived is not what was sent; kIo; kNetwork.
[[nodiscard]] Result<Moved> move_to_shared(const std::filesystem::path& from, sql::Database& to);

}  // namespace mintmark::settlement
