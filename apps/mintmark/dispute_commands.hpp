// `mintmark dispute`.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_dispute_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
