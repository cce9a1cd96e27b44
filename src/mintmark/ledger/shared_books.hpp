// What a batch of a shared ledger touches, as the database has it, and as it will be.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "mintmark/ledger/ledger.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::ledger {

/// A request's row. Guards against doing twice what a lost connection left in doubt: a request is
/// begun once by its owner and closed once, by `closed_by`.
struct StoredRequest {
    RequestRow row = {};
    FinishRow end = {};          ///< state "reserved": it runs
    std::string owner = {};      ///< the gateway's instance
    std::string closed_by = {};  ///< an instance; empty: it runs
    bool is_new = false, is_changed = false;
};

/// Read under the locks of all that they name, so nobody else changes them before the commit.
class Books {
  public:
    /// Locks and reads everything that the entries touch, within the caller's transaction. kIo.
    [[nodiscard]] Status read(sql::Database& database, const std::vector<const Entry*>& entries);
    /// The open requests of a gateway, with their accounts and keys. kIo.
    [[nodiscard]] Status read_open_of(sql::Database& database, const std::string& owner);
    /// Writes what has changed.
    [[nodiscard]] Status write(sql::Database& database);

    struct StoredNonce {
        std::string token = {};  ///< who used it, in which entry
        NonceRow row = {};
        bool is_new = false;
    };
    using Pair = std::pair<std::string, std::string>;
    std::map<std::string, AccountState> accounts = {};  ///< `reserved`: of all gateways
    std::map<std::string, KeyState> keys = {};
    std::map<std::string, StoredRequest> requests = {};
    std::map<Pair, std::string> idempotent = {};  ///< key id, idempotency key: request id
    std::map<Pair, StoredNonce> nonces = {};
    std::set<Pair> changed_lanes = {};
    std::set<std::string> spent_keys = {};
    std::vector<KeyRow> key_rows = {};

  private:
    struct Names {
        std::set<std::string> accounts, keys, requests;
        std::set<Pair> idempotent, nonces;
    };
    [[nodiscard]] static Status lock(sql::Database& database, const Names& names);
    /// One question for all of it.
    [[nodiscard]] Status read_all(sql::Database& database, const Names& names);
    [[nodiscard]] Status take(const std::string& what, const sql::Row& row);
    [[nodiscard]] Status take_request(const sql::Row& row);
    [[nodiscard]] Status write_keys(sql::Database& database);
};

/// Text that PostgreSQL can keep: UTF-8 without a zero byte. Anything else as "hex:…", and so is
/// what begins so.
[[nodiscard]] std::string storable(const std::string& text);

/// A lane's totals, and a key, of rows "account,lane,used,signed,base,voucher" and
/// "id,hash,buyer,name,scopes,budget,spent,created_ms,expires_ms,revoked".
[[nodiscard]] Result<LaneState> lane_of(const sql::Row& row);
[[nodiscard]] KeyRow key_of(const sql::Row& row);
inline constexpr const char* kKeyColumns =
    "id,hash,buyer,name,scopes,budget,spent,created_ms,expires_ms,revoked";

}  // namespace mintmark::ledger
