// mintmark: one program for creators, buyers and integrators. This file: global flags and wiring.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "audit_commands.hpp"
#include "challenge_commands.hpp"
#include "dispute_commands.hpp"
#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/base/memory.hpp"
#include "ownership_commands.hpp"
#include "referee_commands.hpp"
#include "serve_commands.hpp"

namespace {

using mintmark::app::App;

/// Only async-signal-safe calls: half-written temporary files go, finished files stay.
void on_interrupt(int /*signal*/) {
    constexpr std::string_view kText = "\nerror: interrupted; nothing is half-written\n";
    mintmark::remove_temporary_files();
    (void)!::write(STDERR_FILENO, kText.data(), kText.size());
    ::_exit(mintmark::exit_code(mintmark::ErrorCode::kInterrupted));
}

std::filesystem::path default_home() {
    if (const char* home = std::getenv("MINTMARK_HOME")) return home;
    const char* user = std::getenv("HOME");
    return std::filesystem::path(user == nullptr ? "." : user) / ".mintmark";
}

void add_global_flags(CLI::App& root, App& app) {
    app.home = default_home();
    if (const char* path = std::getenv("MINTMARK_DEPLOYMENT")) app.deployment = path;
    root.add_option("--home", app.home, "folder with your wallets and data [$MINTMARK_HOME]");
    root.add_option("--deployment", app.deployment,
                    "deployment file [$MINTMARK_DEPLOYMENT, or <home>/deployment.json]");
    root.add_option("--rpc-url", app.rpc_url, "node of the chain, instead of the deployment's");
    root.add_option("--wallet", app.wallet, "name or address of the wallet that signs");
    root.add_option("--password-file", app.password_file,
                    "file whose first line is the wallet's password [$MINTMARK_PASSWORD]");
    root.add_flag("--json", app.is_json, "machine-readable output, one JSON object a line");
    root.add_flag("-y,--yes", app.is_yes, "ask nothing");
}

}  // namespace

int main(int argc, char** argv) {
    mintmark::keep_freed_pages();
    std::signal(SIGINT, on_interrupt);
    std::signal(SIGTERM, on_interrupt);
    std::signal(SIGPIPE, SIG_IGN);
    App app;
    CLI::App root(
        "Mintmark: AI models as on-chain assets that earn, with answers proven in zero "
        "knowledge.\nStart with `mintmark zk --help`, or run `make demo`.",
        "mintmark");
    root.require_subcommand(1);
    root.fallthrough();
    root.set_version_flag("--version", MINTMARK_VERSION);
    add_global_flags(root, app);
    mintmark::app::add_zk_commands(root, app);
    mintmark::app::add_chain_commands(root, app);
    mintmark::app::add_wallet_commands(root, app);
    mintmark::app::add_model_commands(root, app);
    mintmark::app::add_pass_commands(root, app);
    mintmark::app::add_ownership_commands(root, app);
    mintmark::app::add_price_commands(root, app);
    mintmark::app::add_channel_commands(root, app);
    mintmark::app::add_challenge_commands(root, app);
    mintmark::app::add_referee_commands(root, app);
    mintmark::app::add_audit_commands(root, app);
    mintmark::app::add_tee_commands(root, app);
    mintmark::app::add_foreign_commands(root, app);
    mintmark::app::add_gate_commands(root, app);
    mintmark::app::add_node_commands(root, app);
    mintmark::app::add_serve_commands(root, app);
    mintmark::app::add_index_commands(root, app);
    mintmark::app::add_settle_commands(root, app);
    mintmark::app::add_worker_commands(root, app);
    mintmark::app::add_jobs_commands(root, app);
    mintmark::app::add_infer_commands(root, app);
    mintmark::app::add_revenue_commands(root, app);
    mintmark::app::add_license_commands(root, app);
    mintmark::app::add_derivative_commands(root, app);
    mintmark::app::add_vault_commands(root, app);
    mintmark::app::add_dispute_commands(root, app);
    mintmark::app::add_catalog_commands(root, app);
    mintmark::app::add_governance_commands(root, app);
    mintmark::app::add_review_commands(root, app);
    mintmark::app::add_completion_command(root, app);
    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return root.exit(error);  // --help, --version
        app.is_json = std::any_of(argv, argv + argc, [](std::string_view text) {
            return text == "--json";  // flags are bound after parsing, which has failed
        });
        return report(app, {mintmark::ErrorCode::kInvalidArgument, error.what(),
                            "the same command with --help shows what it takes"});
    }
    const mintmark::Status status = app.run();
    return status ? 0 : report(app, status.error());
}
