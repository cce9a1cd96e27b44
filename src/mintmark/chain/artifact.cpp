#include "mintmark/chain/artifact.hpp"

#include <fmt/format.h>

namespace mintmark::chain {
namespace {

constexpr std::size_t kMaxCodeBytes = 24'576;  // EIP-170

Result<Deployed> create(Sender& sender, Bytes creation_data) {
    Intent intent;
    intent.data = std::move(creation_data);
    MINTMARK_TRY(Receipt receipt, sender.send(intent));
    if (!receipt.contract_address) {
        return fail(ErrorCode::kChain, "the receipt of a deployment names no contract");
    }
    const Address address = *receipt.contract_address;
    MINTMARK_TRY(const Bytes code, sender.client().code(address));
    if (code.empty()) return fail(ErrorCode::kChain, "the deployed contract has no code");
    return Deployed{address, std::move(receipt)};
}

/// What the compiler's metadata says about how this code was made.
json::Json compilation_of(const json::Json& value, std::string_view name) {
    const json::Json* metadata = json::find(value, "metadata");
    if (metadata == nullptr) return {};
    const auto text = [&](const char* pointer) {
        const json::Json::json_pointer at(pointer);
        return metadata->contains(at) ? (*metadata)[at] : json::Json();
    };
    json::Json source;
    const json::Json targets = text("/settings/compilationTarget");
    for (const auto& [path, contract] : targets.items()) {
        source = fmt::format("{}:{}", path, name);
    }
    const json::Json via_ir = text("/settings/viaIR");
    return {{"source", source},
            {"compiler", text("/compiler/version")},
            {"optimizerRuns", text("/settings/optimizer/runs")},
            {"viaIr", via_ir.is_boolean() && via_ir.get<bool>()},
            {"evmVersion", text("/settings/evmVersion")}};
}

}  // namespace

Result<Artifact> Artifact::load(const std::filesystem::path& out, std::string_view name) {
    const auto path = out / fmt::format("{}.sol", name) / fmt::format("{}.json", name);
    auto value = json::read(path);
    if (!value) {
        Error error = std::move(value).error();
        if (error.code == ErrorCode::kNotFound) error.hint = "build the contracts: `make build`";
        return std::unexpected(std::move(error));
    }
    auto artifact = from_json(name, *value);
    if (!artifact) {
        return fail(artifact.error().code,
                    fmt::format("{}: {}", path.string(), artifact.error().message));
    }
    return artifact;
}

Result<Artifact> Artifact::from_json(std::string_view name, const json::Json& value) {
    Artifact out;
    out.name = name;
    MINTMARK_TRY(const json::Json abi, json::get_array(value, "abi"));
    MINTMARK_TRY(out.abi, ContractAbi::from_json(abi));
    MINTMARK_TRY(const json::Json bytecode, json::get_object(value, "bytecode"));
    MINTMARK_TRY(const std::string code, json::get_string(bytecode, "object"));
    if (code.find("__$") != std::string::npos) {
        return fail(ErrorCode::kUnsupported, "the contract needs libraries that are not linked");
    }
    MINTMARK_TRY(out.creation_code, from_hex(code));
    out.compilation = compilation_of(value, name);
    return out;
}

Result<Bytes> Artifact::creation_data(const std::vector<AbiValue>& arguments) const {
    std::vector<AbiType> types;
    for (const AbiParameter& input : abi.constructor_inputs) types.push_back(input.type);
    if (creation_code.empty()) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("{} is abstract", name));
    }
    MINTMARK_TRY(const Bytes encoded, encode_values(types, arguments));
    Bytes out = creation_code;
    append(out, encoded);
    return out;
}

Result<Deployed> deploy(Sender& sender, const Artifact& artifact,
                        const std::vector<AbiValue>& arguments) {
    sender.client().learn_errors(artifact.abi.errors);
    MINTMARK_TRY(Bytes data, artifact.creation_data(arguments));
    auto deployed = create(sender, std::move(data));
    if (!deployed) {
        return fail(deployed.error().code,
                    fmt::format("deploying {}: {}", artifact.name, deployed.error().message),
                    deployed.error().hint);
    }
    return deployed;
}

Result<Bytes> data_creation_code(ByteSpan data) {
    const std::size_t size = data.size() + 1;
    if (size > kMaxCodeBytes) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("{} bytes are too many for contract code, at most {} fit",
                                data.size(), kMaxCodeBytes - 1));
    }
    // PUSH2 size, DUP1, PUSH1 10, PUSH0-free 3D (= 0), CODECOPY, 3D, RETURN, then 00 ‖ data.
    Bytes out = {0x61,
                 static_cast<std::uint8_t>(size >> 8U),
                 static_cast<std::uint8_t>(size),
                 0x80,
                 0x60,
                 0x0a,
                 0x3d,
                 0x39,
                 0x3d,
                 0xf3,
                 0x00};
    append(out, data);
    return out;
}

Result<Deployed> deploy_data(Sender& sender, ByteSpan data) {
    MINTMARK_TRY(Bytes code, data_creation_code(data));
    return create(sender, std::move(code));
}

}  // namespace mintmark::chain
