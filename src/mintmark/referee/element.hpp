// The terms of one element, numbered as contracts/src/libraries/RefereeTerms.sol numbers them.
#pragma once

#include <cstdint>
#include <span>

#include "mintmark/referee/program.hpp"

namespace mintmark::referee {

/// One value that a term multiplies; `is_zero` when it lies outside of its tensor.
struct Read {
    bool is_zero = false;
    Source source = Source::kWeight;
    std::uint8_t limb = 0;
    std::uint64_t index = 0;
};

/// coef times `factors` (0, 1 or 2) reads.
struct Term {
    Int128 coef = 0;
    std::uint8_t factors = 0;
    Read a = {}, b = {};
};

/// Number of terms of each element of the step; at least 1.
[[nodiscard]] std::uint64_t num_terms(const ProgramStep& step) noexcept;
/// Term `term` (< num_terms) of element `element` (< num_elements).
[[nodiscard]] Term term_at(const ProgramStep& step, std::uint64_t element, std::uint64_t term);

}  // namespace mintmark::referee
