#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

#include "mintmark/chain/abi.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

constexpr std::uint32_t kMaxFixedElements = 1U << 16U;
constexpr unsigned kMaxDepth = 8;
constexpr std::uint64_t kMaxHeadBytes = std::uint64_t{1} << 24U;  // of arrays in arrays

std::unexpected<Error> malformed(std::string_view text) {
    return fail(ErrorCode::kMalformed, fmt::format("ABI: \"{}\" is no type", text));
}

/// A decimal without leading zeros, in [1, max].
std::optional<std::uint32_t> number(std::string_view text, std::uint32_t max) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (text.starts_with('0') || value == 0 || value > max) return std::nullopt;
    return value;
}

/// uintN, intN, bytesN.
Result<AbiType> parse_sized(AbiType::Kind kind, std::string_view digits, std::string_view text) {
    const bool bits = kind != AbiType::Kind::kFixedBytes;
    if (bits && digits.empty()) return AbiType{kind, 256};
    const auto size = number(digits, bits ? 256 : 32);
    if (!size || (bits && *size % 8 != 0)) return malformed(text);
    return AbiType{kind, *size};
}

Result<AbiType> parse_elementary(std::string_view text) {
    if (text == "address") return AbiType{AbiType::Kind::kAddress};
    if (text == "bool") return AbiType{AbiType::Kind::kBool};
    if (text == "string") return AbiType{AbiType::Kind::kString};
    if (text == "bytes") return AbiType{AbiType::Kind::kBytes};
    if (text.starts_with("uint")) return parse_sized(AbiType::Kind::kUint, text.substr(4), text);
    if (text.starts_with("int")) return parse_sized(AbiType::Kind::kInt, text.substr(3), text);
    if (text.starts_with("bytes")) {
        return parse_sized(AbiType::Kind::kFixedBytes, text.substr(5), text);
    }
    if (text == "function" || text.starts_with("fixed") || text.starts_with("ufixed")) {
        return fail(ErrorCode::kUnsupported, fmt::format("ABI: type {} is not supported", text));
    }
    return malformed(text);
}

Result<AbiType> parse_type(std::string_view text, unsigned depth);

/// "(a,b,…)": splits at the commas outside of inner parentheses.
Result<AbiType> parse_tuple(std::string_view text, unsigned depth) {
    AbiType out{AbiType::Kind::kTuple};
    const std::string_view inner = text.substr(1, text.size() - 2);
    std::size_t start = 0;
    int open = 0;
    for (std::size_t i = 0; i <= inner.size() && !inner.empty(); ++i) {
        const char c = i < inner.size() ? inner[i] : ',';
        open += (c == '(' ? 1 : 0) - (c == ')' ? 1 : 0);
        if (open < 0) return malformed(text);
        if (c != ',' || open != 0) {
            if (i == inner.size()) return malformed(text);
            continue;
        }
        MINTMARK_TRY(AbiType component, parse_type(inner.substr(start, i - start), depth + 1));
        out.components.push_back(std::move(component));
        start = i + 1;
    }
    return out;
}

Result<AbiType> parse_array(std::string_view text, unsigned depth) {
    const std::size_t bracket = text.rfind('[');
    if (bracket == std::string_view::npos) return malformed(text);
    MINTMARK_TRY(AbiType element, parse_type(text.substr(0, bracket), depth + 1));
    if (element.head_size() == 0) {  // an endless array would fit into no data
        return fail(ErrorCode::kUnsupported, "ABI: arrays of empty tuples are not supported");
    }
    const std::string_view digits = text.substr(bracket + 1, text.size() - bracket - 2);
    AbiType out{AbiType::Kind::kArray};
    if (!digits.empty()) {
        const auto size = number(digits, kMaxFixedElements);
        if (!size) return malformed(text);
        out = AbiType{AbiType::Kind::kFixedArray, *size};
    }
    out.components.push_back(std::move(element));
    if (out.head_size() > kMaxHeadBytes) return malformed(text);
    return out;
}

Result<AbiType> parse_type(std::string_view text, unsigned depth) {
    if (depth > kMaxDepth) return fail(ErrorCode::kMalformed, "ABI: type nested too deep");
    if (text.ends_with(']')) return parse_array(text, depth);
    if (text.starts_with('(') && text.ends_with(')')) return parse_tuple(text, depth);
    return parse_elementary(text);
}

}  // namespace

Result<AbiType> AbiType::parse(std::string_view text) {
    if (text.size() > 4096) return fail(ErrorCode::kMalformed, "ABI: type is too long");
    return parse_type(text, 0);
}

std::string AbiType::to_string() const {
    switch (kind) {
        case Kind::kUint:
            return fmt::format("uint{}", size);
        case Kind::kInt:
            return fmt::format("int{}", size);
        case Kind::kAddress:
            return "address";
        case Kind::kBool:
            return "bool";
        case Kind::kFixedBytes:
            return fmt::format("bytes{}", size);
        case Kind::kBytes:
            return "bytes";
        case Kind::kString:
            return "string";
        case Kind::kArray:
            return components[0].to_string() + "[]";
        case Kind::kFixedArray:
            return fmt::format("{}[{}]", components[0].to_string(), size);
        case Kind::kTuple:
            break;
    }
    std::string out = "(";
    for (const AbiType& component : components) {
        if (out.size() > 1) out += ',';
        out += component.to_string();
    }
    return out + ')';
}

bool AbiType::is_dynamic() const noexcept {
    switch (kind) {
        case Kind::kBytes:
        case Kind::kString:
        case Kind::kArray:
            return true;
        case Kind::kFixedArray:
        case Kind::kTuple:
            return std::ranges::any_of(components, &AbiType::is_dynamic);
        default:
            return false;
    }
}

std::uint64_t AbiType::head_size() const noexcept {
    if (is_dynamic()) return 32;
    if (kind == Kind::kFixedArray) return size * components[0].head_size();
    if (kind != Kind::kTuple) return 32;
    return std::accumulate(
        components.begin(), components.end(), std::uint64_t{0},
        [](std::uint64_t sum, const AbiType& component) { return sum + component.head_size(); });
}

std::array<std::uint8_t, 4> selector(std::string_view signature) {
    const Bytes32 hash = keccak256(as_bytes(signature));
    return {hash[0], hash[1], hash[2], hash[3]};
}

}  // namespace mintmark::chain
