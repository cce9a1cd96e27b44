// Commands of `mintmark governance` for votes by signature.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_signed_vote_commands(CLI::App& group, App& app);

}  // namespace mintmark::app
