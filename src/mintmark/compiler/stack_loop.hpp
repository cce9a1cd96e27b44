// Copies a draft step by step, blocks of steps as one: the work of stacking.hpp. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mintmark/compiler/draft.hpp"

namespace mintmark::compiler {

class StackLoop {
  public:
    /// `from` outlives this.
    explicit StackLoop(const Draft& from);

    /// Copies one step. False when it reads an entry of a stack in a way that no map says.
    [[nodiscard]] bool copy(std::size_t step);
    /// Steps first .. first + period * count - 1, `count` blocks that are the same, as `period`
    /// steps and copies of what the first block reads. False when they cannot be; then this is of
    /// no use any more.
    [[nodiscard]] bool stack(std::size_t first, std::size_t period, std::uint32_t count);

    /// What the result has of what a verifier pays for.
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] Draft take() && { return std::move(to_); }

  private:
    /// Where a tensor of the old draft lies: in a tensor of its own, or as an entry of a stack.
    struct Place {
        std::uint16_t tensor = 0;
        std::int64_t entry = -1;
    };
    /// One way to read what the blocks read; several are added up.
    struct Reading {
        Operand operand;
        bool is_per_block = false;  ///< uses the block's axis
    };
    using Readings = std::optional<std::vector<Reading>>;
    struct Block {
        std::size_t first = 0, period = 0;
        std::uint32_t count = 0;
        std::size_t at = 0;  ///< the step of the block that is being built
    };

    std::uint16_t add(PendingTensor tensor);
    Place place(std::uint16_t old);
    std::uint16_t bind(std::uint16_t old_limb, std::optional<std::uint32_t> count);
    [[nodiscard]] std::optional<Operand> moved(Operand operand, Place at) const;
    [[nodiscard]] bool insert(Operand& operand, const AxisMap& map) const;
    void bind_block(const Block& block);
    [[nodiscard]] bool build(const Block& block, Step& step);
    [[nodiscard]] bool multiply(const Block& block, std::size_t term, Step& step);
    [[nodiscard]] Readings read(const Block& block, std::span<const Operand* const> operands);
    [[nodiscard]] Readings read_weights(const Block& block,
                                        std::span<const Operand* const> operands);
    [[nodiscard]] Readings read_results(const Block& block,
                                        std::span<const Operand* const> operands);
    [[nodiscard]] bool is_known(const Block& block, std::uint16_t tensor, std::int64_t back) const;
    [[nodiscard]] std::optional<std::uint16_t> single(std::uint16_t old);
    [[nodiscard]] TableRequest copied_range(std::uint16_t old) const;

    const Draft* from_;
    Draft to_;
    std::vector<std::optional<Place>> places_;                 ///< by old tensor
    std::vector<std::pair<std::size_t, std::size_t>> makers_;  ///< by old tensor: step, limb
    std::map<std::uint16_t, std::size_t> bound_at_;            ///< of this block: by new tensor
    std::map<std::uint16_t, std::uint16_t> singles_;           ///< by old tensor: its copy
};

}  // namespace mintmark::compiler
