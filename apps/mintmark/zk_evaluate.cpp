// evaluate: the compiled model against float on data that did not calibrate it.
#include <fmt/format.h>

#include "mintmark/base/file.hpp"
#include "zk_flags.hpp"

namespace mintmark::app {

std::string metrics_text(const model::QuantReport& r) {
    Table table;
    table
        .row("largest error",
             fmt::format("{:.4f} % of the output's range", 100 * r.max_relative_error))
        .row("mean error", fmt::format("{:.4f} %", 100 * r.mean_relative_error));
    if (r.error_at_half > 0)
        table.row("error at one half",
                  fmt::format("{:.4f} %, of probabilities: the largest error of a score, where "
                              "it counts most",
                              100 * r.error_at_half));
    table
        .row("same top answer", fmt::format("{:.2f} % of samples, {:.2f} % of rows",
                                            100 * r.top1_agreement, 100 * r.row_top1_agreement))
        .row("least cosine", fmt::format("{:.6f}", r.min_cosine));
    if (r.float_perplexity)
        table.row("perplexity",
                  fmt::format("{:.4f} in float, {:.4f} in integers ({:+.3f} %)",
                              *r.float_perplexity, *r.integer_perplexity,
                              100 * (*r.integer_perplexity / *r.float_perplexity - 1)));
    return table.text();
}

namespace {

Status evaluate(const App& app, const ZkFlags& flags) {
    MINTMARK_TRY(const worker::Settings settings, worker::Settings::read(flags.settings));
    MINTMARK_TRY(const model::Graph graph, model::load_onnx(std::filesystem::path(flags.model),
                                                            worker::import_options(settings)));
    MINTMARK_TRY(const auto compiled, worker::CompiledModel::read(flags.compiled));
    MINTMARK_TRY(const std::string text, read_text(flags.data));
    MINTMARK_TRY(const model::InputFile file, model::read_input_json(text));
    MINTMARK_TRY(const std::vector<model::Sample> samples,
                 model::bind_samples(graph, file.samples));
    MINTMARK_TRY(const model::QuantReport report, model::compare(graph, compiled.graph, samples));
    json::Json value = worker::to_json(report);
    for (const char* unknown : {"outputs", "layers", "activation_bits", "weight_bits"})
        value.erase(unknown);
    emit(app, value, fmt::format("samples         {}\n{}", report.samples, metrics_text(report)));
    return {};
}

}  // namespace

void add_zk_evaluate_command(CLI::App& zk, App& app) {
    const auto flags = std::make_shared<ZkFlags>();
    CLI::App* sub = command(zk, app, "evaluate",
                            "float against integer on other data: answers, cosine, perplexity",
                            [&app, flags] { return evaluate(app, *flags); });
    sub->add_option("-M,--model", flags->model, "ONNX file");
    sub->add_option("-D,--data", flags->data, "samples, in ezkl's input.json form");
    sub->add_option("-S,--settings-path", flags->settings, "settings.json");
    sub->add_option("--compiled-circuit", flags->compiled, "compiled model");
}

}  // namespace mintmark::app
