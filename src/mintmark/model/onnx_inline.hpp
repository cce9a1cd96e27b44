// Functions that an ONNX file defines itself, put where they are called. Internal: includes
// protobuf.
#pragma once

#include <onnx.pb.h>

#include <string_view>

#include "mintmark/base/result.hpp"

namespace mintmark::model {

/// ONNX's own operators: an empty domain, or "ai.onnx".
[[nodiscard]] bool is_default_domain(std::string_view domain);

/// Replaces every call of a function of the model (ONNX IR, "FunctionProto"), also in subgraphs and
/// in functions, by the function's nodes with names of their own; attributes that refer to the
/// caller's are his, or the function's default. Nothing changes where the model has no functions.
/// Errors: kMalformed (a function that calls itself, more arguments than it has), kUnsupported
/// (another opset than the model's), kOutOfRange (too many nodes come of it).
[[nodiscard]] Status inline_functions(onnx::ModelProto& model);

}  // namespace mintmark::model
