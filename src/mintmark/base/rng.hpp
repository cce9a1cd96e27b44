// Randomness: from the operating system, or injected for tests.
#pragma once

#include <cstdint>
#include <span>

#include "mintmark/base/bytes.hpp"

namespace mintmark {

/// Source of random bytes. Secret when the source is the operating system.
class Rng {
  public:
    virtual ~Rng() = default;
    /// Fills `out`; never fails quietly (the system source aborts when getrandom fails).
    virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// getrandom(2).
[[nodiscard]] Rng& system_rng();

/// Deterministic stream (splitmix64) for tests and simulations only; not secret.
class SeededRng final : public Rng {
  public:
    explicit SeededRng(std::uint64_t seed) noexcept : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override;
    [[nodiscard]] std::uint64_t next() noexcept;

  private:
    std::uint64_t state_;
};

}  // namespace mintmark
