#include "mintmark/base/rng.hpp"

#include <sys/random.h>

#include <cerrno>

#include "mintmark/base/assert.hpp"

namespace mintmark {
namespace {
class SystemRng final : public Rng {
  public:
    void fill(std::span<std::uint8_t> out) override {
        while (!out.empty()) {
            const ssize_t n = ::getrandom(out.data(), out.size(), 0);
            if (n < 0 && errno == EINTR) continue;
            MINTMARK_ASSERT(n > 0);
            out = out.subspan(static_cast<std::size_t>(n));
        }
    }
};
}  // namespace

Rng& system_rng() {
    static SystemRng rng;
    return rng;
}

std::uint64_t SeededRng::next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

void SeededRng::fill(std::span<std::uint8_t> out) {
    for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(next() >> 32U);
}

}  // namespace mintmark
