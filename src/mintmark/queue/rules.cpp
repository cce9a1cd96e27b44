#include "mintmark/queue/rules.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include "mintmark/json/json.hpp"

namespace mintmark::queue {
namespace {

constexpr std::int64_t kMaxBackoffMs = 3'600'000;
constexpr std::size_t kMaxDataBytes = std::size_t{16} << 20U;
constexpr std::array<std::string_view, kNumStates> kStateNames = {
    "waiting", "delayed", "active", "completed", "failed", "cancelled"};

bool is_word(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

std::int64_t system_now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

std::string_view state_name(JobState state) noexcept {
    return kStateNames[static_cast<std::size_t>(state)];
}

std::optional<JobState> parse_state(std::string_view name) noexcept {
    const auto* const found = std::ranges::find(kStateNames, name);
    if (found == kStateNames.end()) return std::nullopt;
    return static_cast<JobState>(found - kStateNames.begin());
}

Status check_name(std::string_view name) {
    if (name.empty() || name.size() > 64 || !is_word(name))
        return fail(ErrorCode::kInvalidArgument, "a queue's name is 1 to 64 of [A-Za-z0-9_-]");
    return {};
}

Status check_job(const NewJob& job) {
    if (job.kind.empty() || job.kind.size() > 64)
        return fail(ErrorCode::kInvalidArgument, "a job's kind has 1 to 64 characters");
    const std::string& key = job.idempotency_key;
    const bool digits = std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
    if (!key.empty() && (key.size() > 128 || !is_word(key) || digits))
        return fail(ErrorCode::kInvalidArgument,
                    "an idempotency key is 1 to 128 of [A-Za-z0-9_-], not digits only");
    if (job.priority > kMaxPriority)
        return fail(ErrorCode::kInvalidArgument, "a priority is at most 2097152");
    if (job.delay_ms < 0 || job.backoff_ms < 0 || job.max_attempts == 0)
        return fail(ErrorCode::kInvalidArgument,
                    "delay and back-off are not negative, attempts at least 1");
    if (job.data.size() > kMaxDataBytes)
        return fail(ErrorCode::kInvalidArgument, "a job's data are at most 16 MiB",
                    "put large inputs into the store and pass their CID");
    if (!json::parse(job.data)) return fail(ErrorCode::kInvalidArgument, "a job's data are JSON");
    return {};
}

QueueOptions with_defaults(QueueOptions options) {
    if (!options.now_ms) options.now_ms = system_now_ms;
    if (options.rng == nullptr) options.rng = &system_rng();
    return options;
}

std::string random_id(Rng& rng) {
    std::array<std::uint8_t, 12> bytes = {};
    rng.fill(bytes);
    return "j" + to_hex(bytes).substr(2);
}

std::int64_t backoff_delay_ms(std::int64_t first_ms, std::uint32_t attempts, Rng& rng) {
    std::int64_t full = std::min(first_ms, kMaxBackoffMs);
    for (std::uint32_t i = 1; i < attempts && full < kMaxBackoffMs && full > 0; ++i) full *= 2;
    full = std::min(full, kMaxBackoffMs);
    std::array<std::uint8_t, 4> bytes = {};
    rng.fill(bytes);
    const std::uint64_t drawn = bytes[0] | (std::uint64_t{bytes[1]} << 8U) |
                                (std::uint64_t{bytes[2]} << 16U) | (std::uint64_t{bytes[3]} << 24U);
    const auto half = static_cast<std::uint64_t>(full / 2);
    return full - static_cast<std::int64_t>((drawn * (half + 1)) >> 32U);
}

Status same_content(const Job& known, const NewJob& job) {
    if (known.kind == job.kind && known.data == job.data) return {};
    return fail(ErrorCode::kAlreadyExists,
                "idempotency key " + job.idempotency_key + " belongs to another job",
                "use a fresh key for a new job");
}

}  // namespace mintmark::queue
