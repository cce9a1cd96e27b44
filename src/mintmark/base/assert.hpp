// Assertions for our own mistakes; on in every build.
#pragma once

namespace mintmark {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}

#define MINTMARK_ASSERT(condition)                       \
    (static_cast<bool>(condition) ? static_cast<void>(0) \
                                  : ::mintmark::assertion_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define MINTMARK_DEBUG_ASSERT(condition) static_cast<void>(0)
#else
#define MINTMARK_DEBUG_ASSERT(condition) MINTMARK_ASSERT(condition)
#endif
