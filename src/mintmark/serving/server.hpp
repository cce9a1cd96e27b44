// HTTP/1.1 over streams: connections, limits of size and time, answers whole or streamed, drain.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/serving/http_codec.hpp"
#include "mintmark/serving/stream.hpp"

namespace mintmark::serving {

struct ServerLimits {
    MessageLimits message = {};
    std::size_t max_connections = 10'000;         ///< more: 503 and closed
    Milliseconds idle = Milliseconds(75'000);     ///< between two requests of a connection
    Milliseconds request = Milliseconds(20'000);  ///< from a request's first byte to its last
    Milliseconds write = Milliseconds(30'000);    ///< of one write; a reader that is slower is gone
    Milliseconds handshake = Milliseconds(10'000);
    Milliseconds linger = Milliseconds(1'000);  ///< reading on after a refusal
};

/// The way back to one request's sender. Every write fails once he is gone.
class Responder {
  public:
    Responder(Stream& stream, const ServerLimits& limits, bool keep_alive, bool is_http11)
        : stream_(stream), limits_(limits), keep_alive_(keep_alive), is_http11_(is_http11) {}

    /// A whole answer.
    [[nodiscard]] Task<Status> send(int status, Headers headers, std::string body);
    /// The same with headers as lines (append_header()).
    [[nodiscard]] Task<Status> send_lines(int status, std::string_view lines,
                                          std::string_view body);
    /// Starts a streamed answer; then write() any number of times, then end().
    [[nodiscard]] Task<Status> begin(int status, Headers headers);
    [[nodiscard]] Task<Status> write(std::string_view piece);
    [[nodiscard]] Task<Status> end();

    [[nodiscard]] bool is_started() const noexcept { return is_started_; }
    [[nodiscard]] bool is_ended() const noexcept { return is_ended_; }
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    /// The connection ends with this answer.
    void close_after() noexcept { keep_alive_ = false; }
    [[nodiscard]] std::string peer() const { return stream_.peer(); }

  private:
    Stream& stream_;
    const ServerLimits& limits_;
    bool keep_alive_;
    bool is_http11_;
    bool is_started_ = false;
    bool is_ended_ = false;
};

/// Answers a request. An exception becomes a 500; an answer that was begun and not ended is cut
/// off.
using Handler = std::function<Task<void>(Request&, Responder&)>;
/// The body of an error that happens before a handler can run.
using ErrorBody = std::function<std::string(int status, std::string_view what)>;

class Server {
  public:
    Server(Loop& loop, ServerLimits limits, Handler handler, ErrorBody error_body);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    /// Listens; port 0 is any free one. tls: nullptr for none. Returns the port.
    [[nodiscard]] Result<std::uint16_t> listen(const std::string& host, std::uint16_t port,
                                               std::shared_ptr<TlsContext> tls);
    /// No new connections; idle ones are closed, requests in progress are the last of theirs.
    void drain();
    /// Closes what is still open.
    void abort();
    [[nodiscard]] std::size_t connections() const noexcept { return sessions_.size(); }
    [[nodiscard]] std::size_t requests_in_progress() const noexcept { return busy_; }

  private:
    struct Session;
    Task<void> accept(Acceptor& acceptor, std::shared_ptr<TlsContext> tls);
    Task<void> serve(std::shared_ptr<Session> session, std::shared_ptr<TlsContext> tls);
    /// false: the connection ends.
    Task<bool> serve_one(Session& session);
    Task<Status> read_request(Session& session, Request& request);
    Task<void> turn_away(std::shared_ptr<Session> session);
    Task<void> refuse(Session& session, const Error& error);

    Loop& loop_;
    ServerLimits limits_;
    Handler handler_;
    ErrorBody error_body_;
    std::vector<std::unique_ptr<Acceptor>> acceptors_;
    std::set<Session*> sessions_;
    std::size_t busy_ = 0;
    bool is_draining_ = false;
};

}  // namespace mintmark::serving
