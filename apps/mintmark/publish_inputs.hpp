// What `mintmark model publish` and `model key` are told, and what they make of it.
#pragma once

#include "app.hpp"
#include "mintmark/chain/deployment.hpp"
#include "mintmark/service/publish.hpp"

namespace mintmark::app {

struct PublishArgs {
    std::string source, name, card, data, srs, architecture, payout;
    std::string per_call, per_day;
    std::string input_visibility = "committed";
    std::string optimise = "balanced";
    std::string proof_system{market::kProofSystemName};
    std::string adapter_key;
    double min_agreement = 0.995;
    double max_error = 0;
    std::uint64_t resale_ppm = 0;
    std::uint64_t parameters = 0;
    std::optional<std::uint64_t> model_id;
    bool is_free = false, is_transferable = false, is_dry_run = false, is_local = false;
};

/// Flags that say what is compiled: of both commands.
void add_source_options(CLI::App& command, PublishArgs& args);

/// A name of a pushed model, or a file or folder, which is pushed now.
[[nodiscard]] Result<service::PushedModel> pushed_model(const App& app, const PublishArgs& args,
                                                        const service::ModelFolder& folder);

/// The state of an earlier run if it is of these very files, on this chain, under this system; else
/// a new one.
[[nodiscard]] Result<service::PublishState> begin_state(const service::ModelFolder& folder,
                                                        const service::PushedModel& pushed,
                                                        const chain::Deployment& deployment,
                                                        const PublishArgs& args);

/// What the flags say, without the price.
[[nodiscard]] Result<service::PublishOptions> source_options(const App& app,
                                                             const PublishArgs& args,
                                                             const service::PushedModel& pushed);

}  // namespace mintmark::app
