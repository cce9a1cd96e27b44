// Blocks that repeat themselves, as the layers of a transformer do, proven together: the i-th steps
// of all of them become one step with the block as its first out axis, their tensors one tensor
// each (docs/adr/0240). What the verifier pays for is steps, tensors and terms, not lanes.
#pragma once

#include <cstdint>
#include <optional>

#include "mintmark/compiler/draft.hpp"

namespace mintmark::compiler {

/// How many of n blocks are proven together: the largest powers of two that add up to n (no
/// padding) or all (fewest steps).
enum class StackRule : std::uint8_t { kNone, kPowers, kWhole };

/// The draft with its repeated blocks stacked; nothing when it has none that can be. Blocks are the
/// same when their steps differ by the tensors that they read and write only. A block may read what
/// the one before it wrote, what all read alike, weights of its own, and a little else.
[[nodiscard]] std::optional<Draft> stack_repeats(const Draft& draft, StackRule rule);

}  // namespace mintmark::compiler
