#include "zk_flags.hpp"
namespace mintmark::app {
void add_zk_evm_commands(CLI::App& /*zk*/, App& /*app*/) {}
}  // namespace mintmark::app
