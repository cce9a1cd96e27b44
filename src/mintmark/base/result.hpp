// Errors as values: everything that depends on the outside world returns Result<T>.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mintmark {

/// One code per decision that a caller can take. Exit codes are stable (see exit_code).
enum class ErrorCode : std::uint8_t {
    kInvalidArgument,    ///< the caller's own words are off
    kNotFound,           ///< a file, key, model, pass or request does not exist
    kMalformed,          ///< bytes that do not parse
    kUnsupported,        ///< valid, but outside of what Mintmark does
    kIo,                 ///< disk
    kNetwork,            ///< no connection, time-out
    kChain,              ///< wrong chain id, reverted transaction, RPC error
    kRejected,           ///< a proof, signature or hash does not check
    kInsufficientFunds,  ///< balance below what the transaction needs
    kExpired,            ///< deadline or pass over
    kPriceExceeded,      ///< price above --max-price
    kAlreadyExists,      ///< would overwrite or repeat
    kInterrupted,        ///< Ctrl-C
    kOutOfRange,         ///< a number beyond a stated limit
    kInternal,           ///< a bug of ours that was caught
};

/// An error: what happened (one line, no trailing period needed) and what the user can do about it
/// (may be empty).
struct Error {
    ErrorCode code;
    std::string message;
    std::string hint = {};
};

template <class T>
using Result = std::expected<T, Error>;

/// Result without a value.
using Status = std::expected<void, Error>;

/// Shorthand for `std::unexpected(Error{...})`.
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, std::string message,
                                          std::string hint = {});

/// Stable process exit code, 1..255: 2 kInvalidArgument, 3 kNotFound, ... in the enum's order; 130
/// for kInterrupted.
[[nodiscard]] int exit_code(ErrorCode code) noexcept;

/// Stable lower-case name ("not_found") for --json output and logs.
[[nodiscard]] std::string_view error_name(ErrorCode code) noexcept;

}  // namespace mintmark

#define MINTMARK_CONCAT_INNER(a, b) a##b
#define MINTMARK_CONCAT(a, b) MINTMARK_CONCAT_INNER(a, b)
#define MINTMARK_TRY_IMPL(tmp, decl, ...)                                 \
    auto tmp = (__VA_ARGS__);                                             \
    if (!tmp.has_value()) return std::unexpected(std::move(tmp).error()); \
    decl = *std::move(tmp)
/// MINTMARK_TRY(auto x, call()): x = the value, or return the error.
#define MINTMARK_TRY(decl, ...) \
    MINTMARK_TRY_IMPL(MINTMARK_CONCAT(mm_try_, __LINE__), decl, __VA_ARGS__)
#define MINTMARK_CHECK_IMPL(tmp, ...) \
    if (auto tmp = (__VA_ARGS__); !tmp.has_value()) return std::unexpected(std::move(tmp).error())
/// MINTMARK_CHECK(call()): return the error of a Status (or Result), else go on.
#define MINTMARK_CHECK(...) MINTMARK_CHECK_IMPL(MINTMARK_CONCAT(mm_chk_, __LINE__), __VA_ARGS__)
