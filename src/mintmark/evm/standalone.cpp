#include "mintmark/evm/standalone.hpp"

#include <fmt/format.h>

#include <set>

#include "mintmark/base/file.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::evm {
namespace {

namespace fs = std::filesystem;

/// EIP-170 less the STOP byte.
constexpr std::size_t kMaxPartBytes = 24'575;
/// Of what VerifyingKeyCode.sol joins.
constexpr std::size_t kMaxParts = 16;
/// Beside the universal verifier's code in one creation code, which EIP-3860 limits to 49,152
/// bytes.
constexpr std::size_t kMaxEmbeddedBytes = 16'000;

/// Inlines a file after the files that it imports; every file once.
class Flattener {
  public:
    Status add(const fs::path& path) {
        std::error_code ec;
        const fs::path file = fs::weakly_canonical(path, ec);
        if (!seen_.insert(file.string()).second) return {};
        MINTMARK_TRY(const std::string text, read_text(file));
        std::string body;
        std::size_t at = 0;
        while (at < text.size()) {
            const std::size_t end = std::min(text.find('\n', at), text.size());
            const std::string_view line = std::string_view(text).substr(at, end - at);
            if (line.starts_with("import ")) {
                const std::size_t close = text.find(';', at);
                MINTMARK_CHECK(add_import(file, std::string_view(text).substr(at, close - at)));
                at = std::min(text.find('\n', close), text.size()) + 1;
                continue;
            }
            if (!line.starts_with("// SPDX") && !line.starts_with("pragma ")) {
                body += line;
                body += '\n';
            }
            at = end + 1;
        }
        out_ += fmt::format("\n// ---- {} ----\n{}", file.filename().string(), body);
        return {};
    }
    [[nodiscard]] const std::string& text() const { return out_; }

  private:
    Status add_import(const fs::path& from, std::string_view statement) {
        const std::size_t open = statement.find('"');
        const std::size_t close = statement.rfind('"');
        if (open == std::string_view::npos || close <= open + 1 || statement[open + 1] != '.') {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("{}: only relative imports can be inlined", from.string()));
        }
        return add(from.parent_path() / statement.substr(open + 1, close - open - 1));
    }

    std::set<std::string> seen_;
    std::string out_;
};

/// A constructor that holds the whole key.
std::string short_constructor(ByteSpan key) {
    return fmt::format(
        "    constructor() {{\n"
        "        bytes memory data = hex\"{}\";\n"
        "        // Creation code that returns 00 || data (data cannot be called).\n"
        "        bytes memory code = abi.encodePacked(\n"
        "            hex\"61\", uint16(data.length + 1), hex\"80600a3d393df300\", data);\n"
        "        address made;\n"
        "        assembly (\"memory-safe\") {{ made := create(0, add(code, 32), mload(code)) }}\n"
        "        require(made != address(0), \"key not deployed\");\n"
        "        key = made;\n",
        to_hex(key).substr(2));
}

/// A constructor that is given the contracts of `key_contracts` and takes no others.
std::string long_constructor(ByteSpan key, const Bytes32& digest) {
    return fmt::format(
        "    /// @param parts {} and so on, deployed before, in order\n"
        "    constructor(address[] memory parts) {{\n"
        "        bytes memory head = abi.encodePacked(VerifyingKeyCode.IN_PARTS, uint32({}));\n"
        "        for (uint256 i = 0; i < parts.length; ++i) head = abi.encodePacked(head, "
        "parts[i]);\n"
        "        address made = parts.length == 1 ? parts[0] : VerifyingKeyCode.deploy(head);\n"
        "        (, bytes32 hash) = VerifyingKeyCode.inspect(made);\n"
        "        require(hash == {}, \"parts of another key\");\n"
        "        key = made;\n",
        key_contract(0), key.size(), to_hex(digest));
}

/// Contracts whose code is a STOP and a part of the key.
std::string key_contracts(ByteSpan key) {
    std::string out;
    for (std::size_t i = 0; i < num_key_contracts(key.size()); ++i) {
        const std::size_t from = i * kMaxPartBytes;
        const ByteSpan part = key.subspan(from, std::min(kMaxPartBytes, key.size() - from));
        out += fmt::format(
            "\n/// @title Part {} of the key, as code behind a STOP\ncontract {} {{\n"
            "    constructor() {{\n        bytes memory code = hex\"00{}\";\n"
            "        assembly (\"memory-safe\") {{ return(add(code, 32), mload(code)) }}\n"
            "    }}\n}}\n",
            i, key_contract(i), to_hex(part).substr(2));
    }
    return out;
}

}  // namespace

std::size_t num_key_contracts(std::size_t key_bytes) noexcept {
    if (key_bytes <= kMaxEmbeddedBytes) return 0;
    return (key_bytes + kMaxPartBytes - 1) / kMaxPartBytes;
}

std::string key_contract(std::size_t index) {
    return fmt::format("MintmarkModelKey{}", index);
}

Result<std::string> standalone_verifier(const fs::path& contracts_src, const VerifyingKey& vk,
                                        const Srs& srs) {
    const Bytes key = encode(vk);
    const std::size_t parts = num_key_contracts(key.size());
    if (parts > kMaxParts) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("the key has {} bytes, {} fit onto the chain", key.size(),
                                kMaxParts * kMaxPartBytes));
    }
    Flattener sources;
    MINTMARK_CHECK(sources.add(contracts_src / "verifier" / "UniversalVerifier.sol"));
    return fmt::format(
        "// SPDX-License-Identifier: Apache-2.0\n"
        "// Made by `mintmark zk create-evm-verifier`. Key digest {0}.\n"
        "pragma solidity ^0.8.30;\n{1}{2}\n"
        "/// @title Verifier of one model's proofs: the universal verifier, bound to one key\n"
        "contract {3} {{\n"
        "    UniversalVerifier public immutable verifier;\n"
        "    address public immutable key;\n\n"
        "{4}"
        "        verifier = new UniversalVerifier(hex\"{5}\");\n"
        "    }}\n\n"
        "    /// @notice Checks a proof made without a context.\n"
        "    function verifyProof(bytes calldata proof, uint256[] calldata instances)\n"
        "        external view returns (bool)\n    {{\n"
        "        return verifier.verify(key, bytes32(0), instances, proof);\n    }}\n\n"
        "    /// @notice Checks a proof that is bound to `context`.\n"
        "    function verifyProofFor(bytes32 context, bytes calldata proof, uint256[] calldata "
        "instances)\n        external view returns (bool)\n    {{\n"
        "        return verifier.verify(key, context, instances, proof);\n    }}\n}}\n",
        to_hex(digest(vk)), sources.text(), key_contracts(key), kStandaloneContract,
        parts == 0 ? short_constructor(key) : long_constructor(key, digest(vk)),
        to_hex(encode_tau_powers(srs)).substr(2));
}

std::string compiler_input(const std::string& source) {
    const json::Json input = {
        {"language", "Solidity"},
        {"sources", {{"verifier.sol", {{"content", source}}}}},
        {"settings",
         {{"viaIR", true},
          {"evmVersion", "osaka"},
          {"optimizer", {{"enabled", true}, {"runs", 20'000}}},
          {"metadata", {{"bytecodeHash", "none"}, {"appendCBOR", false}}},
          {"outputSelection", {{"*", {{"*", {"abi", "evm.bytecode.object"}}}}}}}}};
    return json::compact(input);
}

}  // namespace mintmark::evm
