#include "mintmark/base/result.hpp"

#include <array>

namespace mintmark {
namespace {
constexpr std::array<std::string_view, 15> kNames = {
    "invalid_argument", "not_found",      "malformed",   "unsupported",        "io",
    "network",          "chain",          "rejected",    "insufficient_funds", "expired",
    "price_exceeded",   "already_exists", "interrupted", "out_of_range",       "internal"};
}  // namespace

std::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint) {
    return std::unexpected(Error{code, std::move(message), std::move(hint)});
}

int exit_code(ErrorCode code) noexcept {
    if (code == ErrorCode::kInterrupted) return 130;
    return static_cast<int>(code) + 2;
}

std::string_view error_name(ErrorCode code) noexcept {
    return kNames[static_cast<std::size_t>(code)];
}

}  // namespace mintmark
