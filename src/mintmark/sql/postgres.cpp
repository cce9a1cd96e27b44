#include <libpq-fe.h>

#include <array>
#include <charconv>

#include "mintmark/sql/sql.hpp"

namespace mintmark::sql {
namespace {

// Object identifiers of PostgreSQL's built-in types (catalog/pg_type.dat).
constexpr Oid kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kBool = 16;

struct Parameters {
    std::vector<std::string> kept;
    std::vector<const char*> values;
};

Parameters as_text(const std::vector<Value>& values) {
    Parameters out;
    out.kept.reserve(values.size());
    for (const Value& value : values) {
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            out.kept.push_back(std::to_string(*number));
        } else if (const auto* string = std::get_if<std::string>(&value)) {
            out.kept.push_back(*string);
        } else if (const auto* bytes = std::get_if<Bytes>(&value)) {
            out.kept.push_back("\\x" + to_hex(*bytes).substr(2));
        } else {
            out.kept.emplace_back();
        }
        const bool null = std::holds_alternative<std::monostate>(value);
        out.values.push_back(null ? nullptr : out.kept.back().c_str());
    }
    return out;
}

Value read(const PGresult* result, int row, int column) {
    if (PQgetisnull(result, row, column) != 0) return std::monostate{};
    const std::string text(PQgetvalue(result, row, column),
                           static_cast<std::size_t>(PQgetlength(result, row, column)));
    switch (PQftype(result, column)) {
        case kInt8:
        case kInt4:
        case kInt2: {
            std::int64_t number = 0;
            std::from_chars(text.data(), text.data() + text.size(), number);
            return number;
        }
        case kBool:
            return std::int64_t{text == "t"};
        case kBytea:
            return from_hex(text.size() < 2 ? "" : text.substr(2)).value_or(Bytes());
        default:
            return text;
    }
}

std::unexpected<Error> unreachable(const PGconn* connection) {
    const std::string what = PQerrorMessage(connection);
    return fail(ErrorCode::kNetwork, "cannot reach PostgreSQL: " + what.substr(0, what.find('\n')),
                "check the connection string and that the server runs");
}

class Postgres final : public Database {
  public:
    Postgres(PGconn* connection, std::string on_connect)
        : connection_(connection), on_connect_(std::move(on_connect)) {}
    ~Postgres() override { PQfinish(connection_); }
    Postgres(const Postgres&) = delete;
    Postgres& operator=(const Postgres&) = delete;

    [[nodiscard]] Dialect dialect() const noexcept override { return Dialect::kPostgres; }

    [[nodiscard]] Result<Answer> run(std::string_view sql,
                                     const std::vector<Value>& parameters) override {
        // Never in the middle of a transaction: its first half would be lost without a word.
        if (PQstatus(connection_) != CONNECTION_OK && !in_transaction_) MINTMARK_CHECK(reset());
        const Parameters text = as_text(parameters);
        const std::string statement(sql);
        PGresult* result =
            PQexecParams(connection_, statement.c_str(), static_cast<int>(text.values.size()),
                         nullptr, text.values.data(), nullptr, nullptr, 0);
        auto answer = take(result);
        // The commit of a transaction that had failed before rolls back and calls that a success.
        if (answer && statement == "COMMIT" && std::string_view(PQcmdStatus(result)) != "COMMIT")
            answer = fail(ErrorCode::kIo, "PostgreSQL: the transaction was rolled back");
        PQclear(result);
        if (statement == "BEGIN") in_transaction_ = answer.has_value();
        if (statement == "COMMIT" || statement == "ROLLBACK") in_transaction_ = false;
        return answer;
    }

    [[nodiscard]] Status script(std::string_view statements) override {
        const std::string text(statements);
        PGresult* result = PQexec(connection_, text.c_str());
        auto answer = take(result);
        PQclear(result);
        if (!answer) return std::unexpected(std::move(answer).error());
        return {};
    }

    /// The settings of a session are gone with its connection.
    [[nodiscard]] Status reset() {
        PQreset(connection_);
        if (PQstatus(connection_) != CONNECTION_OK) return unreachable(connection_);
        return script(on_connect_);
    }

  private:
    [[nodiscard]] Result<Answer> take(const PGresult* result) const {
        const ExecStatusType status = PQresultStatus(result);
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return error(result);
        Answer answer;
        const std::string changed = PQcmdTuples(const_cast<PGresult*>(result));
        std::from_chars(changed.data(), changed.data() + changed.size(), answer.num_changed);
        for (int row = 0; row < PQntuples(result); ++row) {
            Row& out = answer.rows.emplace_back();
            for (int column = 0; column < PQnfields(result); ++column)
                out.push_back(read(result, row, column));
        }
        return answer;
    }

    [[nodiscard]] std::unexpected<Error> error(const PGresult* result) const {
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        std::string what = std::string("PostgreSQL: ") + PQerrorMessage(connection_);
        while (!what.empty() && what.back() == '\n') what.pop_back();
        const std::string_view code = state == nullptr ? "" : state;
        if (code == "23505") return fail(ErrorCode::kAlreadyExists, what);
        if (code.starts_with("42") || code.starts_with("22"))
            return fail(ErrorCode::kInternal, what);
        if (code.starts_with("53"))
            return fail(ErrorCode::kIo, what, "give the PostgreSQL server disk or connections");
        if (code == "25006")
            return fail(ErrorCode::kIo, what,
                        "this server only reads: name the primary, or all servers with "
                        "target_session_attrs=read-write");
        return fail(ErrorCode::kIo, what, "is the PostgreSQL server running?");
    }

    PGconn* connection_;
    std::string on_connect_;
    bool in_transaction_ = false;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(const std::string& location,
                                                const std::string& on_connect) {
    // A server that is silent is away after seconds, not after TCP's quarter of an hour. What the
    // location itself says comes later and wins.
    const std::array<const char*, 7> keys = {"connect_timeout",
                                             "keepalives_idle",
                                             "keepalives_interval",
                                             "keepalives_count",
                                             "tcp_user_timeout",
                                             "dbname",
                                             nullptr};
    const std::array<const char*, 7> values = {"3",    "5", "2", "3", "8000", location.c_str(),
                                               nullptr};
    PGconn* connection = PQconnectdbParams(keys.data(), values.data(), 1);
    if (PQstatus(connection) != CONNECTION_OK) {
        auto no = unreachable(connection);
        PQfinish(connection);
        return no;
    }
    const std::string settings = "SET client_min_messages = warning;" + on_connect;
    auto database = std::make_unique<Postgres>(connection, settings);
    MINTMARK_CHECK(database->script(settings));
    return database;
}

}  // namespace mintmark::sql
