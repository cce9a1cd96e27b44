// A ledger's file: its tables in SQLite, what a batch of entries writes, what a crash leaves.
#pragma once

#include <filesystem>
#include <memory>

#include "mintmark/ledger/journal.hpp"

namespace mintmark::ledger {

/// Makes the tables. kIo.
[[nodiscard]] Result<std::unique_ptr<JournalWriter>> open_file_writer(
    const std::filesystem::path& path);

/// Makes the tables; then closes requests that a crash left open: what they are known to have cost
/// is charged, the rest is released. Returns how many there were. Only while no journal is open.
[[nodiscard]] Result<std::uint64_t> recover(const std::filesystem::path& path);

}  // namespace mintmark::ledger
