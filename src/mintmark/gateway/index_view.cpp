#include "mintmark/gateway/index_view.hpp"

#include <chrono>

#include "mintmark/gateway/log.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::int64_t kBeliefMs = 600'000;
constexpr std::size_t kMostBelieved = 200'000;

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Result<std::unique_ptr<IndexView>> IndexView::open(const IndexConfig& config,
                                                   const chain::Deployment& deployment,
                                                   const std::string& rpc_url,
                                                   std::int64_t fresh_ms) {
    index::FollowOptions options;
    options.poll_ms = config.poll_ms;
    options.max_range = config.max_range;
    MINTMARK_TRY(auto service, index::Service::start(config.path, deployment, rpc_url, options));
    MINTMARK_TRY(index::Store store, index::Store::open(config.path, deployment));
    return std::unique_ptr<IndexView>(
        new IndexView(std::move(store), std::move(service), fresh_ms));
}

IndexState IndexView::state() const {
    return {service_->state(), is_trusted_, service_->fresh_tip(fresh_ms_).has_value()};
}

bool IndexView::is_believed(const std::string& name) const {
    const auto found = believed_.find(name);
    return found != believed_.end() && now_ms() < found->second;
}

void IndexView::believe(const std::string& name) {
    if (believed_.size() >= kMostBelieved) believed_.clear();
    believed_[name] = now_ms() + kBeliefMs;
}

void IndexView::distrust(const std::string& name, const std::string& why) {
    is_trusted_ = false;
    log_event(LogLevel::kError,
              "index is wrong and not used any more; run `mintmark index rebuild` and restart",
              {{"what", name}, {"reason", why}});
}

Bytes32 IndexView::head_of(chain::RpcClient& client) {
    const auto head = client.latest_block();
    return head ? head->hash : Bytes32{};
}

}  // namespace mintmark::gateway
