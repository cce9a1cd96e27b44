// Progress of long work: a bar on a terminal, silence elsewhere.
#pragma once

#include <cstdint>
#include <string>

namespace mintmark {

/// Draws "label [#####....] 42 % 12.3/29.0 MB" on stderr when stderr is a terminal, at most ten
/// times a second.
class Progress {
  public:
    /// total: number of units; label: what is being done.
    Progress(std::string label, std::uint64_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void advance(std::uint64_t units);

  private:
    void draw();

    std::string label_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::int64_t last_draw_ms_ = 0;
    bool enabled_;
};

}  // namespace mintmark
