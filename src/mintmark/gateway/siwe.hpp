// Sign-In with Ethereum (EIP-4361): the message, read by the grammar of the EIP and by nothing
// else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"

namespace mintmark::gateway {

struct SiweMessage {
    std::string scheme = {};  ///< may be empty
    std::string domain = {};
    Address address = {};
    std::string statement = {};
    std::string uri = {};
    std::uint64_t chain_id = 0;
    std::string nonce = {};
    std::int64_t issued_at = 0;  ///< seconds since 1970
    std::optional<std::int64_t> expiration_time = {};
    std::optional<std::int64_t> not_before = {};
    std::string request_id = {};
    std::vector<std::string> resources = {};

    /// kMalformed naming the line. The address must carry its EIP-55 checksum. Total on any bytes.
    [[nodiscard]] static Result<SiweMessage> parse(std::string_view text);
};

/// What the server insists on.
struct SiweExpectation {
    std::string domain = {};
    std::string uri = {};
    std::uint64_t chain_id = 0;
    std::int64_t now = 0;
};
/// kRejected: another domain, URI or chain; kExpired: not valid now. The nonce is the caller's.
[[nodiscard]] Status check_siwe(const SiweMessage& message, const SiweExpectation& expected);

/// RFC 3339 date-time in seconds since 1970, fractions dropped; kMalformed.
[[nodiscard]] Result<std::int64_t> parse_time(std::string_view text);

}  // namespace mintmark::gateway
