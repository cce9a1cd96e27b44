// From an ONNX file and settings to a compiled model.
#pragma once

#include <filesystem>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/worker/artifacts.hpp"
#include "mintmark/worker/settings.hpp"

namespace mintmark::worker {

/// Samples as people write them: a model with one input may have one array per sample, or one
/// array with several samples in a row. kInvalidArgument when the sizes do not fit.
[[nodiscard]] Result<std::vector<model::Sample>> split_samples(
    const model::Graph& graph, const std::vector<model::Sample>& samples);

/// The first sample of a file, for a compiled model; the same forms as split_samples.
[[nodiscard]] Result<model::Sample> first_sample(const CompiledModel& model,
                                                 const model::InputFile& file);

/// Imports, quantises with the settings' bits and samples, and records the circuit options.
[[nodiscard]] Result<CompiledModel> compile_model(const Settings& settings,
                                                  const std::filesystem::path& onnx);

}  // namespace mintmark::worker
