// HTTP/1.1 messages as bytes come in: Beast's parsers without its streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "mintmark/net/http.hpp"

namespace mintmark::serving {

using net::Headers;

struct MessageLimits {
    std::uint32_t header_bytes = 16 * 1024;
    std::uint64_t body_bytes = std::uint64_t{8} << 20U;
};

struct Request {
    std::string method = {};  ///< "GET", …
    std::string path = {};    ///< as sent, without the query
    std::string query = {};
    Headers headers = {};
    std::string body = {};
    bool keep_alive = true;
    bool is_http11 = true;  ///< may be answered in chunks
    [[nodiscard]] std::string_view header(std::string_view name) const {
        return net::header_value(headers, name);
    }
};

/// Which parser reads a message: the plain one first, or Beast's alone (to compare the two).
enum class Reading : std::uint8_t { kPlainFirst, kBeastOnly };

/// A message that is plain (http_plain.hpp), on its way in.
struct PlainMessage {
    std::uint64_t body_bytes = 0;  ///< that come in all
    std::uint64_t got_bytes = 0;
    bool keep_alive = true;
    int status = 0;
};

/// Reads requests of one connection, one after the other. Total on any bytes.
class RequestParser {
  public:
    explicit RequestParser(const MessageLimits& limits, Reading reading = Reading::kPlainFirst);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;
    /// Takes more bytes; what is behind the message's end waits for the next one (call with "" to
    /// go on). kMalformed; kOutOfRange when header (hint "431") or body (hint "413") is too large;
    /// kUnsupported for a transfer coding other than chunked.
    [[nodiscard]] Status feed(std::string_view bytes);
    /// Has a part of the next message come?
    [[nodiscard]] bool is_begun() const;
    [[nodiscard]] bool is_header_done() const;
    [[nodiscard]] bool is_done() const;
    /// The client waits for "100 Continue" before it sends the body.
    [[nodiscard]] bool expects_continue() const;
    /// The message; the parser is ready for the next one.
    [[nodiscard]] Request take();

  private:
    struct State;
    MessageLimits limits_;
    Reading reading_;
    std::optional<PlainMessage> plain_ = {};
    Request request_ = {};          ///< of the plain message
    std::unique_ptr<State> state_;  ///< Beast's; nullptr: not needed so far
    std::string pending_ = {};      ///< not parsed yet
};

/// Reads one response; the body is taken piece by piece.
class ResponseParser {
  public:
    explicit ResponseParser(const MessageLimits& limits, Reading reading = Reading::kPlainFirst);
    ~ResponseParser();
    ResponseParser(const ResponseParser&) = delete;
    ResponseParser& operator=(const ResponseParser&) = delete;
    /// As RequestParser::feed. Interim answers (1xx) are skipped.
    [[nodiscard]] Status feed(std::string_view bytes);
    /// The connection has ended: kMalformed when the message has not.
    [[nodiscard]] Status feed_end();
    [[nodiscard]] bool is_header_done() const;
    [[nodiscard]] bool is_done() const;
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] int status() const;
    [[nodiscard]] Headers headers() const;
    /// What has come of the body since the last call.
    [[nodiscard]] std::string take_body();

  private:
    struct State;
    MessageLimits limits_;
    Reading reading_;
    std::optional<PlainMessage> plain_ = {};
    std::string head_ = {};  ///< of the plain message, and what has come of its body
    std::string body_ = {};
    std::unique_ptr<State> state_;
    std::string pending_ = {};
};

/// "Name: value" and so on as sent; line breaks in values become spaces.
void append_header(std::string& out, std::string_view name, std::string_view value);
/// "HTTP/1.1 200 OK" and its end.
void append_status_line(std::string& out, int status);
/// With the empty line; room for `more` bytes behind it.
[[nodiscard]] std::string response_head(int status, const Headers& headers, std::size_t more = 0);
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace mintmark::serving
