#include "mintmark/settlement/service.hpp"

#include <algorithm>
#include <chrono>

#include "mintmark/market/contract_errors.hpp"
#include "mintmark/net/http_client.hpp"

namespace mintmark::settlement {
namespace {

constexpr int kMostDelayMs = 60'000;

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

chain::RpcClient client_of(const ServiceConfig& config) {
    const std::string& url = config.rpc_url.empty() ? config.deployment.rpc_url : config.rpc_url;
    net::HttpClientOptions http;
    http.max_attempts = 1;  // the service waits by itself
    http.timeout_ms = 30'000;
    return chain::RpcClient(url, std::make_shared<net::HttpClient>(std::move(http)));
}

}  // namespace

Result<std::unique_ptr<Service>> Service::start(ServiceConfig config, const chain::PrivateKey& key,
                                                Tell tell) {
    MINTMARK_TRY(auto ledger, sql::open(config.ledger));
    MINTMARK_TRY(Intents intents, Intents::open(config.intents));
    return std::unique_ptr<Service>(new Service(std::move(config), key, std::move(tell),
                                                std::move(ledger), std::move(intents)));
}

Service::Service(ServiceConfig config, const chain::PrivateKey& key, Tell tell,
                 std::unique_ptr<sql::Database> ledger, Intents intents)
    : config_(std::move(config)),
      client_(client_of(config_)),
      ledger_(std::move(ledger)),
      intents_(std::move(intents)),
      batcher_(client_, config_.deployment, key, *ledger_, intents_, config_.options,
               std::move(tell)) {
    client_.learn_errors(market::contract_errors());
    thread_ = std::thread([this] { run(); });
}

Service::~Service() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void Service::run() {
    while (true) {
        const Status done = batcher_.step(unix_ms());
        std::unique_lock lock(mutex_);
        state_.counts = batcher_.counts();
        state_.failures = done ? 0 : state_.failures + 1;
        state_.error = done ? "" : done.error().message;
        const std::int64_t delay = std::int64_t{config_.poll_ms} << std::min(state_.failures, 8U);
        wake_.wait_for(lock, std::chrono::milliseconds(std::min<std::int64_t>(delay, kMostDelayMs)),
                       [this] { return is_ending_; });
        if (is_ending_) return;
    }
}

ServiceState Service::state() const {
    const std::lock_guard lock(mutex_);
    return state_;
}

}  // namespace mintmark::settlement
