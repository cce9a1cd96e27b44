// Heads of HTTP/1.1 messages in their plain form, which nearly all have: read in one pass. What is
// not plain is left to Beast's parsers (http_codec.cpp), so this accepts less than they do and
// means the same (http_plain_test.cpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "mintmark/serving/http_codec.hpp"

namespace mintmark::serving {

struct PlainHead {
    std::size_t bytes = 0;         ///< of the head, its empty line included
    std::uint64_t body_bytes = 0;  ///< Content-Length; 0 without
    bool keep_alive = true;
    int status = 0;  ///< of a response
};

/// A whole head at the beginning of `bytes`: HTTP/1.1, one Host, lengths in decimal, no transfer
/// coding, nothing that asks for more than a request and its answer. Fills `out` but its body.
[[nodiscard]] std::optional<PlainHead> read_plain_request(std::string_view bytes, Request& out);
/// The same of a final response with a Content-Length; out: nullptr when nobody asks for them.
[[nodiscard]] std::optional<PlainHead> read_plain_response(std::string_view bytes, Headers* out);

}  // namespace mintmark::serving
