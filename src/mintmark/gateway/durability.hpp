// Tasks that wait until the journal has what they wrote on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "mintmark/ledger/journal.hpp"
#include "mintmark/serving/task.hpp"

namespace mintmark::gateway {

using serving::Task;

class Durability {
  public:
    /// want: tells the journal that somebody waits for an entry.
    Durability(serving::Loop& loop, std::function<void(const Status&)> on_change,
               std::function<void(std::uint64_t)> want)
        : loop_(loop), on_change_(std::move(on_change)), want_(std::move(want)) {}
    /// From the journal's thread.
    void committed(std::uint64_t sequence, const Status& status, const ledger::Refusals& refused);
    /// Until the entry is on disk. kIo: it is not, and may be later. What a shared ledger says
    /// when it refuses the entry.
    [[nodiscard]] serving::Soon<Status> wait(std::uint64_t sequence);
    [[nodiscard]] bool is_healthy() const noexcept { return is_healthy_; }

  private:
    struct Waiter {
        std::uint64_t sequence;
        serving::task::Resume<Status> resume;
    };
    Task<Status> wait_for(std::uint64_t sequence);
    void wake(std::uint64_t sequence, const Status& status, const ledger::Refusals& refused);
    [[nodiscard]] Status verdict(std::uint64_t sequence);

    serving::Loop& loop_;
    std::function<void(const Status&)> on_change_;
    std::function<void(std::uint64_t)> want_;
    std::vector<Waiter> waiters_;             ///< as they came
    std::vector<Waiter> spare_;               ///< empty; for its memory
    std::map<std::uint64_t, Error> refused_;  ///< the latest; not all are asked for
    std::uint64_t done_ = 0;
    bool is_healthy_ = true;
};

}  // namespace mintmark::gateway
