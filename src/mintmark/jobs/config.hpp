// What workers and those who hand them jobs agree on: the queue, the store, models, limits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace mintmark::jobs {

/// What one job may take. The process that runs it is ended when it takes more.
struct Limits {
    std::uint64_t memory_bytes = std::uint64_t{16} << 30U;  ///< of address space
    std::uint64_t file_bytes = std::uint64_t{4} << 30U;     ///< of one file that it writes
    std::int64_t time_s = 3600;
};

/// A training command of the operator's; jobs name it, they never bring one.
struct Recipe {
    std::string name = {};
    /// Program and arguments; run in the job's folder (docs/spec/jobs.md).
    std::vector<std::string> command = {};
    /// Environment variables that it gets besides PATH, HOME and LANG.
    std::vector<std::string> environment = {};
};

/// A model whose files this machine has.
struct LocalModel {
    std::filesystem::path compiled = {};     ///< model.compiled
    std::filesystem::path proving_key = {};  ///< empty: nothing can be proven
    std::filesystem::path onnx = {};         ///< empty: it cannot be tuned
    std::uint64_t model = 0, version = 0;    ///< in the ModelRegistry; 0: not registered
};

struct Config {
    std::string queue = {};         ///< as queue::open_queue; empty: there are no jobs
    std::string name = "mintmark";  ///< of the queue
    std::int64_t lease_ms = 30'000;
    std::filesystem::path store = "store";  ///< content-addressed: inputs and outputs
    std::filesystem::path work = {};        ///< folder of jobs' folders; empty: the system's
    std::filesystem::path srs = {};
    std::uint32_t slots = 1;     ///< jobs at once in one worker
    std::int64_t poll_ms = 500;  ///< between two looks at an empty queue
    std::int64_t drain_s = 60;   ///< what a running job gets after SIGTERM
    Limits limits = {};
    std::vector<Recipe> recipes = {};
    std::map<std::string, LocalModel> models = {};  ///< by what buyers call them

    [[nodiscard]] const Recipe* recipe(const std::string& wanted) const {
        for (const Recipe& one : recipes) {
            if (one.name == wanted) return &one;
        }
        return nullptr;
    }
};

}  // namespace mintmark::jobs
