// `mintmark serve` and what belongs to it.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_serve_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
