// Fine-tuning: the operator's training command on a stranger's data, then the child into the
// registry, linked to its parent.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/jobs/shelf.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/licensing.hpp"
#include "mintmark/runner/child.hpp"
#include "mintmark/runner/executors.hpp"
#include "mintmark/service/publish.hpp"
#include "mintmark/service/push.hpp"

namespace mintmark::runner {
namespace {

using json::Json;
namespace fs = std::filesystem;

constexpr double kTrainingPart = 0.6;  ///< of the whole job's progress
constexpr std::size_t kMaxErrorBytes = 2000;

/// Two workers may hold one job for a moment (a lease that was lost): only one publishes.
class FolderLock {
  public:
    [[nodiscard]] static Result<FolderLock> take(const fs::path& file) {
        const int fd = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
        if (fd < 0) return fail(ErrorCode::kIo, "cannot open " + file.string());
        if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return FolderLock(fd);
        ::close(fd);
        return fail(ErrorCode::kInterrupted, "another worker is at this job");
    }
    FolderLock(FolderLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FolderLock& operator=(FolderLock&&) = delete;
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock() {
        if (fd_ >= 0) ::close(fd_);
    }

  private:
    explicit FolderLock(int fd) : fd_(fd) {}
    int fd_;
};

/// Nothing of the worker's own environment (passwords!) but what the recipe asks for.
std::vector<std::string> environment_of(const jobs::Recipe& recipe, const fs::path& folder) {
    const char* path = std::getenv("PATH");
    std::vector<std::string> out = {
        fmt::format("PATH={}", path == nullptr ? "/usr/bin:/bin" : path), "HOME=" + folder.string(),
        "LANG=C.UTF-8"};
    for (const std::string& name : recipe.environment) {
        if (const char* value = std::getenv(name.c_str())) out.push_back(name + "=" + value);
    }
    return out;
}

std::string end_of(const fs::path& file) {
    std::string text = read_text(file).value_or("");
    if (text.size() > kMaxErrorBytes) text.erase(0, text.size() - kMaxErrorBytes);
    const std::size_t last = text.find_last_not_of(" \n");
    text.resize(last == std::string::npos ? 0 : last + 1);
    const std::size_t line = text.rfind('\n');
    return line == std::string::npos ? text : text.substr(line + 1);
}

/// "progress 0.25" lines of the command.
void follow(const Environment& environment, const std::vector<std::string>& lines) {
    constexpr std::string_view kWord = "progress ";
    for (const std::string& line : lines) {
        if (!line.starts_with(kWord)) continue;
        double part = 0;
        const char* end = line.data() + line.size();
        const auto [last, ec] = std::from_chars(line.data() + kWord.size(), end, part);
        if (ec != std::errc() || !(part >= 0 && part <= 1)) continue;
        environment.on_progress("training", kTrainingPart * part);
    }
}

/// Runs the recipe in <folder>/train: model.onnx, data, labels, parameters.json are there; it
/// writes out/model.onnx, and perhaps out/samples.json and out/README.md.
Status train(const Environment& environment, const jobs::FineTuneJob& job, const fs::path& folder) {
    const jobs::Recipe* recipe = environment.config.recipe(job.recipe);
    if (recipe == nullptr) {
        return fail(ErrorCode::kNotFound, fmt::format("there is no recipe {} here", job.recipe));
    }
    MINTMARK_TRY(const jobs::LocalModel* parent, local_model(environment.config, job.model));
    if (parent->onnx.empty()) {
        return fail(ErrorCode::kUnsupported, fmt::format("model {} has no ONNX here", job.model));
    }
    const jobs::Shelf shelf(environment.config.store);
    const std::uint64_t most = environment.config.limits.file_bytes;
    std::error_code ec;
    fs::create_directories(folder / "out", ec);
    MINTMARK_TRY(const Bytes onnx, read_file(parent->onnx));
    MINTMARK_CHECK(write_file(folder / "model.onnx", onnx, FileMode::kSecret));
    MINTMARK_CHECK(shelf.get(job.data, folder / "data", most));
    if (job.labels) MINTMARK_CHECK(shelf.get(*job.labels, folder / "labels", most));
    MINTMARK_CHECK(json::write(folder / "parameters.json", job.parameters));
    ChildOptions options;
    options.command = recipe->command;
    options.errors = folder / "errors";
    options.folder = folder;
    options.environment = environment_of(*recipe, folder);
    options.limits = environment.config.limits;
    MINTMARK_TRY(Child child, Child::start(options));
    constexpr int kLookMs = 200;
    while (!child.has_ended()) follow(environment, child.lines(kLookMs));
    if (child.status() != 0) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("the training command ended with {}: {}", child.status(),
                                end_of(options.errors)));
    }
    if (fs::is_regular_file(fs::symlink_status(folder / "out/model.onnx", ec))) return {};
    return fail(ErrorCode::kMalformed, "the training command has written no out/model.onnx");
}

/// The folder of this job's child in the worker's home; made by training when it is new.
Result<service::ModelFolder> trained(const Environment& environment, const std::string& id,
                                     const jobs::FineTuneJob& job) {
    const std::string mark = to_hex(sha256(as_bytes(id))).substr(2, 12);
    const std::string name = fmt::format("{}-{}", job.name.substr(0, 48), mark);
    return service::ModelFolder::of(environment.home, name);
}

Result<service::PushedModel> train_and_push(const Environment& environment,
                                            const service::ModelFolder& folder,
                                            const jobs::FineTuneJob& job) {
    if (auto known = folder.pushed()) return known;  // of a run that was interrupted later
    const fs::path work = environment.folder / "train";
    MINTMARK_CHECK(train(environment, job, work));
    service::PushOptions options;
    // The ONNX file must outlive the run's folder: publication reads it.
    for (const char* file : {"model.onnx", "samples.json", "README.md"}) {
        std::error_code ec;
        if (!fs::is_regular_file(fs::symlink_status(work / "out" / file, ec))) continue;
        MINTMARK_TRY(const Bytes content, read_file(work / "out" / file));
        MINTMARK_CHECK(write_file(folder.file(file), content, FileMode::kSecret));
        if (std::string_view(file) == "README.md") options.card = folder.file(file);
    }
    options.source = folder.file("model.onnx");
    MINTMARK_TRY(service::Pushed pushed, service::push(environment.home, folder, options));
    return std::move(pushed.model);
}

Result<service::PublishOptions> options_of(const Environment& environment,
                                           const service::ModelFolder& folder,
                                           const jobs::FineTuneJob& job) {
    service::PublishOptions out;
    out.settings.model_path = folder.file("model.onnx").string();
    out.srs = environment.config.srs;
    out.architecture = job.name;
    out.target.min_top1_agreement = 0.99;
    if (const auto text = read_text(folder.file("samples.json"))) {
        MINTMARK_TRY(model::InputFile file, model::read_input_json(*text));
        out.settings.samples = std::move(file.samples);
    }
    if (!job.price_per_call.empty()) {
        MINTMARK_TRY(out.price.per_call, market::parse_price(job.price_per_call));
    }
    return out;
}

/// The child's line in the registry: one per job, however often it runs.
Result<std::uint64_t> child_model(market::Market& market, const chain::PrivateKey& key,
                                  const service::PublishState& state) {
    if (state.model_id) return *state.model_id;
    MINTMARK_TRY(const auto models, market::list_models(market, key.address()));
    for (const market::ModelInfo& model : models) {
        if (model.name == state.name) return model.id;
    }
    const std::string card = "ipfs://" + (state.card_cid.empty() ? state.cid : state.card_cid);
    MINTMARK_TRY(const chain::Receipt receipt,
                 market.send(key, market::register_call(state.name, card, key.address())));
    return market::registered_model(market, receipt);
}

Result<service::PublishState> begin_state(const service::ModelFolder& folder,
                                          const service::PushedModel& pushed,
                                          const chain::Deployment& deployment) {
    MINTMARK_TRY(const Address registry, deployment.contract("ModelRegistry"));
    auto old = folder.state();
    if (old && old->chain_id == deployment.chain_id && old->registry == registry) return old;
    MINTMARK_TRY(const Bytes onnx, read_file(pushed.onnx));
    service::PublishState state;
    state.name = folder.name();
    state.onnx = pushed.onnx.string();
    state.cid = pushed.cid;
    state.card_cid = pushed.card_cid;
    state.chain_id = deployment.chain_id;
    state.registry = registry;
    state.commitment.weights_hash = sha256(onnx);
    state.commitment.manifest_root = pushed.manifest_root;
    state.commitment.storage_uri = "ipfs://" + pushed.cid;
    return state;
}

Result<Json> publish_child(const Environment& environment, const service::ModelFolder& folder,
                           const service::PushedModel& pushed, const jobs::FineTuneJob& job) {
    MINTMARK_TRY(market::Market market, environment.open_market());
    MINTMARK_TRY(const chain::PrivateKey key, environment.unlock());
    MINTMARK_TRY(service::PublishOptions options, options_of(environment, folder, job));
    MINTMARK_TRY(service::PublishState state, begin_state(folder, pushed, market.deployment()));
    environment.on_progress("committing to the weights", kTrainingPart);
    MINTMARK_CHECK(service::prepare(folder, options, state));
    environment.on_progress("registering", 0.8);
    MINTMARK_TRY(state.model_id, child_model(market, key, state));
    MINTMARK_CHECK(folder.write(state));
    options.model_id = state.model_id;
    MINTMARK_TRY(market::DerivativeInfo link, market::get_derivative(market, *state.model_id));
    if (link.state == "none") {
        MINTMARK_CHECK(market::link_derivative(market, key, *state.model_id,
                                               {{job.license, market::Relation::kFineTune}},
                                               job.max_stack_ppm));
        MINTMARK_TRY(link, market::get_derivative(market, *state.model_id));
    }
    environment.on_progress("publishing", 0.85);
    MINTMARK_CHECK(service::publish(market, key, folder, options, state, [](const auto&) {}));
    const std::uint64_t parent = link.parents.empty() ? 0 : link.parents[0].version.model;
    return Json{{"model_id", *state.model_id},
                {"version", *state.version_id},
                {"parent", parent},
                {"link", link.state},
                {"share_ppm", link.stack_ppm},
                {"name", state.name},
                {"vk_hash", to_hex(state.commitment.vk_hash)}};
}

}  // namespace

Result<Json> run_fine_tune(const Environment& environment, const std::string& id,
                           const jobs::FineTuneJob& job) {
    if (job.license == 0) {
        const fs::path work = environment.folder / "train";
        MINTMARK_CHECK(train(environment, job, work));
        MINTMARK_TRY(const wire::Cid cid,
                     jobs::Shelf(environment.config.store).put_file(work / "out/model.onnx"));
        return Json{{"parent_model", job.model}, {"model_cid", cid.to_string()}};
    }
    MINTMARK_TRY(const service::ModelFolder folder, trained(environment, id, job));
    std::error_code ec;
    fs::create_directories(folder.file("."), ec);
    MINTMARK_TRY(const FolderLock lock, FolderLock::take(folder.file("lock")));
    MINTMARK_TRY(const service::PushedModel pushed, train_and_push(environment, folder, job));
    MINTMARK_TRY(Json out, publish_child(environment, folder, pushed, job));
    out["parent_model"] = job.model;
    out["model_cid"] = pushed.cid;
    return out;
}

}  // namespace mintmark::runner
