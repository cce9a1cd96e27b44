// Matrices over any field, by schoolbook elimination, for tests.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "mintmark/base/assert.hpp"

namespace mintmark::testing {

template <class F>
using Matrix = std::vector<std::vector<F>>;  ///< rows

/// Brings `rows` to reduced echelon form; the pivot columns, one per nonzero row, in order.
template <class F>
std::vector<std::size_t> eliminate(Matrix<F>& rows) {
    std::vector<std::size_t> pivots;
    const std::size_t width = rows.empty() ? 0 : rows[0].size();
    for (std::size_t column = 0; column < width && pivots.size() < rows.size(); ++column) {
        std::size_t at = pivots.size();
        while (at < rows.size() && rows[at][column].is_zero()) ++at;
        if (at == rows.size()) continue;
        auto& pivot = rows[pivots.size()];
        std::swap(rows[at], pivot);
        const F scale = pivot[column].inverse();
        for (F& value : pivot) value *= scale;
        for (auto& row : rows) {
            if (&row == &pivot || row[column].is_zero()) continue;
            const F factor = row[column];
            for (std::size_t i = column; i < width; ++i) row[i] -= factor * pivot[i];
        }
        pivots.push_back(column);
    }
    return pivots;
}

template <class F>
std::size_t rank(Matrix<F> rows) {
    return eliminate(rows).size();
}

template <class F>
Matrix<F> transposed(const Matrix<F>& rows) {
    Matrix<F> out(rows.empty() ? 0 : rows[0].size(), std::vector<F>(rows.size()));
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (std::size_t j = 0; j < out.size(); ++j) out[j][i] = rows[i][j];
    return out;
}

/// Inverse of a square matrix; nullopt if it is singular.
template <class F>
std::optional<Matrix<F>> inverted(Matrix<F> rows) {
    const std::size_t n = rows.size();
    for (std::size_t i = 0; i < n; ++i) {
        rows[i].resize(2 * n);
        rows[i][n + i] = F::one();
    }
    if (n == 0 || eliminate(rows).back() != n - 1) return std::nullopt;
    for (auto& row : rows) row.erase(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(n));
    return rows;
}

template <class F>
std::vector<F> times(const Matrix<F>& rows, const std::vector<F>& v) {
    std::vector<F> out;
    for (const auto& row : rows) {
        MINTMARK_ASSERT(row.size() == v.size());
        F sum = F::zero();
        for (std::size_t i = 0; i < v.size(); ++i) sum += row[i] * v[i];
        out.push_back(sum);
    }
    return out;
}

}  // namespace mintmark::testing
