// Counters and gauges for Prometheus.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "mintmark/gateway/trace.hpp"

namespace mintmark::settlement {
struct ServiceState;
}

namespace mintmark::gateway {

struct IndexState;

/// One loop; text() renders the exposition format.
class Metrics {
  public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    void request(std::string_view route, int status, double seconds);
    void charged(std::string_view model, double usd);
    /// An answer whose usage the gateway did not believe, or had to count itself.
    void usage_corrected(std::string_view upstream, std::string_view reason);
    void refused(std::string_view reason);
    void upstream_failure(const std::string& upstream);
    void upstream_health(const std::string& upstream, bool is_healthy);
    void ledger_healthy(bool is_healthy);
    void chain_healthy(bool is_healthy);
    void index(const IndexState& state);
    void settlement(const settlement::ServiceState& state);
    void traces(const Tracer::Counts& counts);
    void set_gauges(double connections, double running, double unsigned_usd);
    [[nodiscard]] std::string text() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mintmark::gateway
