// The only file that includes Boost.Beast: it is slow to compile.
#include "mintmark/net/http_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/optional.hpp>
#include <chrono>
#include <future>
#include <set>
#include <thread>

namespace mintmark::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;

std::string error_body(std::string_view what) {
    return fmt::format("{{\"error\":\"{}\"}}\n", what);
}

ServerRequest to_request(const http::request<http::string_body>& message) {
    ServerRequest out;
    out.method = std::string(message.method_string());
    const std::string target(message.target());
    const std::size_t question = target.find('?');
    out.path = target.substr(0, question);
    if (question != std::string::npos) out.query = target.substr(question + 1);
    for (const auto& field : message) {
        out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    out.body = message.body();
    return out;
}

/// Line breaks in a header would let a value forge further headers.
std::string one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\r' || c == '\n'; }, ' ');
    return text;
}

http::response<http::string_body> to_message(ServerResponse response, unsigned version,
                                             bool keep_alive) {
    const auto status = std::clamp(response.status, 100, 999);
    http::response<http::string_body> out(static_cast<http::status>(status), version);
    out.set(http::field::server, "mintmark");
    out.set(http::field::content_type, one_line(std::move(response.content_type)));
    for (auto& [name, value] : response.headers) {
        out.set(one_line(std::move(name)), one_line(std::move(value)));
    }
    out.body() = std::move(response.body);
    out.keep_alive(keep_alive);
    out.prepare_payload();
    return out;
}

/// State of one server. Sessions and the acceptor run on the one thread of `io`; handlers run on
/// `workers` and come back to it with their answer.
class Server final : public HttpServer {
  public:
    Server(ServerOptions options, ServerHandler handler)
        : options_(std::move(options)),
          handler_(std::move(handler)),
          acceptor_(io_),
          workers_(std::max<std::size_t>(options_.num_workers, 1)) {}

    ~Server() override { shut_down(); }

    Status listen() {
        error_code ec;
        const auto address = asio::ip::make_address(options_.host, ec);
        if (ec) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("\"{}\" is no IP address", options_.host));
        }
        const tcp::endpoint endpoint(address, options_.port);
        acceptor_.open(endpoint.protocol(), ec);
        if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
        if (!ec) acceptor_.bind(endpoint, ec);
        if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
        if (!ec) port_ = acceptor_.local_endpoint(ec).port();
        if (ec) {
            return fail(ErrorCode::kIo,
                        fmt::format("cannot listen on {}:{}: {}", options_.host, options_.port,
                                    ec.message()),
                        "choose another port");
        }
        accept();
        thread_ = std::thread([this] { io_.run(); });
        return {};
    }

    [[nodiscard]] std::uint16_t port() const noexcept override { return port_; }
    void stop() override { shut_down(); }

  private:
    class Session;

    void shut_down();
    void accept();
    void finish_if_idle();

    ServerOptions options_;
    ServerHandler handler_;
    asio::io_context io_{1};
    tcp::acceptor acceptor_;
    asio::thread_pool workers_;
    std::set<std::shared_ptr<Session>> sessions_;
    bool stopping_ = false;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// One connection: reads a request, has it answered, writes, and starts again.
class Server::Session : public std::enable_shared_from_this<Session> {
  public:
    Session(Server& server, tcp::socket socket) : server_(server), stream_(std::move(socket)) {}

    void read() {
        parser_.emplace();
        parser_->body_limit(server_.options_.max_body_bytes);
        parser_->header_limit(kMaxHeaderBytes);
        stream_.expires_after(std::chrono::milliseconds(server_.options_.read_timeout_ms));
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code ec, std::size_t) { self->on_read(ec); });
    }

    /// Answers without having read a request, then closes.
    void refuse(int status, std::string_view why) {
        write({status, error_body(why), "application/json", {}}, 11, false);
    }

    /// Ends the connection unless a request is being answered; that one is the last.
    void drain() {
        draining_ = true;
        if (!busy_) close();
    }

    void close() {
        error_code ignored;
        stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
        stream_.close();
        server_.sessions_.erase(shared_from_this());
        server_.finish_if_idle();
    }

  private:
    void on_read(error_code ec) {
        if (ec == http::error::body_limit) return refuse(413, "the body is too large");
        if (ec == http::error::header_limit) return refuse(431, "the headers are too large");
        if (ec && ec.category() == http::make_error_code(http::error::end_of_stream).category() &&
            ec != http::error::end_of_stream && ec != http::error::partial_message) {
            return refuse(400, "malformed HTTP");
        }
        if (ec) return close();
        busy_ = true;
        stream_.expires_never();
        const auto& message = parser_->get();
        asio::post(server_.workers_, [self = shared_from_this(), version = message.version(),
                                      keep_alive = message.keep_alive(),
                                      request = to_request(message)]() mutable {
            ServerResponse response = self->answer(request);
            asio::post(self->server_.io_,
                       [self, version, keep_alive, done = std::move(response)]() mutable {
                           self->write(std::move(done), version, keep_alive && !self->draining_);
                       });
        });
    }

    ServerResponse answer(const ServerRequest& request) {
        try {
            return server_.handler_(request);
        } catch (...) {  // a handler must not end the server
            return {500, error_body("internal error"), "application/json", {}};
        }
    }

    void write(ServerResponse response, unsigned version, bool keep_alive) {
        busy_ = true;
        reply_ = to_message(std::move(response), version, keep_alive);
        stream_.expires_after(std::chrono::milliseconds(server_.options_.write_timeout_ms));
        http::async_write(stream_, reply_,
                          [self = shared_from_this(), keep_alive](error_code ec, std::size_t) {
                              self->busy_ = false;
                              if (ec || !keep_alive || self->draining_) return self->close();
                              self->read();
                          });
    }

    Server& server_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{kMaxHeaderBytes + 64 * 1024};
    boost::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> reply_;
    bool busy_ = false;
    bool draining_ = false;
};

void Server::accept() {
    acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
        if (stopping_) return;
        if (!ec) {
            error_code ignored;
            socket.set_option(tcp::no_delay(true), ignored);
            auto session = std::make_shared<Session>(*this, std::move(socket));
            const bool full = sessions_.size() >= options_.max_connections;
            sessions_.insert(session);
            if (full) {
                session->refuse(503, "too many connections");
            } else {
                session->read();
            }
        }
        accept();
    });
}

void Server::finish_if_idle() {
    if (stopping_ && sessions_.empty()) io_.stop();
}

void Server::shut_down() {
    if (!thread_.joinable()) return;
    asio::steady_timer deadline(io_);
    asio::post(io_, [&] {
        stopping_ = true;
        error_code ignored;
        acceptor_.close(ignored);
        const auto open = sessions_;  // drain() takes sessions out
        for (const auto& session : open) session->drain();
        deadline.expires_after(std::chrono::milliseconds(options_.drain_timeout_ms));
        deadline.async_wait([this](error_code) { io_.stop(); });
        finish_if_idle();
    });
    thread_.join();
    workers_.join();  // handlers that outlived the deadline still use this object
    sessions_.clear();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options,
                                                      ServerHandler handler) {
    auto server = std::make_unique<Server>(std::move(options), std::move(handler));
    MINTMARK_CHECK(server->listen());
    return server;
}

}  // namespace mintmark::net
