#include "mintmark/serving/http_codec.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/optional.hpp>
#include <utility>

#include "mintmark/base/plain_text.hpp"
#include "mintmark/serving/http_plain.hpp"

namespace mintmark::serving {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

std::unexpected<Error> parse_error(error_code ec) {
    if (ec == http::error::body_limit) {
        return fail(ErrorCode::kOutOfRange, "the body is too large", "413");
    }
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
        return fail(ErrorCode::kOutOfRange, "the headers are too large", "431");
    }
    return fail(ErrorCode::kMalformed, "malformed HTTP: " + ec.message());
}

/// Parses as much of `pending` as makes sense now and takes it away.
template <class Parser>
Status feed_parser(Parser& parser, std::string& pending, std::string_view bytes) {
    pending += bytes;
    std::size_t used = 0;
    while (used < pending.size() && !parser.is_done()) {
        error_code ec;
        const std::size_t n =
            parser.put(boost::asio::const_buffer(pending.data() + used, pending.size() - used), ec);
        used += n;
        if (ec == http::error::need_more || (!ec && n == 0)) break;
        if (ec) return parse_error(ec);
    }
    pending.erase(0, used);
    return {};
}

template <class Message>
Headers copy_headers(const Message& message) {
    Headers out;
    for (const auto& field : message) {
        out.emplace_back(std::string(field.name_string()), std::string(field.value()));
    }
    return out;
}

/// What an attacker could make two servers read differently is refused.
template <class Message>
Status check_framing(const Message& message) {
    const auto coding = message.find(http::field::transfer_encoding);
    if (coding != message.end()) {
        if (!boost::beast::iequals(coding->value(), "chunked") || message.version() < 11) {
            return fail(ErrorCode::kUnsupported, "transfer coding is not supported");
        }
    }
    if (message.count(http::field::transfer_encoding) > 1 ||
        message.count(http::field::content_length) > 1 || message.count(http::field::host) > 1) {
        return fail(ErrorCode::kMalformed, "malformed HTTP: a header is repeated");
    }
    return {};
}

/// A message that begins with a plain head within the limits; the head is taken away, from what
/// waits or, when nothing does, from the bytes that came.
template <class Read>
std::optional<PlainMessage> begin_plain(const MessageLimits& limits, std::string& pending,
                                        std::string_view& bytes, Read read) {
    const bool is_fresh = pending.empty();
    if (!is_fresh) {
        pending += bytes;
        bytes = {};
    }
    const std::string_view text = is_fresh ? bytes : std::string_view(pending);
    const std::optional<PlainHead> head = read(text);
    if (!head || head->bytes > limits.header_bytes || head->body_bytes > limits.body_bytes) {
        return std::nullopt;
    }
    if (is_fresh) {
        bytes.remove_prefix(head->bytes);
    } else {
        pending.erase(0, head->bytes);
    }
    return PlainMessage{head->body_bytes, 0, head->keep_alive, head->status};
}

/// Moves what has come of the body; what is behind it stays in `pending`.
void feed_plain(PlainMessage& message, std::string& pending, std::string_view bytes,
                std::string& body) {
    if (!pending.empty()) {
        pending += bytes;
        bytes = pending;
    }
    const std::size_t left = static_cast<std::size_t>(message.body_bytes - message.got_bytes);
    const std::size_t size = std::min(left, bytes.size());
    body.append(bytes.substr(0, size));
    message.got_bytes += size;
    if (pending.empty()) {
        pending = bytes.substr(size);
    } else {
        pending.erase(0, size);
    }
}

}  // namespace

struct RequestParser::State {
    explicit State(const MessageLimits& limits) {
        parser.eager(true);
        parser.header_limit(limits.header_bytes);
        parser.body_limit(limits.body_bytes);
    }
    http::request_parser<http::string_body> parser;
    bool is_checked = false;
};

RequestParser::RequestParser(const MessageLimits& limits, Reading reading)
    : limits_(limits), reading_(reading) {}
RequestParser::~RequestParser() = default;

Status RequestParser::feed(std::string_view bytes) {
    if (!plain_ && state_ == nullptr) {
        if (pending_.empty() && bytes.empty()) return {};
        if (reading_ == Reading::kPlainFirst) {
            plain_ = begin_plain(limits_, pending_, bytes, [&](std::string_view text) {
                return read_plain_request(text, request_);
            });
        }
        if (!plain_) state_ = std::make_unique<State>(limits_);
    }
    if (plain_) {
        feed_plain(*plain_, pending_, bytes, request_.body);
        return {};
    }
    MINTMARK_CHECK(feed_parser(state_->parser, pending_, bytes));
    if (state_->parser.is_header_done() && !state_->is_checked) {
        state_->is_checked = true;
        MINTMARK_CHECK(check_framing(state_->parser.get()));
        if (state_->parser.get().version() >= 11 &&
            state_->parser.get().find(http::field::host) == state_->parser.get().end()) {
            return fail(ErrorCode::kMalformed, "malformed HTTP: no Host header");
        }
    }
    return {};
}

bool RequestParser::is_begun() const {
    return !pending_.empty() || plain_ || (state_ != nullptr && state_->parser.got_some());
}
bool RequestParser::is_header_done() const {
    return plain_ || (state_ != nullptr && state_->parser.is_header_done());
}
bool RequestParser::is_done() const {
    if (plain_) return plain_->got_bytes == plain_->body_bytes;
    return state_ != nullptr && state_->parser.is_done();
}

bool RequestParser::expects_continue() const {
    return !plain_ && is_header_done() &&
           boost::beast::iequals(state_->parser.get()[http::field::expect], "100-continue");
}

Request RequestParser::take() {
    if (plain_) {
        plain_.reset();
        return std::exchange(request_, {});
    }
    auto message = state_->parser.release();
    state_ = nullptr;
    Request out;
    out.method = std::string(message.method_string());
    const std::string_view target(message.target().data(), message.target().size());
    const std::size_t question = target.find('?');
    out.path = target.substr(0, question);
    if (question != std::string_view::npos) out.query = target.substr(question + 1);
    out.headers = copy_headers(message);
    out.keep_alive = message.keep_alive();
    out.is_http11 = message.version() >= 11;
    out.body = std::move(message.body());
    return out;
}

struct ResponseParser::State {
    explicit State(const MessageLimits& limits) {
        parser.eager(true);
        parser.header_limit(limits.header_bytes);
        parser.body_limit(limits.body_bytes);
    }
    http::response_parser<http::string_body> parser;
};

ResponseParser::ResponseParser(const MessageLimits& limits, Reading reading)
    : limits_(limits), reading_(reading) {}
ResponseParser::~ResponseParser() = default;

Status ResponseParser::feed(std::string_view bytes) {
    if (!plain_ && state_ == nullptr) {
        if (pending_.empty() && bytes.empty()) return {};
        if (reading_ == Reading::kPlainFirst) {
            plain_ = begin_plain(limits_, pending_, bytes, [&](std::string_view text) {
                const auto head = read_plain_response(text, nullptr);
                if (head) head_ = text.substr(0, head->bytes);
                return head;
            });
        }
        if (!plain_) state_ = std::make_unique<State>(limits_);
    }
    if (plain_) {
        feed_plain(*plain_, pending_, bytes, body_);
        return {};
    }
    MINTMARK_CHECK(feed_parser(state_->parser, pending_, bytes));
    while (state_->parser.is_done() && status() / 100 == 1) {
        state_ = std::make_unique<State>(limits_);
        MINTMARK_CHECK(feed_parser(state_->parser, pending_, ""));
    }
    if (state_->parser.is_header_done()) return check_framing(state_->parser.get());
    return {};
}

Status ResponseParser::feed_end() {
    if (plain_ && is_done()) return {};
    // Beast asserts on an end before the first byte.
    if (state_ == nullptr || !state_->parser.got_some())
        return fail(ErrorCode::kMalformed, "the response is cut off");
    error_code ec;
    state_->parser.put_eof(ec);
    if (ec) return fail(ErrorCode::kMalformed, "the response is cut off");
    return {};
}

bool ResponseParser::is_header_done() const {
    return plain_ || (state_ != nullptr && state_->parser.is_header_done());
}
bool ResponseParser::is_done() const {
    if (plain_) return plain_->got_bytes == plain_->body_bytes;
    return state_ != nullptr && state_->parser.is_done();
}
bool ResponseParser::keep_alive() const {
    if (plain_) return plain_->keep_alive;
    return state_ != nullptr && state_->parser.keep_alive();
}
int ResponseParser::status() const {
    if (plain_) return plain_->status;
    return state_ == nullptr ? 0 : static_cast<int>(state_->parser.get().result_int());
}
Headers ResponseParser::headers() const {
    if (plain_) {
        Headers out;
        (void)read_plain_response(head_, &out);
        return out;
    }
    return state_ == nullptr ? Headers() : copy_headers(state_->parser.get());
}

std::string ResponseParser::take_body() {
    std::string out;
    if (state_ == nullptr) {
        out.swap(body_);
    } else {
        out.swap(state_->parser.get().body());  // the reader appends to what is left there
    }
    return out;
}

std::string_view reason_phrase(int status) {
    const auto text = http::obsolete_reason(static_cast<http::status>(status));
    return {text.data(), text.size()};
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    const std::size_t begin = out.size();
    out += value;
    out += "\r\n";
    if (find_special(value, 0) == value.size()) return;
    const auto is_break = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end() - 2, is_break, ' ');
}

void append_status_line(std::string& out, int status) {
    out += "HTTP/1.1 ";
    out += std::to_string(status);
    out += ' ';
    out += reason_phrase(status);
    out += "\r\n";
}

std::string response_head(int status, const Headers& headers, std::size_t more) {
    std::size_t size = 64 + more;
    for (const auto& [name, value] : headers) size += name.size() + value.size() + 4;
    std::string out;
    out.reserve(size);
    append_status_line(out, status);
    for (const auto& [name, value] : headers) append_header(out, name, value);
    out += "\r\n";
    return out;
}

}  // namespace mintmark::serving
