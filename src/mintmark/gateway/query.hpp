// What stands after the question mark of a request's target.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::gateway {

using QueryFields = std::vector<std::pair<std::string, std::string>>;

/// "a=1&b=x%20y" as form fields (WHATWG URL §5.1). kInvalidArgument for a bad escape and for a
/// field twice.
[[nodiscard]] Result<QueryFields> parse_query(std::string_view query);

}  // namespace mintmark::gateway
