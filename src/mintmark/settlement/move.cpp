#include "mintmark/settlement/move.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "mintmark/settlement/intents.hpp"

namespace mintmark::settlement {
namespace {

struct Table {
    const char* name;
    const char* columns;
    std::size_t num_columns;
};
constexpr Table kIntents = {"intents",
                            "id,wallet,nonce,state,address,data,gas_limit,max_fee,tip,dynamic,raw,"
                            "hashes,items,sent_ms,block",
                            15};
constexpr Table kLanes = {"settled", "account,lane,since_ms,retry_ms,done", 5};
constexpr std::size_t kState = 3;  ///< a column of the intents

Status expect_tables(sql::Database& file) {
    MINTMARK_TRY(const auto found, file.run("SELECT count(*) FROM sqlite_master WHERE type='table' "
                                            "AND name IN ('intents','settled')"));
    if (!found.rows.empty() && sql::integer(found.rows[0], 0) == 2) return {};
    return fail(ErrorCode::kMalformed, "the file has no settlements", "see [settle] path");
}

/// Sorted here: the two databases order texts differently.
Result<std::vector<sql::Row>> rows_of(sql::Database& database, const Table& table) {
    MINTMARK_TRY(auto answer,
                 database.run(fmt::format("SELECT {} FROM {}", table.columns, table.name)));
    std::ranges::sort(answer.rows);
    return std::move(answer.rows);
}

/// Until the transaction ends nobody else reads or writes it.
Status take_empty(sql::Database& to, const Table& table) {
    MINTMARK_CHECK(to.run(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", table.name)));
    MINTMARK_TRY(const auto rows, to.run(fmt::format("SELECT 1 FROM {} LIMIT 1", table.name)));
    if (rows.rows.empty()) return {};
    return fail(ErrorCode::kAlreadyExists, "the database has settlements already",
                "copy into a new database, before a gateway has used it");
}

Status copy_table(const std::vector<sql::Row>& rows, sql::Database& to, const Table& table) {
    MINTMARK_CHECK(take_empty(to, table));
    std::string insert = fmt::format("INSERT INTO {}({}) VALUES($1", table.name, table.columns);
    for (std::size_t i = 2; i <= table.num_columns; ++i) insert += fmt::format(",${}", i);
    insert += ')';
    for (const sql::Row& row : rows) MINTMARK_CHECK(to.run(insert, row));
    MINTMARK_TRY(const auto there, rows_of(to, table));
    if (there == rows) return {};
    return fail(ErrorCode::kInternal,
                fmt::format("{}: what arrived is not what was sent", table.name));
}

bool is_open(const sql::Row& row) {
    const std::string state = sql::text(row, kState);
    return state == "signed" || state == "mined";
}

}  // namespace

Result<Moved> move_to_shared(const std::filesystem::path& from, sql::Database& to) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(from, ignored))
        return fail(ErrorCode::kNotFound, fmt::format("there is no file {}", from.string()));
    MINTMARK_TRY(const auto file, sql::open_sqlite(from));
    MINTMARK_CHECK(expect_tables(*file));
    MINTMARK_CHECK(sql::claim_file(*file));
    MINTMARK_CHECK(file->script("BEGIN EXCLUSIVE"));
    MINTMARK_TRY(const auto intents, rows_of(*file, kIntents));
    MINTMARK_TRY(const auto lanes, rows_of(*file, kLanes));
    MINTMARK_CHECK(make_tables(to));
    MINTMARK_CHECK(copy_table(intents, to, kIntents));
    MINTMARK_CHECK(copy_table(lanes, to, kLanes));
    MINTMARK_CHECK(file->script("ROLLBACK"));
    return Moved{intents.size(),
                 static_cast<std::uint64_t>(std::ranges::count_if(intents, is_open)), lanes.size()};
}

}  // namespace mintmark::settlement
