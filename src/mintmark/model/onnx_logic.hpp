// Importers of comparisons, logic, choice and variadic sums. Internal.
#pragma once

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

void add_logic_importers(ImporterMap& map);

}  // namespace mintmark::model
