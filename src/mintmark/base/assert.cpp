#include "mintmark/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace mintmark {
void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "mintmark: assertion failed: %s (%s:%d)\nThis is a bug in Mintmark.\n",
                 condition, file, line);
    std::abort();
}
}  // namespace mintmark
