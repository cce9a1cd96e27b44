// The parts that an accuracy circuit is put together from: boxes, tables, steps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "mintmark/circuit/circuit.hpp"

namespace mintmark::compiler {

/// Collects steps whose limbs are placed at the end. F tensors are known by their id; limbs with a
/// function table have a G tensor beside them.
class AccuracyBuilder {
  public:
    explicit AccuracyBuilder(const std::vector<Table>& tables) : tables_(tables) {}

    std::uint16_t add_tensor(Column column, std::vector<Axis> axes, std::uint64_t offset = 0);
    Step& begin_step(std::vector<Axis> out);
    [[nodiscard]] Step& step() { return steps_.back(); }

    /// A limb of the current step; returns its F tensor.
    std::uint16_t add_limb(std::uint8_t shift, std::uint8_t table);
    /// The G tensor of an F tensor whose limb has a function table.
    std::uint16_t result_of(std::uint16_t f);
    /// Limbs of the current step that say whether its value, within [lo, hi], is negative; returns
    /// the G tensor with 1 or 0.
    std::uint16_t add_sign(std::int64_t lo, std::int64_t hi);
    /// The id of a range table that covers [lo, hi]: the smallest there is, or a new one.
    std::uint8_t range_table(std::int64_t lo, std::int64_t hi);
    /// A constant everywhere in the out box of the current step.
    void add_const(Int128 coef);

    [[nodiscard]] const Table& table(std::uint8_t id) const { return tables_[id - 1U]; }

    /// Lays everything out in chunks of 2^mu lanes. Public output, committed input. kOutOfRange
    /// when lanes or ids do not fit.
    [[nodiscard]] Result<Circuit> finish(std::uint8_t mu, std::uint32_t num_weight_chunks);

  private:
    std::uint8_t remainder_table();
    std::uint64_t place_tables();
    /// Sets the offsets of limbs (and of G tensors beside them) of one kind.
    std::uint64_t place_limbs(bool has_result, std::uint64_t begin);

    std::vector<Table> tables_;
    std::vector<Tensor> tensors_;
    std::vector<Step> steps_;
    std::map<std::uint16_t, std::uint16_t> results_;             ///< F tensor -> its G tensor
    std::vector<std::pair<std::uint16_t, std::uint8_t>> limbs_;  ///< F tensor, table
    std::optional<std::uint8_t> sign_table_;
    std::int64_t sign_hi_ = 0;  ///< largest input of the sign table
};

}  // namespace mintmark::compiler
