#include "mintmark/model/spectra.hpp"

#include <algorithm>
#include <cmath>

namespace mintmark::model {
namespace {

constexpr double kMostWork = 4e9;  ///< multiplications

/// out += f(k)[i] f(k)[j] over rows: the symmetric product of an n x m matrix with its transpose.
std::vector<double> gram(const std::vector<double>& rows, std::size_t n, std::size_t m) {
    std::vector<double> out(n * n, 0);
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            const double *a = &rows[i * m], *b = &rows[j * m];
            double sums[4] = {};
            std::size_t k = 0;
            for (; k + 4 <= m; k += 4)
                for (std::size_t l = 0; l < 4; ++l) sums[l] += a[k + l] * b[k + l];
            for (; k < m; ++k) sums[0] += a[k] * b[k];
            out[i * n + j] = out[j * n + i] = sums[0] + sums[1] + sums[2] + sums[3];
        }
    }
    return out;
}

double frobenius(const std::vector<double>& matrix) {
    double sum = 0;
    for (const double x : matrix) sum += x * x;
    return std::sqrt(sum);
}

/// |G^4|_F^(1/8) >= |M|_2 for G = M M^T, at most n^(1/16) times as large.
double spectral_bound(const std::vector<double>& matrix, std::size_t n, std::size_t m) {
    std::vector<double> power = gram(matrix, n, m);
    double scale = 1;
    for (int squaring = 0; squaring < 2; ++squaring) {
        const double size = frobenius(power);
        if (!(size > 0)) return 0;
        for (double& x : power) x /= size;
        scale = squaring == 0 ? size : scale * std::sqrt(size);
        power = gram(power, n, n);
    }
    // G = scale A up to here with A^4 = power: the norm of G is scale |A^4|^(1/4).
    return std::sqrt(scale * std::pow(frobenius(power), 0.25)) * (1 + 1e-6);
}

}  // namespace

std::optional<double> Spectra::bound(std::size_t layer, std::span<const double> weight,
                                     std::span<const double> gains) {
    const std::size_t n = gains.size(), m = weight.size() / n;
    const auto size = static_cast<double>(n);
    if (size * size * (static_cast<double>(m) + 2 * size) / 2 > kMostWork) return std::nullopt;
    if (!known_.contains(layer)) {
        Known made{{gains.begin(), gains.end()}, 0};
        const double largest = *std::ranges::max_element(gains);
        // A gain of next to nothing may be more another time.
        for (double& g : made.gains) g = std::max(g, largest * 1e-3);
        std::vector<double> matrix(weight.begin(), weight.end());
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < m; ++j) matrix[i * m + j] *= made.gains[i];
        made.norm = spectral_bound(matrix, n, m);
        known_[layer] = std::move(made);
    }
    const Known& known = known_.at(layer);
    double ratio = 0;
    for (std::size_t i = 0; i < n; ++i)
        if (known.gains[i] > 0) ratio = std::max(ratio, gains[i] / known.gains[i]);
    return known.norm * ratio;
}

}  // namespace mintmark::model
