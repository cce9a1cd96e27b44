#include "mintmark/service/model_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "mintmark/chain/address.hpp"

namespace mintmark::service {
namespace {

using json::Json;

Result<Bytes32> get_word(const Json& value, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(value, key));
    return bytes32_from_hex(text);
}

Result<Address> get_address(const Json& value, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(value, key));
    return chain::parse_address(text);
}

bool is_set(const Json& value, std::string_view key) {
    const Json* member = json::find(value, key);
    return member != nullptr && !member->is_null();
}

Result<std::optional<std::uint64_t>> get_optional_u64(const Json& value, std::string_view key) {
    if (!is_set(value, key)) return std::nullopt;
    MINTMARK_TRY(const std::uint64_t number, json::get_u64(value, key));
    return number;
}

Json optional_json(const std::optional<std::uint64_t>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json commitment_json(const market::VersionCommitment& v) {
    return {{"manifest_root", to_hex(v.manifest_root)},
            {"weights_hash", to_hex(v.weights_hash)},
            {"circuit_hash", to_hex(v.circuit_hash)},
            {"vk_hash", to_hex(v.vk_hash)},
            {"verifying_key", chain::to_checksum(v.verifying_key)},
            {"verifier", chain::to_checksum(v.verifier)},
            {"parameter_count", v.parameter_count},
            {"architecture", v.architecture},
            {"storage_uri", v.storage_uri},
            {"proof_system", v.proof_system}};
}

Result<market::VersionCommitment> read_commitment(const Json& value) {
    market::VersionCommitment out;
    MINTMARK_TRY(out.manifest_root, get_word(value, "manifest_root"));
    MINTMARK_TRY(out.weights_hash, get_word(value, "weights_hash"));
    MINTMARK_TRY(out.circuit_hash, get_word(value, "circuit_hash"));
    MINTMARK_TRY(out.vk_hash, get_word(value, "vk_hash"));
    MINTMARK_TRY(out.verifying_key, get_address(value, "verifying_key"));
    MINTMARK_TRY(out.verifier, get_address(value, "verifier"));
    MINTMARK_TRY(out.parameter_count, json::get_u64(value, "parameter_count"));
    MINTMARK_TRY(out.architecture, json::get_string(value, "architecture"));
    MINTMARK_TRY(out.storage_uri, json::get_string(value, "storage_uri"));
    if (is_set(value, "proof_system")) {  // files of before have none
        MINTMARK_TRY(out.proof_system, json::get_string(value, "proof_system"));
    }
    return out;
}

}  // namespace

Json PushedModel::to_json() const {
    return {{"name", name},          {"cid", cid},
            {"card_cid", card_cid},  {"manifest_root", to_hex(manifest_root)},
            {"onnx", onnx.string()}, {"size_bytes", size_bytes}};
}

Result<PushedModel> PushedModel::from_json(const Json& value) {
    PushedModel out;
    MINTMARK_TRY(out.name, json::get_string(value, "name"));
    MINTMARK_TRY(out.cid, json::get_string(value, "cid"));
    MINTMARK_TRY(out.card_cid, json::get_string(value, "card_cid"));
    MINTMARK_TRY(out.manifest_root, get_word(value, "manifest_root"));
    MINTMARK_TRY(const std::string onnx, json::get_string(value, "onnx"));
    out.onnx = onnx;
    MINTMARK_TRY(out.size_bytes, json::get_u64(value, "size_bytes"));
    return out;
}

Json PublishState::to_json() const {
    Json out = {{"mintmark_publish", 1}, {"name", name}, {"onnx", onnx}, {"cid", cid}};
    out["card_cid"] = card_cid;
    out["commitment"] = commitment_json(commitment);
    out["chain_id"] = chain_id;
    out["registry"] = chain::to_checksum(registry);
    out["prepared"] = is_prepared;
    out["expected_key"] = expected_key ? Json(chain::to_checksum(*expected_key)) : Json(nullptr);
    out["key_deployed"] = is_key_deployed;
    out["model_id"] = optional_json(model_id);
    out["salt"] = salt ? Json(to_hex(*salt)) : Json(nullptr);
    out["committed_at"] = optional_json(committed_at);
    out["version_id"] = optional_json(version_id);
    out["priced"] = is_priced;
    out["terms_set"] = is_termed;
    out["active"] = is_active;
    return out;
}

Result<PublishState> PublishState::from_json(const Json& value) {
    PublishState out;
    MINTMARK_TRY(out.name, json::get_string(value, "name"));
    MINTMARK_TRY(out.onnx, json::get_string(value, "onnx"));
    MINTMARK_TRY(out.cid, json::get_string(value, "cid"));
    MINTMARK_TRY(out.card_cid, json::get_string(value, "card_cid"));
    MINTMARK_TRY(const Json commitment, json::get_object(value, "commitment"));
    MINTMARK_TRY(out.commitment, read_commitment(commitment));
    MINTMARK_TRY(out.chain_id, json::get_u64(value, "chain_id"));
    MINTMARK_TRY(out.registry, get_address(value, "registry"));
    MINTMARK_TRY(out.is_prepared, json::get_bool(value, "prepared"));
    if (is_set(value, "expected_key")) {
        MINTMARK_TRY(out.expected_key, get_address(value, "expected_key"));
    }
    MINTMARK_TRY(out.is_key_deployed, json::get_bool(value, "key_deployed"));
    MINTMARK_TRY(out.model_id, get_optional_u64(value, "model_id"));
    if (is_set(value, "salt")) {
        MINTMARK_TRY(out.salt, get_word(value, "salt"));
    }
    MINTMARK_TRY(out.committed_at, get_optional_u64(value, "committed_at"));
    MINTMARK_TRY(out.version_id, get_optional_u64(value, "version_id"));
    MINTMARK_TRY(out.is_priced, json::get_bool(value, "priced"));
    MINTMARK_TRY(out.is_termed, json::get_bool(value, "terms_set"));
    MINTMARK_TRY(out.is_active, json::get_bool(value, "active"));
    return out;
}

Result<ModelFolder> ModelFolder::of(const std::filesystem::path& home, const std::string& name) {
    const bool is_fine = !name.empty() && name.size() <= 64 && name.front() != '.' &&
                         std::ranges::all_of(name, [](unsigned char c) {
                             return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
                         });
    if (is_fine) return ModelFolder(name, home / "models" / name);
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no model name", name),
                "1 to 64 of A-Z a-z 0-9 _ - .; give one with --name");
}

std::vector<ModelFolder> ModelFolder::all(const std::filesystem::path& home) {
    std::vector<ModelFolder> out;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(home / "models", ignored)) {
        auto folder = of(home, entry.path().filename().string());
        if (folder && entry.is_directory(ignored)) out.push_back(*std::move(folder));
    }
    std::ranges::sort(out, {}, &ModelFolder::name_);
    return out;
}

Result<ModelFolder> ModelFolder::find(const std::filesystem::path& home, std::uint64_t chain_id,
                                      const market::VersionRef& version) {
    for (const ModelFolder& folder : all(home)) {
        const auto state = folder.state();
        if (state && state->chain_id == chain_id && state->model_id == version.model &&
            state->version_id == version.version) {
            return folder;
        }
    }
    return fail(ErrorCode::kNotFound,
                fmt::format("model {} version {} was not published from this home ({})",
                            version.model, version.version, home.string()),
                "use the creator's --home");
}

Result<PushedModel> ModelFolder::pushed() const {
    auto value = json::read(file("pushed.json"));
    if (value) return PushedModel::from_json(*value);
    if (value.error().code != ErrorCode::kNotFound) return std::unexpected(value.error());
    return fail(ErrorCode::kNotFound, fmt::format("there is no model '{}' here", name_),
                "push one with `mintmark model push`");
}

Status ModelFolder::write(const PushedModel& pushed) const {
    return json::write(file("pushed.json"), pushed.to_json());
}

Result<PublishState> ModelFolder::state() const {
    auto value = json::read(file("publish.json"));
    if (value) return PublishState::from_json(*value);
    if (value.error().code != ErrorCode::kNotFound) return std::unexpected(value.error());
    return fail(ErrorCode::kNotFound, fmt::format("model '{}' is not published", name_),
                "publish it with `mintmark model publish`");
}

Status ModelFolder::write(const PublishState& state) const {
    return json::write(file("publish.json"), state.to_json(), FileMode::kSecret);
}

}  // namespace mintmark::service
