// HTTP(S) client over libcurl.
#pragma once

#include <cstdint>
#include <functional>

#include "mintmark/net/http.hpp"

namespace mintmark::net {

struct HttpClientOptions {
    long connect_timeout_ms = 5'000;
    long timeout_ms = 60'000;  ///< of one attempt, connection included
    std::uint64_t max_response_bytes = std::uint64_t{64} << 20U;
    int max_attempts = 4;      ///< for Repeat::kIdempotent; others are sent once
    int first_delay_ms = 150;  ///< before the second attempt; doubles each time, at most 5 s
    /// Waits between attempts; tests put their own here.
    std::function<void(int ms)> sleep = {};
};

/// One connection pool; not thread-safe: one client per thread. http and https only, redirects are
/// not followed, certificates are checked. Connection failures, 429, 502, 503 and 504 are tried
/// again when the request allows it. Stops within about a second of Ctrl-C (net/interrupt.hpp).
class HttpClient final : public HttpTransport {
  public:
    explicit HttpClient(HttpClientOptions options = {});
    ~HttpClient() override;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    [[nodiscard]] Result<HttpResponse> send(const HttpRequest& request) override;

  private:
    [[nodiscard]] Result<HttpResponse> send_once(const HttpRequest& request);

    HttpClientOptions options_;
    void* curl_;  // CURL*
};

}  // namespace mintmark::net
