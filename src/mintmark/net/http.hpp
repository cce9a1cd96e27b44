// HTTP messages, and the interface that code which calls out is written against.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::net {

/// Name and value; names compare without case.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// The value of a header (first occurrence), or "" when absent.
[[nodiscard]] std::string_view header_value(const Headers& headers, std::string_view name);

enum class Method : std::uint8_t { kGet, kPost, kPut, kDelete, kHead };
/// "GET", …
[[nodiscard]] std::string_view method_name(Method method) noexcept;

/// May a failed send be repeated? kIdempotent only where doing it twice equals doing it once.
enum class Repeat : std::uint8_t { kNever, kIdempotent };

struct HttpRequest {
    Method method = Method::kGet;
    std::string url = {};
    Headers headers = {};
    std::string body = {};
    Repeat repeat = Repeat::kNever;
};

struct HttpResponse {
    int status = 0;
    Headers headers = {};
    std::string body = {};
};

/// Sends requests. Injected, so that tests need no network.
class HttpTransport {
  public:
    virtual ~HttpTransport() = default;
    /// Any HTTP status is a response; kNetwork when there is none, kOutOfRange when it is too
    /// large, kInterrupted.
    [[nodiscard]] virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
};

}  // namespace mintmark::net
