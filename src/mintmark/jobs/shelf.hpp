// Inputs and outputs of jobs in the content-addressed store.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"
#include "mintmark/wire/cid.hpp"

namespace mintmark::jobs {

class Shelf {
  public:
    explicit Shelf(std::filesystem::path store) : store_(std::move(store)) {}

    [[nodiscard]] Result<wire::Cid> put(std::string_view content) const;
    [[nodiscard]] Result<wire::Cid> put_file(const std::filesystem::path& file) const;
    /// Writes the file to `destination`, at most max_bytes; checked against the CID. kNotFound,
    /// kRejected, kOutOfRange.
    [[nodiscard]] Status get(const wire::Cid& cid, const std::filesystem::path& destination,
                             std::uint64_t max_bytes = std::uint64_t{4} << 30U) const;

  private:
    std::filesystem::path store_;
};

}  // namespace mintmark::jobs
