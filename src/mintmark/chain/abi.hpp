// Solidity's contract ABI (docs.soliditylang.org, abi-spec): types, values, encoding, decoding.
//
//   MINTMARK_TRY(Bytes data, encode_call("buy(uint256,address)", {AbiValue(7U), AbiValue(owner)}));
//   MINTMARK_TRY(auto out, decode_values("(uint256,string)", returned));   // out[1].as_text()
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::chain {

/// A type of the ABI. Tuples carry their components; arrays their element in components[0].
struct AbiType {
    enum class Kind : std::uint8_t {
        kUint,  ///< size: bits, 8..256
        kInt,   ///< size: bits, 8..256
        kAddress,
        kBool,
        kFixedBytes,  ///< size: bytes, 1..32
        kBytes,
        kString,
        kArray,       ///< any length
        kFixedArray,  ///< size: number of elements, >= 1
        kTuple
    };
    Kind kind = Kind::kUint;
    std::uint32_t size = 0;
    std::vector<AbiType> components = {};
    std::vector<std::string> names = {};  ///< of a tuple's components; may be empty

    /// "uint256", "(address,bytes32[])[2]", …; `uint` and `int` mean 256 bits. kMalformed,
    /// kUnsupported (fixed-point, function). Components nest at most 8 deep.
    [[nodiscard]] static Result<AbiType> parse(std::string_view text);
    /// Canonical text, as in signatures.
    [[nodiscard]] std::string to_string() const;
    /// Has it a part whose length is in the data?
    [[nodiscard]] bool is_dynamic() const noexcept;
    /// Bytes that it takes in the head: 32 when dynamic.
    [[nodiscard]] std::uint64_t head_size() const noexcept;
};

/// A value: an integer (also bool, address), bytes (also bytesN, string), or a list (array, tuple).
class AbiValue {
  public:
    AbiValue() = default;
    explicit AbiValue(bool value) : value_(U256(value ? 1U : 0U)) {}
    explicit AbiValue(unsigned value) : value_(U256(value)) {}
    explicit AbiValue(std::uint64_t value) : value_(U256(value)) {}
    explicit AbiValue(std::int64_t value);  ///< two's complement
    explicit AbiValue(const U256& value) : value_(value) {}
    explicit AbiValue(const Address& value);
    explicit AbiValue(const Bytes32& value) : value_(Bytes(value.begin(), value.end())) {}
    explicit AbiValue(Bytes value) : value_(std::move(value)) {}
    explicit AbiValue(std::string_view text);
    explicit AbiValue(const char* text) : AbiValue(std::string_view(text)) {}
    explicit AbiValue(std::vector<AbiValue> items) : value_(std::move(items)) {}

    /// kMalformed when the value is of another sort or does not fit.
    [[nodiscard]] Result<U256> as_u256() const;
    [[nodiscard]] Result<std::uint64_t> as_u64() const;
    [[nodiscard]] Result<std::int64_t> as_i64() const;
    [[nodiscard]] Result<bool> as_bool() const;
    [[nodiscard]] Result<Address> as_address() const;
    [[nodiscard]] Result<Bytes32> as_bytes32() const;
    [[nodiscard]] Result<Bytes> as_bytes() const;
    [[nodiscard]] Result<std::string> as_text() const;
    [[nodiscard]] Result<std::vector<AbiValue>> as_items() const;

    [[nodiscard]] const std::variant<U256, Bytes, std::vector<AbiValue>>& get() const noexcept {
        return value_;
    }
    friend bool operator==(const AbiValue&, const AbiValue&) = default;

  private:
    std::variant<U256, Bytes, std::vector<AbiValue>> value_ = {};
};

/// First four bytes of the signature's Keccak-256: selector("transfer(address,uint256)").
[[nodiscard]] std::array<std::uint8_t, 4> selector(std::string_view signature);

/// Encodes a list of values as a function's arguments are. kInvalidArgument when a value does not
/// match its type (sort, range, length, count).
[[nodiscard]] Result<Bytes> encode_values(std::span<const AbiType> types,
                                          std::span<const AbiValue> values);
/// Types given as text: encode_values("(uint256,address)", {...}).
[[nodiscard]] Result<Bytes> encode_values(std::string_view types, std::span<const AbiValue> values);
/// Selector and arguments of "name(type,…)".
[[nodiscard]] Result<Bytes> encode_call(std::string_view signature,
                                        const std::vector<AbiValue>& arguments);

/// Decodes what encode_values makes; also accepts data after it. Total on any bytes: kMalformed on
/// truncation, offsets or lengths beyond the data, dirty padding of numbers, addresses, bools and
/// bytesN, and when overlapping parts would decode to more than the data's size.
[[nodiscard]] Result<std::vector<AbiValue>> decode_values(std::span<const AbiType> types,
                                                          ByteSpan data);
[[nodiscard]] Result<std::vector<AbiValue>> decode_values(std::string_view types, ByteSpan data);

/// Human-readable value: integers in decimal, addresses with checksum, bytes in hex, text quoted.
[[nodiscard]] std::string to_text(const AbiType& type, const AbiValue& value);

}  // namespace mintmark::chain
