#include "mintmark/gateway/siwe.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "mintmark/chain/address.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::size_t kMaxBytes = 8 * 1024;
constexpr std::size_t kMaxResources = 32;
constexpr std::string_view kWants = " wants you to sign in with your Ethereum account:";

bool is_alpha(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_hex(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_unreserved(char c) {
    return is_alpha(c) || is_digit(c) || std::string_view("-._~").contains(c);
}
bool is_reserved(char c) {
    return std::string_view(":/?#[]@!$&'()*+,;=").contains(c);
}

/// Characters of RFC 3986, percent escapes whole.
template <class Extra>
bool is_made_of(std::string_view text, Extra is_extra) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
        } else if (!is_unreserved(text[i]) && !is_extra(text[i])) {
            return false;
        }
    }
    return true;
}

bool is_scheme(std::string_view text) {
    if (text.empty() || !is_alpha(text[0])) return false;
    for (const char c : text) {
        if (!is_alpha(c) && !is_digit(c) && !std::string_view("+-.").contains(c)) return false;
    }
    return true;
}

bool is_uri(std::string_view text) {
    const std::size_t colon = text.find(':');
    return colon != std::string_view::npos && is_scheme(text.substr(0, colon)) &&
           is_made_of(text.substr(colon + 1), is_reserved);
}

/// An authority: [userinfo@]host[:port].
bool is_authority(std::string_view text) {
    return !text.empty() &&
           is_made_of(text, [](char c) { return std::string_view("!$&'()*+,;=:@[]").contains(c); });
}

/// Lines one after the other; only the last may be the end of the text.
class Lines {
  public:
    explicit Lines(std::string_view text) : rest_(text) {}
    [[nodiscard]] std::optional<std::string_view> next() {
        if (is_over_) return std::nullopt;
        ++number_;
        const std::size_t end = rest_.find('\n');
        const std::string_view line = rest_.substr(0, end);
        is_over_ = end == std::string_view::npos;
        if (!is_over_) rest_.remove_prefix(end + 1);
        return line;
    }
    /// The value of the next line "NAME: value" if it is there.
    [[nodiscard]] std::optional<std::string_view> field(std::string_view name) {
        const Lines before = *this;
        const auto line = next();
        if (line && line->starts_with(name)) return line->substr(name.size());
        *this = before;
        return std::nullopt;
    }
    [[nodiscard]] bool is_over() const { return is_over_; }
    [[nodiscard]] std::unexpected<Error> bad(std::string_view what) const {
        return fail(ErrorCode::kMalformed, fmt::format("SIWE line {}: {}", number_ + 1, what));
    }

  private:
    std::string_view rest_;
    std::size_t number_ = 0;
    bool is_over_ = false;
};

Status read_head(Lines& lines, SiweMessage& out) {
    const auto first = lines.next();
    if (!first || !first->ends_with(kWants)) return lines.bad("is no sign-in request");
    std::string_view domain = first->substr(0, first->size() - kWants.size());
    const std::size_t separator = domain.find("://");
    if (separator != std::string_view::npos) {
        out.scheme = domain.substr(0, separator);
        if (!is_scheme(out.scheme)) return lines.bad("bad scheme");
        domain.remove_prefix(separator + 3);
    }
    if (!is_authority(domain)) return lines.bad("bad domain");
    out.domain = domain;
    const auto address = lines.next();
    if (!address) return lines.bad("no address");
    const auto parsed = chain::parse_address(*address);
    if (!parsed || chain::to_checksum(*parsed) != *address) return lines.bad("bad address");
    out.address = *parsed;
    if (lines.next() != "") return lines.bad("an empty line is missing");
    const auto statement = lines.next();
    if (!statement) return lines.bad("it ends too soon");
    if (statement->empty()) return {};
    const auto is_allowed = [](char c) { return c == ' ' || is_unreserved(c) || is_reserved(c); };
    for (const char c : *statement) {
        if (!is_allowed(c)) return lines.bad("bad character in the statement");
    }
    out.statement = *statement;
    if (lines.next() != "") return lines.bad("an empty line is missing");
    return {};
}

Status read_fields(Lines& lines, SiweMessage& out) {
    const auto uri = lines.field("URI: ");
    if (!uri || !is_uri(*uri)) return lines.bad("bad URI");
    out.uri = *uri;
    if (lines.field("Version: ") != "1") return lines.bad("the version must be 1");
    const auto chain_id = lines.field("Chain ID: ");
    if (!chain_id || chain_id->empty()) return lines.bad("bad chain id");
    const char* end = chain_id->data() + chain_id->size();
    const auto [last, ec] = std::from_chars(chain_id->data(), end, out.chain_id);
    if (ec != std::errc() || last != end) return lines.bad("bad chain id");
    const auto nonce = lines.field("Nonce: ");
    if (!nonce || nonce->size() < 8) return lines.bad("the nonce needs 8 characters");
    for (const char c : *nonce) {
        if (!is_alpha(c) && !is_digit(c)) return lines.bad("bad character in the nonce");
    }
    out.nonce = *nonce;
    const auto issued = lines.field("Issued At: ");
    if (!issued) return lines.bad("no Issued At");
    const auto issued_at = parse_time(*issued);
    if (!issued_at) return lines.bad("bad Issued At");
    out.issued_at = *issued_at;
    return {};
}

Status read_options(Lines& lines, SiweMessage& out) {
    if (const auto value = lines.field("Expiration Time: ")) {
        const auto time = parse_time(*value);
        if (!time) return lines.bad("bad Expiration Time");
        out.expiration_time = *time;
    }
    if (const auto value = lines.field("Not Before: ")) {
        const auto time = parse_time(*value);
        if (!time) return lines.bad("bad Not Before");
        out.not_before = *time;
    }
    if (const auto value = lines.field("Request ID: ")) {
        const auto is_pchar = [](char c) { return std::string_view("!$&'()*+,;=:@").contains(c); };
        if (!is_made_of(*value, is_pchar)) return lines.bad("bad Request ID");
        out.request_id = *value;
    }
    if (const auto value = lines.field("Resources:")) {
        if (!value->empty()) return lines.bad("bad Resources");
        while (const auto resource = lines.field("- ")) {
            if (!is_uri(*resource) || out.resources.size() == kMaxResources) {
                return lines.bad("bad resource");
            }
            out.resources.emplace_back(*resource);
        }
    }
    if (!lines.is_over()) return lines.bad("more text than a sign-in has");
    return {};
}

}  // namespace

Result<std::int64_t> parse_time(std::string_view text) {
    const auto bad = [] { return fail(ErrorCode::kMalformed, "no RFC 3339 time"); };
    const auto number = [&](std::size_t at, std::size_t size) -> int {
        int value = 0;
        for (std::size_t i = at; i < at + size; ++i) {
            if (i >= text.size() || !is_digit(text[i])) return -1;
            value = value * 10 + (text[i] - '0');
        }
        return value;
    };
    constexpr std::string_view kPattern = "____-__-__T__:__:__";
    if (text.size() < kPattern.size() + 1) return bad();
    for (std::size_t i = 0; i < kPattern.size(); ++i) {
        if (kPattern[i] != '_' && text[i] != kPattern[i]) return bad();
    }
    const int hour = number(11, 2);
    const int minute = number(14, 2);
    const int second = number(17, 2);
    const std::chrono::year_month_day date(std::chrono::year(number(0, 4)),
                                           std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                           std::chrono::day(static_cast<unsigned>(number(8, 2))));
    if (number(0, 4) < 0 || number(5, 2) < 0 || number(8, 2) < 0 || !date.ok()) return bad();
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return bad();
    std::size_t at = kPattern.size();
    if (text[at] == '.') {
        const std::size_t first = ++at;
        while (at < text.size() && is_digit(text[at])) ++at;
        if (at == first) return bad();
    }
    std::int64_t offset = 0;
    const std::string_view zone = text.substr(at);
    if (zone != "Z") {
        if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return bad();
        const int hours = number(at + 1, 2);
        const int minutes = number(at + 4, 2);
        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return bad();
        offset = (hours * 60 + minutes) * (zone[0] == '-' ? -60 : 60);
    }
    const auto days = std::chrono::sys_days(date).time_since_epoch().count();
    return std::int64_t{days} * 86'400 + hour * 3600 + minute * 60 + second - offset;
}

Result<SiweMessage> SiweMessage::parse(std::string_view text) {
    if (text.size() > kMaxBytes) return fail(ErrorCode::kMalformed, "SIWE: too long");
    Lines lines(text);
    SiweMessage out;
    MINTMARK_CHECK(read_head(lines, out));
    MINTMARK_CHECK(read_fields(lines, out));
    MINTMARK_CHECK(read_options(lines, out));
    return out;
}

Status check_siwe(const SiweMessage& message, const SiweExpectation& expected) {
    constexpr std::int64_t kSkew = 60;
    if (message.domain != expected.domain) {
        return fail(ErrorCode::kRejected, fmt::format("SIWE: the message is for {}, this is {}",
                                                      message.domain, expected.domain));
    }
    if (message.uri != expected.uri) {
        return fail(ErrorCode::kRejected, fmt::format("SIWE: the URI must be {}", expected.uri));
    }
    if (message.chain_id != expected.chain_id) {
        return fail(ErrorCode::kRejected, fmt::format("SIWE: the chain id must be {}, not {}",
                                                      expected.chain_id, message.chain_id));
    }
    if (message.issued_at > expected.now + kSkew) {
        return fail(ErrorCode::kExpired, "SIWE: issued in the future; check your clock");
    }
    if (message.expiration_time && *message.expiration_time <= expected.now) {
        return fail(ErrorCode::kExpired, "SIWE: the message has expired");
    }
    if (message.not_before && *message.not_before > expected.now + kSkew) {
        return fail(ErrorCode::kExpired, "SIWE: the message is not valid yet");
    }
    return {};
}

}  // namespace mintmark::gateway
