// A local chain for development: anvil as a background process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "mintmark/base/result.hpp"

namespace mintmark::chain {

struct LocalChainOptions {
    std::filesystem::path folder = {};  ///< pid file, log and state are kept here
    std::filesystem::path binary = {};  ///< empty: find_anvil()
    std::uint16_t port = 8545;          ///< on 127.0.0.1; 0: any free port
    std::uint64_t chain_id = 31337;
    std::string hardfork = "osaka";
    int ready_timeout_ms = 20'000;
};

struct LocalChain {
    std::string rpc_url;
    std::uint16_t port;
    std::int64_t pid;
};

/// The anvil binary: $MINTMARK_ANVIL, then <root>/contracts/node_modules/@foundry-rs/
/// anvil-linux-<arch>/bin/anvil for each parent <root> of the working folder and of this program,
/// then PATH. kNotFound with what to run.
[[nodiscard]] Result<std::filesystem::path> find_anvil();

/// Starts anvil, detached, and waits until it answers with the chain id. State is loaded from and
/// saved to <folder>/state.json. kAlreadyExists when the folder's chain is running, kIo when the
/// port is taken or it does not start (with the end of its log).
[[nodiscard]] Result<LocalChain> start_local_chain(const LocalChainOptions& options);
/// The running chain of this folder; kNotFound.
[[nodiscard]] Result<LocalChain> local_chain_status(const std::filesystem::path& folder);
/// Ends exactly the process that start_local_chain started (checked by its start time, not only by
/// its number) and waits until it has saved its state; kNotFound when it does not run.
[[nodiscard]] Status stop_local_chain(const std::filesystem::path& folder);

}  // namespace mintmark::chain
