#include "mintmark/ledger/copy.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "mintmark/json/json.hpp"
#include "mintmark/ledger/file_writer.hpp"
#include "mintmark/ledger/rules.hpp"
#include "mintmark/ledger/shared_books.hpp"
#include "mintmark/ledger/shared_schema.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger {
namespace {

using json::Json;

constexpr std::size_t kPage = 500;

enum class Form : std::uint8_t {
    kAsItIs,
    kStrangers,  ///< text that PostgreSQL might not take: storable()
    kBytes,      ///< text here, bytes there
};

struct Column {
    const char* name;
    const char* type;  ///< PostgreSQL's, on the way
    Form form = Form::kAsItIs;
    bool is_summed = false;
};

struct Table {
    const char* name;
    std::vector<const char*> key;
    std::vector<Column> columns;
    const char* more_names;  ///< columns that only the database has, and what they get
    const char* more_values;
};

const std::array<Table, 4>& tables() {
    static const std::array<Table, 4> all = {{
        {"requests",
         {"id"},
         {{"id", "text"},
          {"key_id", "text"},
          {"buyer", "text"},
          {"account", "text"},
          {"lane", "text"},
          {"model", "text", Form::kStrangers},
          {"endpoint", "text"},
          {"state", "text"},
          {"units_reserved", "numeric", Form::kAsItIs, true},
          {"usd_reserved", "bigint", Form::kAsItIs, true},
          {"units", "numeric", Form::kAsItIs, true},
          {"usd", "bigint", Form::kAsItIs, true},
          {"usage", "text"},
          {"request_hash", "text"},
          {"response_hash", "text"},
          {"price_epoch", "bigint"},
          {"status", "bigint"},
          {"body", "text", Form::kBytes},
          {"idempotency_key", "text", Form::kStrangers},
          {"created_ms", "bigint"},
          {"finished_ms", "bigint"}},
         ",owner,closed_by",
         ",'copied','copied'"},
        {"lanes",
         {"account", "lane"},
         {{"account", "text"},
          {"lane", "text"},
          {"used", "numeric", Form::kAsItIs, true},
          {"signed", "numeric", Form::kAsItIs, true},
          {"base", "numeric", Form::kAsItIs, true},
          {"voucher", "text", Form::kStrangers}},
         "",
         ""},
        {"keys",
         {"id"},
         {{"id", "text"},
          {"hash", "text"},
          {"buyer", "text"},
          {"name", "text", Form::kStrangers},
          {"scopes", "text"},
          {"budget", "bigint", Form::kAsItIs, true},
          {"spent", "bigint", Form::kAsItIs, true},
          {"created_ms", "bigint"},
          {"expires_ms", "bigint"},
          {"revoked", "bigint", Form::kAsItIs, true}},
         ",changed",
         ",clock_timestamp()"},
        {"nonces",
         {"kind", "nonce"},
         {{"kind", "text"},
          {"nonce", "text", Form::kStrangers},
          {"note", "text", Form::kStrangers},
          {"expires_ms", "bigint"}},
         ",token",
         ",'copied'"},
    }};
    return all;
}

std::string joined(std::span<const std::string> parts) {
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string names_of(const Table& table) {
    std::vector<std::string> out;
    for (const Column& column : table.columns) out.emplace_back(column.name);
    return joined(out);
}

/// The page behind $1 (and $2), or the first.
std::string page_query(const Table& table, bool is_first) {
    const std::string key = fmt::format("{}", fmt::join(table.key, ","));
    const char* behind = table.key.size() == 1 ? "($1)" : "($1,$2)";
    const std::string where = is_first ? "" : fmt::format(" WHERE ({}) > {}", key, behind);
    return fmt::format("SELECT {} FROM {}{} ORDER BY {} LIMIT {}", names_of(table), table.name,
                       where, key, kPage);
}

std::string insertion(const Table& table) {
    std::vector<std::string> values;
    std::vector<std::string> types;
    for (const Column& column : table.columns) {
        const bool is_bytes = column.form == Form::kBytes;
        values.push_back(is_bytes ? fmt::format("decode({},'hex')", column.name) : column.name);
        types.push_back(fmt::format("{} {}", column.name, column.type));
    }
    return fmt::format(
        "INSERT INTO {}({}{}) SELECT {}{} FROM jsonb_to_recordset($1::jsonb) AS r({})", table.name,
        names_of(table), table.more_names, joined(values), table.more_values, joined(types));
}

Json sent(const sql::Value& value, Form form) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return nullptr;
    if (form == Form::kStrangers) return storable(*text);
    if (form == Form::kBytes) return to_hex(as_bytes(*text)).substr(2);
    return *text;
}

/// Number of rows, then a sum for each summed column.
struct Sums {
    std::uint64_t rows = 0;
    std::vector<Amount> of = {};
    bool operator==(const Sums&) const = default;
};

Status add_row(const Table& table, const sql::Row& row, Sums& sums) {
    ++sums.rows;
    std::size_t place = 0;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (!table.columns[i].is_summed) continue;
        const auto* number = std::get_if<std::int64_t>(&row[i]);
        const std::string text = number != nullptr ? std::to_string(*number) : sql::text(row, i);
        MINTMARK_TRY(const Amount amount, Amount::parse(text));
        if (sums.of.size() == place) sums.of.emplace_back();
        sums.of[place] = plus(sums.of[place], amount);
        ++place;
    }
    return {};
}

Result<Sums> copy_table(sql::Database& from, sql::Database& to, const Table& table) {
    Sums sums;
    std::vector<sql::Value> last;
    const std::string insert = insertion(table);
    while (true) {
        MINTMARK_TRY(const auto page, from.run(page_query(table, last.empty()), last));
        if (page.rows.empty()) return sums;
        Json rows = Json::array();
        for (const sql::Row& row : page.rows) {
            MINTMARK_CHECK(add_row(table, row, sums));
            Json out = Json::object();
            for (std::size_t i = 0; i < table.columns.size(); ++i)
                out[table.columns[i].name] = sent(row[i], table.columns[i].form);
            rows.push_back(std::move(out));
        }
        MINTMARK_CHECK(to.run(insert, {json::compact(rows)}));
        // Keys are the first columns of their tables.
        last.assign(page.rows.back().begin(),
                    page.rows.back().begin() + static_cast<std::ptrdiff_t>(table.key.size()));
    }
}

/// What arrived, as the database itself adds it up.
Result<Sums> sums_there(sql::Database& to, const Table& table) {
    std::string query = "SELECT count(*)";
    for (const Column& column : table.columns) {
        if (column.is_summed) query += fmt::format(",coalesce(sum({}),0)::text", column.name);
    }
    MINTMARK_TRY(const auto answer, to.run(fmt::format("{} FROM {}", query, table.name)));
    if (answer.rows.empty()) return fail(ErrorCode::kIo, "the database does not count");
    const sql::Row& row = answer.rows[0];
    Sums out;
    out.rows = static_cast<std::uint64_t>(sql::integer(row, 0));
    for (std::size_t i = 1; i < row.size() && out.rows > 0; ++i) {
        MINTMARK_TRY(const Amount amount, Amount::parse(sql::text(row, i)));
        out.of.push_back(amount);
    }
    return out;
}

/// Until the transaction ends nobody else reads or writes these tables.
Status take_empty(sql::Database& to) {
    MINTMARK_CHECK(
        to.run("LOCK TABLE requests,lanes,keys,nonces,gateways IN ACCESS EXCLUSIVE MODE"));
    for (const char* name : {"requests", "lanes", "keys", "nonces", "gateways"}) {
        MINTMARK_TRY(const auto rows, to.run(fmt::format("SELECT 1 FROM {} LIMIT 1", name)));
        if (rows.rows.empty()) continue;
        return fail(ErrorCode::kAlreadyExists,
                    fmt::format("the database is not empty: there are {}", name),
                    "copy into a new database, before a gateway has used it");
    }
    return {};
}

Result<Copied> copy_all(sql::Database& from, sql::Database& to, const Beside& beside) {
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(to));
    MINTMARK_CHECK(take_empty(to));
    std::array<std::uint64_t, 4> rows = {};
    for (std::size_t i = 0; i < tables().size(); ++i) {
        const Table& table = tables()[i];
        MINTMARK_TRY(const Sums here, copy_table(from, to, table));
        MINTMARK_TRY(const Sums there, sums_there(to, table));
        if (here != there) {
            return fail(ErrorCode::kInternal,
                        fmt::format("{}: what arrived is not what was sent", table.name));
        }
        rows[i] = here.rows;
    }
    if (beside) MINTMARK_CHECK(beside(to));
    MINTMARK_CHECK(transaction.commit());
    return Copied{rows[0], rows[1], rows[2], rows[3], 0};
}

}  // namespace

Result<Copied> copy_to_shared(const std::filesystem::path& from, const std::string& to,
                              const Beside& beside) {
    if (!sql::is_postgres(to)) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no PostgreSQL", to),
                    "postgresql://user@host/database");
    }
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(from, ignored))
        return fail(ErrorCode::kNotFound, fmt::format("there is no ledger {}", from.string()));
    MINTMARK_TRY(auto target, sql::open_postgres(to));
    {
        MINTMARK_TRY(const auto file, sql::open_sqlite(from));
        MINTMARK_CHECK(sql::claim_file(*file));
    }
    MINTMARK_TRY(const std::uint64_t closed, recover(from));
    MINTMARK_TRY(const auto differences, audit(from.string()));
    if (!differences.empty()) {
        return fail(ErrorCode::kRejected, "the file does not agree with itself: " + differences[0],
                    "nothing was copied");
    }
    MINTMARK_TRY(const auto file, sql::open_sqlite(from));
    MINTMARK_CHECK(sql::claim_file(*file));
    MINTMARK_CHECK(file->script("BEGIN EXCLUSIVE"));
    MINTMARK_CHECK(migrate(*target));
    MINTMARK_TRY(Copied copied, copy_all(*file, *target, beside));
    MINTMARK_CHECK(file->script("ROLLBACK"));
    copied.closed = closed;
    return copied;
}

}  // namespace mintmark::ledger
