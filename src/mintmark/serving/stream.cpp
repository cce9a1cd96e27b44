// TCP and TLS. The only file that instantiates stream templates.
#include "mintmark/serving/stream.hpp"

#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <cerrno>
#include <charconv>

#include "mintmark/serving/deadlines.hpp"
#include "mintmark/serving/poller.hpp"

namespace mintmark::serving {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
// Of this loop's own executor: one that stands for any is asked at every step.
using TimedSocket = beast::basic_stream<tcp, Loop::executor_type>;

std::unexpected<Error> network_error(std::string_view what, error_code ec) {
    const auto code = ec == beast::error::timeout ? ErrorCode::kExpired : ErrorCode::kNetwork;
    return fail(code, fmt::format("{}: {}", what, ec.message()));
}

bool is_end(error_code ec) {
    return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated;
}

class TcpStream final : public Stream, private Deadlines::Watched {
  public:
    TcpStream(Loop& loop, int descriptor)
        : socket_(loop, descriptor), deadlines_(asio::use_service<Deadlines>(loop)) {}

    Task<Result<std::string_view>> read_some() override {
        if (++reads_ > kMostReads) {
            reads_ = 0;
            co_await asio::post(socket_.loop(), kWait);
        }
        while (true) {
            error_code ec;
            const std::string_view got = socket_.read(ec);
            if (!ec) co_return got;
            if (ec != asio::error::would_block) co_return error("read", ec);
            reads_ = 0;
            const Busy busy(*this);
            auto [late] = co_await socket_.wait(Poller::Socket::Side::kRead);
            if (late) co_return error("read", late);
        }
    }
    /// Most writes fit into the socket's buffer and end at once.
    Soon<Status> write(std::string_view bytes) override {
        error_code ec;
        if (!bytes.empty()) bytes.remove_prefix(socket_.write(bytes, ec));
        if (bytes.empty()) return Status{};
        return write_rest(bytes);
    }
    void set_deadline(Milliseconds from_now) override {
        until = Deadlines::Clock::now() + from_now;
    }
    void close() override { socket_.close(); }
    [[nodiscard]] std::string peer() const override {
        tcp::endpoint endpoint;
        auto size = static_cast<::socklen_t>(endpoint.capacity());
        if (::getpeername(socket_.native(), endpoint.data(), &size) != 0) return "0.0.0.0";
        endpoint.resize(size);
        return endpoint.address().to_string();
    }
    [[nodiscard]] Poller::Socket& next() { return socket_; }

  private:
    Task<Status> write_rest(std::string_view bytes) {
        while (!bytes.empty()) {
            error_code ec;
            bytes.remove_prefix(socket_.write(bytes, ec));
            if (!ec) continue;
            if (ec != asio::error::would_block) co_return error("write", ec);
            const Busy busy(*this);
            auto [late] = co_await socket_.wait(Poller::Socket::Side::kWrite);
            if (late) co_return error("write", late);
        }
        co_return Status{};
    }
    /// While something is in progress, the deadline counts.
    class Busy {
      public:
        explicit Busy(TcpStream& stream) : stream_(stream) { stream_.deadlines_.enter(stream_); }
        ~Busy() { stream_.deadlines_.leave(stream_); }
        Busy(const Busy&) = delete;
        Busy& operator=(const Busy&) = delete;

      private:
        TcpStream& stream_;
    };
    void expire() override {
        is_expired_ = true;
        socket_.close();
    }
    [[nodiscard]] std::unexpected<Error> error(std::string_view what, error_code ec) const {
        if (is_expired_) return fail(ErrorCode::kExpired, fmt::format("{}: too slow", what));
        return network_error(what, ec);
    }

    /// A peer that sends faster than we read does not keep the loop to itself.
    static constexpr unsigned kMostReads = 16;

    Poller::Socket socket_;
    Deadlines& deadlines_;
    unsigned reads_ = 0;  ///< since the task waited
    bool is_expired_ = false;
};

class Tls final : public TlsContext {
  public:
    explicit Tls(asio::ssl::context::method method) : context(method) {
        // 32 KB less per idle connection.
        ::SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
        context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                            asio::ssl::context::no_sslv2 | asio::ssl::context::no_sslv3);
    }
    asio::ssl::context context;
};

class TlsStream final : public Stream {
  public:
    TlsStream(TimedSocket stream, std::shared_ptr<TlsContext> context)
        : context_(std::move(context)),
          stream_(std::move(stream), static_cast<Tls&>(*context_).context) {}

    Task<Result<std::string_view>> read_some() override {
        auto [ec, size] = co_await stream_.async_read_some(asio::buffer(buffer_), kWait);
        if (ec && !is_end(ec)) co_return network_error("read", ec);
        co_return std::string_view(buffer_.data(), size);
    }
    Soon<Status> write(std::string_view bytes) override { return write_all(bytes); }
    void set_deadline(Milliseconds from_now) override {
        beast::get_lowest_layer(stream_).expires_after(from_now);
    }
    void close() override {
        error_code ignored;
        beast::get_lowest_layer(stream_).socket().shutdown(tcp::socket::shutdown_both, ignored);
        beast::get_lowest_layer(stream_).close();
    }
    [[nodiscard]] std::string peer() const override {
        error_code ignored;
        const auto& socket = beast::get_lowest_layer(stream_).socket();
        return socket.remote_endpoint(ignored).address().to_string();
    }
    Task<Status> write_all(std::string_view bytes) {
        auto [ec, size] =
            co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), kWait);
        if (ec) co_return network_error("write", ec);
        co_return Status{};
    }
    /// host: checked against the certificate; empty on the server's side.
    Task<Status> shake(asio::ssl::stream_base::handshake_type side, std::string host) {
        if (!host.empty()) {
            // SSL_set_tlsext_host_name, without the macro's casts.
            ::SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                       TLSEXT_NAMETYPE_host_name, host.data());
            stream_.set_verify_callback(asio::ssl::host_name_verification(host));
        }
        auto [ec] = co_await stream_.async_handshake(side, kWait);
        if (ec) co_return network_error("TLS handshake", ec);
        co_return Status{};
    }

  private:
    std::shared_ptr<TlsContext> context_;
    asio::ssl::stream<TimedSocket> stream_;
    std::array<char, 8 * 1024> buffer_;
};

class TcpAcceptor final : public Acceptor {
  public:
    explicit TcpAcceptor(Loop& loop) : loop_(loop), acceptor_(loop) {}

    Status open(const std::string& host, std::uint16_t port) {
        error_code ec;
        const auto address = asio::ip::make_address(host, ec);
        if (ec) {
            return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no IP address", host));
        }
        const tcp::endpoint endpoint(address, port);
        acceptor_.open(endpoint.protocol(), ec);
        if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
        if (!ec) acceptor_.bind(endpoint, ec);
        if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
        if (ec) {
            return fail(ErrorCode::kIo,
                        fmt::format("cannot listen on {}:{}: {}", host, port, ec.message()),
                        "choose another port");
        }
        return {};
    }
    [[nodiscard]] std::uint16_t port() const override {
        error_code ignored;
        return acceptor_.local_endpoint(ignored).port();
    }
    Task<Result<std::unique_ptr<Stream>>> accept() override {
        int descriptor = -1;
        while (descriptor < 0) {
            auto [ec] = co_await acceptor_.async_wait(tcp::acceptor::wait_read, kWait);
            if (!acceptor_.is_open()) co_return fail(ErrorCode::kInterrupted, "not listening");
            if (ec) co_return network_error("accept", ec);
            constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
            descriptor = ::accept4(acceptor_.native_handle(), nullptr, nullptr, kFlags);
            const bool is_gone = errno == EAGAIN || errno == ECONNABORTED;
            if (descriptor < 0 && !is_gone) {
                co_return network_error("accept", {errno, boost::system::system_category()});
            }
        }
        const int on = 1;
        (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        co_return std::make_unique<TcpStream>(loop_, descriptor);
    }
    void close() override {
        error_code ignored;
        acceptor_.close(ignored);
    }

  private:
    Loop& loop_;
    asio::basic_socket_acceptor<tcp, Loop::executor_type> acceptor_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::server(const std::string& certificate,
                                                       const std::string& key) {
    auto tls = std::make_shared<Tls>(asio::ssl::context::tls_server);
    error_code ec;
    tls->context.use_certificate_chain_file(certificate, ec);
    if (ec) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("certificate {}: {}", certificate, ec.message()));
    }
    tls->context.use_private_key_file(key, asio::ssl::context::pem, ec);
    if (ec) return fail(ErrorCode::kInvalidArgument, fmt::format("key {}: {}", key, ec.message()));
    return tls;
}

Result<std::shared_ptr<TlsContext>> TlsContext::client(const std::string& authorities) {
    auto tls = std::make_shared<Tls>(asio::ssl::context::tls_client);
    error_code ec;
    if (authorities.empty()) {
        tls->context.set_default_verify_paths(ec);
    } else {
        tls->context.load_verify_file(authorities, ec);
    }
    if (ec) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("authorities {}: {}", authorities, ec.message()));
    }
    tls->context.set_verify_mode(asio::ssl::verify_peer);
    return tls;
}

Result<BaseUrl> BaseUrl::parse(std::string_view url) {
    const auto bad = [&](std::string_view why) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is no URL: {}", url, why));
    };
    BaseUrl out;
    std::string_view rest = url;
    if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else if (rest.starts_with("https://")) {
        rest.remove_prefix(8);
        out.endpoint.is_tls = true;
    } else {
        return bad("it starts with neither http:// nor https://");
    }
    const std::size_t slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (slash != std::string_view::npos) out.path = rest.substr(slash);
    while (out.path.ends_with('/')) out.path.pop_back();
    if (authority.find_first_of("@?# \r\n") != std::string_view::npos) return bad("bad host");
    out.endpoint.port = out.endpoint.is_tls ? 443 : 80;
    const std::size_t colon = authority.rfind(':');
    if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
        const std::string_view digits = authority.substr(colon + 1);
        const auto [end, ec] =
            std::from_chars(digits.data(), digits.data() + digits.size(), out.endpoint.port);
        if (ec != std::errc() || end != digits.data() + digits.size()) return bad("bad port");
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) {
        authority = authority.substr(1, authority.size() - 2);
    }
    if (authority.empty()) return bad("it has no host");
    out.endpoint.host = authority;
    return out;
}

std::string BaseUrl::authority() const {
    const bool is_v6 = endpoint.host.find(':') != std::string::npos;
    const std::string host = is_v6 ? "[" + endpoint.host + "]" : endpoint.host;
    const bool is_default = endpoint.port == (endpoint.is_tls ? 443 : 80);
    return is_default ? host : fmt::format("{}:{}", host, endpoint.port);
}

Task<Result<std::unique_ptr<Stream>>> connect(const Endpoint& endpoint,
                                              std::shared_ptr<TlsContext> tls,
                                              Milliseconds timeout) {
    const std::string where = fmt::format("{}:{}", endpoint.host, endpoint.port);
    Loop& loop = co_await this_loop();
    error_code parse_error;
    std::vector<tcp::endpoint> addresses;
    const auto literal = asio::ip::make_address(endpoint.host, parse_error);
    if (!parse_error) {
        addresses.emplace_back(literal, endpoint.port);
    } else {
        tcp::resolver resolver(loop);
        auto [ec, found] =
            co_await resolver.async_resolve(endpoint.host, std::to_string(endpoint.port), kWait);
        if (ec) co_return network_error("resolve " + where, ec);
        for (const auto& entry : found) addresses.push_back(entry.endpoint());
    }
    TimedSocket stream(loop);
    stream.expires_after(timeout);
    // Beast's own way of asking a token for its type is older than kWait.
    auto start = [&](task::Resume<error_code, tcp::endpoint> resume) {
        stream.async_connect(addresses, std::move(resume));
    };
    auto [ec, used] =
        co_await asio::async_initiate<const Wait, void(error_code, tcp::endpoint)>(start, kWait);
    if (ec) co_return network_error("connect " + where, ec);
    error_code ignored;
    stream.socket().set_option(tcp::no_delay(true), ignored);
    if (!endpoint.is_tls) {
        auto socket = stream.release_socket();
        socket.non_blocking(true, ignored);
        co_return std::make_unique<TcpStream>(loop, socket.release());
    }
    auto secure = std::make_unique<TlsStream>(std::move(stream), std::move(tls));
    const Status done =
        co_await secure->shake(asio::ssl::stream_base::client, std::string(endpoint.host));
    if (!done) co_return std::unexpected(done.error());
    co_return secure;
}

Result<std::unique_ptr<Acceptor>> Acceptor::listen(Loop& loop, const std::string& host,
                                                   std::uint16_t port) {
    auto acceptor = std::make_unique<TcpAcceptor>(loop);
    MINTMARK_CHECK(acceptor->open(host, port));
    return acceptor;
}

Task<Result<std::unique_ptr<Stream>>> shake_hands(std::unique_ptr<Stream> plain,
                                                  std::shared_ptr<TlsContext> tls,
                                                  Milliseconds timeout) {
    Poller::Socket& accepted = static_cast<TcpStream&>(*plain).next();
    TimedSocket stream(accepted.loop());
    error_code ec;
    // The family makes no difference to a socket that is connected.
    stream.socket().assign(tcp::v4(), accepted.release(), ec);
    if (ec) co_return network_error("TLS handshake", ec);
    auto secure = std::make_unique<TlsStream>(std::move(stream), std::move(tls));
    secure->set_deadline(timeout);
    const Status done = co_await secure->shake(asio::ssl::stream_base::server, std::string());
    if (!done) co_return std::unexpected(done.error());
    co_return secure;
}

}  // namespace mintmark::serving
