#include "mintmark/chain/u256.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "mintmark/base/assert.hpp"

namespace mintmark::chain {
namespace {

__extension__ using Uint128 = unsigned __int128;
constexpr std::uint64_t kChunk = 10'000'000'000'000'000'000U;  // 10^19, the largest in 64 bits
constexpr std::size_t kChunkDigits = 19;

std::unexpected<Error> not_a_number() {
    return fail(ErrorCode::kMalformed, "not a non-negative whole number");
}

std::optional<unsigned> digit(char c, unsigned base) noexcept {
    unsigned value = base;
    if (c >= '0' && c <= '9') value = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') value = static_cast<unsigned>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') value = static_cast<unsigned>(c - 'A' + 10);
    if (value >= base) return std::nullopt;
    return value;
}

Result<U256> parse_digits(std::string_view text, unsigned base) {
    if (text.empty()) return not_a_number();
    U256 out;
    for (const char c : text) {
        const auto value = digit(c, base);
        if (!value) return not_a_number();
        const auto scaled = out.checked_mul(base);
        const auto sum = scaled ? scaled->checked_add(*value) : std::nullopt;
        if (!sum) return fail(ErrorCode::kOutOfRange, "number above 2^256-1");
        out = *sum;
    }
    return out;
}

}  // namespace

U256 U256::from_bytes(const Bytes32& bytes) noexcept {
    U256 out;
    for (std::size_t i = 0; i < 32; ++i) {
        std::uint64_t& limb = out.limbs_[3 - i / 8];
        limb = (limb << 8U) | bytes[i];
    }
    return out;
}

std::optional<U256> U256::from_bytes(ByteSpan bytes) noexcept {
    if (bytes.size() > 32) return std::nullopt;
    Bytes32 word = {};
    std::ranges::copy(bytes, word.end() - static_cast<std::ptrdiff_t>(bytes.size()));
    return from_bytes(word);
}

Bytes32 U256::to_bytes() const noexcept {
    Bytes32 out;
    for (std::size_t i = 0; i < 32; ++i) {
        out[i] = static_cast<std::uint8_t>(limbs_[3 - i / 8] >> (8 * (7 - i % 8)));
    }
    return out;
}

Bytes U256::to_minimal_bytes() const {
    const Bytes32 word = to_bytes();
    const auto first = std::ranges::find_if(word, [](std::uint8_t b) { return b != 0; });
    return {first, word.end()};
}

Result<U256> U256::parse(std::string_view text) {
    if (text.starts_with("0x")) return parse_digits(text.substr(2), 16);
    return parse_digits(text, 10);
}

std::string U256::to_string() const {
    if (const auto small = to_u64()) return std::to_string(*small);
    std::string out;
    U256 left = *this;
    do {
        const Division division = left.divide(kChunk);
        std::string digits = std::to_string(division.remainder);
        left = division.quotient;
        if (!left.is_zero()) digits.insert(0, kChunkDigits - digits.size(), '0');
        out.insert(0, digits);
    } while (!left.is_zero());
    return out;
}

std::string U256::to_quantity() const {
    const std::string hex = to_hex(to_bytes());
    const std::size_t first = hex.find_first_not_of('0', 2);
    return first == std::string::npos ? "0x0" : "0x" + hex.substr(first);
}

std::optional<std::uint64_t> U256::to_u64() const noexcept {
    if ((limbs_[1] | limbs_[2] | limbs_[3]) != 0) return std::nullopt;
    return limbs_[0];
}

double U256::to_double() const noexcept {
    double out = 0;
    for (std::size_t i = 4; i > 0; --i) {
        out = std::ldexp(out, 64) + static_cast<double>(limbs_[i - 1]);
    }
    return out;
}

unsigned U256::bit_length() const noexcept {
    for (unsigned i = 4; i > 0; --i) {
        if (limbs_[i - 1] != 0) {
            return 64 * (i - 1) + static_cast<unsigned>(std::bit_width(limbs_[i - 1]));
        }
    }
    return 0;
}

std::optional<U256> U256::checked_add(const U256& other) const noexcept {
    U256 out;
    Uint128 carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        carry += Uint128{limbs_[i]} + other.limbs_[i];
        out.limbs_[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64U;
    }
    if (carry != 0) return std::nullopt;
    return out;
}

std::optional<U256> U256::checked_sub(const U256& other) const noexcept {
    if (*this < other) return std::nullopt;
    U256 out;
    std::uint64_t borrow = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const Uint128 difference = Uint128{limbs_[i]} - other.limbs_[i] - borrow;
        out.limbs_[i] = static_cast<std::uint64_t>(difference);
        borrow = static_cast<std::uint64_t>(difference >> 64U) & 1U;
    }
    return out;
}

std::optional<U256> U256::checked_mul(const U256& other) const noexcept {
    if ((limbs_[1] | limbs_[2] | limbs_[3] | other.limbs_[1] | other.limbs_[2] | other.limbs_[3]) ==
        0) {
        const Uint128 product = Uint128{limbs_[0]} * other.limbs_[0];
        return U256({static_cast<std::uint64_t>(product),
                     static_cast<std::uint64_t>(product >> 64U), 0, 0});
    }
    std::array<std::uint64_t, 8> wide = {};
    for (std::size_t i = 0; i < 4; ++i) {
        Uint128 carry = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            carry += Uint128{limbs_[i]} * other.limbs_[j] + wide[i + j];
            wide[i + j] = static_cast<std::uint64_t>(carry);
            carry >>= 64U;
        }
        wide[i + 4] = static_cast<std::uint64_t>(carry);
    }
    if ((wide[4] | wide[5] | wide[6] | wide[7]) != 0) return std::nullopt;
    return U256({wide[0], wide[1], wide[2], wide[3]});
}

U256::Division U256::divide(std::uint64_t divisor) const noexcept {
    MINTMARK_ASSERT(divisor != 0);
    Division out = {};
    Uint128 rest = 0;
    for (std::size_t i = 4; i > 0; --i) {
        if (rest == 0) {  // a division of 64 bits is a third of one of 128
            out.quotient.limbs_[i - 1] = limbs_[i - 1] / divisor;
            rest = limbs_[i - 1] % divisor;
            continue;
        }
        rest = (rest << 64U) | limbs_[i - 1];
        out.quotient.limbs_[i - 1] = static_cast<std::uint64_t>(rest / divisor);
        rest %= divisor;
    }
    out.remainder = static_cast<std::uint64_t>(rest);
    return out;
}

std::strong_ordering operator<=>(const U256& a, const U256& b) noexcept {
    for (std::size_t i = 4; i > 0; --i) {
        if (a.limbs_[i - 1] != b.limbs_[i - 1]) return a.limbs_[i - 1] <=> b.limbs_[i - 1];
    }
    return std::strong_ordering::equal;
}

Result<U256> parse_units(std::string_view text, unsigned decimals) {
    MINTMARK_ASSERT(decimals <= 77);
    const std::size_t point = text.find('.');
    const std::string_view whole = text.substr(0, point);
    std::string_view fraction = point == std::string_view::npos ? "" : text.substr(point + 1);
    if (point != std::string_view::npos && fraction.empty()) return not_a_number();
    while (fraction.ends_with('0')) fraction.remove_suffix(1);
    if (fraction.size() > decimals) {
        return fail(ErrorCode::kOutOfRange, "too many places behind the point");
    }
    std::string digits(whole.empty() && !fraction.empty() ? "0" : whole);
    digits += fraction;
    digits.append(decimals - fraction.size(), '0');
    if (whole.empty() && fraction.empty()) return not_a_number();
    return parse_digits(digits, 10);
}

std::string format_units(const U256& value, unsigned decimals) {
    std::string digits = value.to_string();
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    std::string fraction = digits.substr(digits.size() - decimals);
    digits.resize(digits.size() - decimals);
    while (fraction.ends_with('0')) fraction.pop_back();
    return fraction.empty() ? digits : digits + '.' + fraction;
}

}  // namespace mintmark::chain
