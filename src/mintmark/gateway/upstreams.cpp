#include "mintmark/gateway/upstreams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>

#include "mintmark/gateway/infernet.hpp"
#include "mintmark/gateway/log.hpp"
#include "mintmark/gateway/metrics.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::gateway {
namespace {

serving::ClientOptions client_options(const UpstreamConfig& config, const std::string& url,
                                      std::shared_ptr<serving::TlsContext> tls) {
    serving::ClientOptions options;
    options.base = serving::BaseUrl::parse(url).value();  // checked by the configuration
    options.tls = std::move(tls);
    options.message.header_bytes = 64 * 1024;
    options.message.body_bytes = config.max_response_bytes;
    options.connect = serving::Milliseconds(config.connect_ms);
    options.first_byte = serving::Milliseconds(config.first_byte_ms);
    options.silence = serving::Milliseconds(config.silence_ms);
    return options;
}

bool may_fail_over(int status) {
    return status >= 500 || status == 429;
}

}  // namespace

Result<std::unique_ptr<Upstreams>> Upstreams::open(const std::vector<UpstreamConfig>& configs,
                                                   Metrics& metrics) {
    std::unique_ptr<Upstreams> out(new Upstreams(metrics));
    for (const UpstreamConfig& config : configs) {
        Upstream upstream;
        upstream.config = config;
        if (!config.api_key_env.empty()) {
            const char* secret = std::getenv(config.api_key_env.c_str());
            if (secret == nullptr || *secret == '\0') {
                return fail(
                    ErrorCode::kInvalidArgument,
                    fmt::format("upstream {}: ${} is not set", config.name, config.api_key_env));
            }
            upstream.authorization = std::string("Bearer ") + secret;
        }
        std::shared_ptr<serving::TlsContext> tls;
        if (config.url.starts_with("https:") || config.tokenize_url.starts_with("https:")) {
            MINTMARK_TRY(tls, serving::TlsContext::client(config.authorities));
        }
        upstream.client =
            std::make_unique<serving::Client>(client_options(config, config.url, tls));
        if (!config.tokenize_url.empty()) {
            upstream.tokenizer =
                std::make_unique<serving::Client>(client_options(config, config.tokenize_url, tls));
        }
        out->upstreams_.emplace(config.name, std::move(upstream));
        metrics.upstream_health(config.name, true);
    }
    return out;
}

Task<Result<Upstreams::Answer>> Upstreams::send(const std::vector<std::string>& names,
                                                serving::ClientRequest& request) {
    std::vector<Upstream*> order;
    for (const bool wanted : {true, false}) {
        for (const std::string& name : names) {
            Upstream& upstream = upstreams_.at(name);
            if (upstream.is_healthy == wanted) order.push_back(&upstream);
        }
    }
    Result<Answer> last = fail(ErrorCode::kNetwork, "no upstream");
    request.headers.emplace_back("Content-Type", "application/json");
    const std::size_t shared = request.headers.size();
    for (Upstream* upstream : order) {
        request.headers.resize(shared);
        if (!upstream->authorization.empty()) {
            request.headers.emplace_back("Authorization", upstream->authorization);
        }
        auto response = co_await ask(*upstream, request);
        if (!response) {
            metrics_.upstream_failure(upstream->config.name);
            set_health(*upstream, false, response.error().message);
            // An answer with an error is more than no answer.
            if (!last) last = std::unexpected(response.error());
            continue;
        }
        const int status = (*response)->status();
        if (status < 500) set_health(*upstream, true, "");
        last = Answer{upstream->config.name, *std::move(response)};
        if (!may_fail_over(status)) co_return last;
        metrics_.upstream_failure(upstream->config.name);
    }
    co_return last;
}

Task<Result<std::unique_ptr<serving::Incoming>>> Upstreams::ask(
    Upstream& upstream, const serving::ClientRequest& request) {
    if (upstream.config.infernet.container.empty()) return upstream.client->send(request);
    const InfernetNode node{*upstream.client, upstream.config.infernet,
                            serving::Milliseconds(upstream.config.first_byte_ms)};
    return run_on_infernet(node, request);
}

Task<Result<std::uint64_t>> Upstreams::count_tokens(const std::string& upstream,
                                                    const std::string& model,
                                                    const std::string& text) {
    Upstream& chosen = upstreams_.at(upstream);
    if (!chosen.tokenizer) co_return fail(ErrorCode::kUnsupported, "it has no tokenize_url");
    serving::ClientRequest request;
    request.headers.emplace_back("Content-Type", "application/json");
    if (!chosen.authorization.empty()) {
        request.headers.emplace_back("Authorization", chosen.authorization);
    }
    // llama.cpp reads "content" and answers {"tokens"}; vLLM reads "prompt" and answers {"count"}.
    json::Json body = json::Json::object();
    body["model"] = model;
    body["content"] = text;
    body["prompt"] = text;
    request.body = json::compact(body);
    MINTMARK_CO_TRY(const auto response, co_await chosen.tokenizer->send(request));
    MINTMARK_CO_TRY(const std::string answer, co_await response->read_all());
    if (response->status() != 200) co_return fail(ErrorCode::kNetwork, "the tokenizer failed");
    MINTMARK_CO_TRY(const json::Json parsed, json::parse(answer));
    if (const auto* tokens = json::find(parsed, "tokens");
        tokens != nullptr && tokens->is_array()) {
        co_return tokens->size();
    }
    co_return json::get_u64(parsed, "count");
}

Task<void> Upstreams::watch(serving::Loop& loop) {
    for (auto& [name, upstream] : upstreams_) {
        serving::spawn(loop, watch_one(upstream));
    }
    co_return;
}

Task<Status> Upstreams::probe(const std::string& name) {
    Upstream& upstream = upstreams_.at(name);
    serving::ClientRequest request;
    request.method = "GET";
    request.path = upstream.config.health_path;
    if (!upstream.authorization.empty()) {
        request.headers.emplace_back("Authorization", upstream.authorization);
    }
    Status done{};
    auto response = co_await upstream.client->send(request);
    if (!response) {
        done = std::unexpected(response.error());
    } else {
        const auto body = co_await (*response)->read_all();
        const int status = (*response)->status();
        if (status >= 400) {
            done = fail(ErrorCode::kNetwork, fmt::format("it answers {} with status {}",
                                                         upstream.config.health_path, status));
        } else if (!upstream.config.infernet.container.empty()) {
            done = check_infernet_info(body.value_or(""), upstream.config.infernet.container);
        }
    }
    count(upstream, done.has_value());
    set_health(upstream, done.has_value(), done ? "" : done.error().message);
    co_return done;
}

namespace {
std::int64_t this_hour() {
    return std::chrono::floor<std::chrono::hours>(std::chrono::system_clock::now())
        .time_since_epoch()
        .count();
}
}  // namespace

void Upstreams::count(Upstream& upstream, bool is_answered) {
    const std::int64_t number = this_hour();
    auto& hour = upstream.hours[static_cast<std::size_t>(number) % upstream.hours.size()];
    if (hour.number != number) hour = {number, 0, 0};
    ++hour.probes;
    if (is_answered) ++hour.answered;
}

std::optional<double> Upstreams::uptime(const std::string& name) const {
    const Upstream& upstream = upstreams_.at(name);
    const std::int64_t first = this_hour() - static_cast<std::int64_t>(upstream.hours.size()) + 1;
    std::uint64_t probes = 0;
    std::uint64_t answered = 0;
    for (const auto& hour : upstream.hours) {
        if (hour.number < first) continue;
        probes += hour.probes;
        answered += hour.answered;
    }
    if (probes == 0) return std::nullopt;
    return static_cast<double>(answered) / static_cast<double>(probes);
}

Task<void> Upstreams::watch_one(Upstream& upstream) {
    boost::asio::steady_timer timer(co_await serving::this_loop());
    while (true) {
        (void)co_await probe(upstream.config.name);
        timer.expires_after(std::chrono::seconds(upstream.config.health_s));
        auto [ec] = co_await timer.async_wait(serving::kWait);
        if (ec) co_return;
    }
}

bool Upstreams::is_healthy(const std::string& name) const {
    return upstreams_.at(name).is_healthy;
}

void Upstreams::set_health(Upstream& upstream, bool is_healthy, const std::string& why) {
    if (upstream.is_healthy == is_healthy) return;
    upstream.is_healthy = is_healthy;
    metrics_.upstream_health(upstream.config.name, is_healthy);
    log_event(is_healthy ? LogLevel::kInfo : LogLevel::kWarning,
              is_healthy ? "upstream is back" : "upstream is down",
              {{"upstream", upstream.config.name}, {"reason", why}, {"url", upstream.config.url}});
}

}  // namespace mintmark::gateway
