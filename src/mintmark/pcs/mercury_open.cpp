#include <algorithm>
#include <array>
#include <vector>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
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
            for (std::size_t j = 0; j < row.size(); ++j) h[i] += row[j] * eq1[j];
        }
    });
    return h;
}

struct Division {
    Poly quotient;
    Poly remainder;
};

/// p = (X^b - a) quotient + remainder, deg remainder < b; every column j mod b is a Horner scheme.
Division divide_by_binomial(std::span<const Fr> p, std::size_t b, const Fr& a) {
    MINTMARK_ASSERT(p.size() >= b);
    Division out{Poly(p.size() - b), Poly(b)};
    Poly& q = out.quotient;
    const std::size_t rows = (p.size() + b - 1) / b;
    parallel_for(b, std::max<std::size_t>(1, kGrain / rows), [&](auto begin, auto end) {
        for (std::size_t row = rows; row-- > 1;) {
            const std::size_t last = std::min(row * b + end, p.size());
            for (std::size_t k = row * b + begin; k < last; ++k)
                q[k - b] = k < q.size() ? p[k] + a * q[k] : p[k];
        }
        for (std::size_t j = begin; j < end; ++j)
            out.remainder[j] = j < q.size() ? p[j] + a * q[j] : p[j];
    });
    return out;
}

/// (p - p(x)) / (X - x).
Poly divide_by_linear(std::span<const Fr> p, const Fr& x) {
    if (p.size() < 2) return {};
    Poly q(p.size() - 1);
    q.back() = p.back();
    for (std::size_t k = q.size() - 1; k > 0; --k) q[k - 1] = p[k] + x * q[k];
    return q;
}

/// Adds factor * term to sum, which grows when needed.
void add_scaled(Poly& sum, std::span<const Fr> term, const Fr& factor) {
    if (sum.size() < term.size()) sum.resize(term.size());
    for (std::size_t i = 0; i < term.size(); ++i) sum[i] += factor * term[i];
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
        q_ = std::move(division.quotient);
        g_ = std::move(division.remainder);
        to_affine_each(std::array{commit_poly(q_), commit_poly(g_)},
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
    /// Constants do not change a quotient, so the values are not subtracted.
    const MercuryProof& open(const Fr& a, const Fr& zeta, const Fr& nu) {
        const Poly at_zeta = divide_by_linear(combine_at_zeta(a, zeta, nu), zeta);
        Poly combined = h_;
        add_scaled(combined, g_, nu);
        add_scaled(combined, s_, nu.square());
        const Poly at_zeta_inv = divide_by_linear(combined, proof_.zeta_inv);
        const Poly at_a = divide_by_linear(h_, a);
        to_affine_each(
            std::array{commit_poly(at_zeta), commit_poly(at_zeta_inv), commit_poly(at_a)},
            std::array{&proof_.w1, &proof_.w2, &proof_.w3});
        return proof_;
    }

  private:
    [[nodiscard]] G1 commit_poly(const Poly& p) const {
        return msm(std::span(srs_.g1).first(p.size()), p);
    }
    /// f - (zeta^b - a) q + nu h + nu^2 g + nu^3 d + nu^4 S.
    [[nodiscard]] Poly combine_at_zeta(const Fr& a, const Fr& zeta, const Fr& nu) const {
        const Fr q_factor = a - mercury::pow_two_power(zeta, shape_.mu1);
        Poly sum(f_.begin(), f_.end());
        parallel_for(q_.size(), kGrain, [&](auto begin, auto end) {
            for (std::size_t i = begin; i < end; ++i) sum[i] += q_factor * q_[i];
        });
        Fr factor = nu;
        for (const Poly* p : {&h_, &g_, &d_, &s_}) {
            add_scaled(sum, *p, factor);
            factor *= nu;
        }
        return sum;
    }

    const Srs& srs_;
    std::span<const Fr> f_;
    mercury::Shape shape_;
    Poly h_, q_, g_, s_, d_;
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
    static_cast<void>(mercury::after_quotients(transcript, proof));
    return proof;
}

}  // namespace mintmark
