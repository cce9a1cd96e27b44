#include "mintmark/gateway/durability.hpp"

#include <vector>

namespace mintmark::gateway {

void Durability::committed(std::uint64_t sequence, const Status& status) {
    boost::asio::post(loop_, [this, sequence, status] { wake(sequence, status); });
}

void Durability::wake(std::uint64_t sequence, const Status& status) {
    if (is_healthy_ != status.has_value()) {
        is_healthy_ = status.has_value();
        on_change_(status);
    }
    if (status) done_ = std::max(done_, sequence);
    std::vector<Waiter> ready;
    std::deque<Waiter> rest;
    for (Waiter& waiter : waiters_) {
        if (!status || waiter.sequence <= done_) {
            ready.push_back(std::move(waiter));
        } else {
            rest.push_back(std::move(waiter));
        }
    }
    waiters_ = std::move(rest);
    for (Waiter& waiter : ready) waiter.resume(status);
}

Task<Status> Durability::wait(std::uint64_t sequence) {
    if (sequence <= done_) co_return Status{};
    auto initiate = [this, sequence](auto handler) {
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        waiters_.push_back({sequence, [shared](Status status) mutable {
                                auto once = std::move(*shared);
                                std::move(once)(std::move(status));
                            }});
    };
    co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                   void(Status)>(std::move(initiate),
                                                                 boost::asio::use_awaitable);
}

}  // namespace mintmark::gateway
