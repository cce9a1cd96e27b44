#include "mintmark/gateway/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>

#include "mintmark/gateway/index_view.hpp"
#include "mintmark/settlement/service.hpp"

namespace mintmark::gateway {

struct Metrics::State {
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                            .Name("mintmark_requests_total")
                                                            .Help("Requests by route and status")
                                                            .Register(registry);
    prometheus::Family<prometheus::Histogram>& seconds = prometheus::BuildHistogram()
                                                             .Name("mintmark_request_seconds")
                                                             .Help("Time to the last byte")
                                                             .Register(registry);
    prometheus::Family<prometheus::Counter>& usd = prometheus::BuildCounter()
                                                       .Name("mintmark_charged_usd_total")
                                                       .Help("Dollars charged by model")
                                                       .Register(registry);
    prometheus::Family<prometheus::Counter>& corrected =
        prometheus::BuildCounter()
            .Name("mintmark_usage_corrected_total")
            .Help("Usage of an upstream that was not believed or was missing: compare its counts")
            .Register(registry);
    prometheus::Family<prometheus::Counter>& refused =
        prometheus::BuildCounter()
            .Name("mintmark_refused_total")
            .Help("Requests refused before they ran, by reason")
            .Register(registry);
    prometheus::Family<prometheus::Counter>& failures =
        prometheus::BuildCounter()
            .Name("mintmark_upstream_failures_total")
            .Help("Failed attempts by upstream")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& health = prometheus::BuildGauge()
                                                        .Name("mintmark_upstream_healthy")
                                                        .Help("1: the upstream answers")
                                                        .Register(registry);
    prometheus::Family<prometheus::Gauge>& parts = prometheus::BuildGauge()
                                                       .Name("mintmark_healthy")
                                                       .Help("1: the part works; 0: see the log")
                                                       .Register(registry);
    prometheus::Family<prometheus::Gauge>& sizes =
        prometheus::BuildGauge()
            .Name("mintmark_gateway")
            .Help("Connections, running requests, unsigned dollars")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& traces =
        prometheus::BuildGauge()
            .Name("mintmark_traces")
            .Help("Spans exported and dropped; failures: look at the collector")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& index =
        prometheus::BuildGauge()
            .Name("mintmark_index")
            .Help(
                "Index of the chain: blocks, lag in blocks, re-organisations; trusted 0: rebuild "
                "it; fresh 0: entitlements are read from the contracts")
            .Register(registry);
    prometheus::Family<prometheus::Gauge>& settlement =
        prometheus::BuildGauge()
            .Name("mintmark_settlement")
            .Help(
                "Vouchers into transactions, of this process: refused_vouchers: ask the buyers for "
                "new ones; above_gas_cap: raise settle.max_fee_gwei; failures: node or disk")
            .Register(registry);
    // Looking a label set up in a family costs more than a request should.
    struct Route {
        prometheus::Histogram* seconds;
        std::map<int, prometheus::Counter*> by_status;
    };
    std::map<std::string, Route, std::less<>> by_route;
    std::map<std::string, prometheus::Counter*, std::less<>> by_model;
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view route, int status, double seconds) {
    auto known = state_->by_route.find(route);
    if (known == state_->by_route.end()) {
        const std::string name(route);
        auto& seconds_of = state_->seconds.Add(
            {{"route", name}}, prometheus::Histogram::BucketBoundaries{
                                   0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100});
        known = state_->by_route.emplace(name, State::Route{&seconds_of, {}}).first;
    }
    prometheus::Counter*& counter = known->second.by_status[status];
    if (counter == nullptr) {
        counter =
            &state_->requests.Add({{"route", known->first}, {"status", std::to_string(status)}});
    }
    counter->Increment();
    known->second.seconds->Observe(seconds);
}

void Metrics::charged(std::string_view model, double usd) {
    auto known = state_->by_model.find(model);
    if (known == state_->by_model.end()) {
        const std::string name(model);
        known = state_->by_model.emplace(name, &state_->usd.Add({{"model", name}})).first;
    }
    known->second->Increment(usd);
}

void Metrics::usage_corrected(std::string_view upstream, std::string_view reason) {
    state_->corrected.Add({{"upstream", std::string(upstream)}, {"reason", std::string(reason)}})
        .Increment();
}
void Metrics::refused(std::string_view reason) {
    state_->refused.Add({{"reason", std::string(reason)}}).Increment();
}
void Metrics::upstream_failure(const std::string& upstream) {
    state_->failures.Add({{"upstream", upstream}}).Increment();
}
void Metrics::upstream_health(const std::string& upstream, bool is_healthy) {
    state_->health.Add({{"upstream", upstream}}).Set(is_healthy ? 1 : 0);
}
void Metrics::ledger_healthy(bool is_healthy) {
    state_->parts.Add({{"part", "ledger"}}).Set(is_healthy ? 1 : 0);
}
void Metrics::chain_healthy(bool is_healthy) {
    state_->parts.Add({{"part", "chain"}}).Set(is_healthy ? 1 : 0);
}
void Metrics::set_gauges(double connections, double running, double unsigned_usd) {
    state_->sizes.Add({{"what", "connections"}}).Set(connections);
    state_->sizes.Add({{"what", "running_requests"}}).Set(running);
    state_->sizes.Add({{"what", "unsigned_usd"}}).Set(unsigned_usd);
}

void Metrics::index(const IndexState& state) {
    const auto set = [&](const char* what, std::uint64_t value) {
        state_->index.Add({{"what", what}}).Set(static_cast<double>(value));
    };
    set("tip", state.follow.tip.number);
    set("head", state.follow.head);
    set("lag_blocks", state.follow.lag());
    set("reorgs", state.follow.reorgs);
    set("deepest_reorg_blocks", state.follow.deepest);
    set("rebuilds", state.follow.rebuilds);
    set("failures", state.follow.failures);
    set("trusted", state.is_trusted ? 1 : 0);
    set("fresh", state.is_fresh ? 1 : 0);
}

void Metrics::settlement(const settlement::ServiceState& state) {
    const auto set = [&](const char* what, double value) {
        state_->settlement.Add({{"what", what}}).Set(value);
    };
    const settlement::Counts& counts = state.counts;
    const auto number = [&](const char* what, std::uint64_t value) {
        set(what, static_cast<double>(value));
    };
    number("due_lanes", counts.due);
    number("open_transactions", counts.open);
    number("unconfirmed", counts.unconfirmed);
    set("oldest_due_s", static_cast<double>(counts.oldest_ms) / 1000);
    number("sent", counts.sent);
    number("final", counts.final);
    number("replaced", counts.replaced);
    number("taken_back", counts.taken_back);
    number("dropped", counts.dropped);
    number("reverted", counts.failed);
    number("refused_vouchers", counts.refused_vouchers);
    number("above_gas_cap", counts.above_cap);
    number("bad_rows", counts.bad_rows);
    number("failures", state.failures);
    number("settles_here", counts.is_settler ? 1 : 0);
}

void Metrics::traces(const Tracer::Counts& counts) {
    const auto set = [&](const char* what, std::uint64_t value) {
        state_->traces.Add({{"what", what}}).Set(static_cast<double>(value));
    };
    set("exported", counts.exported);
    set("dropped", counts.dropped);
    set("failures", counts.failures);
}

std::string Metrics::text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, state_->registry.Collect());
    return out.str();
}

}  // namespace mintmark::gateway
