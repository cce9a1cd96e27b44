// `mintmark challenge` (docs/guide/verification.md).
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_challenge_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
