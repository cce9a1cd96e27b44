#include "mintmark/sql/sql.hpp"

namespace mintmark::sql {

std::int64_t integer(const Row& row, std::size_t column) noexcept {
    const auto* value = column < row.size() ? std::get_if<std::int64_t>(&row[column]) : nullptr;
    return value == nullptr ? 0 : *value;
}

std::string text(const Row& row, std::size_t column) {
    const auto* value = column < row.size() ? std::get_if<std::string>(&row[column]) : nullptr;
    return value == nullptr ? std::string() : *value;
}

Bytes blob(const Row& row, std::size_t column) {
    const auto* value = column < row.size() ? std::get_if<Bytes>(&row[column]) : nullptr;
    return value == nullptr ? Bytes() : *value;
}

bool is_postgres(const std::string& location) {
    return location.starts_with("postgresql://") || location.starts_with("postgres://");
}

Result<std::unique_ptr<Database>> open(const std::string& location) {
    return is_postgres(location) ? open_postgres(location) : open_sqlite(location);
}

Result<Transaction> Transaction::begin(Database& database) {
    const bool sqlite = database.dialect() == Dialect::kSqlite;
    MINTMARK_CHECK(database.run(sqlite ? "BEGIN IMMEDIATE" : "BEGIN"));
    return Transaction(database);
}

Transaction::~Transaction() {
    if (database_ != nullptr) (void)database_->run("ROLLBACK");
}

Status Transaction::commit() {
    auto done = database_->run("COMMIT");
    if (!done) return std::unexpected(std::move(done).error());  // the destructor rolls back
    database_ = nullptr;
    return {};
}

}  // namespace mintmark::sql
