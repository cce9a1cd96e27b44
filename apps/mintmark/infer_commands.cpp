// `mintmark infer`: ask a model; list, prove, settle requests.
#include <fmt/format.h>

#include <algorithm>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/service/buyer.hpp"
#include "mintmark/service/image.hpp"
#include "mintmark/worker/proof_file.hpp"
#include "prove_request.hpp"

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

Status list(const App& app) {
    const service::RequestStore store(app.home);
    json::Json rows = json::Json::array();
    std::string text;
    for (const std::string& id : store.ids()) {
        MINTMARK_TRY(const service::StoredRequest stored, store.get(id));
        const char* state = !stored.settled_tx.empty() ? "settled"
                            : stored.output.empty()    ? "no answer"
                                                       : "answered";
        rows.push_back({{"request", id},
                        {"model", stored.request.version.model},
                        {"pass", stored.request.pass},
                        {"state", state}});
        text += fmt::format("{}{}  model {}  pass {}  {}  {}", text.empty() ? "" : "\n", id,
                            stored.request.version.model, stored.request.pass,
                            time_text(stored.created_at), state);
    }
    emit(app, {{"requests", rows}}, text.empty() ? "no requests" : text);
    return {};
}

struct SettleArgs {
    std::string request = "last";
    std::string proof;
};

Status settle(const App& app, const SettleArgs& args) {
    const service::RequestStore store(app.home);
    MINTMARK_TRY(const std::string id, store.resolve(args.request));
    MINTMARK_TRY(service::StoredRequest stored, store.get(id));
    const std::filesystem::path path =
        args.proof.empty() ? store.proof_path(id) : std::filesystem::path(args.proof);
    MINTMARK_TRY(worker::ProofFile proof, worker::ProofFile::read(path));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    const Stopwatch watch;
    MINTMARK_TRY(const market::Settled settled,
                 market::settle(market, key,
                                {stored.request, stored.signature, std::move(proof.instances),
                                 std::move(proof.proof)}));
    stored.settled_tx = to_hex(settled.receipt.transaction_hash);
    MINTMARK_CHECK(store.put(id, stored));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market, stored.request.pass));
    emit(app,
         {{"request", id},
          {"earned", settled.earned.to_string()},
          {"calls_left", pass.calls_left},
          {"escrow", pass.escrow.to_string()},
          {"tx", tx_json(settled.receipt)}},
         Table()
             .row("settled", id)
             .row("proof", "accepted by the universal verifier")
             .row("earned", market::format_amount(settled.earned))
             .row("pass", fmt::format("{}: {} calls and {} left", pass.id, pass.calls_left,
                                      market::format_amount(pass.escrow)))
             .row("transaction", tx_text(settled.receipt))
             .row("time", human_ms(watch.ms()))
             .text());
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
    command(*group, app, "list", "requests of this home", [&app] { return list(app); });
    const auto prove = std::make_shared<ProveRequestArgs>();
    CLI::App* sub = command(*group, app, "prove", "prove a request's answer (the creator)",
                            [&app, prove] { return prove_request(app, *prove); });
    sub->add_option("--request", prove->request, "id, its first digits, or last")->required();
    sub->add_option("--proof-path", prove->proof, "where to write [requests/ID.proof.json]");
    sub->add_option("--srs-path", prove->srs, "SRS [the deployment's]");
    const auto what = std::make_shared<SettleArgs>();
    sub = command(*group, app, "settle", "have a proof checked on-chain and the call paid",
                  [&app, what] { return settle(app, *what); });
    sub->add_option("--request", what->request, "id, its first digits, or last")->required();
    sub->add_option("--proof", what->proof, "proof [requests/ID.proof.json]");
}

}  // namespace mintmark::app
