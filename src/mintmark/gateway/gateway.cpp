#include "mintmark/gateway/gateway.hpp"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>

#include "mintmark/gateway/log.hpp"

namespace mintmark::gateway {
namespace {

constexpr auto kHousekeeping = std::chrono::seconds(5);

serving::ServerLimits server_limits(const ServerConfig& config) {
    serving::ServerLimits out;
    out.message.header_bytes = static_cast<std::uint32_t>(config.max_header_bytes);
    out.message.body_bytes = config.max_body_bytes;
    out.max_connections = config.max_connections;
    out.idle = serving::Milliseconds(config.idle_ms);
    out.request = serving::Milliseconds(config.request_ms);
    out.write = serving::Milliseconds(config.write_ms);
    return out;
}

std::string early_error(int status, std::string_view what) {
    return error_envelope(status, what, "invalid_http");
}

}  // namespace

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

Refusal refusal_of(const Error& error) {
    Refusal out;
    out.message = error.message;
    if (!error.hint.empty() && error.code != ErrorCode::kInvalidArgument &&
        error.code != ErrorCode::kOutOfRange) {
        out.message += ": " + error.hint;
    }
    out.code = error_name(error.code);
    switch (error.code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kMalformed:
        case ErrorCode::kOutOfRange:
            out.status = 400;
            out.param = error.hint;
            break;
        case ErrorCode::kNotFound:
            out.status = 404;
            break;
        case ErrorCode::kUnsupported:
            out.status = 400;
            break;
        case ErrorCode::kRejected:
            out.status = 402;
            out.code = "voucher_required";
            break;
        case ErrorCode::kInsufficientFunds:
            out.status = 402;
            out.code = "insufficient_quota";
            break;
        case ErrorCode::kPriceExceeded:
            out.status = 402;
            out.code = "budget_exceeded";
            break;
        case ErrorCode::kExpired:
            out.status = 402;
            out.code = "pass_expired";
            break;
        case ErrorCode::kAlreadyExists:
            out.status = 409;
            break;
        case ErrorCode::kNetwork:
        case ErrorCode::kChain:
            out.status = 503;
            out.code = "chain_unavailable";
            out.headers.emplace_back("Retry-After", "5");
            break;
        case ErrorCode::kIo:
            out.status = 503;
            out.code = "ledger_unavailable";
            out.message = "the ledger cannot be written; nothing was charged";
            out.headers.emplace_back("Retry-After", "5");
            break;
        case ErrorCode::kInterrupted:
        case ErrorCode::kInternal:
            out.status = 500;
            break;
    }
    return out;
}

Gateway::Gateway(serving::Loop& loop, Config config, std::unique_ptr<chain::PrivateKey> signer,
                 TensorModels models)
    : loop_(loop),
      config_(std::move(config)),
      signer_(std::move(signer)),
      durability_(
          loop,
          [this](const Status& status) {
              metrics_.ledger_healthy(status.has_value());
              log_event(status ? LogLevel::kInfo : LogLevel::kError,
                        status ? "ledger is back" : "ledger cannot be written; check the disk",
                        {{"reason", status ? "" : status.error().message}});
          },
          [this](std::uint64_t sequence) { ledger_->want(sequence); }),
      tensor_models_(std::move(models)) {
    std::array<std::uint8_t, 6> random;
    system_rng().fill(random);
    id_prefix_ = "req_" + to_hex(random).substr(2);
}

Gateway::~Gateway() {
    ledger_pool_.join();
    tensor_pool_.join();
    jobs_pool_.join();
    ledger_ = nullptr;
}

Result<std::unique_ptr<Gateway>> Gateway::open(serving::Loop& loop, Config config,
                                               std::unique_ptr<chain::PrivateKey> signer,
                                               TensorModels models) {
    std::unique_ptr<Gateway> out(
        new Gateway(loop, std::move(config), std::move(signer), std::move(models)));
    MINTMARK_CHECK(out->set_up());
    return out;
}

Status Gateway::set_up() {
    set_log_level(config_.log_level);
    metrics_.ledger_healthy(true);
    MINTMARK_CHECK(open_ledger());
    if (!config_.chain.deployment.empty()) {
        MINTMARK_TRY(chain_, ChainView::open(config_, metrics_));
    }
    MINTMARK_TRY(upstreams_, Upstreams::open(config_.upstreams, metrics_));
    MINTMARK_TRY(tracer_, Tracer::open(config_.traces));
    MINTMARK_CHECK(open_facilitator());
    MINTMARK_CHECK(open_settlement());
    if (!config_.jobs.queue.empty()) {
        const auto queue = reach_queue();
        if (!queue && queue.error().code != ErrorCode::kNetwork)
            return std::unexpected(queue.error());
        // Who asks for a proof meanwhile is refused and not charged.
        if (!queue)
            log_event(LogLevel::kWarning,
                      "queue cannot be reached; tried again with the next proof",
                      {{"reason", queue.error().message}});
    }
    entitlements_ = std::make_unique<Entitlements>(config_, *ledger_, chain_.get(), ledger_pool_);
    for (const GrantConfig& grant : config_.grants) {
        grants_.emplace(grant.key_sha256, &grant);
        if (ledger_->key("grant-" + grant.name) != nullptr) continue;
        ledger::KeyRow row;
        row.id = "grant-" + grant.name;
        row.hash = grant.key_sha256;
        row.name = grant.name;
        row.scopes = "inference";
        row.created_ms = unix_ms();
        (void)ledger_->put_key(row);
    }
    return {};
}

Status Gateway::open_ledger() {
    const auto on_commit = [this](std::uint64_t sequence, const Status& status,
                                  const ledger::Refusals& refused) {
        durability_.committed(sequence, status, refused);
    };
    const SharedLedgerConfig& shared = config_.shared_ledger;
    MINTMARK_TRY(auto opened, shared.url.empty()
                                  ? ledger::Ledger::open(config_.ledger, on_commit)
                                  : ledger::open_shared(shared.options(), on_commit));
    ledger_ = std::move(opened.ledger);
    MINTMARK_TRY(siwe_secret_, ledger_->secret("siwe"));
    if (opened.recovered > 0) {
        log_event(LogLevel::kWarning, "requests of a crashed process were closed",
                  {{"requests", opened.recovered}});
    }
    return {};
}

Task<Result<std::optional<ledger::RequestRecord>>> Gateway::find_record(const std::string& id) {
    using Found = std::optional<ledger::RequestRecord>;
    std::function<Result<Found>(ledger::Ledger&)> question = [id](ledger::Ledger& ledger) {
        return ledger.find(id);
    };
    co_return co_await ask_ledger<Found>(std::move(question));
}

Task<Result<std::optional<ledger::RequestRecord>>> Gateway::find_answered(const std::string& key_id,
                                                                          const std::string& key) {
    using Found = std::optional<ledger::RequestRecord>;
    std::function<Result<Found>(ledger::Ledger&)> question = [key_id, key](ledger::Ledger& ledger) {
        return ledger.find_idempotent(key_id, key);
    };
    co_return co_await ask_ledger<Found>(std::move(question));
}

Status Gateway::open_settlement() {
    if (config_.settle.path.empty()) return {};
    if (signer_ == nullptr)
        return fail(ErrorCode::kInvalidArgument, "[settle] needs a wallet that pays the gas",
                    "pass --wallet NAME");
    if (signer_->address() != chain_->provider()) {
        // Anybody may settle passes and channels; quotas are the provider's own to settle.
        log_event(LogLevel::kWarning,
                  "vouchers of gates do not settle: the wallet is not chain.provider",
                  {{"wallet", to_hex(signer_->address())}});
    }
    settlement::ServiceConfig config;
    config.ledger = config_.ledger_location();
    config.intents = config_.settle_location();
    config.deployment = chain_->deployment();
    config.rpc_url = config_.chain.rpc_url;
    config.poll_ms = config_.settle.poll_ms;
    config.options = config_.settle.options();
    MINTMARK_TRY(settlement_, settlement::Service::start(
                                  std::move(config), *signer_,
                                  [](const std::string& what, const std::string& advice) {
                                      log_event(LogLevel::kWarning, what, {{"advice", advice}});
                                  }));
    return {};
}

Result<std::uint16_t> Gateway::start() {
    std::shared_ptr<serving::TlsContext> tls;
    if (!config_.server.tls_certificate.empty()) {
        MINTMARK_TRY(tls, serving::TlsContext::server(config_.server.tls_certificate,
                                                      config_.server.tls_key));
    }
    server_ = std::make_unique<serving::Server>(
        loop_, server_limits(config_.server),
        [this](Request& request, Responder& responder) { return handle(request, responder); },
        early_error);
    MINTMARK_TRY(const std::uint16_t port,
                 server_->listen(config_.server.host, config_.server.port, tls));
    serving::spawn(loop_, upstreams_->watch(loop_));
    serving::spawn(loop_, tracer_->run());
    serving::spawn(loop_, housekeeping());
    return port;
}

void Gateway::drain() {
    is_draining_ = true;
    server_->drain();
}
void Gateway::abort() {
    server_->abort();
}
bool Gateway::is_idle() const {
    return server_->connections() == 0 && ledger_->running() == 0;
}

Task<void> Gateway::housekeeping() {
    boost::asio::steady_timer timer(loop_);
    while (true) {
        timer.expires_after(kHousekeeping);
        auto [ec] = co_await timer.async_wait(serving::kWait);
        if (ec) co_return;
        const std::int64_t now = unix_ms();
        std::erase_if(buckets_,
                      [&](const auto& entry) { return entry.second.filled_ms < now - 120'000; });
        watch_index();
        if (chain_ != nullptr) co_await chain_->probe();
        metrics_.set_gauges(static_cast<double>(server_->connections()),
                            static_cast<double>(ledger_->running()), 0);
    }
}

/// An index that does not follow costs requests to the node, not answers: a warning.
void Gateway::watch_index() {
    const auto state = chain_ == nullptr ? std::nullopt : chain_->index_state();
    if (!state || state->is_fresh == is_index_fresh_) return;
    is_index_fresh_ = state->is_fresh;
    log_event(state->is_fresh ? LogLevel::kInfo : LogLevel::kWarning,
              state->is_fresh ? "index follows the chain"
                              : "index does not follow; entitlements are read from the contracts",
              {{"block", state->follow.tip.number},
               {"lag", state->follow.lag()},
               {"reason", state->follow.error}});
}

std::string Gateway::next_id() {
    std::string out;
    out.reserve(id_prefix_.size() + 16);
    out += id_prefix_;
    const std::uint64_t number = next_id_++;
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (unsigned shift = number >> 32U == 0 ? 32 : 64; shift > 0;) {
        shift -= 4;
        out += kDigits[number >> shift & 15U];
    }
    return out;
}

Headers Gateway::common_headers(const std::string& id) const {
    Headers out;
    out.reserve(8);
    out.emplace_back("Content-Type", "application/json");
    out.emplace_back("X-Request-Id", id);
    return out;
}

Task<void> Gateway::refuse(const Refusal& refusal, const std::string& id, Responder& responder,
                           int& status, Headers headers, ErrorShape shape) {
    status = refusal.status;
    metrics_.refused(refusal.code);
    for (const auto& header : common_headers(id)) headers.push_back(header);
    for (const auto& header : refusal.headers) headers.push_back(header);
    std::string body = error_envelope(refusal.status, refusal.message, refusal.code, refusal.param);
    if (shape == ErrorShape::kTensor) body = json::compact({{"error", refusal.message}});
    (void)co_await responder.send(refusal.status, std::move(headers), std::move(body));
}

Task<void> Gateway::handle(Request& request, Responder& responder) {
    const auto begin = std::chrono::steady_clock::now();
    const std::string id = next_id();
    int status = 0;
    co_await route(id, request, responder, status);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    // A path of a stranger's making is no label.
    const bool is_known = status != 404;
    std::string_view route_name = is_known ? std::string_view(request.path) : "other";
    if (route_name.starts_with("/v1/receipts/")) route_name = "/v1/receipts";
    if (route_name.starts_with("/v1/keys/")) route_name = "/v1/keys";
    if (route_name.starts_with("/v1/models/")) route_name = "/v1/models";
    if (route_name.starts_with("/v1/jobs/")) route_name = "/v1/jobs";
    if (route_name.starts_with("/v2/models/")) route_name = "/v2/models";
    metrics_.request(route_name, status, took.count());
    if (config_.log_requests) {
        log_event(LogLevel::kInfo, "request",
                  {{"id", id},
                   {"method", request.method},
                   {"path", request.path},
                   {"status", status},
                   {"ms", took.count() * 1000},
                   {"peer", responder.peer()}});
    }
}

Task<void> Gateway::route(const std::string& id, Request& request, Responder& responder,
                          int& status) {
    const auto endpoint = endpoint_of(request.path);
    if (endpoint && request.method == "POST")
        return metered(*endpoint, id, request, responder, status);
    return route_rest(id, request, responder, status);
}

Task<void> Gateway::route_rest(const std::string& id, Request& request, Responder& responder,
                               int& status) {
    const std::string& path = request.path;
    if (endpoint_of(path)) {
        const Refusal no{405, "use POST", "method_not_allowed", "", {}};
        co_return co_await refuse(no, id, responder, status);
    }
    if (path.starts_with("/v2")) {
        const bool is_answered = co_await tensor_route(id, request, responder, status);
        if (is_answered) co_return;
    }
    Headers headers = common_headers(id);
    Result<json::Json> answer = fail(ErrorCode::kNotFound, "there is no " + path);
    if (path == "/healthz") {
        answer = json::Json{{"ok", true}};
    } else if (path == "/readyz") {
        const bool is_ready = !is_draining_ && durability_.is_healthy();
        status = is_ready ? 200 : 503;
        json::Json body = {{"ready", is_ready},
                           {"draining", is_draining_},
                           {"ledger", durability_.is_healthy()},
                           {"chain", chain_ == nullptr || chain_->is_healthy()}};
        (void)co_await responder.send(status, std::move(headers), json::compact(body));
        co_return;
    } else if (path == "/metrics") {
        status = 200;
        headers[0].second = "text/plain; version=0.0.4";
        const auto index = chain_ == nullptr ? std::nullopt : chain_->index_state();
        if (index) metrics_.index(*index);
        if (settlement_ != nullptr) metrics_.settlement(settlement_->state());
        if (tracer_->is_on()) metrics_.traces(tracer_->counts());
        (void)co_await responder.send(200, std::move(headers), metrics_.text());
        co_return;
    } else if (path == "/v1/models" && request.method == "GET") {
        answer = models_json();
    } else if (path.starts_with("/v1/models/") && request.method == "GET") {
        const ModelConfig* model = config_.model(std::string_view(path).substr(11));
        if (model != nullptr) answer = model_json(*model);
    } else if (path == "/v1/catalog" && request.method == "GET") {
        answer = co_await catalogue(request);
    } else if (path == "/auth/nonce") {
        answer = siwe_nonce();
    } else if (path == "/auth/verify" && request.method == "POST") {
        answer = co_await siwe_verify(request);
    } else if (path == "/x402/supported") {
        answer = co_await facilitator_route(request);
    } else if (path.starts_with("/v1/") || path.starts_with("/x402/")) {
        if (ledger_->is_shared()) co_await learn_key(request);
        const auto buyer = authenticate(request, "");
        if (!buyer) {
            const Refusal no{401, buyer.error().message, "invalid_api_key", "", {}};
            co_return co_await refuse(no, id, responder, status);
        }
        if (path.starts_with("/x402/")) {
            answer = co_await facilitator_route(request);
        } else {
            answer = co_await account_route(*buyer, request);
        }
    }
    if (!answer) {
        Refusal no = refusal_of(answer.error());
        if (path == "/auth/verify" && no.status == 402) no.status = 401;
        co_return co_await refuse(no, id, responder, status);
    }
    status = 200;
    (void)co_await responder.send(200, std::move(headers), json::compact(*answer));
}

namespace {

Task<void> stop_on_signal(serving::Loop& loop, Gateway& gateway, std::int64_t drain_ms) {
    boost::asio::signal_set signals(loop, SIGTERM, SIGINT);
    (void)co_await signals.async_wait(serving::kWait);
    log_event(LogLevel::kInfo, "draining", {{"running", gateway.running()}});
    gateway.drain();
    boost::asio::steady_timer timer(loop);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(drain_ms);
    while (!gateway.is_idle() && std::chrono::steady_clock::now() < end) {
        timer.expires_after(std::chrono::milliseconds(20));
        (void)co_await timer.async_wait(serving::kWait);
    }
    gateway.abort();
    co_await gateway.flush_traces();
    loop.stop();
}

}  // namespace

Status serve(Config config, std::unique_ptr<chain::PrivateKey> signer, TensorModels models,
             std::function<void(std::uint16_t port)> on_ready) {
    std::signal(SIGXFSZ, SIG_IGN);  // a file at its limit is a full disk, not the end
    // Sockets are touched by its one thread only; what other threads do is post to it.
    serving::Loop loop{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
    const std::int64_t drain_ms = config.server.drain_ms;
    MINTMARK_TRY(auto gateway,
                 Gateway::open(loop, std::move(config), std::move(signer), std::move(models)));
    MINTMARK_TRY(const std::uint16_t port, gateway->start());
    serving::spawn(loop, stop_on_signal(loop, *gateway, drain_ms));
    on_ready(port);
    loop.run();
    log_event(LogLevel::kInfo, "stopped");
    return {};
}

}  // namespace mintmark::gateway
