#include "mintmark/math/poly.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/small_fold.hpp"

namespace mintmark {
namespace {
constexpr std::size_t kGrain = 1024;  // elements a thread should at least get
}

std::vector<Fr> eq_table(std::span<const Fr> point) {
    return eq_table(point, Fr::one());
}

std::vector<Fr> eq_table(std::span<const Fr> point, const Fr& scale) {
    MINTMARK_ASSERT(point.size() < 40);
    std::vector<Fr> table(std::size_t{1} << point.size());
    table[0] = scale;
    for (std::size_t i = 0; i < point.size(); ++i) {
        const std::size_t half = std::size_t{1} << i;
        parallel_for(half, kGrain, [&](std::size_t begin, std::size_t end) {
            const auto low = std::span(table).subspan(begin, end - begin);
            split_eq(low, std::span(table).subspan(half + begin, end - begin), point[i]);
        });
    }
    return table;
}

Fr eq_eval(std::span<const Fr> a, std::span<const Fr> b) noexcept {
    MINTMARK_ASSERT(a.size() == b.size());
    Fr product = Fr::one();
    for (std::size_t i = 0; i < a.size(); ++i) {
        const Fr both = a[i] * b[i];  // ab + (1-a)(1-b) = 1 - a - b + 2ab
        product *= Fr::one() - a[i] - b[i] + both.double_();
    }
    return product;
}

Fr eq_index(std::span<const Fr> a, std::uint64_t index) noexcept {
    if (a.size() < 64 && (index >> a.size()) != 0) return Fr::zero();
    Fr product = Fr::one();
    for (std::size_t i = 0; i < a.size(); ++i) {
        const bool set = i < 64 && ((index >> i) & 1U) != 0;
        product *= set ? a[i] : Fr::one() - a[i];
    }
    return product;
}

Fr lt_eval(std::uint64_t bound, std::span<const Fr> a) noexcept {
    if (a.size() < 64 && (bound >> a.size()) != 0) return Fr::one();
    Fr sum;               // of the indices that already differ from bound, below it
    Fr same = Fr::one();  // weight of the indices that agree with bound so far
    for (std::size_t i = a.size(); i > 0; --i) {
        const Fr high = same * a[i - 1];
        if (i <= 64 && ((bound >> (i - 1)) & 1U) != 0) {
            sum += same - high;
            same = high;
        } else {
            same -= high;
        }
    }
    return sum;
}

void bind_low(std::vector<Fr>& table, const Fr& r) {
    MINTMARK_ASSERT(table.size() % 2 == 0);
    const std::size_t half = table.size() / 2;
    std::vector<Fr> bound(half);
    parallel_for(half, kGrain, [&](std::size_t begin, std::size_t end) {
        const std::size_t count = end - begin;
        fold_low(std::span(bound).subspan(begin, count),
                 std::span<const Fr>(table).subspan(2 * begin, 2 * count), r);
    });
    table = std::move(bound);
}

Fr mle_eval(std::span<const Fr> table, std::span<const Fr> point) {
    MINTMARK_ASSERT(point.size() < 40 && table.size() == std::size_t{1} << point.size());
    std::vector<Fr> values(table.begin(), table.end());
    for (const Fr& r : point) bind_low(values, r);
    return values[0];
}

Fr mle_eval_ints(std::span<const std::int64_t> table, std::span<const Fr> point) {
    MINTMARK_ASSERT(table.size() <= std::size_t{1} << point.size());
    constexpr std::size_t kLow = 10, kRows = 16;
    const std::size_t low = std::min(point.size(), kLow);
    const std::vector<Fr> weights = eq_table(point.first(low));
    const std::vector<Fr> of_row = eq_table(point.subspan(low));
    const std::size_t whole = table.size() >> low, rest = table.size() - (whole << low);
    std::vector<Fr> rows(whole + (rest > 0 ? 1 : 0));
    parallel_for(whole, kRows, [&](std::size_t begin, std::size_t end) {
        add_small_dots<std::int64_t>(std::span(rows).subspan(begin, end - begin), weights,
                                     table.data() + (begin << low), std::size_t{1} << low);
    });
    if (rest > 0)
        add_small_dots<std::int64_t>(std::span(rows).last(1), std::span(weights).first(rest),
                                     table.data() + (whole << low), rest);
    return dot(rows, std::span(of_row).first(rows.size()));
}

Fr horner(std::span<const Fr> coefficients, const Fr& x) noexcept {
    Fr value;
    for (std::size_t i = coefficients.size(); i > 0; --i) value = value * x + coefficients[i - 1];
    return value;
}

}  // namespace mintmark
