// Whether the AVX-512 IFMA kernels are compiled, and whether they may run.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(MINTMARK_PORTABLE)
#define MINTMARK_IFMA 1
#endif

namespace mintmark {

/// The kernels are compiled in, the processor and the system support them, and the environment
/// does not set MINTMARK_NO_IFMA.
[[nodiscard]] bool ifma_available() noexcept;

}  // namespace mintmark
