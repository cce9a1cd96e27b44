#include <fmt/format.h>

#include "mintmark/ledger/ledger.hpp"
#include "mintmark/ledger/rules.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger {
namespace {

struct Sums {
    std::map<std::pair<std::string, std::string>, Amount> units = {};  ///< by account and lane
    std::map<std::string, std::int64_t> usd = {};                      ///< by key
};

Status sum_requests(sql::Database& db, Sums& sums, std::vector<std::string>& out) {
    MINTMARK_TRY(const auto answer, db.run("SELECT account,lane,units,usd,key_id,units_reserved,"
                                           "usd_reserved,id,state FROM requests"));
    for (const sql::Row& row : answer.rows) {
        MINTMARK_TRY(const Amount units, Amount::parse(sql::text(row, 2)));
        MINTMARK_TRY(const Amount most, Amount::parse(sql::text(row, 5)));
        if (units > most || sql::integer(row, 3) > sql::integer(row, 6)) {
            out.push_back(fmt::format("request {} cost more than was reserved", sql::text(row, 7)));
        }
        if (sql::text(row, 8) == "reserved") continue;
        Amount& sum = sums.units[{sql::text(row, 0), sql::text(row, 1)}];
        sum = plus(sum, units);
        sums.usd[sql::text(row, 4)] += sql::integer(row, 3);
    }
    return {};
}

Status compare_lanes(sql::Database& db, Sums& sums, std::vector<std::string>& out) {
    MINTMARK_TRY(const auto answer, db.run("SELECT account,lane,used FROM lanes"));
    for (const sql::Row& row : answer.rows) {
        const std::string account = sql::text(row, 0);
        const std::string lane = sql::text(row, 1);
        MINTMARK_TRY(const Amount used, Amount::parse(sql::text(row, 2)));
        const Amount sum = sums.units[{account, lane}];
        const bool has_base = !account.starts_with("grant:");
        if (has_base ? used < sum : used != sum) {
            out.push_back(fmt::format("{} {}: total {}, requests {}", account, lane,
                                      used.to_string(), sum.to_string()));
        }
    }
    return {};
}

Status compare_keys(sql::Database& db, Sums& sums, std::vector<std::string>& out) {
    MINTMARK_TRY(const auto answer, db.run("SELECT id,spent FROM keys"));
    for (const sql::Row& row : answer.rows) {
        const std::int64_t sum = sums.usd[sql::text(row, 0)];
        if (sql::integer(row, 1) == sum) continue;
        out.push_back(fmt::format("key {}: spent {}, requests {}", sql::text(row, 0),
                                  sql::integer(row, 1), sum));
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> audit(const std::string& location) {
    MINTMARK_TRY(const auto db, sql::open(location));
    // Other gateways go on meanwhile: all that is read is of one moment.
    MINTMARK_CHECK(db->run("BEGIN"));
    if (db->dialect() == sql::Dialect::kPostgres) {
        MINTMARK_CHECK(db->run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"));
    }
    Sums sums;
    std::vector<std::string> out;
    MINTMARK_CHECK(sum_requests(*db, sums, out));
    MINTMARK_CHECK(compare_lanes(*db, sums, out));
    MINTMARK_CHECK(compare_keys(*db, sums, out));
    MINTMARK_CHECK(db->run("ROLLBACK"));
    return out;
}

}  // namespace mintmark::ledger
