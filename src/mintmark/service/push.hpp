// A model into the content-addressed store of its creator.
#pragma once

#include <filesystem>
#include <string>

#include "mintmark/service/model_folder.hpp"
#include "mintmark/storage/local_store.hpp"

namespace mintmark::service {

struct PushOptions {
    std::filesystem::path source = {};  ///< ONNX file, or a folder with one
    std::filesystem::path card = {};    ///< model card; may be empty
    std::string onnx = {};              ///< path within a folder that has several ONNX files
};

struct Pushed {
    PushedModel model;
    storage::Manifest manifest;
    storage::PutReport report;
};

/// Hashes the files, stores their blocks, reads everything back, writes manifest.json and
/// pushed.json. Interrupted, it goes on where it stopped: blocks that are there are kept.
/// kInvalidArgument when there is not exactly one ONNX file to publish.
[[nodiscard]] Result<Pushed> push(const std::filesystem::path& home, const ModelFolder& folder,
                                  const PushOptions& options);

}  // namespace mintmark::service
