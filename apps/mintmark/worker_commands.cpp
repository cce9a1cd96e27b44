// `mintmark worker`: runs jobs of a queue; `mintmark job-run`: the process of one job.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <mutex>
#include <new>

#include "market_context.hpp"
#include "mintmark/gateway/config.hpp"
#include "mintmark/net/interrupt.hpp"
#include "mintmark/runner/child.hpp"
#include "mintmark/runner/executors.hpp"
#include "mintmark/runner/worker.hpp"
#include "serve_commands.hpp"

extern char** environ;

namespace mintmark::app {
namespace {

struct WorkerArgs {
    std::filesystem::path config = "gateway.toml";
    std::uint32_t slots = 0;
    bool is_once = false;
};

/// This program again, for one job, with the same global flags.
std::vector<std::string> job_command(const App& app, const std::filesystem::path& config) {
    std::vector<std::string> out = {"/proc/self/exe", "--json", "--home", app.home.string()};
    const auto add = [&](const char* flag, const std::string& value) {
        if (value.empty()) return;
        out.emplace_back(flag);
        out.push_back(value);
    };
    add("--deployment", app.deployment.string());
    add("--rpc-url", app.rpc_url);
    add("--wallet", app.wallet);
    add("--password-file", app.password_file);
    out.emplace_back("job-run");
    add("--config", std::filesystem::absolute(config).string());
    return out;
}

Result<jobs::Config> jobs_config(const std::filesystem::path& file) {
    MINTMARK_TRY(gateway::Config config, gateway::Config::read(file));
    if (!config.jobs.queue.empty()) return std::move(config.jobs);
    return fail(ErrorCode::kInvalidArgument, file.string() + " has no [jobs]",
                "say where the queue is: [jobs] queue = \"jobs.db\"");
}

Status work(const App& app, const WorkerArgs& args) {
    runner::WorkerOptions options;
    MINTMARK_TRY(options.config, jobs_config(args.config));
    if (args.slots != 0) options.config.slots = args.slots;
    options.command = job_command(app, args.config);
    for (char** entry = environ; *entry != nullptr; ++entry)
        options.environment.emplace_back(*entry);
    options.stops_when_empty = args.is_once;
    std::mutex mutex;
    options.log = [&](const json::Json& event) {
        const std::lock_guard lock(mutex);
        fmt::print(stderr, "{}\n", json::compact(event));
    };
    net::catch_interrupts();
    emit(app, {{"queue", options.config.queue}, {"slots", options.config.slots}},
         fmt::format("working on {} with {} at once (Ctrl-C ends it)", options.config.queue,
                     options.config.slots));
    std::fflush(stdout);
    return runner::work(options);
}

void say(const json::Json& line) {
    fmt::print("{}\n", json::compact(line));
    std::fflush(stdout);
}

void on_no_memory() {
    ::_exit(runner::kOutOfMemoryStatus);
}

/// Reads the job from standard input. Its failure is an answer too, so it ends with status 0.
Status run_one(const App& app, const WorkerArgs& args) {
    std::set_new_handler(on_no_memory);
    const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
    MINTMARK_TRY(const json::Json words, json::parse(text));
    runner::Environment environment;
    MINTMARK_TRY(environment.config, jobs_config(args.config));
    MINTMARK_TRY(const std::string folder, json::get_string(words, "folder"));
    environment.home = app.home;
    environment.folder = folder;
    environment.open_market = [&app] { return open_market(app); };
    environment.unlock = [&app] { return unlock_wallet(app); };
    environment.on_progress = [](std::string_view stage, double part) {
        say({{"progress", {{"stage", stage}, {"part", part}}}});
    };
    runner::JobRun run;
    MINTMARK_TRY(run.id, json::get_string(words, "id"));
    MINTMARK_TRY(const std::string kind, json::get_string(words, "kind"));
    MINTMARK_TRY(const std::string data, json::get_string(words, "data"));
    MINTMARK_TRY(run.data, jobs::parse_job(kind, data));
    const auto result = runner::execute(environment, run);
    if (result) {
        say({{"result", *result}});
        return {};
    }
    const Error& error = result.error();
    const std::string more = error.hint.empty() ? "" : ": " + error.hint;
    say({{"error", fmt::format("{}: {}{}", error_name(error.code), error.message, more)},
         {"final", runner::is_final(error.code)}});
    return {};
}

}  // namespace

void add_worker_commands(CLI::App& root, App& app) {
    const auto args = std::make_shared<WorkerArgs>();
    CLI::App* sub = command(root, app, "worker", "run jobs: inference, proofs, fine-tunes",
                            [&app, args] { return work(app, *args); });
    sub->add_option("--config", args->config, "the gateway's file, with [jobs] [gateway.toml]");
    sub->add_option("--slots", args->slots, "jobs at once [the file's]")->check(CLI::Range(1, 256));
    sub->add_flag("--once", args->is_once, "end when the queue is empty");
    sub = command(root, app, "job-run", "run the job on standard input (used by worker)",
                  [&app, args] { return run_one(app, *args); });
    sub->add_option("--config", args->config, "the gateway's file");
    sub->group("");  // not in the list of commands
}

}  // namespace mintmark::app
