// An execution with everything in between: what a node commits to with its answer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/referee/commitments.hpp"
#include "mintmark/referee/element.hpp"

namespace mintmark::referee {

/// Every limb and result of every element, in the order of execution. Secret as the weights are.
struct Trace {
    std::vector<std::int64_t> input, output;
    std::vector<std::vector<std::int64_t>> words;  ///< per step: 2 per limb and element
    std::uint64_t defined = 0;  ///< elements that are there; fewer than all when one overflows

    /// The words of element `position` of the program's trace.
    [[nodiscard]] std::span<const std::int64_t> at(const Program& program,
                                                   std::uint64_t position) const;
};

/// Runs the model. An input that drives a value out of its table gives a trace that ends there (and
/// no output): no node has an answer to it. kInvalidArgument for a wrong number of inputs.
[[nodiscard]] Result<Trace> run_trace(const Commitments& model,
                                      std::span<const std::int64_t> input);
/// As run_trace, one term after the other as the referee counts them; slow, the oracle. It goes on
/// from `trace.defined` elements, which stay what they are.
void continue_trace(const Commitments& model, Trace& trace);

/// Sum of the terms lo <= t < hi of an element, read from the trace.
[[nodiscard]] Int128 sum_terms(const Commitments& model, const Trace& trace, std::size_t step,
                               std::uint64_t element, std::uint64_t lo, std::uint64_t hi);

/// The trace's tree, its salts bound to the statement's hash. Elements that are not there get
/// random leaves: nobody's can be equal to them.
[[nodiscard]] MerkleTree trace_tree(const Commitments& model, const Trace& trace,
                                    const Bytes32& statement);

}  // namespace mintmark::referee
