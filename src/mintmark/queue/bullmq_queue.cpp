#include "mintmark/queue/bullmq_queue.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "mintmark/json/json.hpp"
#include "mintmark/queue/bullmq_scripts.hpp"
#include "mintmark/queue/rules.hpp"

namespace mintmark::queue {
namespace {

using json::Json;
using Fields = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

constexpr std::string_view kCancelReason = "cancelled";

// Ours, in BullMQ's format: a job that has not begun fails with the reason "cancelled". BullMQ
// itself can only remove such a job, and then nobody could say what became of it.
// KEYS wait paused prioritized delayed failed cancelled job events active; ARGV id now.
constexpr std::string_view kCancelScript = R"lua(
if redis.call("EXISTS", KEYS[7]) == 0 then return -1 end
local gone = redis.call("LREM", KEYS[1], 0, ARGV[1]) + redis.call("LREM", KEYS[2], 0, ARGV[1])
  + redis.call("ZREM", KEYS[3], ARGV[1]) + redis.call("ZREM", KEYS[4], ARGV[1])
if gone > 0 then
  redis.call("ZADD", KEYS[5], ARGV[2], ARGV[1])
  redis.call("ZADD", KEYS[6], ARGV[2], ARGV[1])
  redis.call("HSET", KEYS[7], "failedReason", "cancelled", "finishedOn", ARGV[2])
  redis.call("XADD", KEYS[8], "*", "event", "failed", "jobId", ARGV[1], "failedReason", "cancelled")
  return 1
end
if redis.call("LPOS", KEYS[9], ARGV[1]) then
  redis.call("HSET", KEYS[7], "cancel", "1")
  return 2
end
return 0
)lua";

std::string pack(const Json& value) {
    const std::vector<std::uint8_t> bytes = Json::to_msgpack(value);
    return {bytes.begin(), bytes.end()};
}

Fields to_fields(const RedisReply& reply) {
    Fields fields;
    for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2)
        fields[reply.items[i].text] = reply.items[i + 1].text;
    return fields;
}

std::int64_t to_number(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string get(const Fields& fields, const char* key) {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string() : found->second;
}

// A job's own words come from anybody who can write to Redis: whatever is missing or odd gets
// BullMQ's default.
Job to_job(const std::string& id, const Fields& fields, JobState state) {
    const Json options = json::parse(get(fields, "opts")).value_or(Json::object());
    const Json* backoff = json::find(options, "backoff");
    Job job;
    job.id = id;
    job.kind = get(fields, "name");
    job.data = get(fields, "data");
    job.state = state;
    job.priority = static_cast<std::uint32_t>(to_number(get(fields, "priority")));
    job.attempts = static_cast<std::uint32_t>(to_number(get(fields, "ats")));
    job.max_attempts = static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(json::get_u64(options, "attempts").value_or(1), 1, 1'000'000));
    if (backoff != nullptr)
        job.backoff_ms = backoff->is_number() ? json::get_i64(options, "backoff").value_or(0)
                                              : json::get_i64(*backoff, "delay").value_or(0);
    job.backoff_ms = std::max<std::int64_t>(job.backoff_ms, 0);
    job.progress = get(fields, "progress");
    if (job.progress == "0") job.progress.clear();  // BullMQ's "none yet"
    if (state == JobState::kCompleted) job.result = get(fields, "returnvalue");
    job.error = get(fields, "failedReason");
    job.created_ms = to_number(get(fields, "timestamp"));
    job.finished_ms = to_number(get(fields, "finishedOn"));
    return job;
}

std::unexpected<Error> lost(const Lease& lease) {
    return mintmark::fail(ErrorCode::kRejected, "the lease of job " + lease.job.id + " is lost",
                          "another worker has it; drop the work");
}

class BullmqQueue final : public Queue {
  public:
    BullmqQueue(const RedisAddress& address, QueueOptions options)
        : redis_(address), options_(std::move(options)), prefix_("bull:" + options_.name + ":") {}

    [[nodiscard]] Result<Enqueued> enqueue(const NewJob& job) override;
    [[nodiscard]] Result<std::optional<Lease>> claim() override;
    [[nodiscard]] Result<bool> heartbeat(const Lease& lease, std::string_view progress) override;
    [[nodiscard]] Status complete(const Lease& lease, std::string_view result) override;
    [[nodiscard]] Result<JobState> fail(const Lease& lease, const Failure& failure) override;
    [[nodiscard]] Result<Cancelled> cancel(std::string_view id) override;
    [[nodiscard]] Status retry(std::string_view id) override;
    [[nodiscard]] Result<Job> find(std::string_view id) override;
    [[nodiscard]] Result<Counts> counts() override;
    [[nodiscard]] Result<std::vector<Job>> list(JobState state, std::size_t limit) override;
    [[nodiscard]] Result<std::uint64_t> purge(JobState state, std::int64_t older_than_ms) override;

  private:
    [[nodiscard]] Words keys(std::initializer_list<std::string> names) const {
        Words out;
        for (const std::string& name : names) out.push_back(prefix_ + name);
        return out;
    }
    [[nodiscard]] std::string now() const { return std::to_string(options_.now_ms()); }
    [[nodiscard]] Result<RedisReply> add(const NewJob& job, const std::string& id,
                                         const std::string& mark);
    [[nodiscard]] Result<std::optional<Lease>> next();
    [[nodiscard]] Result<std::int64_t> finish(const Lease& lease, JobState target,
                                              std::string_view value);
    [[nodiscard]] Result<JobState> state_of(const std::string& id, const Fields& fields);
    [[nodiscard]] Result<Fields> fields_of(const std::string& id);
    [[nodiscard]] Result<std::uint64_t> size(std::string_view command, const std::string& name);
    [[nodiscard]] Status append_ids(Words& ids, Words command, bool reversed);

    RedisClient redis_;
    QueueOptions options_;
    std::string prefix_;
};

Result<RedisReply> BullmqQueue::add(const NewJob& job, const std::string& id,
                                    const std::string& mark) {
    const Json arguments = {prefix_, id,      job.kind, options_.now_ms(), nullptr, nullptr,
                            nullptr, nullptr, nullptr};
    Json opts = {{"attempts", job.max_attempts},
                 {"backoff", {{"type", "exponential"}, {"delay", job.backoff_ms}}},
                 {"jobId", id},
                 {"mark", mark}};
    if (job.priority > 0) opts["priority"] = job.priority;
    if (job.delay_ms > 0) opts["delay"] = job.delay_ms;
    const Words values = {pack(arguments), job.data, pack(opts)};
    if (job.delay_ms > 0)
        return redis_.script(bullmq::kAddDelayedJob,
                             keys({"marker", "meta", "id", "delayed", "completed", "events"}),
                             values);
    if (job.priority > 0)
        return redis_.script(bullmq::kAddPrioritizedJob,
                             keys({"marker", "meta", "id", "prioritized", "delayed", "completed",
                                   "active", "events", "pc"}),
                             values);
    return redis_.script(bullmq::kAddStandardJob,
                         keys({"wait", "paused", "meta", "id", "completed", "delayed", "active",
                               "events", "marker"}),
                         values);
}

Result<Enqueued> BullmqQueue::enqueue(const NewJob& job) {
    MINTMARK_CHECK(check_job(job));
    const std::string id =
        job.idempotency_key.empty() ? random_id(*options_.rng) : job.idempotency_key;
    // Whose call made the job is told by a mark of our own among its options.
    const std::string mark = random_id(*options_.rng);
    MINTMARK_TRY(const RedisReply added, add(job, id, mark));
    if (added.number < 0 || added.text != id)
        return mintmark::fail(ErrorCode::kInternal, "BullMQ refused the job: " + added.text);
    MINTMARK_TRY(const Fields fields, fields_of(id));
    const Json opts = json::parse(get(fields, "opts")).value_or(Json::object());
    if (json::get_string(opts, "mark").value_or("") == mark) return Enqueued{id, true};
    MINTMARK_CHECK(same_content(to_job(id, fields, JobState::kWaiting), job));
    return Enqueued{id, false};
}

Result<std::optional<Lease>> BullmqQueue::claim() {
    // Its own limit on stalls is left to stock workers: ours is max_attempts, below.
    MINTMARK_CHECK(redis_.script(bullmq::kMoveStalledJobsToWait,
                                 keys({"stalled", "wait", "active", "stalled-check", "meta",
                                       "paused", "marker", "events", "repeat"}),
                                 {"1000000", prefix_, now(), std::to_string(options_.lease_ms)}));
    for (;;) {
        MINTMARK_TRY(auto lease, next());
        if (!lease) return std::nullopt;
        MINTMARK_TRY(const Fields fields, fields_of(lease->job.id));
        const bool cancelled = !get(fields, "cancel").empty();
        const bool used_up = lease->job.attempts > lease->job.max_attempts;
        if (!cancelled && !used_up && get(fields, "defa").empty()) return lease;
        const Failure::Kind kind = cancelled ? Failure::Kind::kCancelled : Failure::Kind::kFinal;
        MINTMARK_CHECK(fail(*lease, {"the worker was lost", kind}));
    }
}

Result<std::optional<Lease>> BullmqQueue::next() {
    const std::string token = random_id(*options_.rng);
    const Json opts = {{"token", token}, {"lockDuration", options_.lease_ms}, {"name", "mintmark"}};
    MINTMARK_TRY(const RedisReply reply,
                 redis_.script(bullmq::kMoveToActive,
                               keys({"wait", "active", "prioritized", "events", "stalled",
                                     "limiter", "delayed", "paused", "meta", "pc", "marker"}),
                               {prefix_, now(), pack(opts)}));
    if (reply.items.size() < 2 || reply.items[0].items.empty()) return std::nullopt;
    const std::string& id = reply.items[1].text;
    MINTMARK_TRY(const Fields fields, fields_of(id));
    return Lease{to_job(id, fields, JobState::kActive), token};
}

Result<bool> BullmqQueue::heartbeat(const Lease& lease, std::string_view progress) {
    const std::string& id = lease.job.id;
    MINTMARK_TRY(const RedisReply renewed,
                 redis_.script(bullmq::kExtendLock, keys({id + ":lock", "stalled"}),
                               {lease.token, std::to_string(options_.lease_ms), id}));
    if (renewed.number != 1) return lost(lease);
    if (!progress.empty())
        MINTMARK_CHECK(redis_.script(bullmq::kUpdateProgress, keys({id, "events", "meta"}),
                                     {id, std::string(progress)}));
    MINTMARK_TRY(const RedisReply flag, redis_.command({"HGET", prefix_ + id, "cancel"}));
    return !flag.is_nil();
}

// Answer of BullMQ's script: negative when the lock is not ours.
Result<std::int64_t> BullmqQueue::finish(const Lease& lease, JobState target,
                                         std::string_view value) {
    const bool done = target == JobState::kCompleted;
    const std::string name = done ? "completed" : "failed";
    const Json opts = {{"token", lease.token},
                       {"name", "mintmark"},
                       {"keepJobs", {{"count", -1}}},
                       {"lockDuration", options_.lease_ms},
                       {"attempts", lease.job.max_attempts},
                       {"maxMetricsSize", ""},
                       {"fpof", false},
                       {"cpof", false},
                       {"idof", false},
                       {"rdof", false}};
    MINTMARK_TRY(
        const RedisReply reply,
        redis_.script(
            bullmq::kMoveToFinished,
            keys({"wait", "active", "prioritized", "events", "stalled", "limiter", "delayed",
                  "paused", "meta", "pc", name, lease.job.id, "metrics:" + name, "marker"}),
            {lease.job.id, now(), done ? "returnvalue" : "failedReason", std::string(value), name,
             "0", prefix_, pack(opts), pack(Json{"token", lease.token})}));
    return reply.kind == RedisReply::Kind::kInteger ? reply.number : 0;
}

Status BullmqQueue::complete(const Lease& lease, std::string_view result) {
    MINTMARK_TRY(const std::int64_t code, finish(lease, JobState::kCompleted, result));
    if (code >= 0) return {};
    // Said before, and the answer was lost on the way: the same report again is no error.
    MINTMARK_TRY(const Fields fields, fields_of(lease.job.id));
    const bool same = get(fields, "token") == lease.token && get(fields, "returnvalue") == result;
    return same ? Status() : Status(lost(lease));
}

Result<JobState> BullmqQueue::fail(const Lease& lease, const Failure& failure) {
    const Job& job = lease.job;
    MINTMARK_TRY(const RedisReply flag, redis_.command({"HGET", prefix_ + job.id, "cancel"}));
    const bool retry = failure.kind == Failure::Kind::kRetry && job.attempts < job.max_attempts;
    if (failure.kind == Failure::Kind::kCancelled || (retry && !flag.is_nil())) {
        MINTMARK_TRY(const std::int64_t code, finish(lease, JobState::kFailed, kCancelReason));
        if (code < 0) return lost(lease);
        MINTMARK_CHECK(redis_.command({"ZADD", prefix_ + "cancelled", now(), job.id}));
        return JobState::kCancelled;
    }
    if (!retry) {
        MINTMARK_TRY(const std::int64_t code, finish(lease, JobState::kFailed, failure.message));
        if (code < 0) return lost(lease);
        return JobState::kFailed;
    }
    const std::int64_t delay = backoff_delay_ms(job.backoff_ms, job.attempts, *options_.rng);
    MINTMARK_TRY(const RedisReply moved,
                 redis_.script(bullmq::kMoveToDelayed,
                               keys({"marker", "active", "prioritized", "delayed", job.id, "events",
                                     "meta", "stalled", "wait", "limiter", "paused", "pc"}),
                               {prefix_, now(), job.id, lease.token, std::to_string(delay), "0",
                                pack(Json{"failedReason", failure.message}), "0", ""}));
    if (moved.number < 0) return lost(lease);
    return JobState::kDelayed;
}

Result<Cancelled> BullmqQueue::cancel(std::string_view id) {
    const std::string name(id);
    MINTMARK_TRY(const RedisReply reply,
                 redis_.script(kCancelScript,
                               keys({"wait", "paused", "prioritized", "delayed", "failed",
                                     "cancelled", name, "events", "active"}),
                               {name, now()}));
    switch (reply.number) {
        case -1:
            return mintmark::fail(ErrorCode::kNotFound, "no job " + name);
        case 0:
            return Cancelled::kTooLate;
        case 1:
            return Cancelled::kAtOnce;
        default:
            return Cancelled::kRequested;
    }
}

Status BullmqQueue::retry(std::string_view id) {
    MINTMARK_TRY(const Job job, find(id));
    if (job.state != JobState::kFailed && job.state != JobState::kCancelled)
        return mintmark::fail(ErrorCode::kInvalidArgument,
                              "job " + job.id + " is " + std::string(state_name(job.state)),
                              "only failed and cancelled jobs are tried again");
    MINTMARK_CHECK(redis_.command({"HDEL", prefix_ + job.id, "cancel"}));
    MINTMARK_CHECK(redis_.command({"ZREM", prefix_ + "cancelled", job.id}));
    MINTMARK_TRY(const RedisReply reply,
                 redis_.script(bullmq::kReprocessJob,
                               keys({job.id, "events", "failed", "wait", "meta", "paused", "active",
                                     "marker"}),
                               {job.id, "LPUSH", "failedReason", "failed", "1", "1"}));
    if (reply.number == 1) return {};
    return mintmark::fail(ErrorCode::kNotFound, "job " + job.id + " was changed by another");
}

Result<Fields> BullmqQueue::fields_of(const std::string& id) {
    MINTMARK_TRY(const RedisReply reply, redis_.command({"HGETALL", prefix_ + id}));
    if (reply.items.empty()) return mintmark::fail(ErrorCode::kNotFound, "no job " + id);
    return to_fields(reply);
}

Result<JobState> BullmqQueue::state_of(const std::string& id, const Fields& fields) {
    MINTMARK_TRY(const RedisReply reply,
                 redis_.script(bullmq::kGetState,
                               keys({"completed", "failed", "delayed", "active", "wait", "paused",
                                     "waiting-children", "prioritized"}),
                               {id}));
    if (reply.text == "completed") return JobState::kCompleted;
    if (reply.text == "failed")
        return get(fields, "failedReason") == kCancelReason ? JobState::kCancelled
                                                            : JobState::kFailed;
    if (reply.text == "delayed") return JobState::kDelayed;
    if (reply.text == "active") return JobState::kActive;
    return JobState::kWaiting;
}

Result<Job> BullmqQueue::find(std::string_view id) {
    const std::string name(id);
    MINTMARK_TRY(const Fields fields, fields_of(name));
    MINTMARK_TRY(const JobState state, state_of(name, fields));
    return to_job(name, fields, state);
}

Result<std::uint64_t> BullmqQueue::size(std::string_view command, const std::string& name) {
    MINTMARK_TRY(const RedisReply reply, redis_.command({std::string(command), prefix_ + name}));
    return static_cast<std::uint64_t>(reply.number);
}

Result<Counts> BullmqQueue::counts() {
    MINTMARK_TRY(const auto wait, size("LLEN", "wait"));
    MINTMARK_TRY(const auto paused, size("LLEN", "paused"));
    MINTMARK_TRY(const auto prioritized, size("ZCARD", "prioritized"));
    MINTMARK_TRY(const auto delayed, size("ZCARD", "delayed"));
    MINTMARK_TRY(const auto active, size("LLEN", "active"));
    MINTMARK_TRY(const auto completed, size("ZCARD", "completed"));
    MINTMARK_TRY(const auto failed, size("ZCARD", "failed"));
    MINTMARK_TRY(const RedisReply both,
                 redis_.command({"ZINTERCARD", "2", prefix_ + "failed", prefix_ + "cancelled"}));
    const auto cancelled = std::min(failed, static_cast<std::uint64_t>(both.number));
    return Counts{
        {wait + paused + prioritized, delayed, active, completed, failed - cancelled, cancelled}};
}

Status BullmqQueue::append_ids(Words& ids, Words command, bool reversed) {
    command[1] = prefix_ + command[1];
    MINTMARK_TRY(RedisReply reply, redis_.command(command));
    if (reversed) std::ranges::reverse(reply.items);
    for (const RedisReply& item : reply.items) ids.push_back(item.text);
    return {};
}

Result<std::vector<Job>> BullmqQueue::list(JobState state, std::size_t limit) {
    Words ids;
    switch (state) {
        case JobState::kWaiting:  // taken from the list's end
            MINTMARK_CHECK(append_ids(ids, {"LRANGE", "wait", "0", "-1"}, true));
            MINTMARK_CHECK(append_ids(ids, {"LRANGE", "paused", "0", "-1"}, true));
            MINTMARK_CHECK(append_ids(ids, {"ZRANGE", "prioritized", "0", "-1"}, false));
            break;
        case JobState::kDelayed:
            MINTMARK_CHECK(append_ids(ids, {"ZRANGE", "delayed", "0", "-1"}, false));
            break;
        case JobState::kActive:
            MINTMARK_CHECK(append_ids(ids, {"LRANGE", "active", "0", "-1"}, true));
            break;
        case JobState::kCompleted:
            MINTMARK_CHECK(append_ids(ids, {"ZREVRANGE", "completed", "0", "-1"}, false));
            break;
        default:
            MINTMARK_CHECK(append_ids(ids, {"ZREVRANGE", "failed", "0", "-1"}, false));
    }
    std::vector<Job> jobs;
    for (const std::string& id : ids) {
        if (jobs.size() >= limit) break;
        auto job = find(id);
        if (!job && job.error().code != ErrorCode::kNotFound)
            return std::unexpected(std::move(job).error());
        if (job && job->state == state) jobs.push_back(*std::move(job));
    }
    return jobs;
}

Result<std::uint64_t> BullmqQueue::purge(JobState state, std::int64_t older_than_ms) {
    if (state < JobState::kCompleted)
        return mintmark::fail(ErrorCode::kInvalidArgument, "only finished jobs can be purged");
    const std::string set = state == JobState::kCompleted ? "completed" : "failed";
    Words ids;
    MINTMARK_CHECK(append_ids(
        ids, {"ZRANGEBYSCORE", set, "-inf", std::to_string(options_.now_ms() - older_than_ms)},
        false));
    std::uint64_t removed = 0;
    for (const std::string& id : ids) {
        const auto job = find(id);
        if (!job || job->state != state) continue;
        MINTMARK_TRY(const RedisReply reply,
                     redis_.script(bullmq::kRemoveJob, keys({id, "repeat"}), {id, "0", prefix_}));
        if (reply.number == 1) ++removed;
        MINTMARK_CHECK(redis_.command({"ZREM", prefix_ + "cancelled", id}));
    }
    return removed;
}

}  // namespace

Result<std::unique_ptr<Queue>> open_bullmq_queue(const RedisAddress& address,
                                                 QueueOptions options) {
    MINTMARK_CHECK(check_name(options.name));
    auto queue = std::make_unique<BullmqQueue>(address, with_defaults(std::move(options)));
    MINTMARK_CHECK(queue->counts());  // is it there, and is it Redis 7?
    return queue;
}

}  // namespace mintmark::queue
