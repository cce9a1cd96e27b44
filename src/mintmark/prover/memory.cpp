#include "mintmark/prover/memory.hpp"

#include <algorithm>

#include "mintmark/circuit/layout.hpp"
#include "mintmark/prover/merge_slots.hpp"
#include "mintmark/sumcheck/product.hpp"

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

/// Terms of all claims, those of the look-ups included.
std::uint64_t num_terms(const Circuit& circuit) {
    std::uint64_t terms = 10;
    for (const Step& step : circuit.steps)
        terms += step.limbs.size() + step.lins.size() + 2 * step.prods.size();
    return terms;
}

}  // namespace

std::uint64_t memory_needed(const Circuit& circuit) {
    const std::uint64_t m = std::uint64_t{1} << circuit.mu;
    const std::uint64_t lanes = std::uint64_t{1} << circuit.nu();
    const std::uint64_t rows = std::uint64_t{1} << circuit.kappa();
    // Integers of witness and columns, ids, rows, look-up groups; of rows H and HT, too.
    const std::uint64_t standing =
        circuit.num_lanes() * 32 + circuit.num_rows() * (48 + 2 * kField) + 8 * m * circuit.n_w;
    // L1, whose lanes are read by row, when it is written out; L2: factors, and half of them again.
    const std::uint64_t most =
        std::min<std::uint64_t>(lanes, 2 * sumcheck::ProductInstance{}.most_written);
    const std::uint64_t written = most / 16 * (circuit.num_lanes() * 16 / lanes + 1);
    const std::uint64_t product = product_tables(circuit) + written * kField + rows * 4 * kField;
    // A table of coefficients and one of values for each term of a claim; then the opening's
    // polynomials.
    const std::uint64_t block = std::min(m, std::uint64_t{1} << MergeSlots::kLowVars);
    const std::uint64_t merge = num_terms(circuit) * block * 3 * kField + 4 * m * kField;
    return standing + std::max(product, merge) + (std::uint64_t{16} << 20U);
}

}  // namespace mintmark::prover
