// Transactions that are meant to be mined: on disk before they are sent, until they are final.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/sql/sql.hpp"

namespace mintmark::settlement {

/// A lane's total that a transaction settles.
struct Item {
    std::string account, lane;
    chain::U256 cumulative;
};

enum class IntentState : std::uint8_t {
    kSigned,   ///< to be mined; sent at least once, or about to be
    kMined,    ///< in a block that may still be taken back
    kFinal,    ///< confirmed
    kFailed,   ///< mined and reverted
    kDropped,  ///< another transaction has used its number
};

struct Intent {
    std::int64_t id = 0;
    std::string wallet = {};
    std::uint64_t nonce = 0;
    IntentState state = IntentState::kSigned;
    std::string to = {};  ///< "0x…"
    Bytes data = {};
    std::uint64_t gas_limit = 0;
    chain::U256 max_fee = {}, tip = {};  ///< wei per gas, of the last version
    bool is_dynamic = true;
    Bytes raw = {};                    ///< the last version, signed
    std::vector<Bytes32> hashes = {};  ///< of all versions; any of them may be mined
    std::vector<Item> items = {};
    std::int64_t sent_ms = 0;  ///< unix; of the last version
    std::uint64_t block = 0;   ///< where it was seen mined
};

struct Seen {
    std::int64_t since_ms = 0;  ///< when something was due first
    std::int64_t retry_ms = 0;  ///< not before; 0: at once
    chain::U256 done = {};      ///< highest total that needs no transaction any more
};

/// Their tables, if they are not there; within a transaction.
[[nodiscard]] Status make_tables(sql::Database& database);

class Intents {
  public:
    /// "postgresql://…" or a path. What is written is durable.
    [[nodiscard]] static Result<Intents> open(const std::string& location);
    /// kAlreadyExists when the wallet's number is taken by another open one.
    [[nodiscard]] Result<std::int64_t> add(const Intent& intent);
    /// State, number, fees, raw bytes, hashes, times.
    [[nodiscard]] Status update(const Intent& intent);
    /// Not final, failed or dropped; by number.
    [[nodiscard]] Result<std::vector<Intent>> open_ones(const std::string& wallet);
    [[nodiscard]] Result<std::uint64_t> count(IntentState state);

    [[nodiscard]] Result<Seen> seen(const std::string& account, const std::string& lane);
    /// Of several gateways with one database one settles; when its connection ends, another does.
    /// Always true of a file. kIo, kNetwork.
    [[nodiscard]] Result<bool> is_settler();
    [[nodiscard]] Status put_seen(const std::string& account, const std::string& lane,
                                  const Seen& seen);

  private:
    explicit Intents(std::unique_ptr<sql::Database> database) : database_(std::move(database)) {}
    std::unique_ptr<sql::Database> database_;
};

}  // namespace mintmark::settlement
