#include "mintmark/worker/pipeline.hpp"

#include <fmt/format.h>

namespace mintmark::worker {

namespace {

/// Cuts arrays into samples of `size` values each.
Result<std::vector<model::Sample>> cut(std::size_t size,
                                       const std::vector<model::Sample>& samples) {
    std::vector<model::Sample> out;
    for (const model::Sample& sample : samples) {
        for (const std::vector<double>& values : sample) {
            if (values.empty() || values.size() % size != 0) {
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("the model's input has {} values, a sample has {}", size,
                                        values.size()));
            }
            for (std::size_t at = 0; at < values.size(); at += size) {
                const auto begin = values.begin() + static_cast<std::ptrdiff_t>(at);
                out.push_back({{begin, begin + static_cast<std::ptrdiff_t>(size)}});
            }
        }
    }
    return out;
}

}  // namespace

Result<std::vector<model::Sample>> split_samples(const model::Graph& graph,
                                                 const std::vector<model::Sample>& samples) {
    if (graph.inputs.size() != 1) return samples;
    return cut(model::element_count(graph.values[graph.inputs[0]].shape), samples);
}

Result<model::Sample> first_sample(const CompiledModel& model, const model::InputFile& file) {
    if (file.samples.empty()) {
        return fail(ErrorCode::kInvalidArgument, "the input file has no input");
    }
    if (model.graph.input_ports.size() != 1) return file.samples.front();
    MINTMARK_TRY(const std::vector<model::Sample> samples,
                 cut(model::element_count(model.graph.input_ports[0].shape), file.samples));
    if (samples.empty()) {
        return fail(ErrorCode::kInvalidArgument, "the input file's input is empty");
    }
    return samples.front();
}

Result<CompiledModel> compile_model(const Settings& settings, const std::filesystem::path& onnx) {
    model::ImportOptions import;
    import.batch = settings.batch_size;
    import.dims = settings.dims;
    MINTMARK_TRY(const model::Graph graph, model::load_onnx(onnx, import));
    model::QuantOptions quant = settings.quant;
    if (settings.samples.empty() && !quant.input_range) quant.input_range = {-1.0, 1.0};
    CompiledModel out;
    MINTMARK_TRY(out.graph, model::quantise(graph, settings.samples, quant));
    out.options = {
        .input = settings.input, .output = settings.output, .optimise = settings.optimise};
    return out;
}

}  // namespace mintmark::worker
