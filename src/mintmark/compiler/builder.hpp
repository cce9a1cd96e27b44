// Collects the tensors, tables and steps of a circuit; lays them out in columns at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/compiler/compile.hpp"
#include "mintmark/compiler/draft.hpp"
#include "mintmark/compiler/stacking.hpp"
#include "mintmark/compiler/view.hpp"

namespace mintmark::compiler {

/// A request for the values [0, 2^bits), no more.
[[nodiscard]] TableRequest remainder_range(std::uint8_t bits);
/// A request for values in [lo, hi]; the table may be wider.
[[nodiscard]] TableRequest value_range(std::int64_t lo, std::int64_t hi);

/// How a hidden tensor lies in its column.
struct HiddenLayout {
    /// order[i] = axis of the values that is the i-th stored axis; empty: as they come.
    std::vector<std::uint8_t> order = {};
    /// So many of the outermost stored axes are summed over, and what is multiplied with their
    /// padding is zero: other tensors may lie there.
    std::size_t num_summed = 0;
};

class CircuitBuilder {
  public:
    /// Remainders of requantisation are cut into limbs of at most `range_bits` bits: few limbs need
    /// long tables.
    explicit CircuitBuilder(std::uint8_t range_bits = 12, std::uint8_t kernel_first_log = 20)
        : range_bits_(range_bits), kernel_first_log_(kernel_first_log) {}
    [[nodiscard]] std::uint8_t kernel_first_log() const { return kernel_first_log_; }

    /// A hidden tensor; `values` row-major over `dims`, unpadded, kept by reference until finish.
    /// Returns the tensor's id.
    std::uint16_t add_hidden(const Dims& dims, std::span<const std::int64_t> values,
                             const HiddenLayout& layout = {});
    /// The tensor of column kIn or kOut.
    std::uint16_t add_port(Column column, const Dims& dims);

    /// Opens a step; terms are added to step() until the next begin_step.
    void begin_step(const Dims& out);
    [[nodiscard]] Step& step() { return draft_.steps.back(); }
    [[nodiscard]] const Dims& out_dims() const { return out_dims_; }

    /// Adds a limb of weight 2^shift; returns the tensor that holds the result (F, or G with a
    /// function).
    std::uint16_t add_limb(std::uint8_t shift, const TableRequest& request);
    /// coef everywhere in the out box; nothing for 0.
    void add_const(Int128 coef);
    /// Requantisation by `shift` bits: the rounding constant and the remainder limbs.
    void add_remainder(std::uint8_t shift);

    /// Proves blocks that repeat themselves together (stacking.hpp). Whether there are any; after
    /// the last step.
    [[nodiscard]] bool stack(StackRule rule);

    /// What `finish` would be worth by the cost model; the larger, the worse.
    [[nodiscard]] Result<double> weigh(const CompileOptions& options);
    /// Lays everything out and checks the result.
    [[nodiscard]] Result<Compiled> finish(const CompileOptions& options);
    /// The weights, when `finish` would give this circuit; else nothing.
    [[nodiscard]] Result<std::optional<std::vector<std::int64_t>>> weights_of(
        const CompileOptions& options, const Circuit& circuit);

  private:
    std::uint16_t add_tensor(Column column, const Dims& dims);
    Status assign_tables(Circuit& circuit, std::uint64_t& num_rows);
    std::uint64_t place(Column column, bool with_twin, std::uint64_t begin);
    void place_lookups(std::uint64_t& lanes_f, std::uint64_t& lanes_g);
    std::uint64_t place_weights(std::uint8_t mu);
    [[nodiscard]] Result<double> lay_out(Circuit& circuit, const CompileOptions& options,
                                         std::optional<std::uint8_t> known_mu = {});
    [[nodiscard]] std::vector<std::int64_t> weight_column(std::uint64_t num_lanes) const;

    std::uint8_t range_bits_, kernel_first_log_;
    Draft draft_;
    Dims out_dims_;
};

}  // namespace mintmark::compiler
