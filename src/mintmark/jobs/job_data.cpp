#include "mintmark/jobs/job_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "mintmark/hash/sha256.hpp"

namespace mintmark::jobs {
namespace {

using json::Json;

constexpr std::array<std::string_view, 4> kKinds = {"inference", "proof", "accuracy", "fine_tune"};
constexpr std::size_t kMaxParameters = 64;
constexpr std::size_t kMaxText = 256;
constexpr std::uint64_t kMaxSamples = 1'000'000;
constexpr std::uint64_t kMillion = 1'000'000;

/// Reads members by name, remembers which, and keeps the first error.
class Members {
  public:
    explicit Members(const Json& object) : object_(object) {}

    const Json* find(std::string_view key) {
        known_.insert(std::string(key));
        const Json* value = json::find(object_, key);
        return value == nullptr || value->is_null() ? nullptr : value;
    }
    void text(std::string_view key, std::string& out) {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_string() || value->get_ref<const std::string&>().size() > kMaxText) {
            return bad(key, "must be a short text");
        }
        out = value->get<std::string>();
    }
    void name(std::string_view key, std::string& out) {
        text(key, out);
        if (!is_name(out)) bad(key, "must be a name: 1 to 64 of [A-Za-z0-9_.-], no dot in front");
    }
    template <class Int>
    void number(std::string_view key, Int& out, std::uint64_t most) {
        const Json* value = find(key);
        if (value == nullptr) return;
        if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
            return bad(key, fmt::format("must be a whole number up to {}", most));
        }
        out = static_cast<Int>(value->get<std::uint64_t>());
    }
    void cid(std::string_view key, std::optional<wire::Cid>& out) {
        std::string value;
        text(key, value);
        if (value.empty()) return;
        const auto parsed = wire::Cid::parse(value);
        if (!parsed) return bad(key, "is no CID of version 1");
        out = *parsed;
    }
    void cid(std::string_view key, wire::Cid& out) {
        std::optional<wire::Cid> value;
        cid(key, value);
        if (!value) return bad(key, "must be a CID");
        out = *value;
    }
    void word(std::string_view key, std::optional<Bytes32>& out) {
        std::string value;
        text(key, value);
        if (value.empty()) return;
        const auto parsed = bytes32_from_hex(value);
        if (!parsed) return bad(key, "must be 32 bytes in hex");
        out = *parsed;
    }
    void bad(std::string_view key, std::string_view what) {
        if (!error_.empty()) return;
        error_ = fmt::format("{}: {}", key, what);
        param_ = key;
    }
    [[nodiscard]] Status finish() {
        for (const auto& [key, value] : object_.items()) {
            if (!known_.contains(key)) bad(key.substr(0, kMaxText), "is no member of this job");
        }
        if (error_.empty()) return {};
        return fail(ErrorCode::kInvalidArgument, error_, param_);
    }

  private:
    const Json& object_;
    std::set<std::string> known_ = {};
    std::string error_ = {};
    std::string param_ = {};
};

bool flatten(const Json& value, std::vector<double>& out) {
    if (value.is_number()) {
        out.push_back(value.get<double>());
        return std::isfinite(out.back());
    }
    if (!value.is_array()) return false;
    return std::ranges::all_of(value, [&](const Json& item) { return flatten(item, out); });
}

void read_input(Members& members, Input& out) {
    members.cid("input_cid", out.cid);
    const Json* value = members.find("input");
    if ((value == nullptr) == !out.cid) {
        return members.bad("input", "give either input or input_cid");
    }
    if (value == nullptr) return;
    if (!value->is_array()) return members.bad("input", "must be a list of arrays of numbers");
    for (const Json& item : *value) {
        std::vector<double> values;
        if (!item.is_array() || !flatten(item, values)) {
            return members.bad("input", "must be a list of arrays of finite numbers");
        }
        out.values.push_back(std::move(values));
    }
}

void read_parameters(Members& members, Json& out) {
    const Json* value = members.find("parameters");
    if (value == nullptr) return;
    if (!value->is_object() || value->size() > kMaxParameters) {
        return members.bad("parameters", "must be an object with at most 64 members");
    }
    for (const auto& [key, item] : value->items()) {
        const bool is_text =
            item.is_string() && item.get_ref<const std::string&>().size() <= kMaxText;
        if (!is_name(key) || !(is_text || item.is_number() || item.is_boolean())) {
            return members.bad("parameters", "names to numbers, short texts or flags");
        }
    }
    out = *value;
}

Result<JobData> parse_inference(const Json& object) {
    Members members(object);
    InferenceJob job;
    members.name("model", job.model);
    read_input(members, job.input);
    MINTMARK_CHECK(members.finish());
    return job;
}

Result<JobData> parse_proof(const Json& object) {
    Members members(object);
    ProofJob job;
    members.name("model", job.model);
    read_input(members, job.input);
    members.word("context", job.context);
    MINTMARK_CHECK(members.finish());
    return job;
}

Result<JobData> parse_accuracy(const Json& object) {
    Members members(object);
    AccuracyJob job;
    std::optional<Bytes32> seed;
    members.name("model", job.model);
    members.cid("data", job.data);
    members.cid("labels", job.labels);
    members.number("samples", job.num_samples, kMaxSamples);
    members.word("seed", seed);
    members.word("context", job.context);
    MINTMARK_CHECK(members.finish());
    job.seed = seed.value_or(Bytes32{});
    return job;
}

Result<JobData> parse_fine_tune(const Json& object) {
    Members members(object);
    FineTuneJob job;
    members.name("model", job.model);
    members.name("recipe", job.recipe);
    members.cid("data", job.data);
    members.cid("labels", job.labels);
    read_parameters(members, job.parameters);
    members.number("license", job.license, std::uint64_t{1} << 53U);
    members.number("max_stack_ppm", job.max_stack_ppm, kMillion);
    members.text("price_per_call", job.price_per_call);
    if (job.license != 0) members.name("name", job.name);
    if (job.license == 0 && members.find("name") != nullptr) {
        members.bad("license", "a child with a name needs a license of its parent");
    }
    MINTMARK_CHECK(members.finish());
    return job;
}

}  // namespace

std::string_view kind_of(const JobData& data) noexcept {
    return kKinds[data.index()];
}

Result<JobData> parse_job(std::string_view kind, std::string_view text) {
    if (text.size() > kMaxDataBytes) {
        return fail(ErrorCode::kOutOfRange, "the job's data is too large",
                    "put inputs into the store and name them by CID");
    }
    const auto parsed = json::parse(text);
    if (!parsed || !parsed->is_object()) {
        return fail(ErrorCode::kInvalidArgument, "the job's data is no JSON object");
    }
    if (kind == kKinds[0]) return parse_inference(*parsed);
    if (kind == kKinds[1]) return parse_proof(*parsed);
    if (kind == kKinds[2]) return parse_accuracy(*parsed);
    if (kind == kKinds[3]) return parse_fine_tune(*parsed);
    return fail(ErrorCode::kUnsupported, fmt::format("jobs of kind '{}' are not known", kind),
                fmt::format("one of {}", fmt::join(kKinds, ", ")));
}

Bytes32 default_context(std::string_view id) {
    return sha256(as_bytes(fmt::format("mintmark job {}", id)));
}

bool is_name(std::string_view text) noexcept {
    const auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    };
    return !text.empty() && text.size() <= 64 && text[0] != '.' &&
           std::ranges::all_of(text, is_fine);
}

}  // namespace mintmark::jobs
