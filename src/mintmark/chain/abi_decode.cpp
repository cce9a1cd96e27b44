#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/abi.hpp"

namespace mintmark::chain {
namespace {

using Kind = AbiType::Kind;

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, std::string("ABI: ") + what);
}

/// Decodes with a budget: offsets may point anywhere, also twice to the same place, so the work is
/// bounded by the data's size and not by what the data claims.
class Decoder {
  public:
    explicit Decoder(ByteSpan data) : left_(2 * (data.size() / 32) + 64) {}

    Result<std::vector<AbiValue>> sequence(std::span<const AbiType> types, ByteSpan frame) {
        std::vector<AbiValue> out;
        std::uint64_t position = 0;
        for (const AbiType& type : types) {
            MINTMARK_TRY(AbiValue value, component(type, frame, position));
            out.push_back(std::move(value));
            position += type.head_size();
        }
        return out;
    }

  private:
    Status spend(std::uint64_t units) {
        if (units > left_) return malformed("parts overlap too much");
        left_ -= units;
        return {};
    }

    static Result<U256> word(ByteSpan frame, std::uint64_t position) {
        if (position > frame.size() || frame.size() - position < 32) return malformed("cut off");
        return U256::from_bytes(frame.subspan(position, 32)).value();
    }

    /// A number that must stay within the frame.
    static Result<std::uint64_t> size_word(ByteSpan frame, std::uint64_t position) {
        MINTMARK_TRY(const U256 value, word(frame, position));
        const auto small = value.to_u64();
        if (!small || *small > frame.size()) return malformed("offset or length beyond the data");
        return *small;
    }

    /// The component at `position` of the frame's head, in place or behind an offset.
    Result<AbiValue> component(const AbiType& type, ByteSpan frame, std::uint64_t position) {
        if (position > frame.size()) return malformed("cut off");
        if (!type.is_dynamic()) return value(type, frame.subspan(position));
        MINTMARK_TRY(const std::uint64_t offset, size_word(frame, position));
        return value(type, frame.subspan(offset));
    }

    /// The value at the start of `at`; offsets inside count from there.
    Result<AbiValue> value(const AbiType& type, ByteSpan at) {
        // Tuples and fixed arrays are free: their number is bounded by the type and their leaves.
        const bool free = type.kind == Kind::kTuple || type.kind == Kind::kFixedArray;
        MINTMARK_CHECK(spend(free ? 0 : 1));
        switch (type.kind) {
            case Kind::kBytes:
            case Kind::kString:
                return byte_string(at);
            case Kind::kArray: {
                MINTMARK_TRY(const std::uint64_t count, size_word(at, 0));
                return elements(type.components[0], count, at.subspan(32));
            }
            case Kind::kFixedArray:
                return elements(type.components[0], type.size, at);
            case Kind::kTuple: {
                MINTMARK_TRY(auto items, sequence(type.components, at));
                return AbiValue(std::move(items));
            }
            case Kind::kFixedBytes:
                return fixed_bytes(type, at);
            default:
                return number(type, at);
        }
    }

    Result<AbiValue> elements(const AbiType& element, std::uint64_t count, ByteSpan frame) {
        const std::uint64_t stride = element.head_size();
        if (count > frame.size() / stride) return malformed("array longer than the data");
        std::vector<AbiValue> out;
        for (std::uint64_t i = 0; i < count; ++i) {
            MINTMARK_TRY(AbiValue item, component(element, frame, i * stride));
            out.push_back(std::move(item));
        }
        return AbiValue(std::move(out));
    }

    Result<AbiValue> byte_string(ByteSpan at) {
        MINTMARK_TRY(const std::uint64_t size, size_word(at, 0));
        if (size > at.size() - 32) return malformed("bytes longer than the data");
        MINTMARK_CHECK(spend(size / 32));
        const ByteSpan bytes = at.subspan(32, size);
        return AbiValue(Bytes(bytes.begin(), bytes.end()));
    }

    static Result<AbiValue> fixed_bytes(const AbiType& type, ByteSpan at) {
        if (at.size() < 32) return malformed("cut off");
        const auto is_zero = [](std::uint8_t b) { return b == 0; };
        if (!std::ranges::all_of(at.subspan(type.size, 32 - type.size), is_zero)) {
            return malformed("dirty padding");
        }
        const ByteSpan bytes = at.first(type.size);
        return AbiValue(Bytes(bytes.begin(), bytes.end()));
    }

    static Result<AbiValue> number(const AbiType& type, ByteSpan at) {
        MINTMARK_TRY(const U256 number, word(at, 0));
        const AbiValue out(number);
        // The encoder's range check is the decoder's padding check.
        if (!encode_values(std::span(&type, 1), std::span(&out, 1))) {
            return malformed("number out of its type's range");
        }
        return out;
    }

    std::uint64_t left_;
};

}  // namespace

Result<std::vector<AbiValue>> decode_values(std::span<const AbiType> types, ByteSpan data) {
    return Decoder(data).sequence(types, data);
}

Result<std::vector<AbiValue>> decode_values(std::string_view types, ByteSpan data) {
    MINTMARK_TRY(const AbiType tuple, AbiType::parse(types));
    if (tuple.kind != Kind::kTuple) {
        return fail(ErrorCode::kInvalidArgument, "ABI: a list of types in parentheses expected");
    }
    return decode_values(tuple.components, data);
}

}  // namespace mintmark::chain
