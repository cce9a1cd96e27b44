// The deployment file: which chain, which node, where the contracts are. Every command reads it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::chain {

struct Deployment {
    std::uint64_t chain_id = 0;
    std::string rpc_url = {};
    std::uint64_t start_block = 0;  ///< block of the first contract: where an index begins
    std::string srs_path = {};      ///< may be empty; relative paths are relative to the file
    std::map<std::string, Address> contracts = {};  ///< by contract name
    /// By contract name, what a verifier of sources asks for: {"block", "transaction" (both absent
    /// when it was there before), "constructorArguments", "codeHash", "source", "compiler", …}.
    std::map<std::string, json::Json> records = {};

    /// kNotFound naming the contract.
    [[nodiscard]] Result<Address> contract(std::string_view name) const;
    /// kNotFound with the command that makes one, kMalformed, kUnsupported (newer format).
    [[nodiscard]] static Result<Deployment> read(const std::filesystem::path& path);
    [[nodiscard]] Status write(const std::filesystem::path& path) const;
};

}  // namespace mintmark::chain
