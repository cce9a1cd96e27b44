// The merge sumcheck's claims and the coefficients of chunks at its point.
#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

/// A whole column as a tensor of one axis with `vars` variables, weighted by ALL.
FormTerm whole_column(Column column, std::size_t vars) {
    AxisWeight weight{.kind = MapKind::kAll, .axes = {Axis{std::uint32_t{1} << vars}}, .env = {}};
    return {.coef = Fr::one(), .column = column, .offset = 0, .weights = {std::move(weight)}};
}

/// coef * eq(point, .) on a whole column.
FormTerm column_at(Column column, std::span<const Fr> point, const Fr& coef = Fr::one()) {
    FormTerm term = whole_column(column, point.size());
    AxisWeight& weight = term.weights.front();
    weight.kind = MapKind::kEq;
    weight.env.push_back({weight.axes[0].dim, {point.begin(), point.end()}});
    term.coef = coef;
    return term;
}

/// low_i high_k at i + k low.size().
std::vector<Fr> outer_product(std::span<const Fr> low, std::span<const Fr> high) {
    constexpr std::size_t kGrain = 4096;
    std::vector<Fr> out(low.size() * high.size());
    if (low.size() == 1) {
        add_scaled(out, low[0], high);
        return out;
    }
    parallel_for(high.size(), 1 + kGrain / low.size(), [&](std::size_t begin, std::size_t end) {
        for (std::size_t k = begin; k < end; ++k)
            add_scaled(std::span(out).subspan(k * low.size(), low.size()), high[k], low);
    });
    return out;
}

/// The term's coefficient for each of the chunks that it spans, first chunk first.
std::vector<Fr> term_chunk_coefs(const FormTerm& term, std::span<const Fr> z) {
    std::vector<Fr> coefs{term.coef};
    std::size_t position = 0;
    for (std::size_t i = term.weights.size(); i > 0; --i) {
        const AxisWeight& weight = term.weights[i - 1];
        const std::size_t vars = weight.num_vars();
        const std::size_t start = std::min(position, z.size());
        const std::size_t count = std::min(vars, z.size() - start);
        const std::vector<Fr> partial = axis_weight_fold(weight, z.subspan(start, count));
        coefs = outer_product(coefs, partial);
        position += vars;
    }
    if (position < z.size()) coefs[0] *= prefix_eq(z, position, term.offset);
    return coefs;
}

}  // namespace

std::vector<Fr> form_term_dense(const FormTerm& term) {
    return term_chunk_coefs(term, {});
}

Fr evaluate_form(const LinearForm& form,
                 const std::array<std::span<const Fr>, kNumColumns>& columns) {
    Fr sum = Fr::zero();
    for (const FormTerm& term : form.terms) {
        const std::span<const Fr> column = columns[static_cast<std::size_t>(term.column)];
        const std::vector<Fr> dense = form_term_dense(term);
        for (std::size_t j = 0; j < dense.size() && term.offset + j < column.size(); ++j)
            sum += dense[j] * column[term.offset + j];
    }
    return sum;
}

std::size_t num_merge_claims(const Circuit& circuit) noexcept {
    return 6 + 2 * circuit.num_products();
}

LinearForm sum_form(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma,
                    const Fr& delta) {
    LinearForm form = direct_form(circuit, rho, gamma);
    const Fr delta2 = delta.square(), delta3 = delta2 * delta;
    form.terms.push_back(column_at(Column::kM, rho.first(circuit.kappa()), delta2));
    form.terms.push_back(whole_column(Column::kH, circuit.nu()));
    form.terms.back().coef = delta3;
    form.terms.push_back(whole_column(Column::kHt, circuit.kappa()));
    form.terms.back().coef = -delta3;
    return form;
}

std::vector<LinearForm> merge_claims(const Circuit& circuit, const ClaimPoint& at) {
    const std::span<const Fr> lanes = suffix(at.r, circuit.nu());
    const std::span<const Fr> rows = suffix(at.r, circuit.kappa());
    std::vector<LinearForm> claims;
    claims.reserve(num_merge_claims(circuit));
    claims.push_back(sum_form(circuit, at.rho, at.gamma, at.delta));
    claims.emplace_back();
    claims.push_back({{column_at(Column::kH, lanes)}});
    claims.push_back({{column_at(Column::kF, lanes), column_at(Column::kG, lanes, at.beta)}});
    claims.push_back({{column_at(Column::kHt, rows)}});
    claims.push_back({{column_at(Column::kT, rows)}});
    for (const Step& step : circuit.steps) {
        for (const ProdTerm& term : step.prods) {
            const std::size_t n = num_vars(product_axes(step, term));
            const Env env = prod_env(step, term, at.rho, suffix(at.r, n));
            claims.push_back({{operand_form(circuit, term.a, env)}});
            claims.push_back({{operand_form(circuit, term.b, env)}});
        }
    }
    return claims;
}

ChunkCoefs zero_chunk_coefs(const Circuit& circuit) {
    ChunkCoefs coefs;
    for (std::size_t i = 0; i < kNumColumns; ++i)
        coefs[i].assign(circuit.num_chunks(static_cast<Column>(i)), Fr::zero());
    return coefs;
}

void add_chunk_coefs(ChunkCoefs& coefs, const LinearForm& form, const Fr& scale,
                     std::span<const Fr> z) {
    for (const FormTerm& term : form.terms) {
        const std::vector<Fr> values = term_chunk_coefs(term, z);
        std::vector<Fr>& column = coefs[static_cast<std::size_t>(term.column)];
        const std::size_t first = term.offset >> z.size();
        // A whole-column claim has a power of two of chunks; those that do not exist are zero.
        for (std::size_t t = 0; t < values.size() && first + t < column.size(); ++t)
            column[first + t] += scale * values[t];
    }
}

ChunkCoefs merge_chunk_coefs(const Circuit& circuit, const ClaimPoint& at, const Fr& lambda,
                             std::span<const Fr> z) {
    ChunkCoefs coefs = zero_chunk_coefs(circuit);
    Fr power = Fr::one();
    for (const LinearForm& claim : merge_claims(circuit, at)) {
        add_chunk_coefs(coefs, claim, power, z);
        power *= lambda;
    }
    const MaskForm masks = mask_form(circuit, at.r, lambda);
    coefs[static_cast<std::size_t>(Column::kZ)][0] = mask_coef_z(masks, z);
    coefs[static_cast<std::size_t>(Column::kR)][0] = mask_coef_r(masks, z);
    return coefs;
}

}  // namespace mintmark
