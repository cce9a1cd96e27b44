// The merge sumcheck's tables: all claims on a chunk become one table of coefficients.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "mintmark/circuit/form.hpp"
#include "mintmark/prover/columns.hpp"
#include "mintmark/sumcheck/merge.hpp"

namespace mintmark::prover {

/// What the two values of a variable weigh.
using VariableWeights = std::pair<Fr, Fr>;

/// Collects claims. Claims that are products over the variables (EQ and ALL maps only) on a tensor
/// of several chunks are first folded to one chunk by their high variables, so memory does not grow
/// with the number of chunks; claims with the same low variables share a slot (layers of one shape
/// are read at one point). Others add to a table of coefficients per chunk.
class MergeSlots {
  public:
    MergeSlots(const Circuit& circuit, const Columns& columns);

    /// Adds scale * form.
    void add(const LinearForm& form, const Fr& scale);
    /// Sum over everything added so far of coefficient times value.
    [[nodiscard]] Fr value() const;
    /// The sumcheck's input; this object keeps only what chunk_coefs needs.
    [[nodiscard]] std::vector<sumcheck::MergeSlot> take();
    /// Coefficient of each chunk at z, from the slots' coefficients at z.
    [[nodiscard]] ChunkCoefs chunk_coefs(std::span<const Fr> coef_evals) const;

  private:
    struct Share {  // part of a slot's value that comes from a chunk
        Column column;
        std::size_t chunk;
        Fr factor;
    };

    void add_dense(const FormTerm& term, const Fr& scale);
    void add_folded(const FormTerm& term, const Fr& scale);
    std::vector<Fr>& chunk_slot(Column column, std::size_t chunk);
    /// The slot of folded claims whose low variables have these weights.
    std::size_t folded_slot(std::span<const VariableWeights> low);

    const Circuit& circuit_;
    const Columns& columns_;
    std::size_t m_;
    std::map<std::pair<Column, std::size_t>, std::size_t> chunk_slots_;
    std::vector<std::pair<std::vector<VariableWeights>, std::size_t>> folded_slots_;
    std::vector<sumcheck::MergeSlot> slots_;
    std::vector<std::vector<Share>> shares_;
};

}  // namespace mintmark::prover
