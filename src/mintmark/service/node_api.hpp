// What a creator's node and its clients say to each other: JSON over HTTP.
//   GET  /v1/models               the models that are served
//   GET  /v1/models/ID            one of them: quantisation, key hash, contracts
//   GET  /v1/models/ID/vk         its verifying key
//   POST /v1/infer                a signed request with its input; the answer
//   GET  /v1/requests/ID          a request's answer and state, and its proof once there is one
//   GET  /healthz
#pragma once

#include <string>

#include "mintmark/base/result.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::service {

/// HTTP status of an error.
[[nodiscard]] int http_status(ErrorCode code) noexcept;
/// {"error": {"code", "message", "hint"}}.
[[nodiscard]] json::Json error_json(const Error& error);
/// Reads error_json of a node; kNetwork with the status when it is something else.
[[nodiscard]] Error error_from_response(int status, const std::string& body);

}  // namespace mintmark::service
