// The thread that decides for one gateway in a shared database.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mintmark/ledger/shared.hpp"
#include "mintmark/ledger/shared_books.hpp"

namespace mintmark::ledger {

/// What the database said, on its way to the thread that serves.
class Inbox {
  public:
    struct News {
        std::map<std::string, AccountState> accounts = {};  ///< without terms
        std::map<std::string, KeyState> keys = {};
        std::vector<std::string> refused = {};  ///< ids of requests that were not reserved
    };
    void put(News news);
    [[nodiscard]] std::vector<News> take();

  private:
    std::mutex mutex_;
    std::vector<News> news_;
};

class SharedWriter final : public JournalWriter {
  public:
    /// Connects, migrates, registers. `inbox` must outlive it.
    [[nodiscard]] static Result<std::unique_ptr<SharedWriter>> open(SharedOptions options,
                                                                    Inbox& inbox);
    ~SharedWriter() override;
    [[nodiscard]] Status write(const std::vector<Entry>& batch, std::uint64_t first,
                               Refusals& refused) override;
    [[nodiscard]] std::chrono::milliseconds beat_every() const override {
        return options_.beat_every;
    }
    /// Says that it lives, looks who does not, and what keys others have changed.
    [[nodiscard]] Status beat() override;
    [[nodiscard]] std::uint64_t recovered() const noexcept { return recovered_; }

  private:
    struct Numbered {
        const Entry* entry;
        std::uint64_t sequence;
    };
    SharedWriter(SharedOptions options, Inbox& inbox)
        : options_(std::move(options)), inbox_(inbox) {}
    [[nodiscard]] Status connect();
    [[nodiscard]] Status take_name();
    /// One transaction.
    [[nodiscard]] Status write_some(const std::vector<Numbered>& entries, Refusals& refused);
    [[nodiscard]] Status apply(Books& books, const RequestRow& row, std::uint64_t sequence) const;
    [[nodiscard]] Status apply(Books& books, const FinishRow& row, std::uint64_t sequence) const;
    [[nodiscard]] Status apply(Books& books, const ProgressRow& row, std::uint64_t sequence) const;
    [[nodiscard]] Status apply(Books& books, const VoucherRow& row, std::uint64_t sequence) const;
    [[nodiscard]] Status apply(Books& books, const KeyRow& row, std::uint64_t sequence) const;
    [[nodiscard]] Status apply(Books& books, const NonceRow& row, std::uint64_t sequence) const;
    /// Closes a gateway's open requests and forgets it. Returns how many there were.
    [[nodiscard]] Result<std::uint64_t> bury(const std::string& instance);
    [[nodiscard]] Status watch_others();

    SharedOptions options_;
    Inbox& inbox_;
    std::string instance_ = {};
    std::unique_ptr<sql::Database> database_ = {};
    struct Sight {
        std::int64_t beat;
        std::chrono::steady_clock::time_point since;
    };
    std::map<std::string, Sight> seen_ = {};  ///< by instance
    std::uint64_t recovered_ = 0;
};

}  // namespace mintmark::ledger
