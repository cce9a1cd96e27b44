// Compiled models as the gateway runs them.
#pragma once

#include "mintmark/gateway/tensor_model.hpp"
#include "mintmark/jobs/config.hpp"

namespace mintmark::runner {

/// Reads every model that the file names with `compiled`. Errors of the files.
[[nodiscard]] Result<gateway::TensorModels> load_tensor_models(const jobs::Config& config);

}  // namespace mintmark::runner
