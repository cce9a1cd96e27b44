#include "mintmark/chain/contract_abi.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

constexpr unsigned kMaxDepth = 8;
constexpr std::string_view kErrorTypes = "(string)";
constexpr std::string_view kPanicTypes = "(uint256)";

Result<AbiParameter> read_parameter(const json::Json& value, unsigned depth);

Result<std::vector<AbiParameter>> read_parameters(const json::Json& owner, std::string_view key,
                                                  unsigned depth) {
    const json::Json* list = json::find(owner, key);
    std::vector<AbiParameter> out;
    if (list == nullptr) return out;
    if (!list->is_array()) return fail(ErrorCode::kMalformed, "ABI: parameters are no array");
    for (const json::Json& item : *list) {
        MINTMARK_TRY(AbiParameter parameter, read_parameter(item, depth));
        out.push_back(std::move(parameter));
    }
    return out;
}

/// JSON writes "tuple[2]" and lists the components beside it.
Result<AbiType> read_tuple(const json::Json& value, std::string_view suffix, unsigned depth) {
    if (depth > kMaxDepth) return fail(ErrorCode::kMalformed, "ABI: type nested too deep");
    MINTMARK_TRY(const auto components, read_parameters(value, "components", depth + 1));
    AbiType tuple{AbiType::Kind::kTuple};
    for (const AbiParameter& component : components) {
        tuple.components.push_back(component.type);
        tuple.names.push_back(component.name);
    }
    if (suffix.empty()) return tuple;
    // The suffix alone is parsed around a stand-in, which is then replaced by the tuple.
    MINTMARK_TRY(AbiType out, AbiType::parse(fmt::format("bool{}", suffix)));
    AbiType* innermost = &out;
    while (!innermost->components.empty()) innermost = &innermost->components[0];
    if (tuple.head_size() == 0) {
        return fail(ErrorCode::kUnsupported, "ABI: arrays of empty tuples are not supported");
    }
    *innermost = std::move(tuple);
    return out;
}

Result<AbiParameter> read_parameter(const json::Json& value, unsigned depth) {
    AbiParameter out;
    MINTMARK_TRY(const std::string type, json::get_string(value, "type"));
    out.name = json::get_string(value, "name").value_or("");
    out.indexed = json::get_bool(value, "indexed").value_or(false);
    if (type.starts_with("tuple")) {
        MINTMARK_TRY(out.type, read_tuple(value, std::string_view(type).substr(5), depth));
    } else {
        MINTMARK_TRY(out.type, AbiType::parse(type));
    }
    return out;
}

std::string signature_of(const std::string& name, const std::vector<AbiParameter>& inputs) {
    AbiType tuple{AbiType::Kind::kTuple};
    for (const AbiParameter& input : inputs) tuple.components.push_back(input.type);
    return name + tuple.to_string();
}

std::vector<AbiType> types_of(const std::vector<AbiParameter>& parameters) {
    std::vector<AbiType> out;
    for (const AbiParameter& parameter : parameters) out.push_back(parameter.type);
    return out;
}

bool is_single_word(const AbiType& type) noexcept {
    return type.components.empty() && !type.is_dynamic();
}

Status read_entry(const json::Json& entry, ContractAbi& out) {
    MINTMARK_TRY(const std::string kind, json::get_string(entry, "type"));
    MINTMARK_TRY(auto inputs, read_parameters(entry, "inputs", 0));
    const std::string name = json::get_string(entry, "name").value_or("");
    if (kind == "constructor") {
        out.constructor_inputs = std::move(inputs);
    } else if (kind == "function") {
        MINTMARK_TRY(auto outputs, read_parameters(entry, "outputs", 0));
        out.functions.push_back({name, std::move(inputs), std::move(outputs)});
    } else if (kind == "event") {
        const bool anonymous = json::get_bool(entry, "anonymous").value_or(false);
        out.events.push_back({name, std::move(inputs), anonymous});
    } else if (kind == "error") {
        out.errors.push_back({name, std::move(inputs)});
    }
    return {};  // "receive" and "fallback" have nothing to call by name
}

std::string describe_panic(const U256& code) {
    static constexpr std::pair<std::uint64_t, const char*> kReasons[] = {
        {0x01, "assertion failed"},      {0x11, "arithmetic overflow"},
        {0x12, "division by zero"},      {0x21, "value out of its enum"},
        {0x31, "pop of an empty array"}, {0x32, "index out of bounds"},
        {0x41, "out of memory"}};
    for (const auto& [value, text] : kReasons) {
        if (code == value) return fmt::format("panic {:#x}: {}", value, text);
    }
    return "panic " + code.to_quantity();
}

std::string describe_custom(const AbiError& error, const std::vector<AbiValue>& values) {
    std::string out = error.name + '(';
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ", ";
        if (!error.inputs[i].name.empty()) out += error.inputs[i].name + ": ";
        out += to_text(error.inputs[i].type, values[i]);
    }
    return out + ')';
}

}  // namespace

std::string AbiFunction::signature() const {
    return signature_of(name, inputs);
}

std::string AbiEvent::signature() const {
    return signature_of(name, inputs);
}

Bytes32 AbiEvent::topic() const {
    return keccak256(as_bytes(signature()));
}

std::string AbiError::signature() const {
    return signature_of(name, inputs);
}

Result<ContractAbi> ContractAbi::from_json(const json::Json& abi) {
    if (!abi.is_array()) return fail(ErrorCode::kMalformed, "ABI: array expected");
    ContractAbi out;
    for (const json::Json& entry : abi) MINTMARK_CHECK(read_entry(entry, out));
    return out;
}

const AbiFunction* ContractAbi::function(std::string_view name) const noexcept {
    const auto it = std::ranges::find(functions, name, &AbiFunction::name);
    return it == functions.end() ? nullptr : &*it;
}

const AbiEvent* ContractAbi::event(std::string_view name) const noexcept {
    const auto it = std::ranges::find(events, name, &AbiEvent::name);
    return it == events.end() ? nullptr : &*it;
}

Result<AbiValue> DecodedEvent::value(std::string_view parameter) const {
    const auto it = std::ranges::find(names, parameter);
    if (it == names.end()) {
        return fail(ErrorCode::kNotFound, fmt::format("event {} has no {}", name, parameter));
    }
    return values[static_cast<std::size_t>(it - names.begin())];
}

Result<DecodedEvent> decode_event(const AbiEvent& event, std::span<const Bytes32> topics,
                                  ByteSpan data) {
    if (!event.anonymous) {
        if (topics.empty() || topics[0] != event.topic()) {
            return fail(ErrorCode::kNotFound, fmt::format("not a log of event {}", event.name));
        }
        topics = topics.subspan(1);
    }
    std::vector<AbiParameter> plain;
    std::ranges::remove_copy_if(event.inputs, std::back_inserter(plain), &AbiParameter::indexed);
    if (event.inputs.size() - plain.size() != topics.size()) {
        return fail(ErrorCode::kMalformed, fmt::format("event {}: wrong topics", event.name));
    }
    MINTMARK_TRY(const auto values, decode_values(types_of(plain), data));
    DecodedEvent out{event.name, {}, {}};
    std::size_t next_topic = 0;
    std::size_t next_value = 0;
    for (const AbiParameter& input : event.inputs) {
        out.names.push_back(input.name);
        if (!input.indexed) {
            out.values.push_back(values[next_value++]);
        } else if (const Bytes32& topic = topics[next_topic++]; is_single_word(input.type)) {
            MINTMARK_TRY(auto value, decode_values(std::span(&input.type, 1), topic));
            out.values.push_back(std::move(value[0]));
        } else {
            out.values.emplace_back(topic);
        }
    }
    return out;
}

std::string describe_revert(ByteSpan data, std::span<const AbiError> errors) {
    if (data.size() < 4) return data.empty() ? "without a reason" : to_hex(data);
    const auto is = [&](std::string_view signature) {
        return std::ranges::equal(data.first(4), selector(signature));
    };
    const ByteSpan arguments = data.subspan(4);
    if (is("Error(string)")) {
        if (const auto text = decode_values(kErrorTypes, arguments)) {
            return to_text(AbiType{AbiType::Kind::kString}, (*text)[0]);
        }
    }
    if (is("Panic(uint256)")) {
        if (const auto code = decode_values(kPanicTypes, arguments)) {
            return describe_panic((*code)[0].as_u256().value());
        }
    }
    for (const AbiError& error : errors) {
        if (!is(error.signature())) continue;
        if (const auto values = decode_values(types_of(error.inputs), arguments)) {
            return describe_custom(error, *values);
        }
    }
    return "error data " + to_hex(data);
}

}  // namespace mintmark::chain
