#include "mintmark/serving/poller.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "mintmark/base/assert.hpp"

namespace mintmark::serving {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

error_code last_error() {
    if (errno == EAGAIN) return asio::error::would_block;
    return {errno, boost::system::system_category()};
}

}  // namespace

Poller::Poller(asio::execution_context& context)
    : service(context),
      loop_(static_cast<Loop&>(context)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      buffer_(kReadBytes) {
    MINTMARK_ASSERT(epoll_ >= 0);
    handle_.emplace(loop_, epoll_);
}

void Poller::shutdown() noexcept {
    handle_.reset();
    while (!sockets_.empty()) {
        Socket& socket = *sockets_.back();
        sockets_.pop_back();
        socket.is_known_ = false;
        // Dropped: the tasks end, and often the socket with them.
        const auto reader = std::exchange(socket.half(Socket::Side::kRead).waiting, std::nullopt);
        const auto writer = std::exchange(socket.half(Socket::Side::kWrite).waiting, std::nullopt);
    }
}

void Poller::add(Socket& socket) {
    epoll_event event = {};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &socket;
    // It fails for want of memory alone: the socket's deadline ends what waits.
    (void)::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.descriptor_, &event);
    socket.is_known_ = true;
    socket.place_ = sockets_.size();
    sockets_.push_back(&socket);
}

void Poller::remove(Socket& socket) noexcept {
    if (!socket.is_known_) return;
    socket.is_known_ = false;
    (void)::epoll_ctl(epoll_, EPOLL_CTL_DEL, socket.descriptor_, nullptr);
    sockets_[socket.place_] = sockets_.back();
    sockets_[socket.place_]->place_ = socket.place_;
    sockets_.pop_back();
    for (std::size_t i = next_; i < end_; ++i) {
        if (events_[i].data.ptr == &socket) events_[i].data.ptr = nullptr;
    }
}

void Poller::wait_begins() {
    if (++waits_ == 1 && !is_telling_) watch();
}

/// With nobody waiting the loop may end.
void Poller::wait_ends() {
    if (--waits_ == 0 && !is_telling_ && handle_) handle_->cancel();
}

void Poller::watch() {
    if (is_watching_ || !handle_) return;
    is_watching_ = true;
    handle_->async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code ec) {
        is_watching_ = false;
        if (!ec) take_events();
        if (waits_ > 0) watch();
    });
}

/// Not more than there is room for: the loop has other things to do in between.
void Poller::take_events() {
    const int count = ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), 0);
    end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
    is_telling_ = true;
    for (next_ = 0; next_ < end_;) {
        const epoll_event event = events_[next_++];
        if (event.data.ptr != nullptr) static_cast<Socket*>(event.data.ptr)->tell(event.events);
    }
    is_telling_ = false;
}

Poller::Socket::Socket(Loop& loop, int descriptor)
    : poller_(asio::use_service<Poller>(loop)), descriptor_(descriptor) {}

std::string_view Poller::Socket::read(error_code& ec) {
    Half& mine = half(Side::kRead);
    std::vector<char>& into = poller_.buffer_;
    ec = asio::error::would_block;
    if (!mine.is_ready) return {};
    const ::ssize_t got = ::recv(descriptor_, into.data(), into.size(), 0);
    if (got < 0) {
        ec = last_error();
        if (ec == asio::error::would_block) mine.is_ready = false;
        return {};
    }
    ec = {};
    const auto size = static_cast<std::size_t>(got);
    mine.is_ready = size == into.size() || is_ending_;
    return {into.data(), size};
}

std::size_t Poller::Socket::write(std::string_view bytes, error_code& ec) {
    Half& mine = half(Side::kWrite);
    ec = asio::error::would_block;
    if (!mine.is_ready) return 0;
    const ::ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
        ec = last_error();
        if (ec == asio::error::would_block) mine.is_ready = false;
        return 0;
    }
    ec = {};
    return static_cast<std::size_t>(sent);
}

void Poller::Socket::begin(Side side, Resume resume) {
    if (descriptor_ < 0) return abort(std::move(resume));
    MINTMARK_ASSERT(!half(side).waiting);
    half(side).waiting.emplace(std::move(resume));
    // What is there already is told as well.
    if (!is_known_) poller_.add(*this);
    poller_.wait_begins();
}

std::optional<Poller::Socket::Resume> Poller::Socket::take(Side side) {
    auto out = std::exchange(half(side).waiting, std::nullopt);
    if (out) poller_.wait_ends();
    return out;
}

void Poller::Socket::tell(std::uint32_t events) {
    const bool is_broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    is_ending_ = is_ending_ || is_broken || (events & EPOLLRDHUP) != 0;
    const bool can_read = is_ending_ || (events & EPOLLIN) != 0;
    const bool can_write = is_broken || (events & EPOLLOUT) != 0;
    if (can_read) half(Side::kRead).is_ready = true;
    if (can_write) half(Side::kWrite).is_ready = true;
    auto reader = can_read ? take(Side::kRead) : std::nullopt;
    auto writer = can_write ? take(Side::kWrite) : std::nullopt;
    // Who goes on may destroy this socket.
    if (reader) (*reader)({});
    if (writer) (*writer)({});
}

/// Later: who closes may be in the middle of something.
void Poller::Socket::abort(Resume resume) noexcept {
    asio::post(poller_.loop_,
               [resume = std::move(resume)]() mutable { resume(asio::error::operation_aborted); });
}

int Poller::Socket::release() noexcept {
    poller_.remove(*this);
    for (const Side side : {Side::kRead, Side::kWrite}) {
        if (auto waiting = take(side)) abort(*std::move(waiting));
    }
    return std::exchange(descriptor_, -1);
}

void Poller::Socket::close() noexcept {
    const int descriptor = release();
    if (descriptor < 0) return;
    (void)::shutdown(descriptor, SHUT_RDWR);
    (void)::close(descriptor);
}

}  // namespace mintmark::serving
