#include "mintmark/circuit/circuit.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/layout.hpp"

namespace mintmark {
namespace {

const Tensor& only_tensor(const Circuit& circuit, Column column) {
    const auto it = std::ranges::find(circuit.tensors, column, &Tensor::column);
    MINTMARK_ASSERT(it != circuit.tensors.end());
    return *it;
}

}  // namespace

std::uint8_t num_vars(const std::vector<Axis>& axes) noexcept {
    unsigned total = 0;
    for (const Axis& axis : axes) total += axis.log();
    return static_cast<std::uint8_t>(std::min(total, 255U));
}

std::uint64_t num_entries(const std::vector<Axis>& axes) noexcept {
    std::uint64_t total = 1;
    for (const Axis& axis : axes) total *= axis.dim;
    return total;
}

std::uint32_t Circuit::num_chunks(Column column) const noexcept {
    switch (column) {
        case Column::kW:
            return n_w;
        case Column::kIn:
            return n_in;
        case Column::kOut:
            return n_out;
        case Column::kF:
        case Column::kH:
            return n_f;
        case Column::kG:
            return n_g;
        case Column::kM:
        case Column::kHt:
        case Column::kT:
            return n_t;
        case Column::kZ:
        case Column::kR:
            return 1;
    }
    return 0;
}

std::uint64_t Circuit::num_lanes() const noexcept {
    return std::uint64_t{n_f} << mu;
}

std::uint64_t Circuit::num_rows() const noexcept {
    return std::uint64_t{n_t} << mu;
}

std::uint8_t Circuit::nu() const noexcept {
    return log2_ceil(num_lanes());
}

std::uint8_t Circuit::kappa() const noexcept {
    return log2_ceil(num_rows());
}

std::uint8_t Circuit::n_rho() const noexcept {
    std::uint8_t n = std::max(nu(), kappa());
    for (const Step& step : steps) n = std::max(n, mintmark::num_vars(step.out));
    return n;
}

std::uint8_t Circuit::n_prod() const noexcept {
    std::uint8_t n = std::max(nu(), kappa());
    for (const Step& step : steps)
        for (const ProdTerm& term : step.prods)
            n = std::max(n, mintmark::num_vars(product_axes(step, term)));
    return n;
}

std::size_t Circuit::num_products() const noexcept {
    std::size_t n = 0;
    for (const Step& step : steps) n += step.prods.size();
    return n;
}

const Tensor& Circuit::input_tensor() const {
    return only_tensor(*this, Column::kIn);
}

const Tensor& Circuit::output_tensor() const {
    return only_tensor(*this, Column::kOut);
}

}  // namespace mintmark
