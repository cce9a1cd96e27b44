#include "mintmark/ledger/journal.hpp"

namespace mintmark::ledger {
namespace {
constexpr int kRetryMs = 200;
}

Journal::Journal(std::unique_ptr<JournalWriter> writer, OnCommit on_commit)
    : writer_(std::move(writer)), on_commit_(std::move(on_commit)) {
    thread_ = std::thread([this] { run(); });
}

Journal::~Journal() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

std::uint64_t Journal::append(Entry entry) {
    std::uint64_t sequence = 0;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        was_empty = pending_.empty();
        pending_.push_back(std::move(entry));
        sequence = ++sequence_;
    }
    if (was_empty) wake_.notify_one();
    return sequence;
}

bool Journal::wait_for_entries(std::vector<Entry>& batch, std::uint64_t& first) {
    const auto every = writer_->beat_every();
    const auto is_due = [this] { return is_ending_ || !pending_.empty(); };
    while (true) {
        {
            std::unique_lock lock(mutex_);
            if (every.count() == 0) wake_.wait(lock, is_due);
            const bool is_idle = every.count() != 0 && !wake_.wait_for(lock, every, is_due);
            if (!is_idle) {
                if (pending_.empty()) return false;
                first = sequence_ - pending_.size() + 1;
                batch.swap(pending_);
                return true;
            }
        }
        beat();
    }
}

/// A database that is away is known before the next entry.
void Journal::beat() {
    const Status done = writer_->beat();
    on_commit_(done ? done_ : 0, done, {});
}

void Journal::run() {
    std::vector<Entry> batch;
    std::uint64_t first = 0;
    auto beaten = std::chrono::steady_clock::now();
    while (wait_for_entries(batch, first)) {
        Refusals refused;
        Status done = writer_->write(batch, first, refused);
        while (!done) {
            on_commit_(0, done, {});
            std::unique_lock lock(mutex_);
            // The end waits for a full disk only so long: what is not on disk was not acknowledged.
            if (is_ending_) return;
            wake_.wait_for(lock, std::chrono::milliseconds(kRetryMs),
                           [this] { return is_ending_; });
            lock.unlock();
            refused.clear();
            done = writer_->write(batch, first, refused);
        }
        done_ = first + batch.size() - 1;
        batch.clear();
        on_commit_(done_, {}, refused);
        // Under load there is no idle moment.
        const auto every = writer_->beat_every();
        if (every.count() == 0 || std::chrono::steady_clock::now() - beaten < every) continue;
        beaten = std::chrono::steady_clock::now();
        beat();
    }
}

}  // namespace mintmark::ledger
