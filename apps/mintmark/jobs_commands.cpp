// `mintmark jobs`: what is in a queue, and what to do with it.
#include <fmt/format.h>

#include <array>

#include "mintmark/gateway/config.hpp"
#include "mintmark/jobs/job_data.hpp"
#include "mintmark/jobs/shelf.hpp"
#include "mintmark/net/interrupt.hpp"
#include "mintmark/queue/queue.hpp"
#include "serve_commands.hpp"

namespace mintmark::app {
namespace {

using json::Json;
using queue::JobState;

struct JobsArgs {
    std::filesystem::path config = "gateway.toml";
    std::string kind, id, data = "{}", state, cid, out;
    std::vector<std::string> files;
    queue::NewJob job;
    std::size_t limit = 20;
    std::int64_t older_than_s = 0;
    bool is_waiting = false;
};

struct Desk {
    jobs::Config config;
    std::unique_ptr<queue::Queue> queue;
};

Result<Desk> open_desk(const JobsArgs& args) {
    MINTMARK_TRY(gateway::Config config, gateway::Config::read(args.config));
    if (config.jobs.queue.empty()) {
        return fail(ErrorCode::kInvalidArgument, args.config.string() + " has no [jobs]",
                    "say where the queue is: [jobs] queue = \"jobs.db\"");
    }
    queue::QueueOptions options;
    options.name = config.jobs.name;
    options.lease_ms = config.jobs.lease_ms;
    Desk out;
    out.config = std::move(config.jobs);
    MINTMARK_TRY(out.queue, queue::open_queue(out.config.queue, options));
    return out;
}

/// A member that holds JSON text, as JSON.
Json inner(const std::string& text) {
    if (text.empty()) return nullptr;
    return json::parse(text).value_or(Json(text));
}

Json to_json(const queue::Job& job) {
    return {{"id", job.id},
            {"kind", job.kind},
            {"state", queue::state_name(job.state)},
            {"priority", job.priority},
            {"attempts", job.attempts},
            {"max_attempts", job.max_attempts},
            {"progress", inner(job.progress)},
            {"result", inner(job.result)},
            {"error", job.error},
            {"created_ms", job.created_ms},
            {"finished_ms", job.finished_ms}};
}

std::string progress_text(const queue::Job& job) {
    const Json progress = inner(job.progress);
    const Json* stage = json::find(progress, "stage");
    const double part = json::get_double(progress, "part").value_or(0);
    if (stage == nullptr || !stage->is_string()) return "";
    return fmt::format("{:3.0f} % {}", 100 * part, stage->get<std::string>());
}

std::string line_of(const queue::Job& job) {
    std::string more = job.state == JobState::kActive ? progress_text(job) : job.error;
    return fmt::format("{:<32}  {:<10}  {:<9}  {}/{}  {}", job.id, job.kind,
                       queue::state_name(job.state), job.attempts, job.max_attempts, more);
}

std::string text_of(const queue::Job& job) {
    Table table;
    table.row("job", job.id)
        .row("kind", job.kind)
        .row("state", std::string(queue::state_name(job.state)))
        .row("attempts", fmt::format("{} of {}", job.attempts, job.max_attempts));
    if (!job.progress.empty()) table.row("progress", progress_text(job));
    if (!job.error.empty()) table.row("error", job.error);
    if (const Json result = inner(job.result); result.is_object()) {
        for (const auto& [key, value] : result.items()) {
            table.row(key, value.is_string() ? value.get<std::string>() : json::compact(value));
        }
    }
    return table.text();
}

/// Shows the progress until the job has ended. kRejected when it failed, kInterrupted when it was
/// cancelled, or Ctrl-C.
Status watch(const App& app, Desk& desk, const std::string& id) {
    constexpr int kLookMs = 200;
    net::catch_interrupts();
    std::string last;
    while (true) {
        MINTMARK_TRY(const queue::Job job, desk.queue->find(id));
        const std::string shown = json::compact(to_json(job));
        const bool has_ended = job.state >= JobState::kCompleted;
        if (shown != last && (app.is_json || !has_ended)) {
            emit(app, to_json(job), line_of(job));
            std::fflush(stdout);
        }
        last = shown;
        if (job.state == JobState::kCompleted) {
            if (!app.is_json) emit(app, {}, text_of(job));
            return {};
        }
        if (job.state == JobState::kFailed) return fail(ErrorCode::kRejected, job.error);
        if (has_ended) return fail(ErrorCode::kInterrupted, "the job was cancelled");
        net::interruptible_sleep(kLookMs);
        MINTMARK_CHECK(net::check_interrupted());
    }
}

Status submit(const App& app, JobsArgs args) {
    MINTMARK_TRY(Desk desk, open_desk(args));
    MINTMARK_TRY(Json data, json::parse(args.data));
    if (!data.is_object()) return fail(ErrorCode::kInvalidArgument, "--data must be an object");
    const jobs::Shelf shelf(desk.config.store);
    for (const std::string& file : args.files) {
        const std::size_t equals = file.find('=');
        if (equals == std::string::npos) {
            return fail(ErrorCode::kInvalidArgument, "--file is MEMBER=PATH");
        }
        MINTMARK_TRY(const wire::Cid cid, shelf.put_file(file.substr(equals + 1)));
        data[file.substr(0, equals)] = cid.to_string();
    }
    args.job.kind = args.kind;
    args.job.data = json::compact(data);
    MINTMARK_CHECK(jobs::parse_job(args.job.kind, args.job.data));
    MINTMARK_TRY(const queue::Enqueued made, desk.queue->enqueue(args.job));
    if (args.is_waiting) return watch(app, desk, made.id);
    emit(app, {{"id", made.id}, {"created", made.created}},
         made.created ? made.id : made.id + " (it was there already)");
    return {};
}

Status list(const App& app, const JobsArgs& args) {
    MINTMARK_TRY(Desk desk, open_desk(args));
    MINTMARK_TRY(const queue::Counts counts, desk.queue->counts());
    Json numbers = Json::object();
    Json rows = Json::array();
    std::string text;
    std::string summary;
    for (std::size_t i = 0; i < queue::kNumStates; ++i) {
        const auto state = static_cast<JobState>(i);
        numbers[std::string(queue::state_name(state))] = counts[state];
        summary +=
            fmt::format("{}{} {}", i == 0 ? "" : ", ", counts[state], queue::state_name(state));
        if (!args.state.empty() && queue::parse_state(args.state) != state) continue;
        MINTMARK_TRY(const auto jobs, desk.queue->list(state, args.limit));
        for (const queue::Job& job : jobs) {
            rows.push_back(to_json(job));
            text += line_of(job) + "\n";
        }
    }
    emit(app, {{"counts", numbers}, {"jobs", rows}}, text + summary);
    return {};
}

Status show(const App& app, const JobsArgs& args) {
    MINTMARK_TRY(Desk desk, open_desk(args));
    MINTMARK_TRY(const queue::Job job, desk.queue->find(args.id));
    Json value = to_json(job);
    value["data"] = inner(job.data);
    emit(app, value, text_of(job));
    return {};
}

Status cancel(const App& app, const JobsArgs& args) {
    constexpr std::array<const char*, 3> kWords = {"cancelled", "its worker will stop it",
                                                   "it is finished already"};
    MINTMARK_TRY(Desk desk, open_desk(args));
    MINTMARK_TRY(const queue::Cancelled how, desk.queue->cancel(args.id));
    if (how == queue::Cancelled::kTooLate) {
        return fail(ErrorCode::kAlreadyExists, kWords[2]);
    }
    emit(app, {{"id", args.id}, {"cancelled", how == queue::Cancelled::kAtOnce}},
         kWords[static_cast<std::size_t>(how)]);
    return {};
}

Status retry(const App& app, const JobsArgs& args) {
    MINTMARK_TRY(Desk desk, open_desk(args));
    MINTMARK_CHECK(desk.queue->retry(args.id));
    emit(app, {{"id", args.id}, {"state", "waiting"}}, "it runs again");
    return {};
}

Status purge(const App& app, const JobsArgs& args) {
    MINTMARK_TRY(Desk desk, open_desk(args));
    const auto state = queue::parse_state(args.state);
    if (!state) return fail(ErrorCode::kInvalidArgument, "no state " + args.state);
    MINTMARK_TRY(const std::uint64_t count, desk.queue->purge(*state, args.older_than_s * 1000));
    emit(app, {{"removed", count}}, fmt::format("{} jobs removed", count));
    return {};
}

Status fetch(const App& app, const JobsArgs& args) {
    MINTMARK_TRY(const Desk desk, open_desk(args));
    MINTMARK_TRY(const wire::Cid cid, wire::Cid::parse(args.cid));
    MINTMARK_CHECK(jobs::Shelf(desk.config.store).get(cid, args.out));
    emit(app, {{"cid", args.cid}, {"file", args.out}}, args.out);
    return {};
}

void add_submit(CLI::App& group, App& app, const std::shared_ptr<JobsArgs>& args) {
    CLI::App* sub = command(group, app, "submit", "put a job into the queue",
                            [&app, args] { return submit(app, *args); });
    sub->add_option("KIND", args->kind, "inference, proof, accuracy or fine_tune")->required();
    sub->add_option("-D,--data", args->data, "what to do: JSON (docs/spec/jobs.md) [{}]");
    sub->add_option("--file", args->files, "MEMBER=PATH: into the store, its CID into the data");
    sub->add_option("--key", args->job.idempotency_key, "its id: twice the same is one job");
    sub->add_option("--priority", args->job.priority, "0 is first [0]");
    sub->add_option("--delay-ms", args->job.delay_ms, "not before then [0]");
    sub->add_option("--attempts", args->job.max_attempts, "runs in all [3]");
    sub->add_option("--backoff-ms", args->job.backoff_ms, "before the second one; doubles [1000]");
    sub->add_flag("--wait", args->is_waiting, "watch it until it has ended");
}

}  // namespace

void add_jobs_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("jobs", "submit, watch, cancel and repeat jobs");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<JobsArgs>();
    group->add_option("--config", args->config, "the gateway's file, with [jobs] [gateway.toml]");
    add_submit(*group, app, args);
    CLI::App* sub = command(*group, app, "list", "jobs by state, and how many there are",
                            [&app, args] { return list(app, *args); });
    sub->add_option("--state", args->state, "only these")
        ->check(
            CLI::IsMember({"waiting", "delayed", "active", "completed", "failed", "cancelled"}));
    sub->add_option("--limit", args->limit, "of each state [20]");
    sub = command(*group, app, "dead", "dead letters: jobs without an attempt left", [&app, args] {
        args->state = "failed";
        return list(app, *args);
    });
    sub->add_option("--limit", args->limit, "how many [20]");
    using Body = Status (*)(const App&, const JobsArgs&);
    const auto with_id = [&](const char* name, const char* help, Body body) {
        command(*group, app, name, help, [&app, args, body] { return body(app, *args); })
            ->add_option("ID", args->id, "the job")
            ->required();
    };
    with_id("show", "one job with its result", show);
    with_id("cancel", "end a job, also a running one", cancel);
    with_id("retry", "a failed or cancelled job once more, from the start", retry);
    with_id("watch", "progress until the job has ended",
            [](const App& a, const JobsArgs& b) -> Status {
                MINTMARK_TRY(Desk desk, open_desk(b));
                return watch(a, desk, b.id);
            });
    sub = command(*group, app, "purge", "forget finished jobs",
                  [&app, args] { return purge(app, *args); });
    sub->add_option("--state", args->state, "completed, failed or cancelled")->required();
    sub->add_option("--older-than-s", args->older_than_s, "finished so long ago [0]");
    sub = command(*group, app, "fetch", "a file of a result out of the store",
                  [&app, args] { return fetch(app, *args); });
    sub->add_option("CID", args->cid, "its name")->required();
    sub->add_option("FILE", args->out, "where to write it")->required();
}

}  // namespace mintmark::app
