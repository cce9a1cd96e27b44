#include "mintmark/model/boxed_ball.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace mintmark::model {
namespace {

constexpr int kRounds = 3;  ///< the first is close where few entries meet the box

/// Whether the box may be worth a look: where each side is far from zero, only a weight that is
/// most of its column meets it.
bool cuts(const BoxedBall& rows) {
    const double far = rows.radius / 2;
    for (std::size_t i = 0; i < rows.lo.size(); ++i)
        if (rows.lo[i] > -far || rows.hi[i] < far) return true;
    return false;
}

/// What one column sums up in a round.
struct Column {
    double c = 0;        ///< the dual variable
    double product = 0;  ///< sum w v*
    double held = 0;     ///< of |v*|^2, the entries at the box's sides
    double free = 0;     ///< of |w|^2, the other entries
};

void sum_up(std::vector<Column>& columns, std::span<const double> weight, double lo, double hi) {
    for (std::size_t j = 0; j < columns.size(); ++j) {
        Column& column = columns[j];
        const double w = weight[j], v = w * column.c;
        const double inside = std::min(std::max(v, lo), hi);
        column.product += w * inside;
        const bool is_free = inside == v;
        column.held += is_free ? 0 : inside * inside;
        column.free += is_free ? w * w : 0;
    }
}

/// The largest products; `most` holds Cauchy-Schwarz' bounds and `columns` their c. Entries that
/// are held stay so when c grows: the others then share what is left of the radius.
void narrow(std::vector<double>& most, std::vector<Column> columns, std::span<const double> weight,
            const BoxedBall& rows) {
    const std::size_t m = columns.size();
    const double square = rows.radius * rows.radius;
    for (int round = 0; round < kRounds; ++round) {
        for (std::size_t i = 0; i < rows.lo.size(); ++i)
            sum_up(columns, weight.subspan(i * m, m), rows.lo[i], rows.hi[i]);
        for (std::size_t j = 0; j < m; ++j) {
            const auto [c, product, held, free] = columns[j];
            if (!(c > 0)) continue;
            const double left = square - held;
            most[j] = std::min(most[j], product + (left - c * c * free) / (2 * c));
            const double next = free > 0 && left > 0 ? std::sqrt(left / free) : c;
            columns[j] = {.c = std::max(c, next)};
        }
    }
}

}  // namespace

Reach reach_of(std::span<const double> weight, const BoxedBall& rows) {
    const std::size_t n = rows.lo.size(), m = weight.size() / n;
    std::vector<double> square(m, 0);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < m; ++j) square[j] += weight[i * m + j] * weight[i * m + j];
    std::vector<Column> columns(m);
    Reach out;
    for (std::size_t j = 0; j < m; ++j) {
        const double length = std::sqrt(square[j]);
        out.most.push_back(length * rows.radius);
        if (length > 0) columns[j].c = rows.radius / length;
    }
    out.least = out.most;
    if (cuts(rows)) {
        narrow(out.most, columns, weight, rows);
        BoxedBall turned{rows.radius, {}, {}};
        for (std::size_t i = 0; i < n; ++i) {
            turned.lo.push_back(-rows.hi[i]);
            turned.hi.push_back(-rows.lo[i]);
        }
        narrow(out.least, std::move(columns), weight, turned);
    }
    for (double& v : out.least) v = -v;
    return out;
}

}  // namespace mintmark::model
