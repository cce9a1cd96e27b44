#include "mintmark/ledger/journal.hpp"

#include <algorithm>
#include <utility>

namespace mintmark::ledger {
namespace {
constexpr int kRetryMs = 200;
constexpr std::size_t kUsualBatch = 64;  ///< entries are large: moving them is not free
constexpr auto kNever = Journal::Clock::time_point::max();
constexpr auto kPast = Journal::Clock::time_point::min();
}  // namespace

class Journal::Held {
  public:
    explicit Held(std::shared_ptr<const RequestRow> row) : row_(std::move(row)) {}

  private:
    friend class Journal;
    std::shared_ptr<const RequestRow> row_;  ///< nullptr: not held any more
    Clock::time_point since_ = Clock::now();
};

Journal::Journal(std::unique_ptr<JournalWriter> writer, OnCommit on_commit, Pace pace)
    : writer_(std::move(writer)), on_commit_(std::move(on_commit)), pace_(pace) {
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

template <class Row>
std::uint64_t Journal::push(Row&& row) {
    if (pending_.empty()) {
        oldest_ = Clock::now();
        pending_.reserve(kUsualBatch);
    }
    pending_.emplace_back(std::forward<Row>(row));
    return ++sequence_;
}

std::uint64_t Journal::append(Entry entry) {
    std::vector<Entry> written;
    const std::lock_guard lock(mutex_);
    written.swap(written_);
    const std::uint64_t sequence = push(std::move(entry));
    wake_if_early();
    return sequence;
}

void Journal::want(std::uint64_t sequence, Hurry hurry) {
    const std::lock_guard lock(mutex_);
    if (sequence <= sequence_ - pending_.size()) return;
    wanted_ = std::max(wanted_, sequence);
    is_urgent_ = is_urgent_ || hurry == Hurry::kNow;
    wake_if_early();
}

std::shared_ptr<Journal::Held> Journal::hold(std::shared_ptr<const RequestRow> row) {
    auto held = std::make_shared<Held>(std::move(row));
    const std::lock_guard lock(mutex_);
    while (!held_.empty() && held_.front()->row_ == nullptr) held_.pop_front();
    held_.push_back(held);
    wake_if_early();
    return held;
}

std::uint64_t Journal::append_end(Held& held, FinishRow&& end) {
    std::vector<Entry> written;
    const std::lock_guard lock(mutex_);
    written.swap(written_);
    end.begun = std::exchange(held.row_, nullptr);
    const std::uint64_t sequence = push(std::move(end));
    wake_if_early();
    return sequence;
}

void Journal::release(Held& held) {
    const std::lock_guard lock(mutex_);
    if (held.row_ != nullptr) push(*std::exchange(held.row_, nullptr));
    wake_if_early();
}

void Journal::let_go(Clock::time_point of_before) {
    while (!held_.empty()) {
        Held& oldest = *held_.front();
        if (oldest.row_ != nullptr && oldest.since_ > of_before) return;
        if (oldest.row_ != nullptr) push(*std::exchange(oldest.row_, nullptr));
        held_.pop_front();
    }
}

Journal::Clock::time_point Journal::due() const {
    if (is_ending_) return kPast;
    Clock::time_point out = kNever;
    if (!pending_.empty()) {
        if (pace_ == Pace::kAtOnce || is_urgent_) return kPast;
        const bool is_wanted = wanted_ > sequence_ - pending_.size();
        out = is_wanted ? taken_ + kPause : oldest_ + kLinger;
    }
    // One that has ended meanwhile wakes the writer for nothing, at most.
    if (!held_.empty()) out = std::min(out, held_.front()->since_ + kLinger);
    return out;
}

/// The writer's clock wakes it soon enough, most of the time.
void Journal::wake_if_early() {
    if (due() >= sleeps_until_) return;
    sleeps_until_ = kPast;
    wake_.notify_one();
}

void Journal::sleep(std::unique_lock<std::mutex>& lock, Clock::time_point until) {
    sleeps_until_ = until;
    if (until == kNever) {
        wake_.wait(lock);
    } else {
        wake_.wait_until(lock, until);
    }
    sleeps_until_ = kPast;
}

bool Journal::wait_for_entries(std::vector<Entry>& batch, std::uint64_t& first) {
    const auto every = writer_->beat_every();
    std::unique_lock lock(mutex_);
    auto beats_at = every.count() == 0 ? kNever : Clock::now() + every;
    while (true) {
        const auto now = Clock::now();
        if (pace_ == Pace::kWhenAsked) let_go(is_ending_ ? kNever : now - kLinger);
        const auto at = due();
        if (at <= now) break;
        if (beats_at <= now) {
            lock.unlock();
            beat();
            lock.lock();
            beats_at = Clock::now() + every;
            continue;
        }
        auto until = std::min(at, beats_at);
        // Under load the next entry need not wake it.
        if (at == kNever && taken_ + kLinger > now) until = std::min(until, taken_ + kLinger);
        sleep(lock, until);
    }
    if (pending_.empty()) return false;
    taken_ = Clock::now();
    is_urgent_ = false;
    first = sequence_ - pending_.size() + 1;
    batch.swap(pending_);
    return true;
}

/// A database that is away is known before the next entry.
void Journal::beat() {
    const Status done = writer_->beat();
    on_commit_(done ? done_ : 0, done, {});
}

void Journal::run() {
    std::vector<Entry> batch;
    std::uint64_t first = 0;
    auto beaten = Clock::now();
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
        on_commit_(done_, {}, refused);
        {
            const std::lock_guard lock(mutex_);
            if (written_.empty()) written_.swap(batch);
        }
        batch.clear();
        // Under load there is no idle moment.
        const auto every = writer_->beat_every();
        if (every.count() == 0 || Clock::now() - beaten < every) continue;
        beaten = Clock::now();
        beat();
    }
}

}  // namespace mintmark::ledger
