// Fiat-Shamir transcript over Keccak-256 (docs/spec/protocol.md, section 0).
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/math/curve.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {

/// Both sides feed the same messages in the same order and draw the same challenges.
/// Labels are ASCII, at most 32 bytes (ours, so a longer one is asserted against).
class Transcript {
  public:
    /// State: keccak256("mintmark-flat-v5").
    Transcript() noexcept;
    /// state <- keccak256(state | label32 | uint256(len(data)) | data).
    void absorb(std::string_view label, ByteSpan data);
    /// One message: the scalars as 32-byte big-endian canonical words.
    void absorb_fr(std::string_view label, std::span<const Fr> scalars);
    /// One message: the points as 64 bytes x | y each (EIP-196).
    void absorb_points(std::string_view label, std::span<const G1Affine> points);
    /// state <- keccak256(state | label32 | uint256(0)); returns uint256(state) mod r.
    [[nodiscard]] Fr challenge(std::string_view label);
    /// n challenges drawn one after the other with the same label.
    [[nodiscard]] std::vector<Fr> challenges(std::string_view label, std::size_t n);

  private:
    Bytes32 state_;
};

}  // namespace mintmark
