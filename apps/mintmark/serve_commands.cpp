// `mintmark serve`, `mintmark doctor`, `mintmark serve-key`: the gateway.
#include "serve_commands.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "market_context.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/base/small_blocks.hpp"
#include "mintmark/gateway/doctor.hpp"
#include "mintmark/gateway/gateway.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/ledger/copy.hpp"
#include "mintmark/runner/tensors.hpp"
#include "mintmark/settlement/move.hpp"

namespace mintmark::app {
namespace {

struct ServeArgs {
    std::filesystem::path config = "gateway.toml";
};

Status serve(const App& app, const ServeArgs& args) {
    MINTMARK_TRY(gateway::Config config, gateway::Config::read(args.config));
    std::unique_ptr<chain::PrivateKey> signer;
    if (!app.wallet.empty()) {
        MINTMARK_TRY(chain::PrivateKey key, unlock_wallet(app));
        signer = std::make_unique<chain::PrivateKey>(std::move(key));
    }
    const std::string host = config.server.host;
    const std::string scheme = config.server.tls_certificate.empty() ? "http" : "https";
    MINTMARK_TRY(gateway::TensorModels models, runner::load_tensor_models(config.jobs));
    const SmallBlocks kept;  // this thread is the gateway's loop
    return gateway::serve(std::move(config), std::move(signer), std::move(models),
                          [&](std::uint16_t port) {
                              const std::string url = fmt::format("{}://{}:{}", scheme, host, port);
                              emit(app, {{"url", url}, {"port", port}},
                                   fmt::format("serving at {} (Ctrl-C ends it)", url));
                              std::fflush(stdout);
                          });
}

Status doctor(const App& app, const ServeArgs& args) {
    const gateway::Diagnosis diagnosis = gateway::examine(args.config);
    json::Json rows = json::Json::array();
    std::string text;
    for (const gateway::Finding& finding : diagnosis.findings) {
        rows.push_back({{"check", finding.check},
                        {"ok", finding.is_ok},
                        {"says", finding.says},
                        {"advice", finding.advice}});
        text += fmt::format("{}  {:<22} {}\n", finding.is_ok ? "ok  " : "BAD ", finding.check,
                            finding.says);
        if (!finding.advice.empty())
            text += fmt::format("      {:<22} -> {}\n", "", finding.advice);
    }
    emit(app, {{"healthy", diagnosis.is_healthy()}, {"checks", rows}}, text);
    if (diagnosis.is_healthy()) return {};
    return fail(ErrorCode::kRejected, "something is wrong; see above");
}

Status serve_key(const App& app) {
    Bytes random(24);
    system_rng().fill(random);
    const std::string key = "mm_" + to_hex(random).substr(2);
    const std::string hash = to_hex(sha256(as_bytes(key))).substr(2);
    emit(app, {{"api_key", key}, {"key_sha256", hash}},
         Table().row("API key", key).row("key_sha256", hash).text() + "\n" +
             "give the key to its user; put key_sha256 into a [[grants]] of the gateway's file");
    return {};
}

struct CopyArgs {
    std::filesystem::path from = "ledger.db";
    std::filesystem::path settle;  ///< empty: there is none
    std::string to;
};

Status copy_ledger(const App& app, const CopyArgs& args) {
    settlement::Moved moved;
    const auto beside = [&](sql::Database& to) -> Status {
        if (args.settle.empty()) return {};
        MINTMARK_TRY(moved, settlement::move_to_shared(args.settle, to));
        return {};
    };
    MINTMARK_TRY(const ledger::Copied copied, ledger::copy_to_shared(args.from, args.to, beside));
    emit(app,
         {{"requests", copied.requests},
          {"lanes", copied.lanes},
          {"keys", copied.keys},
          {"nonces", copied.nonces},
          {"closed", copied.closed},
          {"settlements", moved.intents},
          {"settlements_open", moved.open}},
         Table().row("requests", std::to_string(copied.requests))
                 .row("lanes", std::to_string(copied.lanes))
                 .row("keys", std::to_string(copied.keys))
                 .row("nonces", std::to_string(copied.nonces))
                 .row("settlements", fmt::format("{}, {} open", moved.intents, moved.open))
                 .text() +
             "\nrows and sums agree; set ledger.url and [settle] path = \"ledger\", and put the "
             "files away: serving from both would give the same credit twice");
    return {};
}

void add_ledger_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("ledger", "the gateway's ledger");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<CopyArgs>();
    CLI::App* sub =
        command(*group, app, "copy", "from a file (one machine) to an empty PostgreSQL (several)",
                [&app, args] { return copy_ledger(app, *args); });
    sub->add_option("--from", args->from, "the file [ledger.db]");
    sub->add_option("--settle", args->settle, "the file of its settlements ([settle] path)");
    sub->add_option("--to", args->to, "postgresql://user@host/database")->required();
}

}  // namespace

void add_serve_commands(CLI::App& root, App& app) {
    const auto args = std::make_shared<ServeArgs>();
    CLI::App* sub = command(root, app, "serve", "the gateway: OpenAI's API, metered and paid",
                            [&app, args] { return serve(app, *args); });
    sub->add_option("--config", args->config, "its file [gateway.toml]");
    sub = command(root, app, "doctor", "check everything a gateway needs",
                  [&app, args] { return doctor(app, *args); });
    sub->add_option("--config", args->config, "the gateway's file [gateway.toml]");
    command(root, app, "serve-key", "make an API key for a grant",
            [&app] { return serve_key(app); });
    add_ledger_commands(root, app);
}

}  // namespace mintmark::app
