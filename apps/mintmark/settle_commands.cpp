// `mintmark settle`: the gateway's signed vouchers into transactions, by hand.
#include <fmt/format.h>

#include <chrono>
#include <map>

#include "market_context.hpp"
#include "mintmark/gateway/config.hpp"
#include "mintmark/market/contract_errors.hpp"
#include "mintmark/net/interrupt.hpp"
#include "mintmark/settlement/batcher.hpp"
#include "serve_commands.hpp"

namespace mintmark::app {
namespace {

struct SettlementArgs {
    std::filesystem::path config = "gateway.toml";
    bool is_status = false, is_by_rule = false;
    int timeout_s = 600;
};

std::int64_t unix_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

struct Books {
    gateway::Config config;
    chain::Deployment deployment;
    std::unique_ptr<sql::Database> ledger;
    settlement::Intents intents;
};

Result<Books> open_books(const SettlementArgs& args) {
    MINTMARK_TRY(gateway::Config config, gateway::Config::read(args.config));
    if (config.settle.path.empty())
        return fail(ErrorCode::kInvalidArgument, args.config.string() + " has no [settle]",
                    "say where its transactions are kept: [settle] path = \"settle.db\"");
    const std::string location = config.ledger_location();
    if (!sql::is_postgres(location) && !std::filesystem::exists(location))
        return fail(ErrorCode::kNotFound, location + " does not exist yet",
                    "the gateway makes it when it starts");
    MINTMARK_TRY(chain::Deployment deployment, chain::Deployment::read(config.chain.deployment));
    MINTMARK_TRY(auto ledger, sql::open(location));
    MINTMARK_TRY(auto intents, settlement::Intents::open(config.settle_location()));
    return Books{std::move(config), std::move(deployment), std::move(ledger), std::move(intents)};
}

/// What is signed and waits, by group of one transaction.
Status status(const App& app, const SettlementArgs& args) {
    MINTMARK_TRY(Books books, open_books(args));
    std::uint64_t bad = 0;
    MINTMARK_TRY(const auto due, settlement::read_due(*books.ledger, bad));
    json::Json rows = json::Json::array();
    std::string text = fmt::format("{:<60} {:>24}  {}", "account", "signed", "");
    for (const settlement::Due& each : due) {
        MINTMARK_TRY(const settlement::Seen seen, books.intents.seen(each.account, each.lane));
        if (each.cumulative <= seen.done) continue;
        rows.push_back({{"account", each.account},
                        {"lane", each.lane},
                        {"signed", each.cumulative.to_string()},
                        {"valid_until", each.valid_until},
                        {"since_ms", seen.since_ms},
                        {"retry_ms", seen.retry_ms}});
        text += fmt::format(
            "\n{:<60} {:>24}  {}", each.account + " " + each.lane, each.cumulative.to_string(),
            seen.retry_ms > unix_ms() ? "refused by the contract; tried later" : "");
    }
    json::Json counts = json::Json::object();
    using State = settlement::IntentState;
    for (const auto& [name, state] : std::map<std::string, State>{{"signed", State::kSigned},
                                                                  {"mined", State::kMined},
                                                                  {"final", State::kFinal},
                                                                  {"failed", State::kFailed},
                                                                  {"dropped", State::kDropped}}) {
        MINTMARK_TRY(const std::uint64_t count, books.intents.count(state));
        counts[name] = count;
    }
    text += fmt::format("\n{} due; transactions: {}", rows.size(), json::compact(counts));
    emit(app, {{"due", rows}, {"transactions", counts}, {"bad_rows", bad}}, text);
    return {};
}

Status settle_intents(const App& app, const SettlementArgs& args) {
    if (args.is_status) return status(app, args);
    MINTMARK_TRY(Books books, open_books(args));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const std::string url = !app.rpc_url.empty()                  ? app.rpc_url
                            : !books.config.chain.rpc_url.empty() ? books.config.chain.rpc_url
                                                                  : books.deployment.rpc_url;
    chain::RpcClient client(url);
    client.learn_errors(market::contract_errors());
    net::catch_interrupts();
    settlement::Batcher batcher(client, books.deployment, key, *books.ledger, books.intents,
                                books.config.settle.options(),
                                [&](const std::string& what, const std::string& advice) {
                                    notice(app, advice.empty() ? what : what + ": " + advice);
                                });
    const Stopwatch watch;
    // Until a look sends nothing and nothing is under way.
    for (std::uint64_t sent = ~0ULL; batcher.counts().open != 0 || batcher.counts().sent != sent;) {
        sent = batcher.counts().sent;
        MINTMARK_CHECK(args.is_by_rule ? batcher.step(unix_ms()) : batcher.settle_all(unix_ms()));
        if (!batcher.counts().is_settler)
            return fail(ErrorCode::kAlreadyExists, "a gateway of this ledger settles already",
                        "it settles by value and age; stop it, or see `mintmark settle --status`");
        MINTMARK_CHECK(net::check_interrupted());
        if (watch.ms() > args.timeout_s * 1000.0)
            return fail(ErrorCode::kExpired, "not everything is confirmed yet",
                        "nothing is lost: run it again, or let the gateway go on");
        if (batcher.counts().open != 0) net::interruptible_sleep(books.config.settle.poll_ms);
    }
    const settlement::Counts& counts = batcher.counts();
    emit(app,
         {{"sent", counts.sent},
          {"final", counts.final},
          {"replaced", counts.replaced},
          {"taken_back", counts.taken_back},
          {"failed", counts.failed},
          {"refused_vouchers", counts.refused_vouchers},
          {"above_cap", counts.above_cap},
          {"due", counts.due}},
         Table()
             .row("transactions", fmt::format("{} sent, {} confirmed", counts.sent, counts.final))
             .row("due still", fmt::format("{} ({} refused by the contracts, {} above the gas cap)",
                                           counts.due, counts.refused_vouchers, counts.above_cap))
             .text());
    return {};
}

}  // namespace

void add_settle_commands(CLI::App& root, App& app) {
    const auto args = std::make_shared<SettlementArgs>();
    CLI::App* sub =
        command(root, app, "settle", "the gateway's signed vouchers into transactions, now",
                [&app, args] { return settle_intents(app, *args); });
    sub->add_option("--config", args->config, "the gateway's file, with [settle] [gateway.toml]");
    sub->add_flag("--status", args->is_status, "only say what is due and under way");
    sub->add_flag("--by-rule", args->is_by_rule, "only what age and value say");
    sub->add_option("--timeout-s", args->timeout_s, "give up waiting for confirmations [600]");
}

}  // namespace mintmark::app
