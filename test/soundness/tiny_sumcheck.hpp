// The masked sumchecks of docs/spec/protocol.md, sections 5 and 5a, over any field, at given
// challenges: sums over the whole cube and interpolation, nothing clever. Shares no code with
// src/mintmark/sumcheck.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace mintmark::tiny {

/// Coefficients, lowest first.
template <class F>
using Poly = std::vector<F>;

template <class F>
F eval(const Poly<F>& p, const F& x) {
    F sum = F::zero(), power = F::one();
    for (const F& c : p) {
        sum += c * power;
        power *= x;
    }
    return sum;
}

/// Row i: the polynomial of degree below `size` that is 1 at i and 0 at the other integers below.
template <class F>
std::vector<Poly<F>> lagrange_basis(std::size_t size) {
    std::vector<Poly<F>> out;
    for (std::size_t i = 0; i < size; ++i) {
        Poly<F> basis{F::one()};
        F divisor = F::one();
        for (std::size_t j = 0; j < size; ++j) {
            if (j == i) continue;
            basis.push_back(F::zero());  // times (X - j)
            for (std::size_t k = basis.size(); k-- > 0;)
                basis[k] = (k > 0 ? basis[k - 1] : F::zero()) - F::from_u64(j) * basis[k];
            divisor *= F::from_u64(i) - F::from_u64(j);
        }
        const F scale = divisor.inverse();
        for (F& c : basis) c *= scale;
        out.push_back(std::move(basis));
    }
    return out;
}

/// The polynomial of degree below values.size() with these values (3, 4 or 6) at 0, 1, ...
template <class F>
Poly<F> interpolate(const std::vector<F>& values) {
    static const std::array bases = {lagrange_basis<F>(3), lagrange_basis<F>(4),
                                     lagrange_basis<F>(6)};
    const auto& basis = bases[values.size() == 6 ? 2 : values.size() - 3];
    Poly<F> sum(values.size(), F::zero());
    for (std::size_t i = 0; i < values.size(); ++i)
        for (std::size_t k = 0; k < values.size(); ++k) sum[k] += values[i] * basis[i][k];
    return sum;
}

template <class F>
F eq(std::span<const F> a, std::span<const F> b) {
    F product = F::one();
    for (std::size_t i = 0; i < a.size(); ++i)
        product *= a[i] * b[i] + (F::one() - a[i]) * (F::one() - b[i]);
    return product;
}

/// Multilinear extension of 2^n values; point[0] belongs to the lowest bit.
template <class F>
F mle(std::vector<F> table, std::span<const F> point) {
    for (const F& x : point) {
        for (std::size_t i = 0; i < table.size() / 2; ++i)
            table[i] = table[2 * i] + x * (table[2 * i + 1] - table[2 * i]);
        table.resize(table.size() / 2);
    }
    return table[0];
}

/// weight * sum of eq(eq_point, low variables) A B, in the last n of all variables.
template <class F>
struct ProductTerm {
    F weight;
    std::vector<F> eq_point, a, b;
    F mask_a = F::zero(), mask_b = F::zero();
};

/// g(x) = constant + sum_i sum_e rounds[i][e-1] x_i^e.
template <class F>
struct RoundMask {
    F constant = F::zero();
    std::vector<std::vector<F>> rounds;
};

template <class F>
F mask_at(const RoundMask<F>& mask, std::span<const F> x) {
    F sum = mask.constant;
    for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * eval(mask.rounds[i], x[i]);
    return sum;
}

/// The batch at any point of the space: masked factors, suffix alignment, g.
template <class F>
F batch_at(const std::vector<ProductTerm<F>>& terms, const RoundMask<F>& mask,
           std::span<const F> x) {
    F sum = mask_at(mask, x);
    const F theta = x.back() * (F::one() - x.back());
    for (const auto& term : terms) {
        std::size_t n = 0;
        while (std::size_t{1} << n < term.a.size()) ++n;
        const auto own = x.last(n);
        F scale = term.weight;
        for (std::size_t i = n; i < x.size(); ++i) scale *= F::inv2();
        const std::span<const F> eq_point(term.eq_point);
        sum += scale * eq(eq_point, own.first(eq_point.size())) *
               (mle(term.a, own) + theta * term.mask_a) * (mle(term.b, own) + theta * term.mask_b);
    }
    return sum;
}

/// Every round's polynomial with all its coefficients: 4 each, in the last round 6.
template <class F>
std::vector<Poly<F>> product_rounds(const std::vector<ProductTerm<F>>& terms,
                                    const RoundMask<F>& mask, std::span<const F> r) {
    std::vector<Poly<F>> out;
    for (std::size_t i = 0; i < r.size(); ++i) {
        const std::size_t later = r.size() - 1 - i;
        std::vector<F> values(later == 0 ? 6 : 4, F::zero());
        std::vector<F> x(r.begin(), r.end());
        for (std::size_t at = 0; at < values.size(); ++at) {
            x[i] = F::from_u64(at);
            for (std::size_t rest = 0; rest < std::size_t{1} << later; ++rest) {
                for (std::size_t k = 0; k < later; ++k)
                    x[i + 1 + k] = (rest >> k & 1U) != 0 ? F::one() : F::zero();
                values[at] += batch_at<F>(terms, mask, x);
            }
        }
        out.push_back(interpolate(values));
    }
    return out;
}

/// One column of the merge sumcheck: 2^mu lanes, and the combined form on them.
template <class F>
struct FormedColumn {
    std::vector<F> form, lanes;
};

/// Every round's polynomial, three coefficients each. Binds the columns.
template <class F>
std::vector<Poly<F>> merge_rounds(std::vector<FormedColumn<F>>& columns, std::span<const F> z) {
    std::vector<Poly<F>> out;
    const F two = F::from_u64(2);
    for (const F& challenge : z) {
        std::vector<F> values(3, F::zero());
        for (auto& [form, lanes] : columns) {
            for (std::size_t pair = 0; pair < lanes.size() / 2; ++pair) {
                const auto at = [&](const std::vector<F>& table, const F& x) {
                    return table[2 * pair] + x * (table[2 * pair + 1] - table[2 * pair]);
                };
                values[0] += form[2 * pair] * lanes[2 * pair];
                values[1] += form[2 * pair + 1] * lanes[2 * pair + 1];
                values[2] += at(form, two) * at(lanes, two);
                form[pair] = at(form, challenge);
                lanes[pair] = at(lanes, challenge);
            }
            form.resize(form.size() / 2);
            lanes.resize(lanes.size() / 2);
        }
        out.push_back(interpolate(values));
    }
    return out;
}

/// What is sent of a round: all coefficients but that of X.
template <class F>
void append_sent(std::vector<F>& out, const Poly<F>& round) {
    for (std::size_t e = 0; e < round.size(); ++e)
        if (e != 1) out.push_back(round[e]);
}

}  // namespace mintmark::tiny
