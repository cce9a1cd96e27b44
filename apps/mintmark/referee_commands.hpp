// `mintmark referee`: results that two nodes can play out down to one multiplication.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_referee_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
