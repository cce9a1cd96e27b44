// What a job says (docs/spec/jobs.md, "Kinds"): strangers' words, checked before anything is done
// with them. No member of any job is a path: files are named by content, models and commands by the
// operator's names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/wire/cid.hpp"

namespace mintmark::jobs {

/// Most bytes of a job's JSON; larger inputs come by CID.
inline constexpr std::size_t kMaxDataBytes = std::size_t{4} << 20U;

/// One array per input of the model, or a file of them in the store.
struct Input {
    std::vector<std::vector<double>> values = {};
    std::optional<wire::Cid> cid = {};
};

struct InferenceJob {
    std::string model = {};
    Input input = {};
};

struct ProofJob {
    std::string model = {};
    Input input = {};
    std::optional<Bytes32> context = {};  ///< none: the job's own (default_context)
};

struct AccuracyJob {
    std::string model = {};
    wire::Cid data = {};  ///< IDX or JSON, also gzipped
    std::optional<wire::Cid> labels = {};
    std::uint32_t num_samples = 0;  ///< 0: all
    Bytes32 seed = {};              ///< of the commitment to the test set
    std::optional<Bytes32> context = {};
};

struct FineTuneJob {
    std::string model = {};  ///< the parent
    std::string recipe = {};
    wire::Cid data = {};
    std::optional<wire::Cid> labels = {};
    json::Json parameters = json::Json::object();  ///< names to numbers, texts or flags
    /// How the child is registered; without a license it is only trained and stored.
    std::string name = {};
    std::uint64_t license = 0;
    std::string price_per_call = {};  ///< "0.001ETH"; empty: free
    std::uint32_t max_stack_ppm = 0;  ///< most that all ancestors may take of its income
};

using JobData = std::variant<InferenceJob, ProofJob, AccuracyJob, FineTuneJob>;

/// "inference", "proof", "accuracy", "fine_tune".
[[nodiscard]] std::string_view kind_of(const JobData& data) noexcept;
/// Total on any text. kUnsupported for an unknown kind; kInvalidArgument naming the member:
/// missing, of another type, out of range, unknown. kOutOfRange above kMaxDataBytes.
[[nodiscard]] Result<JobData> parse_job(std::string_view kind, std::string_view text);

/// SHA-256("mintmark job " ‖ id): what a proof is bound to when nobody says otherwise, so that a
/// proof of one job is none of another.
[[nodiscard]] Bytes32 default_context(std::string_view id);

/// A name in a file system: 1 to 64 of [A-Za-z0-9_.-], no dot in front.
[[nodiscard]] bool is_name(std::string_view text) noexcept;

}  // namespace mintmark::jobs
