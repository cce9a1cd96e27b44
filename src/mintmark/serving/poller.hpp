// Which sockets of a loop have something to read or room to write. The kernel is asked about all of
// them at once, and a socket that gave less than there was room for is not asked again before it
// has more. Asio would ask before every wait, and needs a buffer for as long as the wait lasts.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "mintmark/serving/task.hpp"

namespace mintmark::serving {

/// One per loop (asio::use_service). Runs only while some task waits.
class Poller final : public boost::asio::execution_context::service {
  public:
    static inline boost::asio::execution_context::id id = {};
    static constexpr std::size_t kReadBytes = 64 * 1024;
    class Socket;

    explicit Poller(boost::asio::execution_context& context);

  private:
    void shutdown() noexcept override;
    void add(Socket& socket);
    void remove(Socket& socket) noexcept;
    void wait_begins();
    void wait_ends();
    void watch();
    void take_events();

    Loop& loop_;
    int epoll_;
    std::optional<boost::asio::posix::stream_descriptor> handle_;  ///< the same, and owns it
    std::vector<Socket*> sockets_ = {};
    std::vector<char> buffer_;  ///< of all reads: each is used up before the next
    std::array<epoll_event, 64> events_ = {};
    std::size_t next_ = 0, end_ = 0;  ///< of the events that are being told
    std::size_t waits_ = 0;
    bool is_watching_ = false;
    bool is_telling_ = false;
};

/// A connected TCP socket that does not block.
class Poller::Socket {
  public:
    enum class Side : std::uint8_t { kRead, kWrite };
    using error_code = boost::system::error_code;

    /// Takes the descriptor over.
    Socket(Loop& loop, int descriptor);
    ~Socket() { close(); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    /// What has come, until somebody reads from any socket of this loop; "" at the end. ec:
    /// would_block when the task must wait() first.
    [[nodiscard]] std::string_view read(error_code& ec);
    /// How much of it was taken. ec as read()'s.
    [[nodiscard]] std::size_t write(std::string_view bytes, error_code& ec);
    /// `auto [ec] = co_await socket.wait(side)`: until the side may be ready. One task a side.
    /// operation_aborted: it is closed.
    [[nodiscard]] auto wait(Side side) {
        return boost::asio::async_initiate<const Wait, void(error_code)>(Begin{this, side}, kWait);
    }
    void close() noexcept;
    /// The descriptor, which is the caller's from now on.
    [[nodiscard]] int release() noexcept;
    [[nodiscard]] int native() const noexcept { return descriptor_; }
    [[nodiscard]] Loop& loop() const noexcept { return poller_.loop_; }

  private:
    friend class Poller;
    using Resume = task::Resume<error_code>;
    struct Begin {
        Socket* socket;
        Side side;
        void operator()(Resume resume) { socket->begin(side, std::move(resume)); }
    };
    struct Half {
        bool is_ready = true;  ///< for all that is known
        std::optional<Resume> waiting = {};
    };
    [[nodiscard]] Half& half(Side side) noexcept { return halves_[static_cast<std::size_t>(side)]; }
    [[nodiscard]] std::optional<Resume> take(Side side);
    void begin(Side side, Resume resume);
    void tell(std::uint32_t events);
    void abort(Resume resume) noexcept;

    Poller& poller_;
    int descriptor_;
    std::array<Half, 2> halves_ = {};
    bool is_ending_ = false;  ///< an end or an error is behind what is there to read
    bool is_known_ = false;   ///< to the poller
    std::size_t place_ = 0;   ///< in its list
};

}  // namespace mintmark::serving
