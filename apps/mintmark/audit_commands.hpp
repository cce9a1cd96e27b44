// `mintmark audit` and `mintmark tee`: results behind sampled proofs, results signed in an enclave.
#pragma once

#include "app.hpp"

namespace mintmark::app {

void add_audit_commands(CLI::App& root, App& app);
void add_tee_commands(CLI::App& root, App& app);
void add_foreign_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
