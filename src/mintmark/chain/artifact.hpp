// Compiled contracts (forge's out/X.sol/X.json) and their deployment.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/chain/contract_abi.hpp"
#include "mintmark/chain/sender.hpp"

namespace mintmark::chain {

struct Artifact {
    std::string name;
    ContractAbi abi;
    Bytes creation_code;
    /// {"source", "compiler", "optimizerRuns", "viaIr", "evmVersion"}, for verifiers of sources;
    /// empty when the compiler wrote no metadata.
    json::Json compilation = {};

    /// Reads <out>/<name>.sol/<name>.json; kNotFound with the command that builds it, kMalformed,
    /// kUnsupported when libraries are not linked.
    [[nodiscard]] static Result<Artifact> load(const std::filesystem::path& out,
                                               std::string_view name);
    /// Parses the JSON text of one.
    [[nodiscard]] static Result<Artifact> from_json(std::string_view name, const json::Json& value);
    /// Creation code and encoded constructor arguments; kInvalidArgument.
    [[nodiscard]] Result<Bytes> creation_data(const std::vector<AbiValue>& arguments) const;
};

struct Deployed {
    Address address;
    Receipt receipt;
};

/// Deploys and checks that code is there.
[[nodiscard]] Result<Deployed> deploy(Sender& sender, const Artifact& artifact,
                                      const std::vector<AbiValue>& arguments);
/// Stores bytes as a contract's code (which nobody can call): code = 00 ‖ data. At most 24,575
/// bytes (EIP-170), kOutOfRange. This is how verifying keys are kept on-chain.
[[nodiscard]] Result<Deployed> deploy_data(Sender& sender, ByteSpan data);
/// The creation code that deploy_data sends.
[[nodiscard]] Result<Bytes> data_creation_code(ByteSpan data);

}  // namespace mintmark::chain
