// Unsigned 256-bit integers: amounts in wei, token ids, ABI words.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"

namespace mintmark::chain {

/// Four little-endian 64-bit limbs. Arithmetic that can leave the range is checked.
class U256 {
  public:
    constexpr U256() noexcept = default;
    // NOLINTNEXTLINE(google-explicit-constructor): every uint64_t is a U256.
    constexpr U256(std::uint64_t value) noexcept : limbs_{value, 0, 0, 0} {}
    constexpr explicit U256(const std::array<std::uint64_t, 4>& limbs) noexcept : limbs_(limbs) {}

    /// Big-endian; the 32-byte form is an ABI word.
    [[nodiscard]] static U256 from_bytes(const Bytes32& bytes) noexcept;
    /// Big-endian, at most 32 bytes; nullopt when longer.
    [[nodiscard]] static std::optional<U256> from_bytes(ByteSpan bytes) noexcept;
    [[nodiscard]] Bytes32 to_bytes() const noexcept;
    /// Big-endian without leading zero bytes; empty for 0 (as RLP wants it).
    [[nodiscard]] Bytes to_minimal_bytes() const;

    /// Decimal, or hexadecimal after "0x"; kMalformed, kOutOfRange.
    [[nodiscard]] static Result<U256> parse(std::string_view text);
    /// Decimal.
    [[nodiscard]] std::string to_string() const;
    /// JSON-RPC quantity: "0x0", "0x1a".
    [[nodiscard]] std::string to_quantity() const;

    [[nodiscard]] std::optional<std::uint64_t> to_u64() const noexcept;
    [[nodiscard]] double to_double() const noexcept;  ///< nearest up to 2^-52 relative
    [[nodiscard]] bool is_zero() const noexcept { return *this == U256(); }
    [[nodiscard]] unsigned bit_length() const noexcept;
    [[nodiscard]] const std::array<std::uint64_t, 4>& limbs() const noexcept { return limbs_; }

    /// nullopt when the result leaves [0, 2^256).
    [[nodiscard]] std::optional<U256> checked_add(const U256& other) const noexcept;
    [[nodiscard]] std::optional<U256> checked_sub(const U256& other) const noexcept;
    [[nodiscard]] std::optional<U256> checked_mul(const U256& other) const noexcept;
    /// Quotient rounded down and remainder; divisor != 0 (asserted).
    struct Division;
    [[nodiscard]] Division divide(std::uint64_t divisor) const noexcept;

    friend bool operator==(const U256&, const U256&) noexcept = default;
    friend std::strong_ordering operator<=>(const U256& a, const U256& b) noexcept;

  private:
    std::array<std::uint64_t, 4> limbs_ = {};
};

struct U256::Division {
    U256 quotient;
    std::uint64_t remainder;
};

/// Reads "1.25" as an amount with `decimals` places: parse_units("1.25", 18) is wei from ether.
/// kMalformed; kOutOfRange with more places than `decimals`, or above 2^256-1. decimals <= 77.
[[nodiscard]] Result<U256> parse_units(std::string_view text, unsigned decimals);
/// The shortest exact decimal text: format_units(1250000000000000000, 18) is "1.25".
[[nodiscard]] std::string format_units(const U256& value, unsigned decimals);

}  // namespace mintmark::chain
