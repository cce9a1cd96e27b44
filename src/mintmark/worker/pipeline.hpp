// From an ONNX file and settings to a compiled model.
#pragma once

#include <filesystem>

#include "mintmark/base/result.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/worker/artifacts.hpp"
#include "mintmark/worker/settings.hpp"

namespace mintmark::worker {

/// The first sample of a file, for a compiled model; in the forms of model::bind_samples.
[[nodiscard]] Result<model::Sample> first_sample(const CompiledModel& model,
                                                 const model::InputFile& file);

/// How the settings bind what an ONNX file leaves open.
[[nodiscard]] model::ImportOptions import_options(const Settings& settings);

/// Imports, quantises with the settings' bits and samples, and records the circuit options.
[[nodiscard]] Result<CompiledModel> compile_model(const Settings& settings,
                                                  const std::filesystem::path& onnx);

}  // namespace mintmark::worker
