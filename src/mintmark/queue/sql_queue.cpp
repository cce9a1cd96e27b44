#include "mintmark/queue/sql_queue.hpp"

#include "mintmark/queue/rules.hpp"

namespace mintmark::queue {
namespace {

using sql::integer;
using sql::Row;
using sql::Value;

// seq is the order of arrival; a time would tie. due_ms is the turn of a delayed job, the end of
// an active one's lease.
constexpr std::string_view kColumns =
    "id TEXT NOT NULL, queue TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL,"
    "state INTEGER NOT NULL, priority INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    "max_attempts INTEGER NOT NULL, backoff_ms BIGINT NOT NULL, due_ms BIGINT NOT NULL,"
    "token TEXT NOT NULL, cancel INTEGER NOT NULL, progress TEXT NOT NULL, result TEXT NOT NULL,"
    "error TEXT NOT NULL, created_ms BIGINT NOT NULL, finished_ms BIGINT NOT NULL,"
    "UNIQUE (queue, id));"
    "CREATE INDEX IF NOT EXISTS jobs_turn ON jobs (queue, state, priority, seq);"
    "CREATE INDEX IF NOT EXISTS jobs_due ON jobs (queue, state, due_ms);";

#define MINTMARK_JOB_COLUMNS                                                                  \
    "id, kind, data, state, priority, attempts, max_attempts, backoff_ms, progress, result, " \
    "error, created_ms, finished_ms, cancel"

JobState to_state(std::int64_t number) {
    return static_cast<JobState>(static_cast<std::uint64_t>(number) % kNumStates);
}

Job to_job(const Row& row) {
    return {.id = sql::text(row, 0),
            .kind = sql::text(row, 1),
            .data = sql::text(row, 2),
            .state = to_state(integer(row, 3)),
            .priority = static_cast<std::uint32_t>(integer(row, 4)),
            .attempts = static_cast<std::uint32_t>(integer(row, 5)),
            .max_attempts = static_cast<std::uint32_t>(integer(row, 6)),
            .backoff_ms = integer(row, 7),
            .progress = sql::text(row, 8),
            .result = sql::text(row, 9),
            .error = sql::text(row, 10),
            .created_ms = integer(row, 11),
            .finished_ms = integer(row, 12)};
}

std::int64_t number(JobState state) {
    return static_cast<std::int64_t>(state);
}

std::unexpected<Error> lost(const Lease& lease) {
    return mintmark::fail(ErrorCode::kRejected, "the lease of job " + lease.job.id + " is lost",
                          "another worker has it; drop the work");
}

class SqlQueue final : public Queue {
  public:
    SqlQueue(std::unique_ptr<sql::Database> database, QueueOptions options)
        : database_(std::move(database)), options_(std::move(options)) {}

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
    [[nodiscard]] Status take_back();

    std::unique_ptr<sql::Database> database_;
    QueueOptions options_;
};

Result<Enqueued> SqlQueue::enqueue(const NewJob& job) {
    MINTMARK_CHECK(check_job(job));
    const std::string id =
        job.idempotency_key.empty() ? random_id(*options_.rng) : job.idempotency_key;
    const std::int64_t now = options_.now_ms();
    const JobState state = job.delay_ms > 0 ? JobState::kDelayed : JobState::kWaiting;
    MINTMARK_TRY(
        const auto done,
        database_->run(
            "INSERT INTO jobs (id, queue, kind, data, state, priority, attempts, "
            "max_attempts, backoff_ms, due_ms, token, cancel, progress, result, error, "
            "created_ms, finished_ms) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, "
            "'', 0, '', '', '', $10, 0) ON CONFLICT (queue, id) DO NOTHING",
            {id, options_.name, job.kind, job.data, number(state), std::int64_t{job.priority},
             std::int64_t{job.max_attempts}, job.backoff_ms, now + job.delay_ms, now}));
    if (done.num_changed == 1) return Enqueued{id, true};
    MINTMARK_TRY(const Job known, find(id));
    MINTMARK_CHECK(same_content(known, job));
    return Enqueued{id, false};
}

Status SqlQueue::take_back() {
    const std::int64_t now = options_.now_ms();
    // A lease that ran out: again, unless cancelled meanwhile or without an attempt left.
    MINTMARK_CHECK(database_->run(
        "UPDATE jobs SET token = '', finished_ms = CASE WHEN cancel = 1 OR attempts >= "
        "max_attempts THEN CAST($2 AS BIGINT) ELSE 0 END, error = 'the worker was lost', state = "
        "CASE WHEN cancel "
        "= 1 THEN 5 WHEN attempts >= max_attempts THEN 4 ELSE 0 END "
        "WHERE queue = $1 AND state = 2 AND due_ms <= CAST($2 AS BIGINT)",
        {options_.name, now}));
    MINTMARK_CHECK(
        database_->run("UPDATE jobs SET state = 0 WHERE queue = $1 AND state = 1 AND due_ms <= $2",
                       {options_.name, now}));
    return {};
}

Result<std::optional<Lease>> SqlQueue::claim() {
    MINTMARK_CHECK(take_back());
    const bool postgres = database_->dialect() == sql::Dialect::kPostgres;
    const std::string statement =
        std::string(
            "UPDATE jobs SET state = 2, attempts = attempts + 1, token = $2, due_ms = $3 "
            "WHERE seq = (SELECT seq FROM jobs WHERE queue = $1 AND state = 0 "
            "ORDER BY priority, seq LIMIT 1") +
        (postgres ? " FOR UPDATE SKIP LOCKED)" : ")") +
        " AND state = 0 RETURNING " MINTMARK_JOB_COLUMNS;
    const std::string token = random_id(*options_.rng);
    MINTMARK_TRY(
        const auto answer,
        database_->run(statement, {options_.name, token, options_.now_ms() + options_.lease_ms}));
    if (answer.rows.empty()) return std::nullopt;
    return Lease{to_job(answer.rows[0]), token};
}

Result<bool> SqlQueue::heartbeat(const Lease& lease, std::string_view progress) {
    const std::int64_t now = options_.now_ms();
    MINTMARK_TRY(const auto answer,
                 database_->run(
                     "UPDATE jobs SET due_ms = $4, progress = CASE WHEN CAST($5 AS TEXT) = '' THEN "
                     "progress ELSE CAST($5 AS TEXT) END WHERE queue = $1 AND id = $2 AND state = "
                     "2 AND token = $3 AND "
                     "due_ms > $6 RETURNING cancel",
                     {options_.name, lease.job.id, lease.token, now + options_.lease_ms,
                      std::string(progress), now}));
    if (answer.rows.empty()) return lost(lease);
    return integer(answer.rows[0], 0) != 0;
}

Status SqlQueue::complete(const Lease& lease, std::string_view result) {
    MINTMARK_TRY(
        const auto answer,
        database_->run(
            "UPDATE jobs SET state = 3, result = $4, finished_ms = $5, token = token || "
            "'+' WHERE queue = $1 AND id = $2 AND state = 2 AND token = $3",
            {options_.name, lease.job.id, lease.token, std::string(result), options_.now_ms()}));
    if (answer.num_changed == 1) return {};
    // Said before, and the answer was lost on the way: the same report again is no error.
    MINTMARK_TRY(
        const auto known,
        database_->run("SELECT 1 FROM jobs WHERE queue = $1 AND id = $2 AND state = 3 AND "
                       "token = $3 AND result = $4",
                       {options_.name, lease.job.id, lease.token + "+", std::string(result)}));
    return known.rows.empty() ? Status(lost(lease)) : Status();
}

Result<JobState> SqlQueue::fail(const Lease& lease, const Failure& failure) {
    const std::int64_t now = options_.now_ms();
    const bool again =
        failure.kind == Failure::Kind::kRetry && lease.job.attempts < lease.job.max_attempts;
    JobState next = JobState::kFailed;
    if (again) next = JobState::kDelayed;
    if (failure.kind == Failure::Kind::kCancelled) next = JobState::kCancelled;
    const std::int64_t due =
        again ? now + backoff_delay_ms(lease.job.backoff_ms, lease.job.attempts, *options_.rng) : 0;
    MINTMARK_TRY(
        const auto answer,
        database_->run(
            "UPDATE jobs SET state = CASE WHEN cancel = 1 AND CAST($4 AS BIGINT) = 1 THEN 5 "
            "ELSE CAST($4 AS BIGINT) END, error = $5, due_ms = $6, finished_ms = CASE "
            "WHEN CAST($4 AS BIGINT) = 1 AND cancel = 0 THEN 0 ELSE CAST($7 AS BIGINT) "
            "END, token = '' WHERE queue = $1 AND id = $2 AND state = 2 "
            "AND token = $3 RETURNING state",
            {options_.name, lease.job.id, lease.token, number(next), failure.message, due, now}));
    if (answer.rows.empty()) return lost(lease);
    return to_state(integer(answer.rows[0], 0));
}

Result<Cancelled> SqlQueue::cancel(std::string_view id) {
    MINTMARK_TRY(
        const auto answer,
        database_->run("UPDATE jobs SET cancel = 1, state = CASE WHEN state = 2 THEN 2 ELSE 5 END, "
                       "error = 'cancelled', finished_ms = CASE WHEN state = 2 THEN 0 ELSE CAST($3 "
                       "AS BIGINT) END "
                       "WHERE queue = $1 AND id = $2 AND state IN (0, 1, 2) RETURNING state",
                       {options_.name, std::string(id), options_.now_ms()}));
    if (answer.rows.empty()) {
        MINTMARK_CHECK(find(id));
        return Cancelled::kTooLate;
    }
    return integer(answer.rows[0], 0) == number(JobState::kActive) ? Cancelled::kRequested
                                                                   : Cancelled::kAtOnce;
}

Status SqlQueue::retry(std::string_view id) {
    MINTMARK_TRY(const auto answer,
                 database_->run("UPDATE jobs SET state = 0, attempts = 0, cancel = 0, error = '', "
                                "finished_ms = 0 WHERE queue = $1 AND id = $2 AND state IN (4, 5)",
                                {options_.name, std::string(id)}));
    if (answer.num_changed == 1) return {};
    MINTMARK_TRY(const Job job, find(id));
    return mintmark::fail(ErrorCode::kInvalidArgument,
                          "job " + job.id + " is " + std::string(state_name(job.state)),
                          "only failed and cancelled jobs are tried again");
}

Result<Job> SqlQueue::find(std::string_view id) {
    MINTMARK_TRY(const auto answer, database_->run("SELECT " MINTMARK_JOB_COLUMNS
                                                   " FROM jobs WHERE queue = $1 AND id = $2",
                                                   {options_.name, std::string(id)}));
    if (answer.rows.empty())
        return mintmark::fail(ErrorCode::kNotFound, "no job " + std::string(id));
    return to_job(answer.rows[0]);
}

Result<Counts> SqlQueue::counts() {
    MINTMARK_TRY(const auto answer,
                 database_->run("SELECT state, COUNT(*) FROM jobs WHERE queue = $1 GROUP BY state",
                                {options_.name}));
    Counts counts;
    for (const Row& row : answer.rows)
        counts.by_state[static_cast<std::size_t>(integer(row, 0)) % kNumStates] =
            static_cast<std::uint64_t>(integer(row, 1));
    return counts;
}

Result<std::vector<Job>> SqlQueue::list(JobState state, std::size_t limit) {
    const char* order = "priority, seq";
    if (state == JobState::kDelayed || state == JobState::kActive) order = "due_ms, seq";
    if (state >= JobState::kCompleted) order = "finished_ms DESC, seq DESC";
    MINTMARK_TRY(
        const auto answer,
        database_->run(std::string("SELECT " MINTMARK_JOB_COLUMNS
                                   " FROM jobs WHERE queue = $1 AND state = $2 ORDER BY ") +
                           order + " LIMIT $3",
                       {options_.name, number(state), static_cast<std::int64_t>(limit)}));
    std::vector<Job> jobs;
    for (const Row& row : answer.rows) jobs.push_back(to_job(row));
    return jobs;
}

Result<std::uint64_t> SqlQueue::purge(JobState state, std::int64_t older_than_ms) {
    if (state < JobState::kCompleted)
        return mintmark::fail(ErrorCode::kInvalidArgument, "only finished jobs can be purged");
    MINTMARK_TRY(const auto answer,
                 database_->run("DELETE FROM jobs WHERE queue = $1 AND state = $2 AND finished_ms "
                                "<= $3",
                                {options_.name, number(state), options_.now_ms() - older_than_ms}));
    return answer.num_changed;
}

}  // namespace

Result<std::unique_ptr<Queue>> open_sql_queue(std::unique_ptr<sql::Database> database,
                                              QueueOptions options) {
    MINTMARK_CHECK(check_name(options.name));
    const bool postgres = database->dialect() == sql::Dialect::kPostgres;
    const std::string key =
        postgres ? "seq BIGSERIAL PRIMARY KEY, " : "seq INTEGER PRIMARY KEY AUTOINCREMENT, ";
    // Two processes may start at once; PostgreSQL's IF NOT EXISTS alone is not safe against that.
    MINTMARK_TRY(auto transaction, sql::Transaction::begin(*database));
    if (postgres) MINTMARK_CHECK(database->run("SELECT pg_advisory_xact_lock(7140517)"));
    MINTMARK_CHECK(
        database->script("CREATE TABLE IF NOT EXISTS jobs (" + key + std::string(kColumns)));
    MINTMARK_CHECK(transaction.commit());
    return std::make_unique<SqlQueue>(std::move(database), with_defaults(std::move(options)));
}

}  // namespace mintmark::queue
