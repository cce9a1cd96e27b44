// `mintmark infer --node …`: ask a model.
#include <fmt/format.h>

#include <algorithm>

#include "infer_requests.hpp"
#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/service/buyer.hpp"
#include "mintmark/service/image.hpp"

namespace mintmark::app {
namespace {

struct InferArgs {
    service::InferOptions options;
    std::string image, data, srs;
    bool is_raw = false;
};

Result<model::Sample> make_sample(const InferArgs& args,
                                  const std::vector<worker::PublicPort>& inputs) {
    if (!args.data.empty()) {
        MINTMARK_TRY(const std::string text, read_text(args.data));
        MINTMARK_TRY(const model::InputFile file, model::read_input_json(text));
        if (file.samples.empty() || file.samples.front().empty()) {
            return fail(ErrorCode::kInvalidArgument, fmt::format("{} has no input", args.data));
        }
        const model::Sample& first = file.samples.front();
        if (inputs.size() == 1 && first.size() > 1) return model::Sample{first.front()};
        return first;
    }
    if (inputs.size() != 1) {
        return fail(ErrorCode::kInvalidArgument, "the model has several inputs",
                    "give them with --data input.json");
    }
    MINTMARK_TRY(std::vector<double> values, service::image_input(args.image, inputs[0].shape));
    return model::Sample{std::move(values)};
}

/// The largest values with a bar: probabilities, or with --raw the values themselves.
std::string answer_text(const service::Answer& answer, bool is_raw) {
    constexpr std::size_t kShown = 10;
    constexpr double kBarWidth = 40;
    std::string out;
    for (std::size_t port = 0; port < answer.stored.values.size(); ++port) {
        const std::vector<double>& values = answer.stored.values[port];
        const std::vector<double> shares = service::softmax(values);
        const auto top = std::ranges::max_element(values) - values.begin();
        for (std::size_t i = 0; i < values.size() && i < kShown; ++i) {
            if (!out.empty()) out += '\n';
            if (is_raw) {
                out += fmt::format("  {}[{}]  {:.5f}", answer.outputs[port].name, i, values[i]);
                continue;
            }
            const std::string bar(static_cast<std::size_t>(kBarWidth * shares[i] + 0.5), '#');
            out += fmt::format("  class {:>2} {:>9.4f} %  {}{}", i, 100 * shares[i], bar,
                               static_cast<std::ptrdiff_t>(i) == top ? "  <- answer" : "");
        }
        if (values.size() > kShown) out += fmt::format("\n  … {} more", values.size() - kShown);
    }
    return out;
}

Status infer(const App& app, InferArgs args) {
    if (args.options.node_url.empty() || args.options.version.model == 0 ||
        args.options.pass == 0 || args.image.empty() == args.data.empty()) {
        return fail(ErrorCode::kInvalidArgument,
                    "needed: --node URL --model ID --pass ID and --image FILE or --data FILE");
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, args.options.pass));
    if (args.options.version.version == 0 && pass.version.model == args.options.version.model) {
        args.options.version = pass.version;
    }
    MINTMARK_TRY(args.options.version, market::resolve_version(market, args.options.version));
    args.options.home = app.home;
    MINTMARK_TRY(args.options.srs, srs_path(app, args.srs));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const Stopwatch watch;
    MINTMARK_TRY(const service::Answer answer,
                 service::infer(market, key, args.options,
                                [&](const auto& inputs) { return make_sample(args, inputs); }));
    const double ms = watch.ms();
    json::Json probabilities = json::Json::array();
    for (const auto& values : answer.stored.values) {
        probabilities.push_back(service::softmax(values));
    }
    emit(app,
         {{"request", answer.id},
          {"values", answer.stored.values},
          {"probabilities", probabilities},
          {"vk_path", answer.vk_path.string()},
          {"input_commitment", to_hex(answer.stored.request.input_commitment)},
          {"ms", ms}},
         Table().row("request", answer.id)
                 .row("model", fmt::format("{} version {}, key {}", args.options.version.model,
                                           args.options.version.version, to_hex(answer.vk_hash)))
                 .row("key file", answer.vk_path.string() + " (for `mintmark zk verify`)")
                 .row("time", human_ms(ms))
                 .text() +
             "\n" + answer_text(answer, args.is_raw));
    return {};
}

void add_infer_options(CLI::App& group, InferArgs& args) {
    group.add_option("--node", args.options.node_url, "the creator's node, http://…");
    group.add_option("--model", args.options.version.model, "model id");
    group.add_option("--version-id", args.options.version.version, "version [the pass's]");
    group.add_option("--pass", args.options.pass, "pass id");
    group.add_option("--image", args.image, "PGM or PNG image of the model's input size");
    group.add_option("-D,--data", args.data, "instead: input.json, in ezkl's form");
    group.add_option("--valid", args.options.valid_s,
                     "seconds that the request may settle [86400]");
    group.add_option("--srs-path", args.srs, "SRS [the deployment's]");
    group.add_flag("--raw", args.is_raw, "show the output as it is, no probabilities");
}

}  // namespace

void add_infer_commands(CLI::App& root, App& app) {
    CLI::App* group =
        root.add_subcommand("infer", "ask a model (--node …), or list, prove, settle requests");
    group->fallthrough();
    group->require_subcommand(0, 1);
    const auto args = std::make_shared<InferArgs>();
    add_infer_options(*group, *args);
    group->callback([&app, args, group] {
        if (group->get_subcommands().empty()) app.run = [&app, args] { return infer(app, *args); };
    });
    add_request_commands(*group, app);
}

}  // namespace mintmark::app
