// A ledger that several gateways share: PostgreSQL decides (docs/adr/0200).
//
// Vocabulary: an INSTANCE is one run of a gateway's process; its NAME stays over restarts. An
// instance that no longer BEATS is given up by the others, which close its open requests; should it
// come back, what it ends then is refused, so nothing is charged twice.
#pragma once

#include <chrono>
#include <string>

#include "mintmark/ledger/ledger.hpp"

namespace mintmark::ledger {

struct SharedOptions {
    std::string location = {};  ///< "postgresql://…"
    std::string name = {};      ///< this gateway's, unlike all others'; empty: a random one
    std::chrono::milliseconds beat_every = std::chrono::seconds(1);
    /// How long the others' beat may stand still before their open requests are closed.
    std::chrono::milliseconds patience = std::chrono::seconds(15);
};

/// Migrates, closes what an earlier instance of the same name left open. kNetwork: no server;
/// kAlreadyExists: a gateway of this name runs; kUnsupported: a newer program's tables; kIo.
[[nodiscard]] Result<Ledger::Opened> open_shared(const SharedOptions& options,
                                                 Journal::OnCommit on_commit);

struct SharedState {
    std::int64_t version = 0;                ///< of the tables; 0: none
    bool is_current = false;                 ///< what this program wants
    std::string server = {};                 ///< PostgreSQL's version
    std::vector<std::string> gateways = {};  ///< names of those that are registered
    std::vector<std::string> problems = {};  ///< settings under which a power cut loses money
};
/// For the operator; changes nothing. kNetwork, kIo.
[[nodiscard]] Result<SharedState> inspect_shared(const std::string& location);

}  // namespace mintmark::ledger
