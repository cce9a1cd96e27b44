// `mintmark model push | list | show | status`; publish is in publish_command.cpp.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/service/push.hpp"
#include "publish_command.hpp"

namespace mintmark::app {
namespace {

struct PushArgs {
    service::PushOptions options;
    std::string name;
};

Status push(const App& app, const PushArgs& args) {
    const Stopwatch watch;
    MINTMARK_TRY(const service::ModelFolder folder,
                 service::ModelFolder::of(app.home, model_name(args.name, args.options.source)));
    MINTMARK_TRY(const service::Pushed pushed, service::push(app.home, folder, args.options));
    json::Json files = json::Json::array();
    Table table;
    table.row("model", folder.name());
    for (const storage::ManifestFile& file : pushed.manifest.files) {
        files.push_back({{"path", file.path},
                         {"size", file.size_bytes},
                         {"sha256", to_hex(file.sha256)},
                         {"chunk_root", to_hex(file.chunk_root)}});
        table.row("  " + file.path,
                  fmt::format("{}, sha256 {}", human_bytes(file.size_bytes), to_hex(file.sha256)));
    }
    table.row("manifest root", to_hex(pushed.model.manifest_root))
        .row("content id", "ipfs://" + pushed.model.cid)
        .row("blocks", fmt::format("{} written, {} were there; all read back and compared",
                                   pushed.report.blocks_written, pushed.report.blocks_kept))
        .row("time", human_ms(watch.ms()));
    emit(app,
         {{"name", folder.name()},
          {"cid", pushed.model.cid},
          {"manifest_root", to_hex(pushed.model.manifest_root)},
          {"blocks_written", pushed.report.blocks_written},
          {"blocks_kept", pushed.report.blocks_kept},
          {"files", files}},
         table.text());
    return {};
}

Status list_models(const App& app) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const auto models, market::list_models(market, std::nullopt));
    json::Json rows = json::Json::array();
    std::string text = fmt::format("{:>5}  {:<24} {:>8} {:>9}  {:<14} {:<14} {}", "model", "name",
                                   "versions", "canonical", "per call", "per day", "owner");
    for (const market::ModelInfo& model : models) {
        json::Json row = {{"id", model.id},
                          {"name", model.name},
                          {"owner", chain::to_checksum(model.owner)},
                          {"versions", model.versions},
                          {"canonical", model.canonical}};
        std::string call = "-";
        std::string day = "-";
        if (model.canonical != 0) {
            MINTMARK_TRY(const auto price, market::get_price(market, {model.id, model.canonical}));
            if (price) {
                call = market::format_price(price->per_call);
                day = market::format_price(price->per_day);
                row["per_call_pico_wei"] = price->per_call.to_string();
                row["per_day_pico_wei"] = price->per_day.to_string();
            }
        }
        rows.push_back(std::move(row));
        text += fmt::format("\n{:>5}  {:<24} {:>8} {:>9}  {:<14} {:<14} {}", model.id, model.name,
                            model.versions, model.canonical, call, day,
                            chain::to_checksum(model.owner));
    }
    emit(app, {{"models", rows}}, models.empty() ? "no models" : text);
    return {};
}

void add_version(Table& table, json::Json& rows, std::uint64_t number,
                 const market::VersionInfo& info, const std::optional<market::Price>& price) {
    const market::VersionCommitment& c = info.commitment;
    json::Json row = {{"version", number},
                      {"status", market::status_name(info.status)},
                      {"weights_hash", to_hex(c.weights_hash)},
                      {"manifest_root", to_hex(c.manifest_root)},
                      {"circuit_hash", to_hex(c.circuit_hash)},
                      {"vk_hash", to_hex(c.vk_hash)},
                      {"proof_system", c.proof_system},
                      {"verifying_key", chain::to_checksum(c.verifying_key)},
                      {"parameter_count", c.parameter_count},
                      {"architecture", c.architecture},
                      {"storage_uri", c.storage_uri}};
    table
        .row(fmt::format("version {}", number),
             fmt::format("{}, published {}", market::status_name(info.status),
                         time_text(info.published_at)))
        .row("  architecture",
             fmt::format("{}, {} parameters", c.architecture, grouped(c.parameter_count)))
        .row("  weights", "sha256 " + to_hex(c.weights_hash))
        .row("  manifest root", to_hex(c.manifest_root))
        .row("  circuit hash", to_hex(c.circuit_hash))
        .row("  verifying key",
             fmt::format("{} at {}", to_hex(c.vk_hash), chain::to_checksum(c.verifying_key)))
        .row("  proof system", c.proof_system)
        .row("  files", c.storage_uri);
    if (price) {
        row["per_call_pico_wei"] = price->per_call.to_string();
        row["per_day_pico_wei"] = price->per_day.to_string();
        table.row("  price",
                  fmt::format("{} a call, {} a day", market::format_price(price->per_call),
                              market::format_price(price->per_day)));
    }
    rows.push_back(std::move(row));
}

Status show_model(const App& app, std::uint64_t id) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::ModelInfo model, market::get_model(market, id));
    Table table;
    table.row("model", fmt::format("{} ({})", model.id, model.name))
        .row("owner", chain::to_checksum(model.owner))
        .row("payout", chain::to_checksum(model.payout))
        .row("card", model.card_uri);
    json::Json versions = json::Json::array();
    for (std::uint64_t number = 1; number <= model.versions; ++number) {
        MINTMARK_TRY(const market::VersionInfo info, market::get_version(market, {id, number}));
        MINTMARK_TRY(const auto price, market::get_price(market, {id, number}));
        add_version(table, versions, number, info, price);
    }
    emit(app,
         {{"id", model.id},
          {"name", model.name},
          {"owner", chain::to_checksum(model.owner)},
          {"payout", chain::to_checksum(model.payout)},
          {"card_uri", model.card_uri},
          {"canonical", model.canonical},
          {"versions", versions}},
         table.text());
    return {};
}

struct StatusArgs {
    std::uint64_t model = 0, version = 0;
    std::string status, reason;
};

Status set_status(const App& app, const StatusArgs& args) {
    MINTMARK_TRY(const market::VersionStatus wanted, market::parse_status(args.status));
    MINTMARK_TRY(market::Market market, open_market(app));
    market::VersionRef ref{args.model, args.version};
    if (ref.version == 0) {
        MINTMARK_TRY(const market::ModelInfo model, market::get_model(market, ref.model));
        ref.version = model.canonical != 0 ? model.canonical : model.versions;
    }
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market.send(key, market::status_call(ref, wanted, args.reason)));
    emit(app,
         {{"model", ref.model},
          {"version", ref.version},
          {"status", args.status},
          {"tx", tx_json(receipt)}},
         fmt::format("model {} version {} is {} now\ntransaction {}", ref.model, ref.version,
                     args.status, tx_text(receipt)));
    return {};
}

void add_push_command(CLI::App& group, App& app) {
    const auto args = std::make_shared<PushArgs>();
    CLI::App* sub = command(group, app, "push", "put a model into the content-addressed store",
                            [&app, args] { return push(app, *args); });
    sub->add_option("SOURCE", args->options.source, "ONNX file, or a folder with one")->required();
    sub->add_option("--card", args->options.card, "model card (README.md)");
    sub->add_option("--name", args->name, "name of the model [the file's]");
    sub->add_option("--onnx", args->options.onnx, "the ONNX file in a folder with several");
}

}  // namespace

std::string model_name(const std::string& flag, const std::filesystem::path& source) {
    if (!flag.empty()) return flag;
    const auto absolute = std::filesystem::absolute(source).lexically_normal();
    return absolute.has_filename() ? absolute.stem().string()
                                   : absolute.parent_path().stem().string();
}

void add_model_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("model", "push, publish and look at models");
    group->require_subcommand(1);
    group->fallthrough();
    add_push_command(*group, app);
    add_publish_command(*group, app);
    command(*group, app, "list", "all models on the chain", [&app] { return list_models(app); });
    const auto args = std::make_shared<StatusArgs>();
    CLI::App* sub = command(*group, app, "show", "one model with its versions",
                            [&app, args] { return show_model(app, args->model); });
    sub->add_option("ID", args->model, "model id")->required();
    sub = command(*group, app, "status", "move a version's status",
                  [&app, args] { return set_status(app, *args); });
    sub->add_option("ID", args->model, "model id")->required();
    sub->add_option("STATUS", args->status, "active, deprecated or revoked (final)")
        ->required()
        ->check(CLI::IsMember({"active", "deprecated", "revoked"}));
    sub->add_option("--version-id", args->version, "version [the canonical one]");
    sub->add_option("--reason", args->reason, "why, for everybody to read");
}

}  // namespace mintmark::app
