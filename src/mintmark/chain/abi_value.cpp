#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/abi.hpp"
#include "mintmark/chain/address.hpp"

namespace mintmark::chain {
namespace {

std::unexpected<Error> not_a(const char* what) {
    return fail(ErrorCode::kMalformed, fmt::format("ABI: the value is not {}", what));
}

U256 negate(const U256& value) {
    auto limbs = value.limbs();
    for (auto& limb : limbs) limb = ~limb;
    return U256(limbs).checked_add(1U).value_or(U256());
}

std::string signed_text(const U256& value) {
    return value.bit_length() == 256 ? '-' + negate(value).to_string() : value.to_string();
}

std::string list_text(const AbiType& type, const std::vector<AbiValue>& items) {
    const bool tuple = type.kind == AbiType::Kind::kTuple;
    std::string out = tuple ? "(" : "[";
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out += ", ";
        if (tuple && i >= type.components.size()) break;
        out += to_text(type.components[tuple ? i : 0], items[i]);
    }
    return out + (tuple ? ')' : ']');
}

/// Text from a contract may hold anything: control characters must not reach a terminal.
std::string quoted(const Bytes& bytes) {
    std::string out = "\"";
    for (const std::uint8_t b : bytes) {
        if (b < 0x20 || b == 0x7f || b == '"' || b == '\\') {
            out += fmt::format("\\x{:02x}", b);
        } else {
            out += static_cast<char>(b);
        }
    }
    return out + '"';
}

}  // namespace

AbiValue::AbiValue(std::int64_t value) {
    const std::uint64_t high = value < 0 ? ~std::uint64_t{0} : 0;
    value_ = U256({static_cast<std::uint64_t>(value), high, high, high});
}

AbiValue::AbiValue(const Address& value) : value_(U256::from_bytes(ByteSpan(value)).value()) {}

AbiValue::AbiValue(std::string_view text) {
    const ByteSpan bytes = mintmark::as_bytes(text);
    value_ = Bytes(bytes.begin(), bytes.end());
}

Result<U256> AbiValue::as_u256() const {
    const auto* number = std::get_if<U256>(&value_);
    if (number == nullptr) return not_a("a number");
    return *number;
}

Result<std::uint64_t> AbiValue::as_u64() const {
    MINTMARK_TRY(const U256 number, as_u256());
    const auto small = number.to_u64();
    if (!small) return not_a("below 2^64");
    return *small;
}

Result<std::int64_t> AbiValue::as_i64() const {
    MINTMARK_TRY(const U256 number, as_u256());
    const auto value = static_cast<std::int64_t>(number.limbs()[0]);
    if (AbiValue(value) != *this) return not_a("a signed 64-bit number");
    return value;
}

Result<bool> AbiValue::as_bool() const {
    MINTMARK_TRY(const std::uint64_t number, as_u64());
    if (number > 1) return not_a("true or false");
    return number == 1;
}

Result<Address> AbiValue::as_address() const {
    MINTMARK_TRY(const U256 number, as_u256());
    if (number.bit_length() > 160) return not_a("an address");
    const Bytes32 word = number.to_bytes();
    Address out;
    std::copy(word.begin() + 12, word.end(), out.begin());
    return out;
}

Result<Bytes32> AbiValue::as_bytes32() const {
    const auto* bytes = std::get_if<Bytes>(&value_);
    if (bytes == nullptr || bytes->size() != 32) return not_a("32 bytes");
    Bytes32 out;
    std::ranges::copy(*bytes, out.begin());
    return out;
}

Result<Bytes> AbiValue::as_bytes() const {
    const auto* bytes = std::get_if<Bytes>(&value_);
    if (bytes == nullptr) return not_a("bytes");
    return *bytes;
}

Result<std::string> AbiValue::as_text() const {
    MINTMARK_TRY(const Bytes bytes, as_bytes());
    return std::string(bytes.begin(), bytes.end());
}

Result<std::vector<AbiValue>> AbiValue::as_items() const {
    const auto* items = std::get_if<std::vector<AbiValue>>(&value_);
    if (items == nullptr) return not_a("a list");
    return *items;
}

std::string to_text(const AbiType& type, const AbiValue& value) {
    if (const auto* items = std::get_if<std::vector<AbiValue>>(&value.get())) {
        return type.components.empty() ? "()" : list_text(type, *items);
    }
    if (const auto* bytes = std::get_if<Bytes>(&value.get())) {
        return type.kind == AbiType::Kind::kString ? quoted(*bytes) : to_hex(*bytes);
    }
    const U256& number = std::get<U256>(value.get());
    if (type.kind == AbiType::Kind::kInt) return signed_text(number);
    if (type.kind == AbiType::Kind::kBool && number <= 1U)
        return number.is_zero() ? "false" : "true";
    const auto address = value.as_address();
    if (type.kind == AbiType::Kind::kAddress && address) return to_checksum(*address);
    return number.to_string();
}

}  // namespace mintmark::chain
