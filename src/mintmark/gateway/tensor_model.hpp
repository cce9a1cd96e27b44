// A model that the gateway runs itself. The gateway reaches no prover and no compiled model: who
// starts it hands these in.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::gateway {

/// One input or output; shape without wildcards.
struct TensorPort {
    std::string name = {};
    std::vector<std::uint64_t> shape = {};
    [[nodiscard]] std::uint64_t count() const {
        std::uint64_t out = 1;
        for (const std::uint64_t dim : shape) out *= dim;
        return out;
    }
};

/// Real numbers, row-major, one array a port.
using Tensors = std::vector<std::vector<double>>;

class TensorModel {
  public:
    virtual ~TensorModel() = default;
    [[nodiscard]] virtual const std::vector<TensorPort>& inputs() const = 0;
    [[nodiscard]] virtual const std::vector<TensorPort>& outputs() const = 0;
    [[nodiscard]] virtual bool can_prove() const = 0;
    /// From any thread. kInvalidArgument when a size is off or a value is NaN.
    [[nodiscard]] virtual Result<Tensors> run(const Tensors& inputs) const = 0;
};

/// By what buyers call them.
using TensorModels = std::map<std::string, std::shared_ptr<const TensorModel>>;

}  // namespace mintmark::gateway
