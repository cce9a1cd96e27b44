#include "mintmark/net/http_client.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "mintmark/base/assert.hpp"
#include "mintmark/net/interrupt.hpp"

namespace mintmark::net {
namespace {

constexpr int kMaxDelayMs = 5'000;

/// What the callbacks fill.
struct Transfer {
    HttpResponse response;
    std::uint64_t max_bytes;
    bool too_large = false;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::size_t bytes = size * count;
    if (transfer.response.body.size() + bytes > transfer.max_bytes) {
        transfer.too_large = true;
        return 0;  // ends the transfer
    }
    transfer.response.body.append(data, bytes);
    return bytes;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    constexpr std::size_t kMaxHeaders = 256;
    std::string_view line(data, size * count);
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // after a 100 Continue
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || transfer.response.headers.size() >= kMaxHeaders) {
        return size * count;
    }
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    transfer.response.headers.emplace_back(line.substr(0, colon), value);
    return size * count;
}

int on_progress(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return interrupted() ? 1 : 0;
}

using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

HeaderList make_headers(const Headers& headers) {
    HeaderList out(nullptr, &curl_slist_free_all);
    const auto add = [&](const std::string& line) {
        curl_slist* longer = curl_slist_append(out.get(), line.c_str());
        MINTMARK_ASSERT(longer != nullptr);
        static_cast<void>(out.release());
        out.reset(longer);
    };
    add("Expect:");  // no 100-continue round trip
    for (const auto& [name, value] : headers) add(fmt::format("{}: {}", name, value));
    return out;
}

bool has_line_break(const Headers& headers) {
    return std::ranges::any_of(headers, [](const auto& header) {
        return (header.first + header.second).find_first_of("\r\n") != std::string::npos;
    });
}

bool is_busy(int status) noexcept {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

/// libcurl's own set-up is not thread-safe before the first use.
void init_library() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    MINTMARK_ASSERT(done == CURLE_OK);
}

std::unexpected<Error> transfer_error(CURLcode code, const char* details, const std::string& url) {
    if (interrupted()) return fail(ErrorCode::kInterrupted, "interrupted");
    const std::string what = details[0] != '\0' ? details : curl_easy_strerror(code);
    if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", url, what),
                    "an http:// or https:// address is expected");
    }
    return fail(ErrorCode::kNetwork, fmt::format("{}: {}", url, what));
}

void set_request(CURL* curl, const HttpRequest& request) {
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    if (request.method == Method::kHead) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    const bool has_body = request.method == Method::kPost || request.method == Method::kPut;
    if (has_body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
    }
    if (request.method == Method::kPut || request.method == Method::kDelete) {
        const std::string name(method_name(request.method));
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, name.c_str());  // copied
    }
}

void set_limits(CURL* curl, const HttpClientOptions& options) {
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, options.connect_timeout_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, options.timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &on_progress);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mintmark");
}

}  // namespace

HttpClient::HttpClient(HttpClientOptions options) : options_(std::move(options)), curl_(nullptr) {
    init_library();
    curl_ = curl_easy_init();
    MINTMARK_ASSERT(curl_ != nullptr);
    if (!options_.sleep) options_.sleep = [](int ms) { interruptible_sleep(ms); };
}

HttpClient::~HttpClient() {
    curl_easy_cleanup(curl_);
}

Result<HttpResponse> HttpClient::send_once(const HttpRequest& request) {
    curl_easy_reset(curl_);  // options only: connections stay open
    Transfer transfer{{}, options_.max_response_bytes};
    std::array<char, CURL_ERROR_SIZE> details = {};
    const HeaderList headers = make_headers(request.headers);
    set_request(curl_, request);
    set_limits(curl_, options_);
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, details.data());
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(curl_, CURLOPT_HEADERDATA, &transfer);
    const CURLcode code = curl_easy_perform(curl_);
    if (transfer.too_large) {
        return fail(ErrorCode::kOutOfRange, fmt::format("{}: the answer exceeds {} bytes",
                                                        request.url, options_.max_response_bytes));
    }
    if (code != CURLE_OK) return transfer_error(code, details.data(), request.url);
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    return std::move(transfer.response);
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
    if (has_line_break(request.headers)) {
        return fail(ErrorCode::kInvalidArgument, "HTTP header with a line break");
    }
    const int attempts = request.repeat == Repeat::kIdempotent ? options_.max_attempts : 1;
    int delay_ms = options_.first_delay_ms;
    for (int attempt = 1;; ++attempt) {
        auto response = send_once(request);
        const bool again =
            response ? is_busy(response->status) : response.error().code == ErrorCode::kNetwork;
        if (!again || attempt >= attempts) return response;
        options_.sleep(delay_ms);
        MINTMARK_CHECK(check_interrupted());
        delay_ms = std::min(2 * delay_ms, kMaxDelayMs);
    }
}

}  // namespace mintmark::net
