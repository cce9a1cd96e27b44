// What a creator keeps of one model: <home>/models/<name>/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/json/json.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::service {

/// A model in the content-addressed store: pushed.json.
struct PushedModel {
    std::string name;
    std::string cid;                  ///< of the folder, CIDv1
    Bytes32 manifest_root = {};       ///< root of the manifest (storage module)
    std::filesystem::path onnx = {};  ///< absolute path of the ONNX file that was pushed
    std::string card_cid;             ///< of the model card alone; empty: none
    std::uint64_t size_bytes = 0;

    [[nodiscard]] json::Json to_json() const;
    [[nodiscard]] static Result<PushedModel> from_json(const json::Json& value);
};

/// How far a publication has come: publish.json, written after every step. A field that is set is
/// done; an interrupted publication goes on with the first that is not.
struct PublishState {
    std::string name;
    std::string onnx;
    std::string cid;
    std::string card_cid;
    market::VersionCommitment commitment;
    std::uint64_t chain_id = 0;
    Address registry = {};
    bool is_prepared = false;             ///< the local files are there
    std::optional<Address> expected_key;  ///< where the key's code will be; sent perhaps
    bool is_key_deployed = false;         ///< commitment.verifying_key is right
    std::optional<std::uint64_t> model_id;
    std::optional<Bytes32> salt;
    std::optional<std::uint64_t> committed_at;  ///< block time of commitVersion
    std::optional<std::uint64_t> version_id;
    bool is_priced = false;
    bool is_termed = false;
    bool is_active = false;

    [[nodiscard]] json::Json to_json() const;
    [[nodiscard]] static Result<PublishState> from_json(const json::Json& value);
};

/// Names and files of a model's folder.
class ModelFolder {
  public:
    /// kInvalidArgument when the name is not 1 to 64 of [A-Za-z0-9_.-], or begins with a dot.
    [[nodiscard]] static Result<ModelFolder> of(const std::filesystem::path& home,
                                                const std::string& name);
    /// Every folder of this home.
    [[nodiscard]] static std::vector<ModelFolder> all(const std::filesystem::path& home);
    /// The folder whose publication is this version on this chain; kNotFound.
    [[nodiscard]] static Result<ModelFolder> find(const std::filesystem::path& home,
                                                  std::uint64_t chain_id,
                                                  const market::VersionRef& version);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] std::filesystem::path file(std::string_view file) const { return path_ / file; }
    [[nodiscard]] std::filesystem::path compiled() const { return file("model.compiled"); }
    [[nodiscard]] std::filesystem::path proving_key() const { return file("pk.key"); }
    [[nodiscard]] std::filesystem::path verifying_key() const { return file("vk.key"); }

    /// kNotFound when it was never pushed / published.
    [[nodiscard]] Result<PushedModel> pushed() const;
    [[nodiscard]] Status write(const PushedModel& pushed) const;
    [[nodiscard]] Result<PublishState> state() const;
    [[nodiscard]] Status write(const PublishState& state) const;

  private:
    ModelFolder(std::string name, std::filesystem::path path)
        : name_(std::move(name)), path_(std::move(path)) {}

    std::string name_;
    std::filesystem::path path_;
};

}  // namespace mintmark::service
