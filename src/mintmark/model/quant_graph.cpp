#include "mintmark/model/quant_graph.hpp"

#include <array>

namespace mintmark::model {
namespace {
template <class T>
concept HasRequant = requires(const T& op) { op.requant; };

constexpr std::array<const char*, std::variant_size_v<QOp>> kOpNames = {
    "conv",     "matmul",    "matmul_dyn", "lin_comb", "mul",    "affine", "sum_pool",
    "max_pool", "transpose", "slice",      "pad",      "concat", "reshape"};
}  // namespace

std::size_t element_count(const Shape& shape) noexcept {
    std::size_t count = 1;
    for (const std::uint32_t dim : shape) count *= dim;
    return count;
}

const Requant* requant_of(const QOp& op) noexcept {
    return std::visit(
        [](const auto& kind) -> const Requant* {
            if constexpr (HasRequant<std::decay_t<decltype(kind)>>) {
                return &kind.requant;
            } else {
                return nullptr;
            }
        },
        op);
}

const char* op_name(const QOp& op) noexcept {
    return kOpNames[op.index()];
}

}  // namespace mintmark::model
