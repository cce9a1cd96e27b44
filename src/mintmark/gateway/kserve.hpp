// The Open Inference Protocol, version 2 (KServe), over HTTP: requests and answers as bytes, with
// the binary tensor data extension. Source: github.com/kserve/open-inference-protocol,
// "binary_tensor_data" of KServe and Triton.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/gateway/tensor_model.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::gateway {

enum class Verify : std::uint8_t { kNone, kReceipt, kZk };

struct WantedOutput {
    std::size_t port = 0;
    bool is_binary = false;
};

/// One inference request, understood.
struct TensorCall {
    std::string id = {};  ///< the caller's
    std::string version = {};
    Tensors inputs = {};
    std::vector<WantedOutput> outputs = {};
    Verify verify = Verify::kNone;
};

/// body: JSON, and behind its first `json_bytes` (all when none) binary tensors. Total on any
/// bytes: kInvalidArgument, kMalformed, kOutOfRange.
[[nodiscard]] Result<TensorCall> read_tensor_call(const TensorModel& model, std::string_view body,
                                                  std::optional<std::uint64_t> json_bytes);

struct TensorAnswer {
    std::string body = {};
    std::optional<std::size_t> json_bytes = {};  ///< with binary tensors: where they begin
};
/// `parameters`: of the answer. Outputs are FP32.
[[nodiscard]] TensorAnswer write_tensor_answer(const TensorModel& model, const TensorCall& call,
                                               std::string_view name, const Tensors& outputs,
                                               const json::Json& parameters);

/// /v2/models/NAME.
[[nodiscard]] json::Json tensor_metadata(const TensorModel& model, std::string_view name,
                                         std::string_view version);

/// "/v2/models/NAME[/versions/V][/ready|/infer]" in its parts; nullopt for anything else.
struct TensorPath {
    std::string name = {};
    std::string version = {};  ///< empty: not named
    std::string verb = {};     ///< "", "ready", "infer"
};
[[nodiscard]] std::optional<TensorPath> parse_tensor_path(std::string_view path);

}  // namespace mintmark::gateway
