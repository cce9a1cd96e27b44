// Coroutines of the gateway's one event loop, and the way out of it for blocking work.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "mintmark/base/result.hpp"

namespace mintmark::serving {

/// g++ 12 destroys temporaries that are made of braces inside a co_await expression twice: name
/// them first.
///
/// Everything that waits runs as a task on one thread, so state that only tasks touch needs no
/// lock.
template <class T>
using Task = boost::asio::awaitable<T>;
using Loop = boost::asio::io_context;

/// Runs `work()` (which may block) on a thread of `pool`; the task goes on in its loop with what it
/// returned. T must be movable and default-constructible.
template <class T, class F>
[[nodiscard]] Task<T> offload(boost::asio::thread_pool& pool, F work) {
    auto initiate = [&pool, work = std::move(work)](auto handler) mutable {
        auto executor = boost::asio::get_associated_executor(handler);
        auto guard = boost::asio::make_work_guard(executor);
        boost::asio::post(pool, [work = std::move(work), handler = std::move(handler), executor,
                                 guard = std::move(guard)]() mutable {
            T value = work();
            boost::asio::post(executor, [handler = std::move(handler), value = std::move(value),
                                         guard = std::move(guard)]() mutable {
                std::move(handler)(std::move(value));
            });
        });
    };
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
        std::move(initiate), boost::asio::use_awaitable);
}

}  // namespace mintmark::serving

#define MINTMARK_CO_TRY_IMPL(tmp, decl, ...)                                 \
    auto tmp = (__VA_ARGS__);                                                \
    if (!tmp.has_value()) co_return std::unexpected(std::move(tmp).error()); \
    decl = *std::move(tmp)
/// MINTMARK_TRY and MINTMARK_CHECK for tasks.
#define MINTMARK_CO_TRY(decl, ...) \
    MINTMARK_CO_TRY_IMPL(MINTMARK_CONCAT(mm_try_, __LINE__), decl, __VA_ARGS__)
#define MINTMARK_CO_CHECK_IMPL(tmp, ...)            \
    if (auto tmp = (__VA_ARGS__); !tmp.has_value()) \
    co_return std::unexpected(std::move(tmp).error())
#define MINTMARK_CO_CHECK(...) \
    MINTMARK_CO_CHECK_IMPL(MINTMARK_CONCAT(mm_chk_, __LINE__), __VA_ARGS__)
