// A job's own folder: made for one run, gone after it.
#pragma once

#include <filesystem>

#include "mintmark/base/result.hpp"

namespace mintmark::jobs {

/// <parent>/mintmark-job-PID-XXXXXX, mode 0700; removed with the object.
class JobFolder {
  public:
    /// kIo. parent: empty: the system's temporary folder.
    [[nodiscard]] static Result<JobFolder> make(const std::filesystem::path& parent);
    JobFolder(JobFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
    JobFolder& operator=(JobFolder&& other) = delete;
    JobFolder(const JobFolder&) = delete;
    JobFolder& operator=(const JobFolder&) = delete;
    ~JobFolder();
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  private:
    explicit JobFolder(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

/// Removes folders of workers that are dead.
void sweep(const std::filesystem::path& parent);

}  // namespace mintmark::jobs
