#include "mintmark/serving/server.hpp"

#include <fmt/format.h>

namespace mintmark::serving {
namespace {
constexpr std::size_t kMaxLingerBytes = std::size_t{32} << 20U;
}  // namespace

struct Server::Session {
    Session(Server& owner, std::unique_ptr<Stream> connection)
        : server(owner), stream(std::move(connection)), parser(owner.limits_.message) {
        server.sessions_.insert(this);
    }
    ~Session() { server.sessions_.erase(this); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    Server& server;
    std::unique_ptr<Stream> stream;
    RequestParser parser;
    bool is_busy = false;
};

Task<Status> Responder::send(int status, Headers headers, std::string body) {
    is_started_ = true;
    headers.emplace_back("Content-Length", std::to_string(body.size()));
    if (!keep_alive_) headers.emplace_back("Connection", "close");
    std::string message = response_head(status, headers, body.size());
    message += body;
    stream_.set_deadline(limits_.write);
    const Status done = co_await stream_.write(message);
    if (!done) keep_alive_ = false;
    is_ended_ = done.has_value();
    co_return done;
}

Task<Status> Responder::send_lines(int status, std::string_view lines, std::string_view body) {
    is_started_ = true;
    std::string message;
    message.reserve(128 + lines.size() + body.size());
    append_status_line(message, status);
    message += lines;
    append_header(message, "Content-Length", std::to_string(body.size()));
    if (!keep_alive_) append_header(message, "Connection", "close");
    message += "\r\n";
    message += body;
    stream_.set_deadline(limits_.write);
    const Status done = co_await stream_.write(message);
    if (!done) keep_alive_ = false;
    is_ended_ = done.has_value();
    co_return done;
}

Task<Status> Responder::begin(int status, Headers headers) {
    is_started_ = true;
    if (is_http11_) {
        headers.emplace_back("Transfer-Encoding", "chunked");
    } else {
        keep_alive_ = false;
    }
    if (!keep_alive_) headers.emplace_back("Connection", "close");
    const std::string head = response_head(status, headers);
    stream_.set_deadline(limits_.write);
    const Status done = co_await stream_.write(head);
    if (!done) keep_alive_ = false;
    co_return done;
}

Task<Status> Responder::write(std::string_view piece) {
    if (piece.empty()) co_return Status{};
    std::string framed;
    if (is_http11_) {
        framed = fmt::format("{:x}\r\n", piece.size());
        framed += piece;
        framed += "\r\n";
    } else {
        framed = piece;
    }
    stream_.set_deadline(limits_.write);
    const Status done = co_await stream_.write(framed);
    if (!done) keep_alive_ = false;
    co_return done;
}

Task<Status> Responder::end() {
    Status done{};
    if (is_http11_) {
        stream_.set_deadline(limits_.write);
        done = co_await stream_.write("0\r\n\r\n");
    }
    if (!done) keep_alive_ = false;
    is_ended_ = done.has_value();
    co_return done;
}

Server::Server(Loop& loop, ServerLimits limits, Handler handler, ErrorBody error_body)
    : loop_(loop),
      limits_(limits),
      handler_(std::move(handler)),
      error_body_(std::move(error_body)) {}

Server::~Server() = default;

Result<std::uint16_t> Server::listen(const std::string& host, std::uint16_t port,
                                     std::shared_ptr<TlsContext> tls) {
    MINTMARK_TRY(std::unique_ptr<Acceptor> acceptor, Acceptor::listen(loop_, host, port));
    const std::uint16_t actual = acceptor->port();
    acceptors_.push_back(std::move(acceptor));
    spawn(loop_, accept(*acceptors_.back(), std::move(tls)));
    return actual;
}

void Server::drain() {
    is_draining_ = true;
    for (const auto& acceptor : acceptors_) acceptor->close();
    for (Session* session : sessions_) {
        if (!session->is_busy) session->stream->close();
    }
}

void Server::abort() {
    for (Session* session : sessions_) session->stream->close();
}

Task<void> Server::accept(Acceptor& acceptor, std::shared_ptr<TlsContext> tls) {
    while (!is_draining_) {
        auto stream = co_await acceptor.accept();
        if (!stream && stream.error().code == ErrorCode::kInterrupted) co_return;
        if (!stream) continue;
        const bool is_full = sessions_.size() >= limits_.max_connections;
        auto session = std::make_shared<Session>(*this, *std::move(stream));
        if (is_full) {
            spawn(loop_, turn_away(std::move(session)));
            continue;
        }
        spawn(loop_, serve(std::move(session), tls));
    }
}

Task<void> Server::turn_away(std::shared_ptr<Session> session) {
    const Error error = {ErrorCode::kOutOfRange, "too many connections", "503"};
    co_await refuse(*session, error);
}

Task<void> Server::serve(std::shared_ptr<Session> session, std::shared_ptr<TlsContext> tls) {
    if (tls) {
        auto secure = co_await shake_hands(std::move(session->stream), tls, limits_.handshake);
        if (!secure) {
            session->stream = nullptr;
            // drain() and abort() look at the streams of all sessions.
            sessions_.erase(session.get());
            co_return;
        }
        session->stream = *std::move(secure);
    }
    while (co_await serve_one(*session)) {
    }
    session->stream->close();
}

Task<Status> Server::read_request(Session& session, Request& request) {
    RequestParser& parser = session.parser;
    bool is_continued = false;
    MINTMARK_CO_CHECK(parser.feed(""));
    session.stream->set_deadline(parser.is_begun() ? limits_.request : limits_.idle);
    while (!parser.is_done()) {
        session.is_busy = parser.is_begun();
        if (parser.expects_continue() && !is_continued) {
            is_continued = true;
            MINTMARK_CO_CHECK(co_await session.stream->write("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        MINTMARK_CO_TRY(const std::string_view got, co_await session.stream->read_some());
        if (got.empty()) co_return fail(ErrorCode::kNetwork, "the connection ended");
        // One deadline for the whole request: no slow drip.
        if (!session.is_busy) session.stream->set_deadline(limits_.request);
        MINTMARK_CO_CHECK(parser.feed(got));
    }
    request = parser.take();
    co_return Status{};
}

Task<void> Server::refuse(Session& session, const Error& error) {
    int status = 400;
    if (error.code == ErrorCode::kExpired) status = 408;
    if (error.hint == "413") status = 413;
    if (error.hint == "431") status = 431;
    if (error.hint == "503") status = 503;
    if (error.code == ErrorCode::kUnsupported) status = 501;
    Responder responder(*session.stream, limits_, false, true);
    Headers headers = {{"Content-Type", "application/json"}};
    (void)co_await responder.send(status, std::move(headers), error_body_(status, error.message));
    // What the client still sends would reset the connection before it has read the answer.
    session.stream->set_deadline(limits_.linger);
    for (std::size_t total = 0; total < kMaxLingerBytes;) {
        const auto got = co_await session.stream->read_some();
        if (!got || got->empty()) break;
        total += got->size();
    }
    session.stream->close();
}

Task<bool> Server::serve_one(Session& session) {
    Request request;
    session.is_busy = false;
    const Status read = co_await read_request(session, request);
    if (!read) {
        const bool is_silent = read.error().code == ErrorCode::kNetwork ||
                               (read.error().code == ErrorCode::kExpired && !session.is_busy);
        // A deadline closes the stream: there is nobody to tell.
        if (!is_silent) co_await refuse(session, read.error());
        co_return false;
    }
    session.is_busy = true;
    ++busy_;
    Responder responder(*session.stream, limits_, request.keep_alive && !is_draining_,
                        request.is_http11);
    bool has_thrown = false;
    try {
        co_await handler_(request, responder);
    } catch (...) {  // a handler must not end the server
        has_thrown = true;
    }
    if (has_thrown && !responder.is_started()) {
        responder.close_after();
        Headers headers = {{"Content-Type", "application/json"}};
        (void)co_await responder.send(500, std::move(headers), error_body_(500, "internal error"));
    }
    --busy_;
    co_return responder.is_ended() && responder.keep_alive() && !is_draining_;
}

}  // namespace mintmark::serving
