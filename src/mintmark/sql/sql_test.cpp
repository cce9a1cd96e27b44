#include "mintmark/sql/sql.hpp"

#include <gtest/gtest.h>

namespace mintmark::sql {
namespace {

std::unique_ptr<Database> memory() {
    auto database = open_sqlite("");
    EXPECT_TRUE(database.has_value());
    EXPECT_TRUE((*database)->script("CREATE TABLE t (k TEXT PRIMARY KEY, n INTEGER, b BLOB)"));
    return *std::move(database);
}

TEST(Sql, values_come_back_as_they_went) {
    const auto database = memory();
    const std::string odd("a'b\0c", 5);
    // $2 before $1: parameters go by their number, not by their place.
    ASSERT_TRUE(database->run("INSERT INTO t (n, k, b) VALUES ($2, $1, $3)",
                              {odd, std::int64_t{-7}, Bytes{0, 255}}));
    const auto answer = database->run("SELECT k, n, b, NULL FROM t");
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->rows.size(), 1U);
    EXPECT_EQ(text(answer->rows[0], 0), odd);
    EXPECT_EQ(integer(answer->rows[0], 1), -7);
    EXPECT_EQ(blob(answer->rows[0], 2), (Bytes{0, 255}));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(answer->rows[0][3]));
}

TEST(Sql, a_taken_key_is_told_apart_from_other_errors) {
    const auto database = memory();
    ASSERT_TRUE(database->run("INSERT INTO t (k) VALUES ('a')"));
    EXPECT_EQ(database->run("INSERT INTO t (k) VALUES ('a')").error().code,
              ErrorCode::kAlreadyExists);
    EXPECT_EQ(database->run("SELECT nothing FROM nowhere").error().code, ErrorCode::kInternal);
}

TEST(Sql, a_transaction_that_is_not_committed_leaves_nothing) {
    const auto database = memory();
    {
        auto transaction = Transaction::begin(*database);
        ASSERT_TRUE(transaction.has_value());
        ASSERT_TRUE(database->run("INSERT INTO t (k) VALUES ('a')"));
    }
    EXPECT_TRUE(database->run("SELECT k FROM t")->rows.empty());
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(database->run("INSERT INTO t (k) VALUES ('b')"));
    ASSERT_TRUE(transaction->commit());
    EXPECT_EQ(database->run("SELECT k FROM t")->rows.size(), 1U);
}

TEST(Sql, no_database_where_there_is_no_folder) {
    EXPECT_EQ(open_sqlite("/proc/none/x.db").error().code, ErrorCode::kIo);
    EXPECT_EQ(open("postgresql://127.0.0.1:1/none").error().code, ErrorCode::kNetwork);
}

}  // namespace
}  // namespace mintmark::sql
