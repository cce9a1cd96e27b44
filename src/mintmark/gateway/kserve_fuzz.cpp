// Inference requests of strangers: JSON and what they call binary tensors.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mintmark/base/assert.hpp"
#include "mintmark/gateway/kserve.hpp"

namespace {

using namespace mintmark;

class Echo final : public gateway::TensorModel {
  public:
    const std::vector<gateway::TensorPort>& inputs() const override { return ports_; }
    const std::vector<gateway::TensorPort>& outputs() const override { return ports_; }
    bool can_prove() const override { return true; }
    Result<gateway::Tensors> run(const gateway::Tensors& in) const override { return in; }

  private:
    std::vector<gateway::TensorPort> ports_ = {{"x", {2, 2}}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const Echo model;
    const std::string_view body(reinterpret_cast<const char*>(data + 2), size - 2);
    std::optional<std::uint64_t> length;
    if (data[0] != 0) length = (data[0] - 1U) * 256U + data[1];
    if (const auto call = gateway::read_tensor_call(model, body, length)) {
        MINTMARK_ASSERT(call->inputs.size() == 1 && call->inputs[0].size() == 4);
        const auto answer = gateway::write_tensor_answer(model, *call, "echo", call->inputs, {});
        MINTMARK_ASSERT(!answer.body.empty());
    }
    (void)gateway::parse_tensor_path(body);
    return 0;
}
