#include "mintmark/net/http.hpp"

#include <algorithm>
#include <array>

namespace mintmark::net {
namespace {
char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
}  // namespace

std::string_view header_value(const Headers& headers, std::string_view name) {
    for (const auto& [key, value] : headers) {
        if (std::ranges::equal(key, name, {}, lower, lower)) return value;
    }
    return {};
}

std::string_view method_name(Method method) noexcept {
    static constexpr std::array<std::string_view, 5> kNames = {"GET", "POST", "PUT", "DELETE",
                                                               "HEAD"};
    return kNames[static_cast<std::size_t>(method)];
}

}  // namespace mintmark::net
