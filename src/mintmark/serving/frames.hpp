// Memory of coroutines' frames: a request makes some thirty of the same few sizes, so they are kept
// for the next one instead of going back to the allocator.
#pragma once

#include <cstddef>

namespace mintmark::serving {

/// Memory for a frame; what was taken on one thread may be given on another.
[[nodiscard]] void* take_frame(std::size_t size);
void give_frame(void* frame, std::size_t size) noexcept;

}  // namespace mintmark::serving
