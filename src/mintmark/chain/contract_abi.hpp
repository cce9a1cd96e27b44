// A contract's interface from its JSON ABI: events and custom errors by name.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "mintmark/chain/abi.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::chain {

struct AbiParameter {
    std::string name;
    AbiType type;
    bool indexed = false;
};

struct AbiFunction {
    std::string name;
    std::vector<AbiParameter> inputs;
    std::vector<AbiParameter> outputs;
    [[nodiscard]] std::string signature() const;  ///< "name(type,…)"
};

struct AbiEvent {
    std::string name;
    std::vector<AbiParameter> inputs;
    bool anonymous = false;
    [[nodiscard]] std::string signature() const;
    [[nodiscard]] Bytes32 topic() const;  ///< Keccak-256 of the signature
};

struct AbiError {
    std::string name;
    std::vector<AbiParameter> inputs;
    [[nodiscard]] std::string signature() const;
};

struct ContractAbi {
    std::vector<AbiFunction> functions;
    std::vector<AbiEvent> events;
    std::vector<AbiError> errors;
    std::vector<AbiParameter> constructor_inputs;

    /// Reads the "abi" array of a compiler's output; kMalformed, kUnsupported.
    [[nodiscard]] static Result<ContractAbi> from_json(const json::Json& abi);
    /// The first with that name; nullptr when there is none.
    [[nodiscard]] const AbiFunction* function(std::string_view name) const noexcept;
    [[nodiscard]] const AbiEvent* event(std::string_view name) const noexcept;
};

/// A decoded log: values in the order of the event's inputs. An indexed string, bytes, array or
/// tuple is only there as its 32-byte hash.
struct DecodedEvent {
    std::string name;
    std::vector<std::string> names;
    std::vector<AbiValue> values;
    /// By parameter name; kNotFound.
    [[nodiscard]] Result<AbiValue> value(std::string_view parameter) const;
};

/// kNotFound when topics[0] is not the event's, kMalformed when the data does not fit.
[[nodiscard]] Result<DecodedEvent> decode_event(const AbiEvent& event,
                                                std::span<const Bytes32> topics, ByteSpan data);

/// What a revert's data says: Error(string), Panic(uint256), one of `errors`
/// ("AccessPass_Expired(tokenId: 3, expiry: 1700)"), or the raw bytes. Total.
[[nodiscard]] std::string describe_revert(ByteSpan data, std::span<const AbiError> errors);

}  // namespace mintmark::chain
