#include "mintmark/gateway/query.hpp"

#include <algorithm>
#include <optional>

namespace mintmark::gateway {
namespace {

std::optional<unsigned> digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
    return std::nullopt;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const auto high = digit(text[i + 1]);
        const auto low = digit(text[i + 2]);
        if (!high || !low) return std::nullopt;
        out += static_cast<char>(*high << 4U | *low);
        i += 2;
    }
    return out;
}

}  // namespace

Result<QueryFields> parse_query(std::string_view query) {
    QueryFields out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view part = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (part.empty()) continue;
        const std::size_t equals = std::min(part.find('='), part.size());
        auto name = decoded(part.substr(0, equals));
        auto value = decoded(part.substr(std::min(equals + 1, part.size())));
        if (!name || !value)
            return fail(ErrorCode::kInvalidArgument, "a bad escape in the query", "query");
        if (std::ranges::any_of(out, [&](const auto& field) { return field.first == *name; }))
            return fail(ErrorCode::kInvalidArgument, *name + " is there twice", *name);
        out.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

}  // namespace mintmark::gateway
