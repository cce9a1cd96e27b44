// A trace on disk: what a node keeps from its claim until its window has passed.
#pragma once

#include <filesystem>

#include "mintmark/json/json.hpp"
#include "mintmark/referee/trace.hpp"

namespace mintmark::referee {

/// {"input": […], "output": […], "limbs": [per step], "steps": [[limb, result, …], …]}. Secret as
/// the weights are.
[[nodiscard]] json::Json to_json(const Program& program, const Trace& trace);
/// Of this model: kMalformed unless every step has its number of words.
[[nodiscard]] Result<Trace> trace_from_json(const Program& program, const json::Json& value);

[[nodiscard]] Result<Trace> read_trace(const Program& program, const std::filesystem::path& path);
/// Mode 0600.
[[nodiscard]] Status write_trace(const Program& program, const Trace& trace,
                                 const std::filesystem::path& path);

}  // namespace mintmark::referee
