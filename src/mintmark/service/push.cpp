#include "mintmark/service/push.hpp"

#include <fmt/format.h>

#include "mintmark/base/progress.hpp"

namespace mintmark::service {
namespace {

Result<storage::SourceFile> find_onnx(const storage::SourceNode& source,
                                      const std::string& wanted) {
    std::vector<storage::SourceFile> found;
    for (storage::SourceFile& file : storage::list_files(source)) {
        const bool is_fine = wanted.empty() ? file.path.ends_with(".onnx") : file.path == wanted;
        if (is_fine) found.push_back(std::move(file));
    }
    if (found.size() == 1) return found.front();
    if (!wanted.empty()) {
        return fail(ErrorCode::kNotFound, fmt::format("there is no file '{}'", wanted));
    }
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} holds {} ONNX files", source.path.string(), found.size()),
                "name the one to publish with --onnx PATH");
}

storage::OnBytes counted(Progress& progress) {
    return [&progress](std::uint64_t bytes) {
        progress.advance(bytes);
        return true;
    };
}

}  // namespace

Result<Pushed> push(const std::filesystem::path& home, const ModelFolder& folder,
                    const PushOptions& options) {
    MINTMARK_TRY(storage::SourceNode source, storage::open_source(options.source));
    std::string card;
    if (!options.card.empty()) {
        MINTMARK_TRY(source, storage::with_file(std::move(source), options.card));
        card = options.card.filename().string();
    }
    MINTMARK_TRY(const storage::SourceFile onnx, find_onnx(source, options.onnx));
    const std::uint64_t total = storage::total_bytes(source);
    Pushed out;
    {
        Progress progress("hashing", total);
        MINTMARK_TRY(out.manifest, storage::build_manifest(source, card, counted(progress)));
    }
    storage::LocalStore store(home / "store");
    {
        Progress progress("storing", total);
        MINTMARK_TRY(out.report, store.put(source, counted(progress)));
    }
    {
        Progress progress("reading back", total);
        MINTMARK_CHECK(store.verify(out.report.root, out.manifest, counted(progress)));
    }
    out.model.name = folder.name();
    out.model.cid = out.report.root.to_string();
    out.model.manifest_root = out.manifest.root();
    out.model.onnx = std::filesystem::absolute(onnx.on_disk);
    out.model.size_bytes = total;
    if (!card.empty()) {
        MINTMARK_TRY(const storage::SourceNode alone, storage::open_source(options.card));
        MINTMARK_TRY(const storage::PutReport report, store.put(alone));
        out.model.card_cid = report.root.to_string();
    }
    MINTMARK_CHECK(json::write(folder.file("manifest.json"), out.manifest.to_json()));
    MINTMARK_CHECK(folder.write(out.model));
    return out;
}

}  // namespace mintmark::service
