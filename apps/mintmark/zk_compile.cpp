// gen-settings, calibrate-settings, compile-circuit, table.
#include <fmt/format.h>

#include <sstream>

#include "mintmark/base/file.hpp"
#include "mintmark/model/layer_report.hpp"
#include "zk_flags.hpp"

namespace mintmark::app {
namespace {

struct RunArgs {
    std::string input_visibility = "committed";
    std::string output_visibility = "public";
    std::string param_visibility = "committed";
    std::string optimise = "balanced";
    std::string granularity = "channel";
    std::string weights;
    std::vector<std::string> variables;
    std::vector<double> input_range;
    int activation_bits = 8;
    int weight_bits = 12;
    int output_bits = 16;
};

Result<worker::Settings> settings_of(const App& app, const ZkFlags& flags, const RunArgs& args) {
    worker::Settings out;
    out.model_path = flags.model;
    out.weights_path = args.weights;
    MINTMARK_TRY(const auto input, worker::parse_visibility(args.input_visibility));
    MINTMARK_TRY(const auto output, worker::parse_visibility(args.output_visibility));
    MINTMARK_TRY(const auto weights, worker::parse_weight_visibility(args.param_visibility));
    for (const std::string& text : {input.notice, output.notice, weights.notice})
        if (!text.empty()) notice(app, text);
    out.input = input.visibility;
    out.output = output.visibility;
    out.exposure = {.private_input = input.is_private,
                    .private_output = output.is_private,
                    .public_weights = weights.visibility == Visibility::kPublic};
    MINTMARK_TRY(out.optimise, worker::parse_optimise(args.optimise));
    for (const std::string& variable : args.variables) {
        const std::size_t equals = variable.find('=');
        unsigned long value = 0;
        std::istringstream stream(equals == std::string::npos ? "" : variable.substr(equals + 1));
        if (!(stream >> value) || value == 0 || value > (1U << 20U)) {
            return fail(ErrorCode::kInvalidArgument, fmt::format("bad dimension '{}'", variable),
                        "write NAME=NUMBER, for example --variables batch_size=1");
        }
        out.dims[variable.substr(0, equals)] = static_cast<std::uint32_t>(value);
        if (variable.starts_with("batch")) out.batch_size = static_cast<std::uint32_t>(value);
    }
    out.quant.activation_bits = static_cast<std::uint8_t>(args.activation_bits);
    out.quant.weight_bits = static_cast<std::uint8_t>(args.weight_bits);
    out.quant.output_bits = static_cast<std::uint8_t>(args.output_bits);
    out.quant.granularity = args.granularity == "tensor" ? model::Granularity::kPerTensor
                                                         : model::Granularity::kPerChannel;
    if (args.input_range.size() == 2) {
        out.quant.input_range = {args.input_range[0], args.input_range[1]};
    }
    return out;
}

Result<model::Graph> load(const worker::Settings& settings, const std::string& path) {
    return model::load_onnx(std::filesystem::path(path), worker::import_options(settings));
}

Status gen_settings(const App& app, const ZkFlags& flags, const RunArgs& args) {
    warn_ignored(app, flags);
    MINTMARK_TRY(const worker::Settings settings, settings_of(app, flags, args));
    MINTMARK_TRY(const model::Graph graph, load(settings, flags.model));
    const std::string path = flags.output.empty() ? flags.settings : flags.output;
    MINTMARK_CHECK(settings.write(path));
    emit(app, {{"settings", path}, {"nodes", graph.nodes.size()}},
         fmt::format("wrote {} ({} nodes); next: mintmark zk calibrate-settings", path,
                     graph.nodes.size()));
    return {};
}

std::string report_text(const model::QuantReport& r, bool reached) {
    Table table;
    table.row("activation bits", std::to_string(r.activation_bits))
        .row("weight bits", std::to_string(r.weight_bits))
        .row("samples", std::to_string(r.samples))
        .row("target", reached ? "reached" : "NOT reached; this is the best that was tried");
    std::string out = table.text() + '\n' + metrics_text(r);
    out += "\n\noutput                     float range            max error   mean error";
    for (std::size_t i = 0; i < r.outputs.size() && i < 32; ++i) {
        const model::OutputError& e = r.outputs[i];
        out += fmt::format("\n{:<24} [{:>9.4f},{:>9.4f}] {:>11.6f} {:>11.6f}",
                           fmt::format("{}[{}]", e.output, e.index), e.float_lo, e.float_hi,
                           e.max_error, e.mean_error);
    }
    if (r.num_outputs > 32) out += fmt::format("\n… and {} more", r.num_outputs - 32);
    return out;
}

/// Where the error comes from: a line for each computed tensor.
std::string layers_text(const model::QuantReport& r) {
    std::string out =
        "\n\noperator             tensor                            float range       bits    SQNR"
        "  share of the error";
    for (const model::LayerError& layer : r.layers) {
        const std::string sqnr = layer.sqnr_db ? fmt::format("{:.1f} dB", *layer.sqnr_db) : "exact";
        const std::string share = layer.share ? fmt::format("{:.1f} %", 100 * *layer.share) : "";
        out += fmt::format("\n{:<20.20} {:<24.24} [{:>9.4f},{:>9.4f}] {:>4} {:>9} {:>8}",
                           layer.op_type, layer.tensor, layer.float_lo, layer.float_hi, layer.bits,
                           sqnr, share);
    }
    return out;
}

/// A goal outside (0, 1], or none at all (nan), would be taken for none.
CLI::Validator share() {
    return CLI::Validator(
        [](std::string& text) {
            double value = 0;
            const bool is_share = CLI::detail::lexical_cast(text, value) && value > 0 && value <= 1;
            return is_share ? std::string() : "'" + text + "' is not above 0 and at most 1";
        },
        "0 < x <= 1");
}

struct CalibrateArgs {
    double max_error = 0.005;
    double min_agreement = 0, min_cosine = 0, max_perplexity_change = 0;
    std::string target = "accuracy";
    std::string plot;
};

Status calibrate(const App& app, const ZkFlags& flags, const CalibrateArgs& args) {
    warn_ignored(app, flags);
    MINTMARK_TRY(worker::Settings settings, worker::Settings::read(flags.settings));
    MINTMARK_TRY(const model::Graph graph, load(settings, flags.model));
    MINTMARK_TRY(const std::string text, read_text(flags.data));
    MINTMARK_TRY(model::InputFile file, model::read_input_json(text));
    model::AccuracyTarget target;
    target.max_relative_error = args.max_error;
    if (args.min_agreement > 0) target.min_top1_agreement = args.min_agreement;
    if (args.min_cosine > 0) target.min_cosine = args.min_cosine;
    if (args.max_perplexity_change > 0) target.max_perplexity_change = args.max_perplexity_change;
    MINTMARK_TRY(const std::vector<model::Sample> samples,
                 model::bind_samples(graph, file.samples));
    MINTMARK_TRY(const model::QuantResult result,
                 model::quantise_auto(graph, samples, target, settings.quant));
    settings.quant = result.options;
    model::QuantReport report = result.report;
    MINTMARK_TRY(report.layers, model::explain(graph, result.graph, samples));
    if (!args.plot.empty()) MINTMARK_CHECK(write_text(args.plot, model::plot_svg(report.layers)));
    settings.report = report;
    settings.samples = samples;
    if (settings.samples.size() > worker::Settings::kMaxSamples) {
        settings.samples.resize(worker::Settings::kMaxSamples);
    }
    MINTMARK_CHECK(settings.write(flags.settings));
    if (!result.reached)
        notice(app, "the goal is not reached; the settings are the best that was tried");
    json::Json value = worker::to_json(report);
    value["target_reached"] = result.reached;
    value["tensors_with_more_bits"] = result.options.tensor_bits.size();
    emit(app, value, report_text(report, result.reached) + layers_text(report));
    return {};
}

Status compile_circuit(const App& app, const ZkFlags& flags) {
    warn_ignored(app, flags);
    MINTMARK_TRY(const worker::Settings settings, worker::Settings::read(flags.settings));
    if (settings.samples.empty() && !settings.quant.input_range) {
        notice(app,
               "not calibrated: ranges come from made-up inputs in [-1, 1]; better run "
               "mintmark zk calibrate-settings first");
    }
    MINTMARK_TRY(const worker::CompiledModel model, worker::compile_model(settings, flags.model));
    MINTMARK_TRY(const compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    MINTMARK_CHECK(model.write(flags.compiled));
    const Circuit& c = compiled.circuit;
    const compiler::Cost cost = compiler::estimate_cost(c);
    emit(app,
         {{"compiled_circuit", flags.compiled},
          {"steps", c.steps.size()},
          {"chunk_log", c.mu},
          {"weight_chunks", c.n_w},
          {"trace_chunks", c.n_f},
          {"table_chunks", c.n_t},
          {"estimated_gas", cost.gas}},
         Table()
             .row("compiled", flags.compiled + " (secret: it holds the weights)")
             .row("steps", std::to_string(c.steps.size()))
             .row("chunk size", fmt::format("2^{}", c.mu))
             .row("chunks", fmt::format("{} weights, {} trace, {} tables", c.n_w, c.n_f, c.n_t))
             .row("estimated gas", grouped(static_cast<std::uint64_t>(cost.gas)))
             .text());
    return {};
}

std::string shape_text(const model::Shape& shape) {
    return fmt::format("[{}]", fmt::join(shape, ", "));
}

Status table(const App& app, const ZkFlags& flags) {
    worker::Settings settings;
    MINTMARK_TRY(const model::Graph graph, load(settings, flags.model));
    json::Json rows = json::Json::array();
    std::string text = fmt::format("{:>4}  {:<20} {:<28} {}", "#", "operator", "node", "output");
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
        const model::Node& node = graph.nodes[i];
        const model::Shape& shape = graph.values[node.output].shape;
        rows.push_back({{"operator", node.op_type}, {"node", node.name}, {"shape", shape}});
        text +=
            fmt::format("\n{:>4}  {:<20} {:<28} {}", i, node.op_type, node.name, shape_text(shape));
    }
    emit(app, {{"nodes", rows}}, text);
    return {};
}

void add_run_args(CLI::App& sub, RunArgs& args) {
    sub.add_option("--input-visibility", args.input_visibility,
                   "public, committed, or private: nobody can ever open it");
    sub.add_option("--output-visibility", args.output_visibility, "public, committed or private");
    sub.add_option("--param-visibility", args.param_visibility,
                   "committed, or public: whoever has the weights can check the key");
    sub.add_option("--optimise", args.optimise, "prove, gas or balanced");
    sub.add_option("--variables", args.variables, "dynamic dimensions, NAME=NUMBER")
        ->delimiter(',');
    sub.add_option("--weights", args.weights,
                   "safetensors file whose tensors replace initialisers of their names");
    sub.add_option("--input-range", args.input_range, "smallest and largest input value")
        ->expected(2);
    sub.add_option("--activation-bits", args.activation_bits, "4 to 14")->check(CLI::Range(4, 14));
    sub.add_option("--weight-bits", args.weight_bits, "4 to 20")->check(CLI::Range(4, 20));
    sub.add_option("--output-bits", args.output_bits, "8 to 16")->check(CLI::Range(8, 16));
    sub.add_option("--granularity", args.granularity, "channel or tensor")
        ->check(CLI::IsMember({"channel", "tensor"}));
}

}  // namespace

void add_zk_compile_commands(CLI::App& zk, App& app) {
    const auto flags = std::make_shared<ZkFlags>();
    const auto args = std::make_shared<RunArgs>();
    const auto goal = std::make_shared<CalibrateArgs>();
    CLI::App* sub = command(zk, app, "gen-settings", "write settings.json for a model",
                            [&app, flags, args] { return gen_settings(app, *flags, *args); });
    sub->add_option("-M,--model", flags->model, "ONNX file");
    sub->add_option("-O,--output,-S,--settings-path", flags->settings, "where to write");
    add_run_args(*sub, *args);
    add_ignored_logrows(*sub, *flags);

    sub = command(zk, app, "calibrate-settings",
                  "choose bit widths from samples and show float against integer",
                  [&app, flags, goal] { return calibrate(app, *flags, *goal); });
    sub->add_option("-M,--model", flags->model, "ONNX file");
    sub->add_option("-D,--data", flags->data, "samples, in ezkl's input.json form");
    sub->add_option("-S,--settings-path,-O,--output", flags->settings, "settings to complete");
    sub->add_option("--max-error", goal->max_error, "largest error, as a part of the range");
    sub->add_option("--plot", goal->plot, "SVG file that shows each layer's part of the error");
    sub->add_option("--min-agreement", goal->min_agreement,
                    "instead: share of samples with the same top answer")
        ->check(share());
    sub->add_option("--min-cosine", goal->min_cosine,
                    "instead: least cosine of both first outputs, for embeddings")
        ->check(share());
    sub->add_option("--max-perplexity-change", goal->max_perplexity_change,
                    "instead: for language models, e.g. 0.01")
        ->check(share());
    sub->add_option("--target", goal->target,
                    "accepted for ezkl's sake, ignored: bits are chosen for --max-error");
    add_ignored_logrows(*sub, *flags);

    sub = command(zk, app, "compile-circuit", "quantise and compile a model",
                  [&app, flags] { return compile_circuit(app, *flags); });
    sub->add_option("-M,--model", flags->model, "ONNX file");
    sub->add_option("-S,--settings-path", flags->settings, "settings.json");
    sub->add_option("--compiled-circuit,-O,--output", flags->compiled, "where to write");
    add_ignored_logrows(*sub, *flags);

    sub = command(zk, app, "table", "list a model's nodes",
                  [&app, flags] { return table(app, *flags); });
    sub->add_option("-M,--model", flags->model, "ONNX file");
}

}  // namespace mintmark::app
