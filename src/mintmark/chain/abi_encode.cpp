#include <fmt/format.h>

#include "mintmark/chain/abi.hpp"

namespace mintmark::chain {
namespace {

using Kind = AbiType::Kind;

std::unexpected<Error> mismatch(const AbiType& type, const char* what) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("ABI: value for {} {}", type.to_string(), what));
}

void put_word(Bytes& dst, const U256& value) {
    append(dst, value.to_bytes());
}

void put_padded(Bytes& dst, ByteSpan bytes) {
    append(dst, bytes);
    dst.resize((dst.size() + 31) / 32 * 32);
}

/// In two's complement the bits above size-1 all equal the sign.
bool fits_signed(const U256& value, unsigned bits) {
    if (value.bit_length() < bits) return true;
    auto limbs = value.limbs();
    for (auto& limb : limbs) limb = ~limb;
    return U256(limbs).bit_length() < bits;
}

bool fits(const AbiType& type, const U256& value) {
    switch (type.kind) {
        case Kind::kUint:
            return value.bit_length() <= type.size;
        case Kind::kInt:
            return fits_signed(value, type.size);
        case Kind::kAddress:
            return value.bit_length() <= 160;
        case Kind::kBool:
            return value <= 1U;
        default:
            return false;
    }
}

Status encode_sequence(Bytes& dst, std::span<const AbiType> types,
                       std::span<const AbiValue> values);

/// The element's type once per element.
Status encode_elements(Bytes& dst, const AbiType& element, std::span<const AbiValue> values) {
    const std::vector<AbiType> types(values.size(), element);
    return encode_sequence(dst, types, values);
}

Status encode_bytes(Bytes& dst, const AbiType& type, const Bytes& bytes) {
    if (type.kind == Kind::kFixedBytes) {
        if (bytes.size() != type.size) return mismatch(type, "has another length");
        put_padded(dst, bytes);
        return {};
    }
    if (type.kind != Kind::kBytes && type.kind != Kind::kString) {
        return mismatch(type, "is a byte string");
    }
    put_word(dst, bytes.size());
    put_padded(dst, bytes);
    return {};
}

Status encode_list(Bytes& dst, const AbiType& type, const std::vector<AbiValue>& items) {
    switch (type.kind) {
        case Kind::kArray:
            put_word(dst, items.size());
            return encode_elements(dst, type.components[0], items);
        case Kind::kFixedArray:
            if (items.size() != type.size) return mismatch(type, "has another length");
            return encode_elements(dst, type.components[0], items);
        case Kind::kTuple:
            return encode_sequence(dst, type.components, items);
        default:
            return mismatch(type, "is a list");
    }
}

/// The value itself, without the offset that points to it.
Status encode_value(Bytes& dst, const AbiType& type, const AbiValue& value) {
    if (const auto* bytes = std::get_if<Bytes>(&value.get())) {
        return encode_bytes(dst, type, *bytes);
    }
    if (const auto* items = std::get_if<std::vector<AbiValue>>(&value.get())) {
        return encode_list(dst, type, *items);
    }
    const U256& number = std::get<U256>(value.get());
    if (!fits(type, number)) return mismatch(type, "does not fit");
    put_word(dst, number);
    return {};
}

Status encode_sequence(Bytes& dst, std::span<const AbiType> types,
                       std::span<const AbiValue> values) {
    if (types.size() != values.size()) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("ABI: {} values for {} types", values.size(), types.size()));
    }
    std::uint64_t head_size = 0;
    for (const AbiType& type : types) head_size += type.head_size();
    Bytes tail;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (types[i].is_dynamic()) put_word(dst, head_size + tail.size());
        MINTMARK_CHECK(encode_value(types[i].is_dynamic() ? tail : dst, types[i], values[i]));
    }
    append(dst, tail);
    return {};
}

}  // namespace

Result<Bytes> encode_values(std::span<const AbiType> types, std::span<const AbiValue> values) {
    Bytes out;
    MINTMARK_CHECK(encode_sequence(out, types, values));
    return out;
}

Result<Bytes> encode_values(std::string_view types, std::span<const AbiValue> values) {
    MINTMARK_TRY(const AbiType tuple, AbiType::parse(types));
    if (tuple.kind != Kind::kTuple) {
        return fail(ErrorCode::kInvalidArgument, "ABI: a list of types in parentheses expected");
    }
    return encode_values(tuple.components, values);
}

Result<Bytes> encode_call(std::string_view signature, const std::vector<AbiValue>& arguments) {
    const std::size_t paren = signature.find('(');
    if (paren == std::string_view::npos || paren == 0) {
        return fail(ErrorCode::kInvalidArgument, "ABI: signature \"name(type,…)\" expected");
    }
    MINTMARK_TRY(const AbiType types, AbiType::parse(signature.substr(paren)));
    // The selector is of the canonical text: "uint" and "uint256" are one type.
    const std::string canonical = std::string(signature.substr(0, paren)) + types.to_string();
    const auto id = selector(canonical);
    if (types.kind != Kind::kTuple) {
        return fail(ErrorCode::kInvalidArgument, "ABI: signature \"name(type,…)\" expected");
    }
    // Encoded apart: padding counts from the first argument, not from the selector.
    MINTMARK_TRY(const Bytes encoded, encode_values(types.components, arguments));
    Bytes out(id.begin(), id.end());
    append(out, encoded);
    return out;
}

}  // namespace mintmark::chain
