// Missing files: which command makes them.
#pragma once

#include <string>
#include <utility>

#include "mintmark/base/result.hpp"

namespace mintmark::worker {

/// The error, with a hint when it is a missing file that has none yet.
[[nodiscard]] inline std::unexpected<Error> made_by(Error error, const std::string& command) {
    if (error.code == ErrorCode::kNotFound && error.hint.empty()) {
        error.hint = "make it with: " + command;
    }
    return std::unexpected(std::move(error));
}

}  // namespace mintmark::worker
