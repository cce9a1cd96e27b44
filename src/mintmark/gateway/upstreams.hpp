// The servers that run the models: who is alive, who is asked first, who next.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/gateway/config.hpp"
#include "mintmark/serving/http_client.hpp"

namespace mintmark::gateway {

class Metrics;
using serving::Task;

/// Health is what the last request or probe said. One loop.
class Upstreams {
  public:
    /// kInvalidArgument when a name of an environment variable or a PEM file leads nowhere.
    [[nodiscard]] static Result<std::unique_ptr<Upstreams>> open(
        const std::vector<UpstreamConfig>& configs, Metrics& metrics);

    struct Answer {
        std::string upstream;
        std::unique_ptr<serving::Incoming> response;  ///< in OpenAI's form, whatever it speaks
    };
    /// Sends to the first of `names` that answers with anything but 5xx or 429; healthy ones first.
    /// Then the last answer, if there is one; else kNetwork or kExpired. Adds headers to the
    /// request.
    [[nodiscard]] Task<Result<Answer>> send(const std::vector<std::string>& names,
                                            serving::ClientRequest& request);
    /// Tokens of a text as the upstream counts them; kUnsupported when it does not.
    [[nodiscard]] Task<Result<std::uint64_t>> count_tokens(const std::string& upstream,
                                                           const std::string& model,
                                                           const std::string& text);
    /// Probes all forever; ends with the loop.
    [[nodiscard]] Task<void> watch(serving::Loop& loop);
    /// Asks one now, and remembers the result.
    [[nodiscard]] Task<Status> probe(const std::string& name);
    [[nodiscard]] bool is_healthy(const std::string& name) const;
    /// Share of the last day's probes that it answered; nullopt: none yet.
    [[nodiscard]] std::optional<double> uptime(const std::string& name) const;

  private:
    struct Upstream {
        UpstreamConfig config;
        std::string authorization;
        std::unique_ptr<serving::Client> client;
        std::unique_ptr<serving::Client> tokenizer;
        bool is_healthy = true;
        struct Hour {
            std::int64_t number = 0;  ///< since 1970
            std::uint32_t probes = 0, answered = 0;
        };
        std::array<Hour, 24> hours = {};
    };
    explicit Upstreams(Metrics& metrics) : metrics_(metrics) {}
    static void count(Upstream& upstream, bool is_answered);
    void set_health(Upstream& upstream, bool is_healthy, const std::string& why);
    Task<void> watch_one(Upstream& upstream);
    static Task<Result<std::unique_ptr<serving::Incoming>>> ask(
        Upstream& upstream, const serving::ClientRequest& request);

    Metrics& metrics_;
    std::map<std::string, Upstream> upstreams_;
};

}  // namespace mintmark::gateway
