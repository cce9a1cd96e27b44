// Dense products in blocks that fit caches and vector registers. Internal to the module.
//
// Every element's terms are added one by one in the order k = 0, 1, ..., without fused operations,
// whatever the processor: sums are bit for bit those of three plain loops, and exact for integers
// whose sums stay below 2^53.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

namespace mintmark::model {

inline constexpr std::size_t kLeftPanel = 4;   ///< rows that a tile takes at once
inline constexpr std::size_t kRightPanel = 8;  ///< columns
/// Terms between two visits of a sum; even. Panels of both operands then fit the caches.
inline constexpr std::size_t kDepthBlock = 256;

struct ProductShape {
    std::size_t rows = 0, depth = 0, columns = 0;
};

/// Some rows (columns) of an operand, `width` of them, and some terms, [from, from + depth).
struct Panel {
    std::size_t first = 0, width = 0, from = 0, depth = 0;
};

/// Writes to[k * P + i] = the operand's element of row (column) panel.first + i and term
/// panel.from + k, where P is kLeftPanel (kRightPanel). Elements from `width` on may stay as they
/// are: they are 0. panel.from is a multiple of kDepthBlock.
using Pack = std::function<void(const Panel& panel, double* to)>;

/// y[i, j] += sum_k left[i, k] right[k, j]; y row-major. Called from several threads at once, so
/// must `left` and `right` be. Where many of left's elements are 0 their products are skipped, so
/// right must be finite.
void add_product(const ProductShape& shape, const Pack& left, const Pack& right, double* y);

/// The rows of a row-major matrix with `stride` elements from one row to the next.
template <class T>
Pack pack_rows(const T* data, std::size_t stride) {
    return [=](const Panel& panel, double* to) {
        for (std::size_t i = 0; i < panel.width; ++i) {
            const T* row = data + (panel.first + i) * stride + panel.from;
            for (std::size_t k = 0; k < panel.depth; ++k)
                to[k * kLeftPanel + i] = static_cast<double>(row[k]);
        }
    };
}

/// The columns of a row-major matrix.
template <class T>
Pack pack_columns(const T* data, std::size_t stride) {
    return [=](const Panel& panel, double* to) {
        for (std::size_t k = 0; k < panel.depth; ++k) {
            const T* row = data + (panel.from + k) * stride + panel.first;
            // Compilers make a number of elements that they know a few instructions.
            if (panel.width == kRightPanel)
                std::copy_n(row, kRightPanel, to + k * kRightPanel);
            else
                std::copy_n(row, panel.width, to + k * kRightPanel);
        }
    };
}

/// y[i] += factor * x[i] for i < count.
void add_multiple(std::size_t count, double factor, const double* x, double* y);

}  // namespace mintmark::model
