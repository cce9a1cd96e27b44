#include "mintmark/gateway/durability.hpp"

#include <algorithm>
#include <utility>

namespace mintmark::gateway {

namespace {
constexpr std::size_t kMostRefused = 10'000;
}

void Durability::committed(std::uint64_t sequence, const Status& status,
                           const ledger::Refusals& refused) {
    boost::asio::post(loop_,
                      [this, sequence, status, refused] { wake(sequence, status, refused); });
}

Status Durability::verdict(std::uint64_t sequence) {
    if (refused_.empty()) return {};
    const auto found = refused_.find(sequence);
    if (found == refused_.end()) return {};
    const Error error = std::move(found->second);
    refused_.erase(found);
    return std::unexpected(error);
}

void Durability::wake(std::uint64_t sequence, const Status& status,
                      const ledger::Refusals& refused) {
    for (const auto& [number, error] : refused) refused_.emplace(number, error);
    while (refused_.size() > kMostRefused) refused_.erase(refused_.begin());
    if (is_healthy_ != status.has_value()) {
        is_healthy_ = status.has_value();
        on_change_(status);
    }
    if (status) done_ = std::max(done_, sequence);
    std::vector<Waiter> ready = std::exchange(spare_, {});
    auto rest = waiters_.begin();
    for (Waiter& waiter : waiters_) {
        if (status && waiter.sequence > done_) {
            *rest++ = std::move(waiter);
        } else {
            ready.push_back(std::move(waiter));
        }
    }
    waiters_.erase(rest, waiters_.end());
    for (Waiter& waiter : ready)
        waiter.resume(waiter.sequence <= done_ ? verdict(waiter.sequence) : status);
    ready.clear();
    spare_ = std::move(ready);
}

serving::Soon<Status> Durability::wait(std::uint64_t sequence) {
    if (sequence <= done_) return verdict(sequence);
    return wait_for(sequence);
}

Task<Status> Durability::wait_for(std::uint64_t sequence) {
    auto initiate = [this, sequence](serving::task::Resume<Status> resume) {
        waiters_.push_back({sequence, std::move(resume)});
        want_(sequence);
    };
    auto [status] = co_await boost::asio::async_initiate<const serving::Wait, void(Status)>(
        initiate, serving::kWait);
    co_return std::move(status);
}

}  // namespace mintmark::gateway
