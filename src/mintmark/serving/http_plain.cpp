#include "mintmark/serving/http_plain.hpp"

#include <algorithm>
#include <array>

#include "mintmark/base/plain_text.hpp"

namespace mintmark::serving {
namespace {

constexpr std::size_t kMaxLengthDigits = 15;

constexpr std::array<bool, 256> characters(std::string_view marks) {
    std::array<bool, 256> out = {};
    for (unsigned c = '0'; c <= '9'; ++c) out[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) out[c] = out[c - 'a' + 'A'] = true;
    for (const char c : marks) out[static_cast<unsigned char>(c)] = true;
    return out;
}
constexpr auto kInNames = characters("-_");
constexpr auto kInTargets = characters("-._~%/?&=+:,@!$'()*;");

bool all_of(std::string_view text, const std::array<bool, 256>& set) {
    return std::ranges::all_of(text, [&](char c) { return set[static_cast<unsigned char>(c)]; });
}

bool is_same(std::string_view name, std::string_view lower) {
    return name.size() == lower.size() && std::ranges::equal(name, lower, [](char a, char b) {
               return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
           });
}

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// The next line without its end; nullopt: none that is whole, or one with other control
/// characters.
std::optional<std::string_view> take_line(std::string_view& rest) {
    constexpr char kDelete = '\x7F';
    for (std::size_t i = find_special<kDelete>(rest, 0); i < rest.size();
         i = find_special<kDelete>(rest, i + 1)) {
        if (rest[i] == '\t') continue;
        if (rest[i] != '\r' || i + 1 >= rest.size() || rest[i + 1] != '\n') return std::nullopt;
        const std::string_view line = rest.substr(0, i);
        rest.remove_prefix(i + 2);
        return line;
    }
    return std::nullopt;
}

/// What the headers say about the message itself.
struct Framing {
    std::optional<std::uint64_t> length = {};
    unsigned hosts = 0;
    unsigned connections = 0;
    bool keep_alive = true;
};

bool read_length(std::string_view value, Framing& framing) {
    if (framing.length || value.empty() || value.size() > kMaxLengthDigits) return false;
    if (value.size() > 1 && value.front() == '0') return false;
    std::uint64_t length = 0;
    for (const char c : value) {
        if (c < '0' || c > '9') return false;
        length = length * 10 + static_cast<std::uint64_t>(c - '0');
    }
    framing.length = length;
    return true;
}

/// false: not plain.
bool note(std::string_view name, std::string_view value, Framing& framing) {
    switch (name.size()) {
        case 4:
            if (is_same(name, "host")) return ++framing.hosts == 1;
            return true;
        case 6:
            return !is_same(name, "expect");
        case 7:
            return !is_same(name, "upgrade") && !is_same(name, "trailer");
        case 10:
            if (!is_same(name, "connection")) return true;
            framing.keep_alive = is_same(value, "keep-alive");
            return ++framing.connections == 1 && (framing.keep_alive || is_same(value, "close"));
        case 14:
            return !is_same(name, "content-length") || read_length(value, framing);
        case 16:
            return !is_same(name, "proxy-connection");
        case 17:
            return !is_same(name, "transfer-encoding");
        default:
            return true;
    }
}

bool read_headers(std::string_view& rest, Headers* out, Framing& framing) {
    if (out != nullptr) out->reserve(12);
    while (true) {
        const auto line = take_line(rest);
        if (!line) return false;
        if (line->empty()) return true;
        const std::size_t colon = line->find(':');
        if (colon == std::string_view::npos || colon == 0) return false;
        const std::string_view name = line->substr(0, colon);
        const std::string_view value = trimmed(line->substr(colon + 1));
        if (!all_of(name, kInNames) || !note(name, value, framing)) return false;
        if (out != nullptr) out->emplace_back(name, value);
    }
}

PlainHead head_of(std::string_view bytes, std::string_view rest, const Framing& framing) {
    PlainHead out;
    out.bytes = bytes.size() - rest.size();
    out.body_bytes = framing.length.value_or(0);
    out.keep_alive = framing.keep_alive;
    return out;
}

}  // namespace

std::optional<PlainHead> read_plain_request(std::string_view bytes, Request& out) {
    std::string_view rest = bytes;
    const auto line = take_line(rest);
    constexpr std::string_view kVersion = " HTTP/1.1";
    if (!line || !line->ends_with(kVersion)) return std::nullopt;
    const std::size_t space = line->find(' ');
    if (space + kVersion.size() >= line->size()) return std::nullopt;
    const std::string_view method = line->substr(0, space);
    const std::string_view target =
        line->substr(space + 1, line->size() - space - 1 - kVersion.size());
    const bool is_known = method == "GET" || method == "POST" || method == "DELETE" ||
                          method == "PUT" || method == "PATCH" || method == "OPTIONS";
    if (!is_known || !target.starts_with('/') || !all_of(target, kInTargets)) return std::nullopt;
    Framing framing;
    Headers headers;
    if (!read_headers(rest, &headers, framing) || framing.hosts != 1) return std::nullopt;
    const std::size_t question = target.find('?');
    out = {};
    out.method = method;
    out.path = target.substr(0, question);
    if (question != std::string_view::npos) out.query = target.substr(question + 1);
    out.headers = std::move(headers);
    out.keep_alive = framing.keep_alive;
    return head_of(bytes, rest, framing);
}

std::optional<PlainHead> read_plain_response(std::string_view bytes, Headers* out) {
    std::string_view rest = bytes;
    const auto line = take_line(rest);
    constexpr std::string_view kVersion = "HTTP/1.1 ";
    if (!line || !line->starts_with(kVersion)) return std::nullopt;
    const std::string_view code = line->substr(kVersion.size());
    if (code.size() < 4 || code[3] != ' ' || code[0] < '2' || code[0] > '5') return std::nullopt;
    int status = 0;
    for (const char c : code.substr(0, 3)) {
        if (c < '0' || c > '9') return std::nullopt;
        status = status * 10 + (c - '0');
    }
    if (status == 204 || status == 304) return std::nullopt;
    Framing framing;
    Headers headers;
    Headers* const wanted = out != nullptr ? &headers : nullptr;
    if (!read_headers(rest, wanted, framing) || !framing.length) return std::nullopt;
    if (framing.hosts > 1) return std::nullopt;
    if (out != nullptr) *out = std::move(headers);
    PlainHead head = head_of(bytes, rest, framing);
    head.status = status;
    return head;
}

}  // namespace mintmark::serving
