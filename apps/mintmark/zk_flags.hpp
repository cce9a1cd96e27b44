// Flags of `mintmark zk`, named and defaulted as ezkl's users know them.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app.hpp"
#include "mintmark/worker/pipeline.hpp"
#include "mintmark/worker/proof_file.hpp"
#include "mintmark/worker/settings.hpp"

namespace mintmark::app {

struct ZkFlags {
    std::string model = "network.onnx";
    std::string data = "input.json";
    std::string settings = "settings.json";
    std::string output;
    std::string compiled = "model.compiled";
    std::string witness = "witness.json";
    std::string vk = "vk.key";
    std::string pk = "pk.key";
    std::string srs = "kzg.srs";
    std::string proof = "proof.json";
    std::optional<int> logrows;
    std::string context;  ///< hex, 32 bytes
    std::string request;  ///< id of a stored request, instead of a witness
};

using SharedFlags = std::shared_ptr<ZkFlags>;

/// Adds --logrows, which has no meaning here, and a notice when it is used.
void add_ignored_logrows(CLI::App& sub, ZkFlags& flags);
void warn_ignored(const App& app, const ZkFlags& flags);

/// Lines about errors and what users of a model measure.
[[nodiscard]] std::string metrics_text(const model::QuantReport& report);

void add_zk_compile_commands(CLI::App& zk, App& app);
void add_zk_evaluate_command(CLI::App& zk, App& app);
void add_zk_proof_commands(CLI::App& zk, App& app);
void add_zk_srs_commands(CLI::App& zk, App& app);
void add_zk_evm_commands(CLI::App& zk, App& app);
void add_zk_accuracy_commands(CLI::App& zk, App& app);
void add_zk_vk_commands(CLI::App& zk, App& app);

}  // namespace mintmark::app
