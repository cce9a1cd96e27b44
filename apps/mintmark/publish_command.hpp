// `mintmark model publish`.
#pragma once

#include <filesystem>
#include <string>

#include "app.hpp"

namespace mintmark::app {

/// The flag, or the source's file name without its ending.
[[nodiscard]] std::string model_name(const std::string& flag, const std::filesystem::path& source);

void add_publish_command(CLI::App& group, App& app);

}  // namespace mintmark::app
