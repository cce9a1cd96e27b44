// A verifier for one model as a single Solidity file (`create-evm-verifier`).
#pragma once

#include <filesystem>
#include <string>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/vk.hpp"
#include "mintmark/pcs/srs.hpp"

namespace mintmark::evm {

/// Name of the contract in the file: `verifyProof(bytes,uint256[]) view returns (bool)`.
inline constexpr const char* kStandaloneContract = "MintmarkModelVerifier";

/// Contracts of the file that hold nothing but parts of the key: 0 if it fits into the verifier's
/// constructor (16,000 bytes). Otherwise that constructor takes their addresses, in order.
[[nodiscard]] std::size_t num_key_contracts(std::size_t key_bytes) noexcept;
[[nodiscard]] std::string key_contract(std::size_t index);

/// The universal verifier's sources (under `contracts_src`, imports inlined once each, in order of
/// dependency), the key's parts if it is long, and a contract that deploys the verifier for this
/// key and SRS in its constructor. Proofs for it have context 0, or the one passed to
/// verifyProofFor. kNotFound when a source is missing, kOutOfRange when no number of parts that a
/// verifier reads holds the key.
[[nodiscard]] Result<std::string> standalone_verifier(const std::filesystem::path& contracts_src,
                                                      const VerifyingKey& vk, const Srs& srs);

/// Input of solc's --standard-json for that file: IR pipeline, optimizer, Osaka.
[[nodiscard]] std::string compiler_input(const std::string& source);

}  // namespace mintmark::evm
