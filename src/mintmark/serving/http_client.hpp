// Requests to one upstream server over kept connections; responses are read as they come.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mintmark/serving/http_codec.hpp"
#include "mintmark/serving/stream.hpp"

namespace mintmark::serving {

struct ClientOptions {
    BaseUrl base = {};
    std::shared_ptr<TlsContext> tls = {};  ///< for https
    MessageLimits message = {};
    Milliseconds connect = Milliseconds(3'000);
    Milliseconds first_byte = Milliseconds(120'000);  ///< until the headers are there
    Milliseconds silence = Milliseconds(60'000);      ///< between two reads of the body
    std::size_t max_idle = 256;                       ///< connections kept for later
};

struct ClientRequest {
    std::string method = "POST";
    std::string path = {};  ///< behind the base's
    Headers headers = {};
    std::string body = {};
};

class Client;

/// An answer that comes in piece by piece.
class Incoming {
  public:
    Incoming() = default;
    virtual ~Incoming() = default;
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;
    [[nodiscard]] virtual int status() const = 0;
    [[nodiscard]] virtual Headers headers() const = 0;
    /// The next piece of the body; "" at its end. kNetwork, kExpired, kMalformed, kOutOfRange.
    [[nodiscard]] virtual Soon<Result<std::string>> read_some() = 0;
    [[nodiscard]] Task<Result<std::string>> read_all();
};

/// A response whose headers are there. Dropping it before its end closes the connection, which
/// tells the server to stop.
class ClientResponse final : public Incoming {
  public:
    ClientResponse(Client& client, std::unique_ptr<Stream> stream,
                   std::unique_ptr<ResponseParser> parser);
    ~ClientResponse() override;
    [[nodiscard]] int status() const override { return parser_->status(); }
    [[nodiscard]] Headers headers() const override { return parser_->headers(); }
    [[nodiscard]] Soon<Result<std::string>> read_some() override;

  private:
    Task<Result<std::string>> read_more();

    Client& client_;
    std::unique_ptr<Stream> stream_;
    std::unique_ptr<ResponseParser> parser_;
};

/// Lives as long as its loop's tasks.
class Client {
  public:
    explicit Client(ClientOptions options);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    /// Sends and reads the headers. A kept connection that turns out to be dead is replaced once.
    [[nodiscard]] Task<Result<std::unique_ptr<Incoming>>> send(const ClientRequest& request);
    [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }

  private:
    friend class ClientResponse;
    Task<Result<std::unique_ptr<Incoming>>> send_over(std::unique_ptr<Stream> stream,
                                                      const std::string& message,
                                                      bool& is_untouched);
    void keep(std::unique_ptr<Stream> stream);

    ClientOptions options_;
    std::string host_;  ///< the Host header
    std::vector<std::unique_ptr<Stream>> idle_;
};

}  // namespace mintmark::serving
