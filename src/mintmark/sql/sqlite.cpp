#include <sqlite3.h>

#include <map>

#include "mintmark/sql/sql.hpp"

namespace mintmark::sql {
namespace {

constexpr int kBusyTimeoutMs = 10'000;

class Sqlite final : public Database {
  public:
    explicit Sqlite(sqlite3* handle) : handle_(handle) {}
    ~Sqlite() override {
        for (auto& [sql, statement] : prepared_) sqlite3_finalize(statement);
        sqlite3_close(handle_);
    }
    Sqlite(const Sqlite&) = delete;
    Sqlite& operator=(const Sqlite&) = delete;

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::kSqlite; }

    [[nodiscard]] Result<Answer> run(std::string_view sql,
                                     const std::vector<Value>& parameters) override {
        MINTMARK_TRY(sqlite3_stmt * statement, prepare(sql));
        bind(statement, parameters);
        Answer answer;
        int code = SQLITE_ROW;
        while ((code = sqlite3_step(statement)) == SQLITE_ROW)
            answer.rows.push_back(read(statement));
        answer.num_changed = static_cast<std::uint64_t>(sqlite3_changes64(handle_));
        Status status = code == SQLITE_DONE ? Status() : error();
        sqlite3_reset(statement);
        sqlite3_clear_bindings(statement);
        if (!status) return std::unexpected(status.error());
        return answer;
    }

    [[nodiscard]] Status script(std::string_view statements) override {
        const std::string text(statements);
        if (sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            return error();
        return {};
    }

  private:
    [[nodiscard]] std::unexpected<Error> error() const {
        const int code = sqlite3_extended_errcode(handle_);
        const std::string what = std::string("SQLite: ") + sqlite3_errmsg(handle_);
        if (code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE)
            return fail(ErrorCode::kAlreadyExists, what);
        switch (code & 0xff) {
            case SQLITE_FULL:
                return fail(ErrorCode::kIo, what, "free disk space");
            case SQLITE_ERROR:
            case SQLITE_MISUSE:
            case SQLITE_CONSTRAINT:
                return fail(ErrorCode::kInternal, what);
            default:
                return fail(ErrorCode::kIo, what);
        }
    }

    [[nodiscard]] Result<sqlite3_stmt*> prepare(std::string_view sql) {
        if (const auto found = prepared_.find(sql); found != prepared_.end()) return found->second;
        sqlite3_stmt* statement = nullptr;
        if (sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement,
                               nullptr) != SQLITE_OK)
            return error();
        prepared_.emplace(std::string(sql), statement);
        return statement;
    }

    // SQLite numbers "$7" by its first occurrence, so parameters are found by name.
    static void bind(sqlite3_stmt* statement, const std::vector<Value>& parameters) {
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const std::string name = "$" + std::to_string(i + 1);
            const int at = sqlite3_bind_parameter_index(statement, name.c_str());
            if (at == 0) continue;
            const Value& value = parameters[i];
            if (const auto* number = std::get_if<std::int64_t>(&value)) {
                sqlite3_bind_int64(statement, at, *number);
            } else if (const auto* string = std::get_if<std::string>(&value)) {
                sqlite3_bind_text64(statement, at, string->data(), string->size(), SQLITE_TRANSIENT,
                                    SQLITE_UTF8);
            } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
                // A null pointer would bind NULL; an empty blob needs some address.
                const void* data = bytes->empty() ? static_cast<const void*>("") : bytes->data();
                sqlite3_bind_blob64(statement, at, data, bytes->size(), SQLITE_TRANSIENT);
            } else {
                sqlite3_bind_null(statement, at);
            }
        }
    }

    static Row read(sqlite3_stmt* statement) {
        Row row;
        const int num_columns = sqlite3_column_count(statement);
        row.reserve(static_cast<std::size_t>(num_columns));
        for (int i = 0; i < num_columns; ++i) {
            const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
            switch (sqlite3_column_type(statement, i)) {
                case SQLITE_INTEGER:
                    row.emplace_back(sqlite3_column_int64(statement, i));
                    break;
                case SQLITE_TEXT:
                    row.emplace_back(std::string(
                        reinterpret_cast<const char*>(sqlite3_column_text(statement, i)), size));
                    break;
                case SQLITE_BLOB: {
                    const auto* data =
                        static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, i));
                    row.emplace_back(size == 0 ? Bytes() : Bytes(data, data + size));
                    break;
                }
                default:
                    row.emplace_back(std::monostate{});
            }
        }
        return row;
    }

    sqlite3* handle_;
    std::map<std::string, sqlite3_stmt*, std::less<>> prepared_ = {};
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& path) {
    const std::string name = path.empty() ? ":memory:" : path.string();
    if (!path.empty() && path.has_parent_path()) {
        std::error_code ignored;
        std::filesystem::create_directories(path.parent_path(), ignored);
    }
    sqlite3* handle = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(name.c_str(), &handle, flags, nullptr) != SQLITE_OK) {
        const std::string what = handle == nullptr ? "no memory" : sqlite3_errmsg(handle);
        sqlite3_close(handle);
        return fail(ErrorCode::kIo, "cannot open " + name + ": " + what);
    }
    sqlite3_busy_timeout(handle, kBusyTimeoutMs);
    auto database = std::make_unique<Sqlite>(handle);
    MINTMARK_CHECK(
        database->script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "PRAGMA foreign_keys=ON;"));
    return database;
}

Status claim_file(Database& file) {
    MINTMARK_CHECK(file.script("PRAGMA busy_timeout=500"));
    const auto mode = file.run("PRAGMA journal_mode=DELETE");
    if (mode && !mode->rows.empty() && text(mode->rows[0], 0) == "delete") return {};
    return fail(ErrorCode::kAlreadyExists, "somebody has the file open", "stop the gateway first");
}

}  // namespace mintmark::sql
