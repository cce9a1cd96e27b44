// SQL databases behind one small interface: SQLite (one machine) and PostgreSQL (a cluster).
// Statements name their parameters $1, $2, … in both; integers are 64 bits, text is UTF-8.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"

namespace mintmark::sql {

/// NULL, integer, text or bytes.
using Value = std::variant<std::monostate, std::int64_t, std::string, Bytes>;
using Row = std::vector<Value>;

/// 0 when the column is no integer; "" when it is no text; empty when it is no bytes.
[[nodiscard]] std::int64_t integer(const Row& row, std::size_t column) noexcept;
[[nodiscard]] std::string text(const Row& row, std::size_t column);
[[nodiscard]] Bytes blob(const Row& row, std::size_t column);

enum class Dialect : std::uint8_t { kSqlite, kPostgres };

struct Answer {
    std::vector<Row> rows;
    std::uint64_t num_changed = 0;  ///< rows inserted, updated or deleted
};

/// One connection; used by one thread at a time. Errors: kIo (disk, connection lost),
/// kAlreadyExists (a unique key is taken), kInternal (a statement that does not fit the schema).
class Database {
  public:
    virtual ~Database() = default;
    [[nodiscard]] virtual Dialect dialect() const noexcept = 0;
    /// One statement.
    [[nodiscard]] virtual Result<Answer> run(std::string_view statement,
                                             const std::vector<Value>& parameters) = 0;
    [[nodiscard]] Result<Answer> run(std::string_view statement) { return run(statement, {}); }
    /// Several statements without parameters.
    [[nodiscard]] virtual Status script(std::string_view statements) = 0;
};

/// Opens or creates a file: write-ahead log, synchronous=FULL (what is committed survives a power
/// cut), waits up to 10 s for other processes' writes. An empty path: in memory.
[[nodiscard]] Result<std::unique_ptr<Database>> open_sqlite(const std::filesystem::path& path);
/// libpq's connection string: "postgresql://user@host/db", or "host=… dbname=…". A lost connection
/// is opened again by the next statement outside of a transaction. `on_connect`: statements for the
/// session, run after each connecting. kNetwork.
[[nodiscard]] Result<std::unique_ptr<Database>> open_postgres(const std::string& connection,
                                                              const std::string& on_connect = {});
/// Takes a file's write-ahead log away, which works only while nobody else has the file open.
/// kAlreadyExists: somebody has.
[[nodiscard]] Status claim_file(Database& file);
/// "postgresql://…" or "postgres://…".
[[nodiscard]] bool is_postgres(const std::string& location);
/// By its look: "postgresql://…" or "postgres://…", else a path.
[[nodiscard]] Result<std::unique_ptr<Database>> open(const std::string& location);

/// Takes the write lock at once; rolls back when destroyed before commit().
class Transaction {
  public:
    [[nodiscard]] static Result<Transaction> begin(Database& database);
    Transaction(Transaction&& other) noexcept
        : database_(std::exchange(other.database_, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();
    [[nodiscard]] Status commit();

  private:
    explicit Transaction(Database& database) : database_(&database) {}
    Database* database_;
};

}  // namespace mintmark::sql
