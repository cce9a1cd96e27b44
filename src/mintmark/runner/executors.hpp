// What jobs do (docs/spec/jobs.md, "Kinds"); runs in a process of its own, under limits.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "mintmark/chain/signer.hpp"
#include "mintmark/jobs/config.hpp"
#include "mintmark/jobs/job_data.hpp"
#include "mintmark/market/market.hpp"

namespace mintmark::runner {

/// What an executor may use.
struct Environment {
    jobs::Config config = {};
    std::filesystem::path home = {};    ///< published models of the worker's owner
    std::filesystem::path folder = {};  ///< of this run
    /// Called only by jobs that need them.
    std::function<Result<market::Market>()> open_market = {};
    std::function<Result<chain::PrivateKey>()> unlock = {};
    /// How far it is: a stage, and how much of it (0 to 1).
    std::function<void(std::string_view stage, double part)> on_progress = {};
};

struct JobRun {
    std::string id;
    jobs::JobData data;
};

/// The job's result, an object. Errors of everything that it does; see is_final.
[[nodiscard]] Result<json::Json> execute(const Environment& environment, const JobRun& run);

/// Would the same job fail again? Wrong input does; disks, networks and chains recover.
[[nodiscard]] bool is_final(ErrorCode code) noexcept;

// The kinds (executors.cpp, fine_tune.cpp).
[[nodiscard]] Result<json::Json> run_inference(const Environment& environment,
                                               const jobs::InferenceJob& job);
[[nodiscard]] Result<json::Json> run_proof(const Environment& environment, const std::string& id,
                                           const jobs::ProofJob& job);
[[nodiscard]] Result<json::Json> run_accuracy(const Environment& environment, const std::string& id,
                                              const jobs::AccuracyJob& job);
[[nodiscard]] Result<json::Json> run_fine_tune(const Environment& environment,
                                               const std::string& id, const jobs::FineTuneJob& job);

/// kNotFound: this machine does not have the model.
[[nodiscard]] Result<const jobs::LocalModel*> local_model(const jobs::Config& config,
                                                          const std::string& name);

}  // namespace mintmark::runner
