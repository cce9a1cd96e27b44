// `mintmark node run`: the creator's side of inference.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/net/interrupt.hpp"
#include "mintmark/service/node.hpp"

namespace mintmark::app {
namespace {

struct NodeArgs {
    std::vector<std::string> models;
    std::string host = "127.0.0.1";
    std::string srs;
    std::uint16_t port = 8600;
};

Status run(const App& app, const NodeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    service::NodeOptions options;
    options.home = app.home;
    options.models = args.models;
    MINTMARK_TRY(options.srs, srs_path(app, args.srs));
    if (!app.is_json) {
        options.log = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
    }
    MINTMARK_TRY(const std::unique_ptr<service::Node> node,
                 service::Node::open(std::move(market), std::move(options)));
    net::ServerOptions server_options;
    server_options.host = args.host;
    server_options.port = args.port;
    net::catch_interrupts();
    MINTMARK_TRY(const std::unique_ptr<net::HttpServer> server,
                 net::HttpServer::start(server_options, [&](const net::ServerRequest& request) {
                     return node->handle(request);
                 }));
    const std::string url = fmt::format("http://{}:{}", args.host, server->port());
    emit(app, {{"url", url}, {"port", server->port()}},
         fmt::format("serving at {} (Ctrl-C ends it)", url));
    while (net::interruptible_sleep(1'000)) {
    }
    server->stop();
    notice(app, "stopped; every request that was taken is answered");
    return {};
}

}  // namespace

void add_node_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("node", "serve published models to pass holders");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<NodeArgs>();
    CLI::App* sub = command(*group, app, "run", "answer signed requests over HTTP",
                            [&app, args] { return run(app, *args); });
    sub->add_option("--model", args->models, "names of models [every published one]");
    sub->add_option("--port", args->port, "0 for any free one [8600]");
    sub->add_option("--host", args->host, "address to listen on [127.0.0.1]");
    sub->add_option("--srs-path", args->srs, "SRS [the deployment's]");
}

}  // namespace mintmark::app
