// What owners of passes and models do: `mintmark pass lend`, `mintmark model transfer`, …
#pragma once

#include <CLI/CLI.hpp>

#include "app.hpp"

namespace mintmark::app {

/// After add_pass_commands and add_model_commands, whose groups it extends.
void add_ownership_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
