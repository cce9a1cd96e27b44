// `mintmark serve`, `index`, `settle`, `worker`, `jobs` and what belongs to them.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_serve_commands(CLI::App& root, App& app);
void add_index_commands(CLI::App& root, App& app);
void add_settle_commands(CLI::App& root, App& app);
void add_worker_commands(CLI::App& root, App& app);
void add_jobs_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
