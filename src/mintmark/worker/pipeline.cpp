#include "mintmark/worker/pipeline.hpp"

namespace mintmark::worker {

Result<model::Sample> first_sample(const CompiledModel& model, const model::InputFile& file) {
    MINTMARK_TRY(const std::vector<model::Sample> samples,
                 model::bind_samples(model.graph, file.samples));
    if (samples.empty()) {
        return fail(ErrorCode::kInvalidArgument, "the input file has no input");
    }
    return samples.front();
}

model::ImportOptions import_options(const Settings& settings) {
    model::ImportOptions import;
    import.batch = settings.batch_size;
    import.dims = settings.dims;
    import.weights = settings.weights_path;
    return import;
}

Result<CompiledModel> compile_model(const Settings& settings, const std::filesystem::path& onnx) {
    MINTMARK_TRY(const model::Graph graph, model::load_onnx(onnx, import_options(settings)));
    model::QuantOptions quant = settings.quant;
    if (settings.samples.empty() && !quant.input_range) quant.input_range = {-1.0, 1.0};
    CompiledModel out;
    MINTMARK_TRY(out.graph, model::quantise(graph, settings.samples, quant));
    out.options = {
        .input = settings.input, .output = settings.output, .optimise = settings.optimise};
    out.exposure = settings.exposure;
    return out;
}

}  // namespace mintmark::worker
