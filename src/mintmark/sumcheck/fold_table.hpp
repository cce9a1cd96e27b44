// Threaded folding of the sumchecks' tables.
#pragma once

#include <utility>
#include <vector>

#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"

namespace mintmark::sumcheck {

/// Fixes variable 0 of a table of even size to r. Out of place: threads may not write where
/// another still reads.
inline void fold_table(std::vector<Fr>& table, const Fr& r) {
    constexpr std::size_t kFoldGrain = 8192;
    std::vector<Fr> half(table.size() / 2);
    parallel_for(half.size(), kFoldGrain, [&](std::size_t begin, std::size_t end) {
        fold_low(std::span(half).subspan(begin, end - begin),
                 std::span(table).subspan(2 * begin, 2 * (end - begin)), r);
    });
    table = std::move(half);
}

}  // namespace mintmark::sumcheck
