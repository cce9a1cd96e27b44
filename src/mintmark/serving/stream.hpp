// A byte stream whose transport (TCP, TLS) is hidden, so that only one file compiles Beast's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "mintmark/serving/task.hpp"

namespace mintmark::serving {

using Milliseconds = std::chrono::milliseconds;

/// One connection. Reads and writes may be in progress at the same time, one of each.
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;
    /// At least one byte, or "" at the end of the stream; there until the task waits again.
    /// kNetwork; kExpired past the deadline.
    [[nodiscard]] virtual Task<Result<std::string_view>> read_some() = 0;
    /// All of it. The bytes must live until the task ends.
    [[nodiscard]] virtual Soon<Status> write(std::string_view bytes) = 0;
    /// From now on, all that is in progress must end in this time; replaces the last deadline.
    virtual void set_deadline(Milliseconds from_now) = 0;
    virtual void close() = 0;
    /// The other side's IP address.
    [[nodiscard]] virtual std::string peer() const = 0;
};

/// Certificate and key of a server, or the trust of a client.
class TlsContext {
  public:
    /// PEM files. kInvalidArgument with OpenSSL's reason.
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> server(const std::string& certificate,
                                                                    const std::string& key);
    /// Trusts the system's authorities, or those of one PEM file.
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> client(const std::string& authorities);
    virtual ~TlsContext() = default;
};

struct Endpoint {
    std::string host;
    std::uint16_t port = 80;
    bool is_tls = false;
};
/// "http://host:port/base" into its parts; kInvalidArgument. The base path has no slash at its end.
struct BaseUrl {
    Endpoint endpoint;
    std::string path = {};
    [[nodiscard]] static Result<BaseUrl> parse(std::string_view url);
    /// As a Host header.
    [[nodiscard]] std::string authority() const;
};

/// Resolves, connects and shakes hands within the time. kNetwork.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(const Endpoint& endpoint,
                                                            std::shared_ptr<TlsContext> tls,
                                                            Milliseconds timeout);

/// Takes connections.
class Acceptor {
  public:
    /// kIo when the address is taken or not ours; kInvalidArgument when `host` is no IP address.
    [[nodiscard]] static Result<std::unique_ptr<Acceptor>> listen(Loop& loop,
                                                                  const std::string& host,
                                                                  std::uint16_t port);
    virtual ~Acceptor() = default;
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// The next connection; TLS shakes hands within `handshake`. kNetwork: this one failed, take
    /// the next; kInterrupted: closed.
    [[nodiscard]] virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
    virtual void close() = 0;
};

/// The server's side of a TLS handshake over an accepted connection. kNetwork.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> shake_hands(std::unique_ptr<Stream> plain,
                                                                std::shared_ptr<TlsContext> tls,
                                                                Milliseconds timeout);

}  // namespace mintmark::serving
