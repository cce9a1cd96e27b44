#include "mintmark/runner/tensors.hpp"

#include "mintmark/worker/artifacts.hpp"
#include "mintmark/worker/proof_file.hpp"

namespace mintmark::runner {
namespace {

std::vector<gateway::TensorPort> ports_of(const std::vector<worker::PublicPort>& ports) {
    std::vector<gateway::TensorPort> out;
    for (const worker::PublicPort& port : ports) {
        gateway::TensorPort one;
        one.name = port.name;
        for (const auto dim : port.shape) one.shape.push_back(static_cast<std::uint64_t>(dim));
        out.push_back(std::move(one));
    }
    return out;
}

class IntegerModel final : public gateway::TensorModel {
  public:
    IntegerModel(worker::CompiledModel model, bool can_prove)
        : model_(std::move(model)), can_prove_(can_prove) {
        const worker::PublicModel open = worker::PublicModel::of(model_.graph);
        inputs_ = ports_of(open.inputs);
        outputs_ = ports_of(open.outputs);
    }
    const std::vector<gateway::TensorPort>& inputs() const override { return inputs_; }
    const std::vector<gateway::TensorPort>& outputs() const override { return outputs_; }
    bool can_prove() const override { return can_prove_; }
    Result<gateway::Tensors> run(const gateway::Tensors& inputs) const override {
        MINTMARK_TRY(const auto integers, model::quantise_input(model_.graph, inputs));
        MINTMARK_TRY(const auto output, model::execute(model_.graph, integers));
        return model::dequantise_output(model_.graph, output);
    }

  private:
    worker::CompiledModel model_;
    bool can_prove_;
    std::vector<gateway::TensorPort> inputs_ = {}, outputs_ = {};
};

}  // namespace

Result<gateway::TensorModels> load_tensor_models(const jobs::Config& config) {
    gateway::TensorModels out;
    for (const auto& [name, local] : config.models) {
        MINTMARK_TRY(worker::CompiledModel model, worker::CompiledModel::read(local.compiled));
        const bool can_prove = !local.proving_key.empty() && !config.queue.empty();
        out.emplace(name, std::make_shared<IntegerModel>(std::move(model), can_prove));
    }
    return out;
}

}  // namespace mintmark::runner
