// Coroutines of the gateway's one event loop, how they wait for Asio, and the way out of the loop
// for blocking work.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <coroutine>
#include <exception>
#include <optional>
#include <tuple>
#include <utility>

#include "mintmark/base/result.hpp"
#include "mintmark/serving/frames.hpp"

namespace mintmark::serving {

using Loop = boost::asio::io_context;

namespace task {

/// What spawn() has started: all frames below it wait for one thing and end together.
struct Root {
    Loop* loop = nullptr;
    std::coroutine_handle<> frame = {};
};

class Promise {
  public:
    static void* operator new(std::size_t size) { return take_frame(size); }
    static void operator delete(void* at, std::size_t size) noexcept { give_frame(at, size); }
    [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
    [[nodiscard]] auto final_suspend() const noexcept { return Final{}; }
    void unhandled_exception() noexcept { thrown_ = std::current_exception(); }
    [[nodiscard]] Root* root() const noexcept { return root_; }

    /// Runs the task as a part of `parent` until it waits; true: it does.
    template <class Self, class Parent>
    static bool start(std::coroutine_handle<Self> self, std::coroutine_handle<Parent> parent) {
        Promise& promise = self.promise();
        promise.root_ = parent.promise().root();
        promise.parent_ = parent;
        self.resume();
        if (self.done()) return false;
        promise.is_starting_ = false;
        return true;
    }
    void rethrow() const {
        if (thrown_) std::rethrow_exception(thrown_);
    }

  private:
    /// Who ends while its parent starts it returns to there: a loop over tasks that never wait
    /// needs no deeper stack.
    struct Final {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <class Self>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Self> self) const noexcept {
            const Promise& promise = self.promise();
            if (promise.is_starting_) return std::noop_coroutine();
            return promise.parent_;
        }
        void await_resume() const noexcept {}
    };

    Root* root_ = nullptr;
    std::coroutine_handle<> parent_ = {};
    std::exception_ptr thrown_ = {};
    bool is_starting_ = true;
};

template <class T>
class PromiseOf;

}  // namespace task

/// g++ 12 destroys temporaries that are made of braces, or of ?:, inside a co_await expression
/// twice: name them first.
///
/// Everything that waits runs as a task on one thread, so state that only tasks touch needs no
/// lock. A task starts when it is awaited.
template <class T>
class [[nodiscard]] Task {
  public:
    using promise_type = task::PromiseOf<T>;
    using Handle = std::coroutine_handle<promise_type>;

    explicit Task(Handle handle) noexcept : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) handle_.destroy();
    }

    struct Awaiter {
        Handle handle;
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        template <class Parent>
        bool await_suspend(std::coroutine_handle<Parent> parent) const {
            return task::Promise::start(handle, parent);
        }
        T await_resume() const { return handle.promise().take(); }
    };
    [[nodiscard]] Awaiter operator co_await() && noexcept { return {handle_}; }

  private:
    Handle handle_;
};

/// A value that is there, or the task that will have it: what rarely waits needs no frame.
template <class T>
class [[nodiscard]] Soon {
  public:
    // Implicit, so that a function returns either.
    Soon(T value) : value_(std::move(value)) {}
    Soon(Task<T> task) : task_(std::move(task)) {}

    class Awaiter {
      public:
        explicit Awaiter(Soon& soon) noexcept : soon_(soon) {}
        [[nodiscard]] bool await_ready() const noexcept { return soon_.value_.has_value(); }
        template <class Parent>
        bool await_suspend(std::coroutine_handle<Parent> parent) const {
            return awaiter().await_suspend(parent);
        }
        T await_resume() const {
            return soon_.value_ ? *std::move(soon_.value_) : awaiter().await_resume();
        }

      private:
        [[nodiscard]] typename Task<T>::Awaiter awaiter() const noexcept {
            return std::move(*soon_.task_).operator co_await();
        }
        Soon& soon_;
    };
    [[nodiscard]] Awaiter operator co_await() && noexcept { return Awaiter(*this); }

  private:
    std::optional<T> value_ = {};
    std::optional<Task<T>> task_ = {};
};

namespace task {

template <class T>
class PromiseOf final : public Promise {
  public:
    Task<T> get_return_object() {
        return Task<T>(std::coroutine_handle<PromiseOf>::from_promise(*this));
    }
    template <class U = T>
    void return_value(U&& value) {
        value_.emplace(std::forward<U>(value));
    }
    T take() {
        rethrow();
        return *std::move(value_);
    }

  private:
    std::optional<T> value_ = {};
};

template <>
class PromiseOf<void> final : public Promise {
  public:
    Task<void> get_return_object() {
        return Task<void>(std::coroutine_handle<PromiseOf>::from_promise(*this));
    }
    void return_void() const noexcept {}
    void take() const { rethrow(); }
};

/// The frame that owns all others of a spawned task and itself.
struct Spawned {
    struct promise_type {
        Root own = {};
        Spawned get_return_object() {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
        [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept {}
        [[nodiscard]] Root* root() noexcept { return &own; }
    };
    std::coroutine_handle<promise_type> handle;
};

inline Spawned own(Loop& loop, Task<void> task) {
    const auto is_at_work = boost::asio::make_work_guard(loop);
    co_await std::move(task);
}

/// What a waiting task gets, and who waits.
template <class... Args>
struct Waiting {
    std::optional<std::tuple<Args...>> got = {};
    std::coroutine_handle<> who = {};
    Root* root = nullptr;
};

/// Goes on with a task, once; dropped instead, it ends the task, frames and all, as a loop does
/// that is destroyed.
template <class... Args>
class Resume {
  public:
    explicit Resume(Waiting<Args...>& waiting) noexcept : waiting_(&waiting) {}
    Resume(Resume&& other) noexcept : waiting_(std::exchange(other.waiting_, nullptr)) {}
    Resume& operator=(Resume&& other) noexcept {
        std::swap(waiting_, other.waiting_);
        return *this;
    }
    ~Resume() {
        if (waiting_ != nullptr) waiting_->root->frame.destroy();
    }
    void operator()(Args... args) {
        Waiting<Args...>& waiting = *std::exchange(waiting_, nullptr);
        waiting.got.emplace(std::move(args)...);
        waiting.who.resume();
    }
    [[nodiscard]] Loop& loop() const noexcept { return *waiting_->root->loop; }

  private:
    Waiting<Args...>* waiting_;
};

/// An asynchronous operation that begins when it is awaited; its arguments come as a tuple.
template <class Initiation, class Inputs, class... Args>
class Operation {
  public:
    Operation(Initiation initiation, Inputs inputs)
        : initiation_(std::move(initiation)), inputs_(std::move(inputs)) {}
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Parent>
    void await_suspend(std::coroutine_handle<Parent> parent) {
        waiting_.who = parent;
        waiting_.root = parent.promise().root();
        std::apply(
            [&](auto&&... inputs) {
                std::move(initiation_)(Resume<Args...>(waiting_), std::move(inputs)...);
            },
            std::move(inputs_));
    }
    std::tuple<Args...> await_resume() { return *std::move(waiting_.got); }

  private:
    Initiation initiation_;
    Inputs inputs_;
    Waiting<Args...> waiting_ = {};
};

struct ThisLoop {
    Loop* loop = nullptr;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Parent>
    bool await_suspend(std::coroutine_handle<Parent> parent) noexcept {
        loop = parent.promise().root()->loop;
        return false;
    }
    [[nodiscard]] Loop& await_resume() const noexcept { return *loop; }
};

}  // namespace task

/// Asio's completion token for tasks: `auto [ec, size] = co_await socket.async_…(…, kWait)`.
struct Wait {};
inline constexpr Wait kWait = {};

/// The loop that the awaiting task runs in: `Loop& loop = co_await this_loop()`.
[[nodiscard]] inline task::ThisLoop this_loop() noexcept {
    return {};
}

/// Runs a task in the loop, by itself; what it throws ends it and nothing else.
inline void spawn(Loop& loop, Task<void> task) {
    const auto handle = task::own(loop, std::move(task)).handle;
    handle.promise().own = {&loop, handle};
    struct Start {
        std::coroutine_handle<> frame;
        explicit Start(std::coroutine_handle<> of) noexcept : frame(of) {}
        Start(Start&& other) noexcept : frame(std::exchange(other.frame, nullptr)) {}
        Start& operator=(Start&&) = delete;
        ~Start() {
            if (frame) frame.destroy();
        }
        void operator()() { std::exchange(frame, nullptr).resume(); }
    };
    boost::asio::post(loop, Start(handle));
}

}  // namespace mintmark::serving

template <class R, class... Args>
class boost::asio::async_result<mintmark::serving::Wait, R(Args...)> {
  public:
    template <class Initiation, class... Inputs>
    static auto initiate(Initiation&& initiation, mintmark::serving::Wait, Inputs&&... inputs) {
        using Kept = std::tuple<std::decay_t<Inputs>...>;
        return mintmark::serving::task::Operation<std::decay_t<Initiation>, Kept,
                                                  std::decay_t<Args>...>(
            std::forward<Initiation>(initiation), Kept(std::forward<Inputs>(inputs)...));
    }
};

namespace mintmark::serving {

/// Runs `work()` (which may block) on a thread of `pool`; the task goes on in its loop with what it
/// returned. T must be movable.
template <class T, class F>
[[nodiscard]] Task<T> offload(boost::asio::thread_pool& pool, F work) {
    auto initiate = [&pool, &work](task::Resume<T> resume) {
        auto guard = boost::asio::make_work_guard(resume.loop());
        boost::asio::post(pool, [work = std::move(work), resume = std::move(resume),
                                 guard = std::move(guard)]() mutable {
            T value = work();
            Loop& loop = resume.loop();
            boost::asio::post(loop,
                              [resume = std::move(resume), value = std::move(value),
                               guard = std::move(guard)]() mutable { resume(std::move(value)); });
        });
    };
    auto [value] =
        co_await boost::asio::async_initiate<const Wait, void(T)>(std::move(initiate), kWait);
    co_return std::move(value);
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
