#include "mintmark/prover/memory.hpp"

#include <algorithm>

#include "mintmark/circuit/layout.hpp"

namespace mintmark::prover {
namespace {

constexpr std::uint64_t kField = 32;  // bytes of a field element

// Tables of the product terms: two factors, and half of them again while they are folded.
std::uint64_t product_tables(const Circuit& circuit) {
    std::uint64_t elements = 0;
    for (const Step& step : circuit.steps)
        for (const ProdTerm& term : step.prods)
            elements += std::uint64_t{3} << num_vars(product_axes(step, term));
    return elements * kField;
}

}  // namespace

std::uint64_t memory_needed(const Circuit& circuit) {
    const std::uint64_t m = std::uint64_t{1} << circuit.mu;
    const std::uint64_t lanes = std::uint64_t{1} << circuit.nu();
    const std::uint64_t rows = std::uint64_t{1} << circuit.kappa();
    // Integers of witness and columns, ids, look-up groups; then H and HT.
    const std::uint64_t standing = circuit.num_lanes() * (64 + kField) +
                                   circuit.num_rows() * (48 + kField) + 8 * m * circuit.n_w;
    // L1 and L2: factors, and half of them again.
    const std::uint64_t product = product_tables(circuit) + lanes * 3 * kField + rows * 3 * kField;
    // Coefficients and values of every fresh chunk, folded weights, then Mercury's polynomials.
    const std::uint64_t chunks = std::uint64_t{3} * circuit.n_f + std::uint64_t{3} * circuit.n_t +
                                 circuit.n_in + circuit.n_out;
    const std::uint64_t merge = (chunks + 8) * m * 3 * kField;
    return standing + std::max(product, merge) + (std::uint64_t{16} << 20U);
}

}  // namespace mintmark::prover
