// Publication of a model: compile, commit the weights, and the transactions, each step resumable.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/model/model.hpp"
#include "mintmark/service/model_folder.hpp"
#include "mintmark/worker/settings.hpp"

namespace mintmark::service {

/// What the creator decides.
struct PublishOptions {
    worker::Settings settings = {};  ///< model_path is the ONNX file; samples are calibration data
    model::AccuracyTarget target = {};
    std::filesystem::path srs = {};
    std::string architecture;
    market::Price price = {};
    bool is_transferable = false;
    std::uint64_t resale_ppm = 0;
    std::optional<Address> payout = {};
    std::optional<std::uint64_t> model_id = {};  ///< a further version of this model
    /// Key of another proof system's adapter; the state's commitment names the system.
    std::optional<Address> adapter_key = {};
    std::uint64_t parameters = 0;  ///< of a foreign system's model, which is not read
};

/// Makes the local part: settings.json, model.compiled, vk.key, pk.key, public.json, and the hashes
/// in `state`. Files of an earlier run that fit (same ONNX, same SRS) are kept. Errors: everything
/// that importing, quantising, compiling and loading an SRS can say.
[[nodiscard]] Status prepare(const ModelFolder& folder, const PublishOptions& options,
                             PublishState& state);

/// The same for a model of a foreign system (ezkl, RISC Zero): nothing is compiled.
/// kInvalidArgument without a number of parameters.
[[nodiscard]] Status prepare_foreign(const ModelFolder& folder, const PublishOptions& options,
                                     PublishState& state);

/// One transaction of a publication.
struct PublishStep {
    std::string what;
    std::uint64_t gas = 0;
    bool is_estimate = true;
    std::optional<chain::Receipt> receipt = {};
};

/// What the remaining steps would cost in gas. Steps that depend on earlier ones are typical
/// values.
[[nodiscard]] Result<std::vector<PublishStep>> plan(market::Market& market,
                                                    const ModelFolder& folder,
                                                    const PublishOptions& options,
                                                    const PublishState& state, const Address& from);

using PublishProgress = std::function<void(const PublishStep& step)>;

/// Puts vk.key on-chain as contract code, once: the inner key of a bonded system, or the first step
/// of a publication. The address is the state's verifying key.
[[nodiscard]] Status deploy_circuit_key(market::Market& market, const chain::PrivateKey& key,
                                        const ModelFolder& folder, PublishState& state,
                                        const PublishProgress& progress);

/// Sends what remains, writing publish.json after each step.
[[nodiscard]] Status publish(market::Market& market, const chain::PrivateKey& key,
                             const ModelFolder& folder, const PublishOptions& options,
                             PublishState& state, const PublishProgress& progress);

}  // namespace mintmark::service
