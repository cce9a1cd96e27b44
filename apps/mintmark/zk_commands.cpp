// `mintmark zk`: the verbs.
#include "zk_flags.hpp"

namespace mintmark::app {

void add_ignored_logrows(CLI::App& sub, ZkFlags& flags) {
    sub.add_option("--logrows", flags.logrows, "accepted for ezkl's sake, ignored");
}

void warn_ignored(const App& app, const ZkFlags& flags) {
    if (flags.logrows) {
        notice(app, "--logrows is ignored: circuits here have no rows to choose");
    }
}

void add_zk_commands(CLI::App& root, App& app) {
    CLI::App* zk =
        root.add_subcommand("zk", "compile, prove and verify models (the verbs and files of ezkl)");
    zk->require_subcommand(1);
    zk->fallthrough();
    add_zk_compile_commands(*zk, app);
    add_zk_evaluate_command(*zk, app);
    add_zk_proof_commands(*zk, app);
    add_zk_srs_commands(*zk, app);
    add_zk_evm_commands(*zk, app);
    add_zk_accuracy_commands(*zk, app);
    add_zk_vk_commands(*zk, app);
}

}  // namespace mintmark::app
