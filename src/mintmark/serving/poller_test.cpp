// Sockets that are asked only when they have something: nothing is missed, whoever comes first.
#include "mintmark/serving/poller.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace mintmark::serving {
namespace {

using boost::system::error_code;
using Socket = Poller::Socket;
using Side = Socket::Side;

struct Pair {
    explicit Pair(Loop& loop) {
        std::array<int, 2> ends = {};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        ours = std::make_unique<Socket>(loop, ends[0]);
        theirs = ends[1];
    }
    ~Pair() { end(); }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;
    void say(std::string_view text) const {
        EXPECT_EQ(::send(theirs, text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
    }
    void end() {
        if (theirs >= 0) ::close(std::exchange(theirs, -1));
    }
    std::unique_ptr<Socket> ours;
    int theirs = -1;
};

/// What comes next, "" at the end; "!" when the socket was closed here.
Task<std::string> next(Socket& socket) {
    while (true) {
        error_code ec;
        const std::string_view got = socket.read(ec);
        if (!ec) co_return std::string(got);
        auto [late] = co_await socket.wait(Side::kRead);
        if (late) co_return "!";
    }
}

Task<void> turns(Loop& loop, int count) {
    for (int i = 0; i < count; ++i) (void)co_await boost::asio::post(loop, kWait);
}

void run(Loop& loop, Task<void> task) {
    spawn(loop, std::move(task));
    loop.run();
}

TEST(Poller, AnEndBehindDataIsSeenWheneverItCame) {
    Loop loop{1};
    const auto body = [&](int data_at, int end_at) -> Task<void> {
        Pair pair(loop);
        std::string got;
        const auto read = [&]() -> Task<void> {
            while (true) {
                const std::string more = co_await next(*pair.ours);
                if (more.empty()) break;
                got += more;
                co_await turns(loop, 2);  // nobody waits when the end comes
            }
            got += '.';
        };
        spawn(loop, read());
        for (int i = 0; i < 12; ++i) {
            if (i == data_at) pair.say("abc");
            if (i == end_at) pair.end();
            co_await turns(loop, 1);
        }
        co_await turns(loop, 20);
        EXPECT_EQ(got, "abc.") << data_at << ' ' << end_at;
    };
    for (int data_at = 0; data_at < 6; ++data_at) {
        for (int end_at = data_at; end_at < 12; ++end_at) {
            run(loop, body(data_at, end_at));
            loop.restart();
        }
    }
}

TEST(Poller, WhatCameWhileNobodyWaitedIsThere) {
    Loop loop{1};
    const auto body = [&]() -> Task<void> {
        Pair pair(loop);
        for (int i = 0; i < 5; ++i) {
            pair.say("x");
            EXPECT_EQ(co_await next(*pair.ours), "x");
            co_await turns(loop, 3);
            pair.say("y");
            co_await turns(loop, 3);
            EXPECT_EQ(co_await next(*pair.ours), "y");
        }
    };
    run(loop, body());
}

TEST(Poller, MuchGoesThroughASmallBuffer) {
    Loop loop{1};
    const std::string all(3'000'000, 'a');
    std::size_t got = 0;
    Pair pair(loop);
    Socket theirs(loop, std::exchange(pair.theirs, -1));
    const auto write = [&]() -> Task<void> {
        std::string_view rest = all;
        while (!rest.empty()) {
            error_code ec;
            rest.remove_prefix(theirs.write(rest, ec));
            if (ec) (void)co_await theirs.wait(Side::kWrite);
        }
        theirs.close();
    };
    const auto read = [&]() -> Task<void> {
        while (true) {
            const std::string more = co_await next(*pair.ours);
            if (more.empty()) break;
            got += more.size();
        }
    };
    spawn(loop, write());
    run(loop, read());
    EXPECT_EQ(got, all.size());
}

TEST(Poller, ClosingEndsWhoWaits) {
    Loop loop{1};
    Pair pair(loop);
    int ended = 0;
    const auto wait = [&](Side side) -> Task<void> {
        auto [ec] = co_await pair.ours->wait(side);
        EXPECT_EQ(ec, boost::asio::error::operation_aborted);
        ++ended;
    };
    const auto body = [&]() -> Task<void> {
        error_code ec;
        while (!ec) (void)pair.ours->write(std::string(100'000, 'x'), ec);
        spawn(loop, wait(Side::kRead));
        spawn(loop, wait(Side::kWrite));
        co_await turns(loop, 10);
        EXPECT_EQ(ended, 0);
        pair.ours->close();
        EXPECT_EQ(ended, 0) << "not while somebody is in the middle of something";
        co_await turns(loop, 3);
        EXPECT_EQ(ended, 2);
        co_await wait(Side::kRead);  // closed already
    };
    run(loop, body());
    EXPECT_EQ(ended, 3);
}

/// Of two that have something at once, who is told first destroys the other.
TEST(Poller, ASocketThatIsGoneIsNotTold) {
    Loop loop{1};
    for (int i = 0; i < 4; ++i) {
        std::array<std::unique_ptr<Pair>, 2> pairs = {std::make_unique<Pair>(loop),
                                                      std::make_unique<Pair>(loop)};
        std::string told;
        const auto wait = [&](std::size_t mine) -> Task<void> {
            const std::string got = co_await next(*pairs[mine]->ours);
            told += got;
            if (got == "x") pairs[1 - mine]->ours->close();
        };
        const auto body = [&]() -> Task<void> {
            for (const std::size_t which : {0U, 1U}) spawn(loop, wait(which));
            co_await turns(loop, 10);
            for (const auto& pair : pairs) pair->say("x");
            co_await turns(loop, 10);
        };
        run(loop, body());
        loop.restart();
        EXPECT_EQ(told, "x!");
    }
}

TEST(Poller, ALoopThatIsDestroyedDestroysWhatWaits) {
    struct Guard {
        int* count;
        explicit Guard(int& of) : count(&of) { ++*count; }
        ~Guard() { --*count; }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
    };
    int alive = 0;
    {
        Loop loop{1};
        const auto wait = [&]() -> Task<void> {
            const Guard guard(alive);
            Pair pair(loop);
            (void)co_await next(*pair.ours);
        };
        for (int i = 0; i < 3; ++i) spawn(loop, wait());
        (void)loop.run_for(std::chrono::milliseconds(20));
        EXPECT_EQ(alive, 3);
    }
    EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace mintmark::serving
