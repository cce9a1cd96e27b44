#include "mintmark/serving/http_codec.hpp"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/optional.hpp>

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

}  // namespace

struct RequestParser::State {
    http::request_parser<http::string_body> parser;
    bool is_checked = false;
};

RequestParser::RequestParser(const MessageLimits& limits) : limits_(limits) {
    reset();
}
RequestParser::~RequestParser() = default;

void RequestParser::reset() {
    state_ = std::make_unique<State>();
    state_->parser.eager(true);
    state_->parser.header_limit(limits_.header_bytes);
    state_->parser.body_limit(limits_.body_bytes);
}

Status RequestParser::feed(std::string_view bytes) {
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
    return !pending_.empty() || state_->parser.got_some();
}
bool RequestParser::is_header_done() const {
    return state_->parser.is_header_done();
}
bool RequestParser::is_done() const {
    return state_->parser.is_done();
}

bool RequestParser::expects_continue() const {
    return is_header_done() &&
           boost::beast::iequals(state_->parser.get()[http::field::expect], "100-continue");
}

Request RequestParser::take() {
    auto message = state_->parser.release();
    reset();
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
    http::response_parser<http::string_body> parser;
};

ResponseParser::ResponseParser(const MessageLimits& limits) : limits_(limits) {
    reset();
}
ResponseParser::~ResponseParser() = default;

void ResponseParser::reset() {
    state_ = std::make_unique<State>();
    state_->parser.eager(true);
    state_->parser.header_limit(limits_.header_bytes);
    state_->parser.body_limit(limits_.body_bytes);
}

Status ResponseParser::feed(std::string_view bytes) {
    MINTMARK_CHECK(feed_parser(state_->parser, pending_, bytes));
    while (state_->parser.is_done() && status() / 100 == 1) {
        reset();
        MINTMARK_CHECK(feed_parser(state_->parser, pending_, ""));
    }
    if (state_->parser.is_header_done()) return check_framing(state_->parser.get());
    return {};
}

Status ResponseParser::feed_end() {
    // Beast asserts on an end before the first byte.
    if (!state_->parser.got_some())
        return fail(ErrorCode::kMalformed, "the response is cut off before its first byte");
    error_code ec;
    state_->parser.put_eof(ec);
    if (ec) return fail(ErrorCode::kMalformed, "the response is cut off");
    return {};
}

bool ResponseParser::is_header_done() const {
    return state_->parser.is_header_done();
}
bool ResponseParser::is_done() const {
    return state_->parser.is_done();
}
bool ResponseParser::keep_alive() const {
    return state_->parser.keep_alive();
}
int ResponseParser::status() const {
    return static_cast<int>(state_->parser.get().result_int());
}
Headers ResponseParser::headers() const {
    return copy_headers(state_->parser.get());
}

std::string ResponseParser::take_body() {
    std::string out;
    out.swap(state_->parser.get().body());  // the reader appends to what is left there
    return out;
}

std::string_view reason_phrase(int status) {
    const auto text = http::obsolete_reason(static_cast<http::status>(status));
    return {text.data(), text.size()};
}

std::string response_head(int status, const Headers& headers) {
    std::string out = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
    for (const auto& [name, value] : headers) {
        out += name;
        out += ": ";
        for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
        out += "\r\n";
    }
    out += "\r\n";
    return out;
}

}  // namespace mintmark::serving
