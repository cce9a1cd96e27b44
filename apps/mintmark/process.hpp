// Other programs and where the project's files are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::app {

/// Runs a program found on PATH with `input` on its standard input; returns its standard output.
/// kNotFound when it cannot be started, kIo when it fails.
[[nodiscard]] Result<std::string> run_process(const std::vector<std::string>& arguments,
                                              const std::string& input);

/// The project's contracts/ folder: $MINTMARK_CONTRACTS, or beside a parent of the working folder
/// or of this program. kNotFound with what to do.
[[nodiscard]] Result<std::filesystem::path> contracts_folder();

}  // namespace mintmark::app
