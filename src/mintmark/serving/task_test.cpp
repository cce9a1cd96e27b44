// Tasks: what they return and throw, how deep they go, and that nothing of them is left behind.
#include "mintmark/serving/task.hpp"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace mintmark::serving {
namespace {

/// Of a frame, and of what it holds.
struct Counted {
    explicit Counted(int& of) : count(&of) { ++*count; }
    Counted(Counted&& other) noexcept : count(std::exchange(other.count, nullptr)) {}
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
        if (count != nullptr) --*count;
    }
    int* count;
};

Task<int> ready(int value) {
    co_return value;
}

Task<int> after_a_turn(Loop& loop, int value) {
    (void)co_await boost::asio::post(loop, kWait);
    co_return value;
}

Task<std::unique_ptr<int>> boxed(int value) {
    co_return std::make_unique<int>(value);
}

Task<int> thrower() {
    throw std::runtime_error("a bug");  // NOLINT(throw)
    co_return 0;
}

TEST(Task, GivesWhatItReturnsAtOnceOrLater) {
    Loop loop;
    int sum = 0;
    const auto body = [&]() -> Task<void> {
        sum += co_await ready(1);
        sum += co_await after_a_turn(loop, 10);
        sum += *co_await boxed(100);
        EXPECT_EQ(&co_await this_loop(), &loop);
    };
    spawn(loop, body());
    EXPECT_EQ(sum, 0) << "it runs in the loop only";
    loop.run();
    EXPECT_EQ(sum, 111);
}

TEST(Task, ALoopOfTasksThatNeverWaitNeedsNoDeeperStack) {
    Loop loop;
    std::uint64_t sum = 0;
    const auto body = [&]() -> Task<void> {
        for (int i = 0; i < 2'000'000; ++i) {
            sum += static_cast<std::uint64_t>(co_await ready(1));
            // After a wait it is the loop that goes on with the task, not its parent.
            if (i % 100'000 == 0) sum += static_cast<std::uint64_t>(co_await after_a_turn(loop, 1));
        }
    };
    spawn(loop, body());
    loop.run();
    EXPECT_EQ(sum, 2'000'020U);
}

TEST(Task, WhatItThrowsReachesItsParentAndNobodyElse) {
    Loop loop;
    bool is_caught = false;
    bool is_other_done = false;
    const auto catcher = [&]() -> Task<void> {
        try {
            (void)co_await thrower();
        } catch (const std::runtime_error&) {
            is_caught = true;
        }
        (void)co_await thrower();
        ADD_FAILURE() << "it went on";
    };
    const auto other = [&]() -> Task<void> { is_other_done = co_await after_a_turn(loop, 1) == 1; };
    spawn(loop, catcher());
    spawn(loop, other());
    loop.run();
    EXPECT_TRUE(is_caught);
    EXPECT_TRUE(is_other_done);
}

TEST(Task, ALoopThatIsDestroyedTakesItsTasksAlong) {
    int alive = 0;
    {
        Loop loop;
        boost::asio::steady_timer timer(loop);
        const auto inner = [&]() -> Task<void> {
            const Counted counted(alive);
            timer.expires_after(std::chrono::hours(1));
            (void)co_await timer.async_wait(kWait);
            ADD_FAILURE() << "it went on";
        };
        const auto outer = [&]() -> Task<void> {
            const Counted counted(alive);
            co_await inner();
        };
        const auto never_begun = [&](Counted) -> Task<void> { co_return; };
        spawn(loop, outer());
        loop.poll();
        EXPECT_EQ(alive, 2);
        spawn(loop, never_begun(Counted(alive)));
        EXPECT_EQ(alive, 3);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Task, ATaskThatNobodyAwaitsIsNoLeak) {
    int alive = 0;
    const auto unused = [](Counted) -> Task<void> { co_return; };
    {
        const auto task = unused(Counted(alive));
        EXPECT_EQ(alive, 1);
    }
    EXPECT_EQ(alive, 0);
}

TEST(Task, BlockingWorkLeavesTheLoopAndComesBack) {
    Loop loop;
    boost::asio::thread_pool pool{1};
    const auto here = std::this_thread::get_id();
    bool was_elsewhere = false;
    const auto body = [&]() -> Task<void> {
        auto work = [&] {
            was_elsewhere = std::this_thread::get_id() != here;
            return std::make_unique<int>(7);
        };
        const auto got = co_await offload<std::unique_ptr<int>>(pool, std::move(work));
        EXPECT_EQ(*got, 7);
        EXPECT_EQ(std::this_thread::get_id(), here);
    };
    spawn(loop, body());
    loop.run();
    EXPECT_TRUE(was_elsewhere);
}

TEST(Soon, IsAValueOrATaskAndIsThereOnce) {
    Loop loop;
    const auto by = [&](int way) -> Soon<std::unique_ptr<int>> {
        if (way == 0) return std::make_unique<int>(0);
        if (way == 1) return boxed(1);
        return [](Loop& in) -> Task<std::unique_ptr<int>> {
            co_return std::make_unique<int>(co_await after_a_turn(in, 2));
        }(loop);
    };
    std::vector<int> seen;
    const auto body = [&]() -> Task<void> {
        for (int i = 0; i < 30'000; ++i) {  // no deeper stack either
            const auto got = co_await by(i % 3);
            if (i < 6) seen.push_back(*got);
        }
    };
    spawn(loop, body());
    loop.run();
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 0, 1, 2}));
}

TEST(Soon, LeavesNothingBehindAndThrowsAsItsTask) {
    int alive = 0;
    Loop loop;
    const auto value = [&]() -> Soon<std::shared_ptr<Counted>> {
        return std::make_shared<Counted>(alive);
    };
    const auto failing = []() -> Soon<int> { return thrower(); };
    bool has_thrown = false;
    const auto body = [&]() -> Task<void> {
        {
            const auto held = co_await value();
            EXPECT_EQ(alive, 1);
            const auto nobody_awaits = value();
            EXPECT_EQ(alive, 2);
        }
        try {
            (void)co_await failing();
        } catch (const std::runtime_error&) {
            has_thrown = true;
        }
    };
    spawn(loop, body());
    loop.run();
    EXPECT_TRUE(has_thrown);
    EXPECT_EQ(alive, 0);
}

TEST(Frames, AreKeptBySizeAndNeverSharedByTwo) {
    for (const std::size_t size : {1U, 64U, 65U, 4'096U, 16'300U, 100'000U}) {
        void* first = take_frame(size);
        void* second = take_frame(size);
        EXPECT_NE(first, second);
        std::memset(first, 1, size);
        std::memset(second, 2, size);
        give_frame(first, size);
        void* third = take_frame(size + (size % 64 == 0 ? 0 : 1));
        EXPECT_NE(third, second);
        std::memset(third, 3, size);
        EXPECT_EQ(*static_cast<unsigned char*>(second), 2);
        give_frame(second, size);
        give_frame(third, size + (size % 64 == 0 ? 0 : 1));
    }
    // More than are kept.
    std::vector<void*> many;
    for (int i = 0; i < 500; ++i) many.push_back(take_frame(700));
    for (void* frame : many) give_frame(frame, 700);
}

}  // namespace
}  // namespace mintmark::serving
