#include "mintmark/serving/deadlines.hpp"

namespace mintmark::serving {

void Deadlines::enter(Watched& one) {
    if (one.count_++ > 0) return;
    one.place_ = watched_.size();
    watched_.push_back(&one);
    if (!is_waiting_) wait();
}

void Deadlines::leave(Watched& one) {
    if (--one.count_ > 0) return;
    // After shutdown() frames of tasks still unwind.
    if (one.place_ >= watched_.size() || watched_[one.place_] != &one) return;
    watched_[one.place_] = watched_.back();
    watched_[one.place_]->place_ = one.place_;
    watched_.pop_back();
}

void Deadlines::shutdown() noexcept {
    watched_.clear();
    timer_.reset();
}

void Deadlines::wait() {
    if (!timer_) return;
    is_waiting_ = true;
    timer_->expires_after(kLook);
    timer_->async_wait([this](boost::system::error_code ec) {
        is_waiting_ = false;
        if (ec) return;
        look();
        if (!watched_.empty()) wait();
    });
}

void Deadlines::look() {
    const auto now = Clock::now();
    std::vector<Watched*> late;
    for (Watched* one : watched_) {
        if (one->until <= now) late.push_back(one);
    }
    for (Watched* one : late) {
        one->until = Clock::time_point::max();
        one->expire();
    }
}

}  // namespace mintmark::serving
