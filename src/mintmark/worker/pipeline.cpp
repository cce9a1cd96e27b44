#include "mintmark/worker/pipeline.hpp"

#include <fmt/format.h>

namespace mintmark::worker {

Result<std::vector<model::Sample>> split_samples(const model::Graph& graph,
                                                 const std::vector<model::Sample>& samples) {
    if (graph.inputs.size() != 1) return samples;
    const std::size_t size = model::element_count(graph.values[graph.inputs[0]].shape);
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
