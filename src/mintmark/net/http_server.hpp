// A small HTTP/1.1 server (no TLS: it stands behind a proxy or on the local machine).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mintmark/net/http.hpp"

namespace mintmark::net {

struct ServerRequest {
    std::string method;  ///< "GET", …
    std::string path;    ///< without the query, as sent (not percent-decoded)
    std::string query;   ///< behind '?', may be empty
    Headers headers;
    std::string body;
};

struct ServerResponse {
    int status = 200;
    std::string body = {};
    std::string content_type = "application/json";
    Headers headers = {};
};

/// Runs on one of the server's worker threads; several run at once. An exception becomes a 500.
using ServerHandler = std::function<ServerResponse(const ServerRequest&)>;

struct ServerOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;                               ///< 0: any free port
    std::size_t max_body_bytes = std::size_t{16} << 20U;  ///< larger: 413
    std::size_t max_connections = 128;                    ///< more: 503 and closed
    int read_timeout_ms = 15'000;  ///< for one whole request, and for an idle connection
    int write_timeout_ms = 15'000;
    int drain_timeout_ms = 10'000;  ///< stop() waits this long for requests in progress
    std::size_t num_workers = 2;    ///< threads that run the handler
};

/// Serves until stop() or destruction.
class HttpServer {
  public:
    /// Binds and starts; kIo when the address is taken or not ours, kInvalidArgument when `host` is
    /// no IP address.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(ServerOptions options,
                                                                   ServerHandler handler);
    virtual ~HttpServer() = default;
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    /// The port that is listened on.
    [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;
    /// No new connections; requests in progress are answered; then everything is closed.
    virtual void stop() = 0;

  protected:
    HttpServer() = default;
};

}  // namespace mintmark::net
