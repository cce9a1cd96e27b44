// SQLite behind Results: statements, columns, transactions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace mintmark::ledger {

class Database;

/// A prepared statement; bind from 1, step, read from 0, reset.
class Statement {
  public:
    Statement() = default;
    Statement(Statement&& other) noexcept;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();
    Statement& bind(int index, std::string_view text);
    /// Not copied: it must live until run() or reset().
    Statement& bind_kept(int index, std::string_view text);
    Statement& bind(int index, std::int64_t number);
    Statement& bind(int index, ByteSpan blob);
    Statement& bind_null(int index);
    /// true: a row is there. kIo.
    [[nodiscard]] Result<bool> step();
    /// Runs to the end and resets.
    [[nodiscard]] Status run();
    void reset();
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] Bytes blob(int column) const;

  private:
    friend class Database;
    sqlite3_stmt* statement_ = nullptr;
};

/// One connection; one thread at a time.
class Database {
  public:
    /// Write-ahead log; synchronous=FULL: a committed transaction survives power loss. kIo.
    [[nodiscard]] static Result<std::unique_ptr<Database>> open(const std::filesystem::path& path);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    [[nodiscard]] Result<Statement> prepare(std::string_view sql);
    /// One or more statements without results.
    [[nodiscard]] Status execute(const std::string& sql);

  private:
    explicit Database(sqlite3* db) : db_(db) {}
    sqlite3* db_;
};

}  // namespace mintmark::ledger
