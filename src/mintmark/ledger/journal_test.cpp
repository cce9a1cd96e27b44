// When a journal writes, what it writes together, and that nobody is told before it is written.
#include "mintmark/ledger/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace mintmark::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Clock = Journal::Clock;

/// What a disk has got, batch by batch, one line an entry.
struct Disk {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::vector<std::string>> batches;
    std::uint64_t committed = 0;
    std::atomic<bool> is_full = false;

    std::vector<std::string> all() {
        const std::lock_guard lock(mutex);
        std::vector<std::string> out;
        for (const auto& batch : batches) out.insert(out.end(), batch.begin(), batch.end());
        return out;
    }
    std::uint64_t told() {
        const std::lock_guard lock(mutex);
        return committed;
    }
    void wait_for(std::uint64_t sequence) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return committed >= sequence; });
    }
};

std::string line(const Entry& entry) {
    if (const auto* row = std::get_if<RequestRow>(&entry)) return "begin " + row->id;
    if (const auto* row = std::get_if<ProgressRow>(&entry)) return "progress " + row->id;
    const auto* row = std::get_if<FinishRow>(&entry);
    if (row == nullptr) return "other";
    return (row->begun != nullptr ? "whole " : "end ") + row->id;
}

class FakeWriter final : public JournalWriter {
  public:
    explicit FakeWriter(Disk& disk) : disk_(disk) {}
    Status write(const std::vector<Entry>& batch, std::uint64_t, Refusals&) override {
        if (disk_.is_full) return fail(ErrorCode::kIo, "full");
        const std::lock_guard lock(disk_.mutex);
        auto& lines = disk_.batches.emplace_back();
        for (const Entry& entry : batch) lines.push_back(line(entry));
        return {};
    }

  private:
    Disk& disk_;
};

std::unique_ptr<Journal> journal(Disk& disk, Pace pace = Pace::kWhenAsked) {
    const auto on_commit = [&disk](std::uint64_t sequence, const Status& status, const Refusals&) {
        const std::lock_guard lock(disk.mutex);
        if (status) disk.committed = std::max(disk.committed, sequence);
        disk.changed.notify_all();
    };
    return std::make_unique<Journal>(std::make_unique<FakeWriter>(disk), on_commit, pace);
}

std::shared_ptr<const RequestRow> begun(const std::string& id) {
    RequestRow row;
    row.id = id;
    return std::make_shared<const RequestRow>(std::move(row));
}

FinishRow ended(const std::string& id) {
    FinishRow row;
    row.id = id;
    return row;
}

TEST(Journal, WhoWaitsIsToldWhenItIsWrittenAndNotBefore) {
    Disk disk;
    disk.is_full = true;
    const auto one = journal(disk);
    const auto sequence = one->append(*begun("a"));
    one->want(sequence, Hurry::kNow);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_EQ(disk.told(), 0U);
    EXPECT_THAT(disk.all(), IsEmpty());
    disk.is_full = false;
    disk.wait_for(sequence);
    EXPECT_THAT(disk.all(), ElementsAre("begin a"));
}

TEST(Journal, ManyWhoWaitShareABatch) {
    Disk disk;
    const auto one = journal(disk);
    std::uint64_t last = one->append(*begun("first"));
    one->want(last, Hurry::kNow);
    disk.wait_for(last);
    for (int i = 0; i < 50; ++i) {
        last = one->append(ended(std::to_string(i)));
        one->want(last, Hurry::kSoon);
    }
    disk.wait_for(last);
    EXPECT_EQ(disk.all().size(), 51U);
    EXPECT_LT(disk.batches.size(), 20U);
}

TEST(Journal, WhatNobodyWaitsForIsWrittenALittleLater) {
    Disk disk;
    const auto one = journal(disk);
    const auto begin = Clock::now();
    disk.wait_for(one->append(*begun("a")));
    EXPECT_GE(Clock::now() - begin, Journal::kLinger / 2);
    EXPECT_THAT(disk.all(), ElementsAre("begin a"));
}

TEST(Journal, AtOnceNobodyHasToAsk) {
    Disk disk;
    const auto one = journal(disk, Pace::kAtOnce);
    std::uint64_t last = 0;
    const auto begin = Clock::now();
    for (int i = 0; i < 20; ++i) disk.wait_for(last = one->append(*begun("a")));
    EXPECT_LT(Clock::now() - begin, 20 * Journal::kLinger / 2);
    EXPECT_EQ(disk.told(), last);
}

TEST(Journal, AReservationIsOneRowWithItsEnd) {
    Disk disk;
    const auto one = journal(disk);
    const auto held = one->hold(begun("a"));
    const auto sequence = one->append_end(*held, ended("a"));
    one->want(sequence, Hurry::kNow);
    disk.wait_for(sequence);
    EXPECT_THAT(disk.all(), ElementsAre("whole a"));
}

TEST(Journal, AReservationThatTakesLongIsWrittenByItself) {
    Disk disk;
    const auto one = journal(disk);
    const auto held = one->hold(begun("a"));
    disk.wait_for(1);
    EXPECT_THAT(disk.all(), ElementsAre("begin a"));
    const auto sequence = one->append_end(*held, ended("a"));
    one->want(sequence, Hurry::kNow);
    disk.wait_for(sequence);
    EXPECT_THAT(disk.all(), ElementsAre("begin a", "end a")) << "begun twice or not at all";
}

TEST(Journal, NothingOfARequestIsWrittenBeforeItsReservation) {
    Disk disk;
    const auto one = journal(disk);
    const auto held = one->hold(begun("a"));
    one->release(*held);
    one->release(*held);
    (void)one->append(ProgressRow{"a", {}, 0});
    const auto sequence = one->append_end(*held, ended("a"));
    one->want(sequence, Hurry::kNow);
    disk.wait_for(sequence);
    EXPECT_THAT(disk.all(), ElementsAre("begin a", "progress a", "end a"));
}

TEST(Journal, ItsEndWritesWhatIsLeftAndWhatIsHeld) {
    Disk disk;
    {
        const auto one = journal(disk);
        (void)one->hold(begun("runs"));
        (void)one->append(ended("a"));
    }
    EXPECT_THAT(disk.all(), ::testing::UnorderedElementsAre("begin runs", "end a"));
}

}  // namespace
}  // namespace mintmark::ledger
