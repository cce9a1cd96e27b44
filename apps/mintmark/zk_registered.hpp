// The key that a zk command is about: a file, or what a version on a chain has registered.
#pragma once

#include <cstdint>
#include <optional>

#include "mintmark/market/registry.hpp"
#include "zk_flags.hpp"

namespace mintmark::app {

struct KeyFlags {
    std::string file;           ///< a vk.key
    std::uint64_t model = 0;    ///< instead: id of a registered model
    std::uint64_t version = 0;  ///< 0: the canonical one
};

struct RegisteredKey {
    VerifyingKey vk;
    std::optional<market::VersionCommitment> commitment;  ///< when it comes from a chain
};

/// Adds --vk-path, --model and --version-id.
void add_key_flags(CLI::App& sub, KeyFlags& flags);
/// Reads the key; from a chain it also compares the code with the registered hash (kRejected).
[[nodiscard]] Result<RegisteredKey> registered_key(const App& app, const KeyFlags& flags);

/// The compiled model: a file, or made from an ONNX file and settings when `onnx` is not empty.
[[nodiscard]] Result<worker::CompiledModel> model_of(const ZkFlags& flags, const std::string& onnx);
/// 32 bytes of hex; all zero when empty.
[[nodiscard]] Result<Bytes32> word_of(const std::string& text);

}  // namespace mintmark::app
