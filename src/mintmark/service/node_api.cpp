#include "mintmark/service/node_api.hpp"

#include <fmt/format.h>

namespace mintmark::service {

int http_status(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::kInvalidArgument:
        case ErrorCode::kMalformed:
            return 400;
        case ErrorCode::kInsufficientFunds:
        case ErrorCode::kPriceExceeded:
            return 402;
        case ErrorCode::kRejected:
            return 403;
        case ErrorCode::kNotFound:
            return 404;
        case ErrorCode::kAlreadyExists:
            return 409;
        case ErrorCode::kExpired:
            return 410;
        case ErrorCode::kOutOfRange:
        case ErrorCode::kUnsupported:
            return 422;
        case ErrorCode::kNetwork:
        case ErrorCode::kChain:
            return 502;
        case ErrorCode::kInterrupted:
            return 503;
        case ErrorCode::kIo:
        case ErrorCode::kInternal:
            return 500;
    }
    return 500;
}

json::Json error_json(const Error& error) {
    return {{"error",
             {{"code", error_name(error.code)}, {"message", error.message}, {"hint", error.hint}}}};
}

Error error_from_response(int status, const std::string& body) {
    constexpr std::size_t kMaxMessage = 400;
    const auto value = json::parse(body);
    const json::Json* error = value ? json::find(*value, "error") : nullptr;
    const auto name =
        error == nullptr ? Result<std::string>(std::string()) : json::get_string(*error, "code");
    if (error != nullptr && name) {
        for (int i = 0; i <= static_cast<int>(ErrorCode::kInternal); ++i) {
            const auto code = static_cast<ErrorCode>(i);
            if (error_name(code) != *name) continue;
            std::string message = json::get_string(*error, "message").value_or("an error");
            if (message.size() > kMaxMessage) message.resize(kMaxMessage);
            return {code, "the node says: " + message,
                    json::get_string(*error, "hint").value_or("")};
        }
    }
    return {ErrorCode::kNetwork, fmt::format("the node answers with HTTP {}", status),
            "is this the address of a Mintmark node?"};
}

}  // namespace mintmark::service
