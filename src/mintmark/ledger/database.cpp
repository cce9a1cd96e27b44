#include "mintmark/ledger/database.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace mintmark::ledger {
namespace {
std::unexpected<Error> database_error(sqlite3* db) {
    const int code = ::sqlite3_errcode(db);
    const bool is_full = code == SQLITE_FULL;
    return fail(ErrorCode::kIo, fmt::format("ledger: {}", ::sqlite3_errmsg(db)),
                is_full ? "free some disk space" : "");
}
// SQLite's own constants are old-style casts: it copies what is bound.
const auto kCopy = reinterpret_cast<sqlite3_destructor_type>(-1);
constexpr int kSlotBytes = 512, kSlots = 256;
}  // namespace

Statement::Statement(Statement&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(statement_, other.statement_);
    return *this;
}
Statement::~Statement() {
    ::sqlite3_finalize(statement_);
}

Statement& Statement::bind(int index, std::string_view text) {
    ::sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()), kCopy);
    return *this;
}
Statement& Statement::bind_kept(int index, std::string_view text) {
    // An empty view may have no address, which would bind NULL.
    const char* at = text.data() != nullptr ? text.data() : "";
    ::sqlite3_bind_text(statement_, index, at, static_cast<int>(text.size()), nullptr);
    return *this;
}
Statement& Statement::bind(int index, std::int64_t number) {
    ::sqlite3_bind_int64(statement_, index, number);
    return *this;
}
Statement& Statement::bind(int index, ByteSpan blob) {
    ::sqlite3_bind_blob(statement_, index, blob.data(), static_cast<int>(blob.size()), kCopy);
    return *this;
}
Statement& Statement::bind_null(int index) {
    ::sqlite3_bind_null(statement_, index);
    return *this;
}

Result<bool> Statement::step() {
    const int code = ::sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return database_error(::sqlite3_db_handle(statement_));
}

Status Statement::run() {
    const auto done = step();
    reset();
    if (!done) return std::unexpected(done.error());
    return {};
}

void Statement::reset() {
    ::sqlite3_reset(statement_);
    ::sqlite3_clear_bindings(statement_);
}

std::string Statement::text(int column) const {
    const unsigned char* text = ::sqlite3_column_text(statement_, column);
    if (text == nullptr) return {};
    return {reinterpret_cast<const char*>(text),
            static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column))};
}
std::int64_t Statement::number(int column) const {
    return ::sqlite3_column_int64(statement_, column);
}
Bytes Statement::blob(int column) const {
    const auto* bytes = static_cast<const std::uint8_t*>(::sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, bytes + ::sqlite3_column_bytes(statement_, column)};
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& path) {
    // Its count of memory in use is nobody's, and takes a lock with every allocation. Too late when
    // SQLite runs already, which changes nothing else.
    static const int is_uncounted = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)is_uncounted;
    sqlite3* db = nullptr;
    const int code = ::sqlite3_open_v2(
        path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
        nullptr);
    std::unique_ptr<Database> out(new Database(db));
    if (code != SQLITE_OK) {
        return fail(ErrorCode::kIo,
                    fmt::format("ledger {}: {}", path.string(), ::sqlite3_errstr(code)));
    }
    ::sqlite3_busy_timeout(db, 5'000);
    // Small memory of its own, without the allocator and its locks.
    ::sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, nullptr, kSlotBytes, kSlots);
    // A checkpoint makes all that wait for a commit wait longer: of 4,000 pages it took 10 ms,
    // often enough to be in the slowest hundredth of a gateway's answers.
    MINTMARK_CHECK(
        out->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                     "PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=1000;"));
    return out;
}

Database::~Database() {
    ::sqlite3_close_v2(db_);
}

Result<Statement> Database::prepare(std::string_view sql) {
    Statement out;
    const int code = ::sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &out.statement_, nullptr);
    if (code != SQLITE_OK) return database_error(db_);
    return out;
}

Status Database::execute(const std::string& sql) {
    if (::sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        return database_error(db_);
    }
    return {};
}

}  // namespace mintmark::ledger
