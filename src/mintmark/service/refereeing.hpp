// A node's part in refereed execution: its model, its traces, its games (docs/spec/referee.md).
#pragma once

#include <functional>
#include <optional>

#include "mintmark/model/model.hpp"
#include "mintmark/referee/claims.hpp"
#include "mintmark/service/model_folder.hpp"

namespace mintmark::service {

/// The model's program, weights and salts; the salts come from the model's seed (pk.key).
[[nodiscard]] Result<referee::Commitments> referee_model(const ModelFolder& folder);

/// Runs the model on a real sample. kOutOfRange when it has no answer to it.
[[nodiscard]] Result<referee::Trace> trace_sample(const ModelFolder& folder,
                                                  const referee::Commitments& model,
                                                  const model::Sample& sample);

/// The same on a quantised input, a request's.
[[nodiscard]] Result<referee::Trace> trace_input(const referee::Commitments& model,
                                                 std::span<const std::int64_t> input);

/// Stores program, weights and terms as a key contract. kRejected when the adapter does not take
/// the terms.
[[nodiscard]] Result<market::AdapterKeyMade> deploy_referee_key(market::Market& market,
                                                                const chain::PrivateKey& key,
                                                                const referee::Commitments& model,
                                                                const referee::Terms& terms);

/// Challenges a claim that is not what this node computes itself; kRejected when it is.
[[nodiscard]] Result<chain::Receipt> challenge_claim(market::Market& market,
                                                     const chain::PrivateKey& key,
                                                     const referee::Commitments& model,
                                                     const Bytes32& claim);

struct PlayOptions {
    Bytes32 claim = {};
    /// The prover's trace of the claim; a node without it computes it again.
    std::optional<referee::Trace> trace = {};
    bool waits = false;  ///< for the other side's moves, until the game is over
};
using MoveProgress = std::function<void(const std::string& move, const chain::Receipt& receipt)>;

/// Makes every move that is this wallet's, and ends a game that the other side let lapse. Gives the
/// claim as it stands then. kRejected when the contract refuses a move: that side has lied.
[[nodiscard]] Result<referee::ClaimInfo> play(market::Market& market, const chain::PrivateKey& key,
                                              const referee::Commitments& model,
                                              const PlayOptions& options,
                                              const MoveProgress& progress);

}  // namespace mintmark::service
