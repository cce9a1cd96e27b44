#include <algorithm>
#include <array>
#include <vector>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/pcs/mercury_shape.hpp"

namespace mintmark {
namespace {

// Coefficients, lowest first; the empty vector is zero.
using Poly = std::vector<Fr>;

constexpr std::size_t kGrain = 4096;  // field multiplications that are worth a thread

/// h_i = sum_j f_{ib+j} eq1_j, one per row of f, the last row may be short.
Poly fold_rows(std::span<const Fr> f, std::span<const Fr> eq1) {
    const std::size_t b = eq1.size();
    Poly h((f.size() + b - 1) / b);
    parallel_for(h.size(), std::max<std::size_t>(1, kGrain / b), [&](auto begin, auto end) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto row = f.subspan(i * b, std::min(b, f.size() - i * b));
            h[i] = dot(row, eq1.first(row.size()));
        }
    });
    return h;
}

struct Division {
    Poly quotient;
    Poly remainder;
};

/// out = p + a q, where q may be shorter.
void add_row(std::span<Fr> out, std::span<const Fr> p, const Fr& a, std::span<const Fr> q) {
    std::ranges::copy(p, out.begin());
    mintmark::add_scaled(out.first(q.size()), a, q);
}

/// p = (X^b - a) quotient + remainder, deg remainder < b; every column j mod b is a Horner scheme,
/// a row of them one vector.
Division divide_by_binomial(std::span<const Fr> p, std::size_t b, const Fr& a) {
    MINTMARK_ASSERT(p.size() >= b);
    Division out{Poly(p.size() - b), Poly(b)};
    const std::span<Fr> q = out.quotient;
    const std::size_t rows = (p.size() + b - 1) / b;
    const auto part = [](std::span<const Fr> all, std::size_t first, std::size_t last) {
        const std::size_t end = std::min(last, all.size());
        return all.subspan(std::min(first, end), end - std::min(first, end));
    };
    parallel_for(b, std::max<std::size_t>(1, kGrain / rows), [&](auto begin, auto end) {
        for (std::size_t row = rows; row-- > 0;) {
            const std::size_t first = row * b + begin, last = row * b + end;
            const auto from = part(p, first, last);
            const auto to = row > 0 ? q.subspan(first - b, from.size())
                                    : std::span(out.remainder).subspan(begin, from.size());
            add_row(to, from, a, part(q, first, last));
        }
    });
    return out;
}

/// (p - p(x)) / (X - x).
Poly divide_by_linear(std::span<const Fr> p, const Fr& x) {
    Poly q(p.empty() ? 0 : p.size() - 1);
    Fr value;
    for (std::size_t k = q.size(); k-- > 0;) {
        value = p[k + 1] + x * value;
        q[k] = value;
    }
    return q;
}

/// Adds factor * term to sum, which grows when needed.
void add_scaled(Poly& sum, std::span<const Fr> term, const Fr& factor) {
    if (sum.size() < term.size()) sum.resize(term.size());
    mintmark::add_scaled(std::span(sum).first(term.size()), factor, term);
}

/// X^(B-1) p(X) P_u(1/X), B = 2^|u|: the product with the sparse factors u_i + (1 - u_i) X^(2^i).
Poly times_reversed_p(std::span<const Fr> p, std::span<const Fr> u) {
    Poly product(p.begin(), p.end());
    product.resize(p.size() + (std::size_t{1} << u.size()) - 1);
    std::size_t size = p.size();
    std::size_t shift = 1;
    for (const Fr& u_i : u) {
        size += shift;
        for (std::size_t k = size; k-- > 0;) {
            const Fr moved = k >= shift ? product[k - shift] : Fr::zero();
            product[k] = moved + u_i * (product[k] - moved);
        }
        shift *= 2;
    }
    return product;
}

/// The polynomial T with p(X) P_u(1/X) + p(1/X) P_u(X) = constant + X T(X) + X^-1 T(1/X).
Poly symmetric_part(std::span<const Fr> p, std::span<const Fr> u) {
    const Poly product = times_reversed_p(p, u);
    const std::size_t centre = (std::size_t{1} << u.size()) - 1;
    const std::size_t size = std::max(centre, product.size() - 1 - centre);
    Poly t(size);
    for (std::size_t k = 1; k <= size; ++k) {
        if (centre + k < product.size()) t[k - 1] += product[centre + k];
        if (k <= centre) t[k - 1] += product[centre - k];
    }
    return t;
}

/// Writes the points of some commitments with one inversion.
void to_affine_each(std::span<const G1> points, std::span<G1Affine* const> out) {
    const std::vector<G1Affine> affine = batch_to_affine(points);
    for (std::size_t i = 0; i < out.size(); ++i) *out[i] = affine[i];
}

/// One opening in the making; the steps are called in the order of section 6.
class Opening {
  public:
    Opening(const Srs& srs, std::span<const Fr> f, const mercury::Shape& shape)
        : srs_(srs), f_(f), shape_(shape) {}

    const MercuryProof& fold() {
        h_ = fold_rows(f_, eq_table(shape_.u1));
        proof_.h = commit_poly(h_).to_affine();
        return proof_;
    }
    const MercuryProof& divide(const Fr& a) {
        Division division = divide_by_binomial(f_, std::size_t{1} << shape_.mu1, a);
        g_ = std::move(division.remainder);
        to_affine_each(std::array{commit_poly(division.quotient), commit_poly(g_)},
                       std::array{&proof_.q, &proof_.g});
        return proof_;
    }
    const MercuryProof& batch_inner_products(const Fr& gamma) {
        s_ = symmetric_part(g_, shape_.u1);
        add_scaled(s_, symmetric_part(h_, shape_.u2), gamma);
        d_.assign(g_.rbegin(), g_.rend());
        to_affine_each(std::array{commit_poly(s_), commit_poly(d_)},
                       std::array{&proof_.s, &proof_.d});
        return proof_;
    }
    const MercuryProof& evaluate(const Fr& zeta) {
        proof_.zeta_inv = zeta.inverse();
        proof_.g_z = horner(g_, zeta);
        proof_.g_zi = horner(g_, proof_.zeta_inv);
        proof_.h_z = horner(h_, zeta);
        proof_.h_zi = horner(h_, proof_.zeta_inv);
        proof_.s_z = horner(s_, zeta);
        proof_.s_zi = horner(s_, proof_.zeta_inv);
        return proof_;
    }
    /// The quotient of all openings: a polynomial is divided by X - x for each of its points x.
    /// Constants do not change a quotient, so the values are not subtracted.
    const MercuryProof& open(const Fr& a, const Fr& zeta, const Fr& nu) {
        Poly sum;
        add_scaled(sum, h_, nu);
        sum = divide_by_linear(sum, a);
        add_scaled(sum, g_, nu.square());
        add_scaled(sum, s_, nu.square() * nu);
        sum = divide_by_linear(sum, proof_.zeta_inv);
        add_scaled(sum, d_, nu.square().square());
        w_ = divide_by_linear(sum, zeta);
        proof_.w = commit_poly(w_).to_affine();
        return proof_;
    }
    const MercuryProof& open_at_y(const mercury::Weights& weights, const Fr& y) {
        Poly sum;
        add_scaled(sum, h_, weights.h);
        add_scaled(sum, g_, weights.g);
        add_scaled(sum, s_, weights.s);
        add_scaled(sum, d_, weights.d);
        add_scaled(sum, w_, weights.w);
        proof_.w_y = commit_poly(divide_by_linear(sum, y)).to_affine();
        return proof_;
    }

  private:
    [[nodiscard]] G1 commit_poly(const Poly& p) const {
        return msm(std::span(srs_.g1).first(p.size()), p);
    }

    const Srs& srs_;
    std::span<const Fr> f_;
    mercury::Shape shape_;
    Poly h_, g_, s_, d_, w_;
    MercuryProof proof_;
};

}  // namespace

MercuryProof mercury_open(const Srs& srs, std::span<const Fr> f, std::span<const Fr> z,
                          Transcript& transcript) {
    MINTMARK_ASSERT(z.size() < 40 && f.size() >= std::size_t{1} << z.size());
    MINTMARK_ASSERT(f.size() <= srs.g1.size());
    Opening opening(srs, f, mercury::Shape(z));
    const Fr a = mercury::after_h(transcript, opening.fold());
    const Fr gamma = mercury::after_qg(transcript, opening.divide(a));
    const Fr zeta = mercury::after_sd(transcript, opening.batch_inner_products(gamma));
    const Fr nu = mercury::after_evals(transcript, opening.evaluate(zeta));
    const MercuryProof& proof = opening.open(a, zeta, nu);
    const Fr y = mercury::after_w(transcript, proof);
    const mercury::Distances at(a, zeta, proof.zeta_inv, y);
    mercury::finish(transcript, opening.open_at_y(mercury::Weights(at, nu), y));
    return proof;
}

}  // namespace mintmark
