// A place where a test may alter a message before the prover sends it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "mintmark/math/field.hpp"

namespace mintmark::sumcheck {

/// Called with the round number and the message about to be absorbed; empty in production. What the
/// callback leaves in `message` is what the transcript and the proof get.
using RoundHook = std::function<void(std::size_t round, std::span<Fr> message)>;

}  // namespace mintmark::sumcheck
