// `mintmark index`: the market's state folded from the chain's events into a file.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "market_context.hpp"
#include "mintmark/base/progress.hpp"
#include "mintmark/gateway/config.hpp"
#include "mintmark/index/follower.hpp"
#include "mintmark/net/http_client.hpp"
#include "mintmark/net/interrupt.hpp"
#include "serve_commands.hpp"

namespace mintmark::app {
namespace {

struct IndexArgs {
    std::filesystem::path path, config;
    std::uint64_t max_range = 0, confirmations = 0;
    unsigned attempts = 6;
};

/// Which chain, and where its index is.
struct Place {
    chain::Deployment deployment;
    std::string rpc_url;
    std::filesystem::path path;
    std::uint64_t max_range = index::FollowOptions{}.max_range;
};

Result<Place> place_of(const App& app, const IndexArgs& args) {
    Place out;
    std::filesystem::path deployment = app.deployment_path();
    out.path = app.home / "index.db";
    out.rpc_url = app.rpc_url;
    if (!args.config.empty()) {
        MINTMARK_TRY(const gateway::Config config, gateway::Config::read(args.config));
        if (config.index.path.empty())
            return fail(ErrorCode::kInvalidArgument, args.config.string() + " has no [index]",
                        "say where it is: [index] path = \"index.db\"");
        deployment = config.chain.deployment;
        out.path = config.index.path;
        out.max_range = config.index.max_range;
        if (out.rpc_url.empty()) out.rpc_url = config.chain.rpc_url;
    }
    if (!args.path.empty()) out.path = args.path;
    if (args.max_range != 0) out.max_range = args.max_range;
    MINTMARK_TRY(out.deployment, chain::Deployment::read(deployment));
    if (out.rpc_url.empty()) out.rpc_url = out.deployment.rpc_url;
    return out;
}

chain::RpcClient client_of(const Place& place) {
    net::HttpClientOptions http;
    http.max_attempts = 1;  // the follower waits by itself
    return chain::RpcClient(place.rpc_url, std::make_shared<net::HttpClient>(std::move(http)));
}

index::FollowOptions options_of(const Place& place, const IndexArgs& args) {
    index::FollowOptions out;
    out.max_range = place.max_range;
    out.first_range = std::min(out.first_range, out.max_range);
    out.confirmations = args.confirmations;
    return out;
}

json::Json state_json(const Place& place, const index::FollowState& state, std::uint64_t events) {
    return {
        {"path", place.path.string()}, {"block", state.tip.number}, {"head", state.head},
        {"lag", state.lag()},          {"time", state.tip.time},    {"events", events},
        {"reorgs", state.reorgs},      {"deepest", state.deepest},  {"rebuilds", state.rebuilds}};
}

Status status(const App& app, const IndexArgs& args) {
    MINTMARK_TRY(const Place place, place_of(app, args));
    MINTMARK_TRY(const bool is_his, index::Store::is_of(place.path, place.deployment));
    if (!is_his)
        return fail(ErrorCode::kNotFound,
                    fmt::format("{} is no index of this deployment", place.path.string()),
                    "make one with `mintmark index rebuild`, or let `mintmark serve` do it");
    MINTMARK_TRY(index::Store store, index::Store::open(place.path, place.deployment));
    index::FollowState state;
    MINTMARK_TRY(state.tip, store.tip());
    MINTMARK_TRY(const std::uint64_t events, store.num_events());
    chain::RpcClient client = client_of(place);
    MINTMARK_CHECK(client.expect_chain_id(place.deployment.chain_id));
    MINTMARK_TRY(state.head, client.block_number());
    MINTMARK_TRY(const auto block, client.block(state.tip.number));
    const bool is_on_chain =
        state.tip.hash == Bytes32{} || (block && block->hash == state.tip.hash);
    json::Json value = state_json(place, state, events);
    value["on_chain"] = is_on_chain;
    std::error_code ec;
    const auto bytes = std::filesystem::file_size(place.path, ec);
    value["bytes"] = ec ? 0 : bytes;
    emit(app, value,
         Table()
             .row("index", fmt::format("{} ({})", place.path.string(), human_bytes(ec ? 0 : bytes)))
             .row("block", fmt::format("{} of {}", grouped(state.tip.number), grouped(state.head)))
             .row("lag", fmt::format("{} blocks{}", grouped(state.lag()),
                                     is_on_chain ? "" : "; its end was re-organised away"))
             .row("events", grouped(events))
             .text());
    return {};
}

Status catch_up(index::Follower& follower, index::Store& store, unsigned attempts) {
    MINTMARK_TRY(const index::BlockRef begin, store.tip());
    std::uint64_t shown = begin.number;
    std::unique_ptr<Progress> progress;
    while (true) {
        const auto step = follower.step();
        MINTMARK_CHECK(net::check_interrupted());
        const index::FollowState& state = follower.state();
        if (progress == nullptr && state.head > shown)
            progress = std::make_unique<Progress>("reading the chain", state.head - shown);
        if (progress != nullptr && state.tip.number > shown) {
            progress->advance(state.tip.number - shown);
            shown = state.tip.number;
        }
        if (step && *step == index::Step::kCurrent) return {};
        if (!step && state.failures >= attempts) return std::unexpected(step.error());
        if (!step || *step == index::Step::kBehind)
            net::interruptible_sleep(follower.delay_ms(step));
    }
}

Status rebuild(const App& app, const IndexArgs& args) {
    MINTMARK_TRY(const Place place, place_of(app, args));
    chain::RpcClient client = client_of(place);
    // What is there is kept until a node of the right chain answers.
    MINTMARK_CHECK(client.expect_chain_id(place.deployment.chain_id));
    net::catch_interrupts();
    const Stopwatch watch;
    MINTMARK_TRY(index::Store store, index::Store::open(place.path, place.deployment));
    MINTMARK_CHECK(store.clear());
    index::Follower follower(client, store, place.deployment, options_of(place, args));
    MINTMARK_CHECK(catch_up(follower, store, args.attempts));
    MINTMARK_TRY(const std::uint64_t events, store.num_events());
    json::Json value = state_json(place, follower.state(), events);
    value["ms"] = watch.ms();
    emit(app, value,
         Table()
             .row("index", place.path.string())
             .row("block", grouped(follower.state().tip.number))
             .row("events", fmt::format("{} in {}", grouped(events), human_ms(watch.ms())))
             .text());
    return {};
}

Status follow(const App& app, const IndexArgs& args) {
    MINTMARK_TRY(const Place place, place_of(app, args));
    chain::RpcClient client = client_of(place);
    MINTMARK_CHECK(client.expect_chain_id(place.deployment.chain_id));
    net::catch_interrupts();
    MINTMARK_TRY(index::Store store, index::Store::open(place.path, place.deployment));
    index::Follower follower(client, store, place.deployment, options_of(place, args));
    index::FollowState said;
    while (true) {
        const auto step = follower.step();
        const index::FollowState& state = follower.state();
        const bool is_news =
            state.tip != said.tip || state.reorgs != said.reorgs || state.error != said.error;
        if (is_news && (!step || *step != index::Step::kProgress)) {
            MINTMARK_TRY(const std::uint64_t events, store.num_events());
            json::Json value = state_json(place, state, events);
            value["error"] = state.error;
            emit(app, value,
                 fmt::format("block {:>10}  lag {:>6}  events {:>10}  re-organisations {}{}",
                             state.tip.number, state.lag(), events, state.reorgs,
                             state.error.empty() ? "" : "  " + state.error));
            std::fflush(stdout);
            said = state;
        }
        net::interruptible_sleep(follower.delay_ms(step));
        if (!net::check_interrupted()) return {};
    }
}

}  // namespace

void add_index_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("index", "the chain's state in a file, from its events");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<IndexArgs>();
    const auto add = [&](const char* name, const char* help,
                         Status (*body)(const App&, const IndexArgs&)) {
        CLI::App* sub =
            command(*group, app, name, help, [&app, args, body] { return body(app, *args); });
        sub->add_option("--index", args->path, "its file [<home>/index.db, or the gateway's]");
        sub->add_option("--config", args->config, "a gateway's file, with [index]");
        return sub;
    };
    add("status", "how far it is behind the chain", status);
    for (CLI::App* sub : {add("rebuild", "empty it and read the chain again", rebuild),
                          add("follow", "keep it where the chain is, until Ctrl-C", follow)}) {
        sub->add_option("--max-range", args->max_range, "blocks asked for at once [50,000]");
        sub->add_option("--confirmations", args->confirmations,
                        "blocks that stay out at the chain's end [0]");
    }
}

}  // namespace mintmark::app
