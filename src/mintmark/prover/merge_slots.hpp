// The merge sumcheck's tables. Nearly every claim's coefficients are a product of a factor of the
// low variables and one of the others (sections 3 and 5 of docs/spec/protocol.md: axes are
// independent, EQ and ALL even variable by variable). So a claim needs a table of the low variables
// only, with the lanes summed up over the others; what is left after the low rounds is one small
// table a chunk.
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

/// Collects claims, then makes the sumcheck's tables of both stages. A *block* is 2^low_vars()
/// lanes of a column, aligned.
class MergeSlots {
  public:
    /// A table of so many variables and its lanes stay in a core's cache; tensors that are smaller
    /// are read densely within a block.
    static constexpr std::size_t kLowVars = 12;

    /// `low_vars` is limited to the circuit's mu.
    MergeSlots(const Circuit& circuit, const Columns& columns, std::size_t low_vars = kLowVars);

    /// Adds scale * form.
    void add(const LinearForm& form, const Fr& scale);
    /// Sum over everything added so far of coefficient times value.
    [[nodiscard]] Fr value() const;

    /// Variables of the first stage.
    [[nodiscard]] std::size_t low_vars() const noexcept { return low_vars_; }
    /// The first stage's tables; this object keeps only what `late` needs.
    [[nodiscard]] std::vector<sumcheck::MergeSlot> take();
    /// The second stage's: for each chunk that is read, its blocks at the point of the low
    /// variables, and their coefficients, from those of the first stage's tables at that point.
    [[nodiscard]] std::vector<sumcheck::MergeSlot> late(std::span<const Fr> point,
                                                        std::span<const Fr> coef_evals);
    /// Coefficient of each chunk at z, from those of the second stage's tables.
    [[nodiscard]] ChunkCoefs chunk_coefs(std::span<const Fr> coef_evals) const;

  private:
    struct Use {  // a block's part in a slot's value
        Column column;
        std::size_t block;
        Fr factor;
    };

    void add_dense(const FormTerm& term, const Fr& scale);
    void add_factored(const FormTerm& low, const FormTerm& high, const Fr& scale);
    std::vector<Fr>& block_slot(Column column, std::size_t block);
    /// A slot for sums of blocks under the term's weights; one for all with the same ones, if they
    /// are products over the variables.
    std::size_t sum_slot(const FormTerm& low);
    [[nodiscard]] std::size_t num_blocks(Column column) const;
    /// The values at `eq`'s point of all blocks of a chunk.
    [[nodiscard]] std::vector<Fr> block_values(Column column, std::size_t chunk,
                                               std::span<const Fr> eq) const;

    const Circuit& circuit_;
    const Columns& columns_;
    std::size_t low_vars_;
    std::size_t block_;  ///< lanes
    std::size_t blocks_per_chunk_;
    std::map<std::pair<Column, std::size_t>, std::size_t> block_slots_;
    std::vector<std::pair<std::vector<VariableWeights>, std::size_t>> sum_slots_;
    std::vector<sumcheck::MergeSlot> slots_;
    std::vector<std::vector<Use>> uses_;                  ///< of each slot
    std::vector<std::pair<Column, std::size_t>> chunks_;  ///< of each late slot
};

}  // namespace mintmark::prover
