#include "mintmark/serving/http_client.hpp"

namespace mintmark::serving {
namespace {
std::string request_text(const BaseUrl& base, const std::string& host,
                         const ClientRequest& request) {
    std::size_t size = 96 + base.path.size() + request.path.size() + host.size();
    for (const auto& [name, value] : request.headers) size += name.size() + value.size() + 4;
    std::string out;
    out.reserve(size + request.body.size());
    out += request.method;
    out += ' ';
    out += base.path;
    out += request.path;
    out += " HTTP/1.1\r\n";
    append_header(out, "Host", host);
    for (const auto& [name, value] : request.headers) append_header(out, name, value);
    if (request.method != "GET")
        append_header(out, "Content-Length", std::to_string(request.body.size()));
    out += "\r\n";
    out += request.body;
    return out;
}
}  // namespace

ClientResponse::ClientResponse(Client& client, std::unique_ptr<Stream> stream,
                               std::unique_ptr<ResponseParser> parser)
    : client_(client), stream_(std::move(stream)), parser_(std::move(parser)) {}

ClientResponse::~ClientResponse() {
    if (!stream_) return;
    if (parser_->is_done() && parser_->keep_alive()) {
        client_.keep(std::move(stream_));
    } else {
        stream_->close();
    }
}

Soon<Result<std::string>> ClientResponse::read_some() {
    std::string ready = parser_->take_body();
    if (!ready.empty() || parser_->is_done()) return Result<std::string>(std::move(ready));
    return read_more();
}

Task<Result<std::string>> ClientResponse::read_more() {
    std::string ready;
    while (ready.empty() && !parser_->is_done()) {
        stream_->set_deadline(client_.options_.silence);
        MINTMARK_CO_TRY(const std::string_view got, co_await stream_->read_some());
        if (got.empty()) {
            MINTMARK_CO_CHECK(parser_->feed_end());
            break;
        }
        MINTMARK_CO_CHECK(parser_->feed(got));
        ready = parser_->take_body();
    }
    co_return ready;
}

Task<Result<std::string>> Incoming::read_all() {
    std::string out;
    while (true) {
        MINTMARK_CO_TRY(std::string piece, co_await read_some());
        if (piece.empty()) break;
        if (out.empty()) {
            out = std::move(piece);
        } else {
            out += piece;
        }
    }
    co_return out;
}

Client::Client(ClientOptions options)
    : options_(std::move(options)), host_(options_.base.authority()) {}
Client::~Client() = default;

void Client::keep(std::unique_ptr<Stream> stream) {
    if (idle_.size() < options_.max_idle) {
        idle_.push_back(std::move(stream));
    } else {
        stream->close();
    }
}

Task<Result<std::unique_ptr<Incoming>>> Client::send(const ClientRequest& request) {
    const std::string message = request_text(options_.base, host_, request);
    if (!idle_.empty()) {
        auto kept = std::move(idle_.back());
        idle_.pop_back();
        bool is_untouched = true;
        auto response = co_await send_over(std::move(kept), message, is_untouched);
        if (response || !is_untouched || response.error().code == ErrorCode::kExpired) {
            co_return response;
        }
        idle_.clear();  // the others are as old
    }
    MINTMARK_CO_TRY(auto fresh,
                    co_await connect(options_.base.endpoint, options_.tls, options_.connect));
    bool ignored = true;
    co_return co_await send_over(std::move(fresh), message, ignored);
}

Task<Result<std::unique_ptr<Incoming>>> Client::send_over(std::unique_ptr<Stream> stream,
                                                          const std::string& message,
                                                          bool& is_untouched) {
    stream->set_deadline(options_.first_byte);
    MINTMARK_CO_CHECK(co_await stream->write(message));
    auto parser = std::make_unique<ResponseParser>(options_.message);
    while (!parser->is_header_done()) {
        MINTMARK_CO_TRY(const std::string_view got, co_await stream->read_some());
        if (got.empty()) co_return fail(ErrorCode::kNetwork, "the upstream closed the connection");
        is_untouched = false;
        MINTMARK_CO_CHECK(parser->feed(got));
    }
    co_return std::make_unique<ClientResponse>(*this, std::move(stream), std::move(parser));
}

}  // namespace mintmark::serving
