// Importers of comparisons, logic, choice and variadic sums. Internal.
#pragma once

#include <cstdint>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {

/// Of booleans, or of the bits of whole numbers.
enum class Gate : std::uint8_t { kAnd, kOr, kXor };

void add_logic_importers(ImporterMap& map);

}  // namespace mintmark::model
