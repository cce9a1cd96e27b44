// Claims against plain sums: on random columns, the claims of section 5 add up to the residuals of
// the steps, which are computed here index by index from the definition of section 3.
#include "mintmark/circuit/form.hpp"

#include <gtest/gtest.h>

#include <map>

#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/testing.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

using Columns = std::array<std::vector<Fr>, kNumColumns>;

std::vector<Fr> random_frs(SeededRng& rng, std::size_t n) {
    std::vector<Fr> values(n);
    for (Fr& v : values) v = Fr::random(rng);
    return values;
}

/// A circuit with random columns (padding included) and random challenges.
struct Scene {
    explicit Scene(const Circuit& c, std::uint64_t seed) : circuit(c) {
        SeededRng rng(seed);
        for (std::size_t i = 0; i < kNumColumns; ++i)
            columns[i] = random_frs(rng, std::size_t{c.num_chunks(static_cast<Column>(i))} << c.mu);
        // Public values stand in the columns as a padded box.
        public_io(c.input, c.input_tensor(), rng, input);
        public_io(c.output, c.output_tensor(), rng, output);
        rho = random_frs(rng, c.n_rho());
        r = random_frs(rng, c.n_prod());
        z = random_frs(rng, c.mu);
        gamma = Fr::random(rng);
        beta = Fr::random(rng);
        delta = Fr::random(rng);
    }
    void public_io(Visibility v, const Tensor& t, SeededRng& rng, std::vector<Fr>& values) {
        if (v == Visibility::kCommitted) return;
        values = random_frs(rng, num_entries(t.axes));
        auto& column = columns[static_cast<std::size_t>(t.column)];
        column.assign(std::size_t{1} << t.num_vars(), Fr::zero());
        for (std::size_t i = 0; i < values.size(); ++i) column[padded_index(t.axes, i)] = values[i];
    }
    [[nodiscard]] std::array<std::span<const Fr>, kNumColumns> spans() const {
        std::array<std::span<const Fr>, kNumColumns> out;
        for (std::size_t i = 0; i < kNumColumns; ++i) out[i] = columns[i];
        return out;
    }
    [[nodiscard]] const std::vector<Fr>& column(Column c) const {
        return columns[static_cast<std::size_t>(c)];
    }
    [[nodiscard]] ClaimPoint at() const { return {rho, gamma, beta, delta, r}; }

    const Circuit& circuit;
    Columns columns;
    std::vector<Fr> input, output, rho, r, z;
    Fr gamma, beta, delta;
};

/// Padded indices of a box, one per axis, from a padded position.
std::vector<std::int64_t> digits(const std::vector<Axis>& axes, std::uint64_t position) {
    std::vector<std::int64_t> out(axes.size());
    for (std::size_t i = axes.size(); i > 0; --i) {
        const std::uint64_t size = std::uint64_t{1} << axes[i - 1].log();
        out[i - 1] = static_cast<std::int64_t>(position % size);
        position /= size;
    }
    return out;
}

/// Row-major number of padded digits in a box, or -1 outside of it.
std::int64_t rank(const std::vector<Axis>& axes, std::span<const std::int64_t> at) {
    std::int64_t f = 0;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        if (at[i] >= axes[i].dim) return -1;
        f = f * axes[i].dim + at[i];
    }
    return f;
}

/// The integer weight that a map gives to tensor indices j when the environment stands at `env`.
std::int64_t integer_weight(const AxisMap& map, const std::vector<Axis>& axes,
                            std::span<const std::int64_t> j, const std::vector<Axis>& env_axes,
                            const std::vector<std::int64_t>& env) {
    if (map.kind == MapKind::kAll) return 1;
    if (map.kind == MapKind::kEq) return env[map.p] == j[0] ? 1 : 0;
    if (map.kind == MapKind::kRegroup) {
        const std::vector<Axis> box(env_axes.begin() + map.p, env_axes.begin() + map.p + map.t);
        const std::int64_t from = rank(axes, j);
        return from >= 0 && from == rank(box, std::span(env).subspan(map.p)) ? 1 : 0;
    }
    if (j[0] >= axes[0].dim) return 0;
    const bool has_axis = map.p != kNoAxis;
    const std::int64_t a = has_axis ? env[map.p] : 0;
    if (has_axis && a >= env_axes[map.p].dim) return 0;
    const std::int64_t base = map.stride * a + map.offset;
    if (map.kind == MapKind::kWin)
        return env[map.t] < env_axes[map.t].dim && base + map.dilation * env[map.t] == j[0] ? 1 : 0;
    std::int64_t count = 0;
    for (int b = 0; b < map.taps(); ++b) count += base + map.dilation * b == j[0] ? 1 : 0;
    return count;
}

Fr naive_operand(const Scene& s, const Operand& operand, const std::vector<Axis>& env_axes,
                 const std::vector<std::int64_t>& env) {
    const Tensor& t = s.circuit.tensors[operand.tensor];
    const std::vector<Fr>& column = s.column(t.column);
    Fr sum = Fr::zero();
    for (std::uint64_t lane = 0; lane < std::uint64_t{1} << t.num_vars(); ++lane) {
        const std::vector<std::int64_t> j = digits(t.axes, lane);
        std::int64_t weight = 1;
        std::size_t axis = 0;
        for (const AxisMap& map : operand.maps) {
            const std::vector<Axis> axes(
                t.axes.begin() + static_cast<std::ptrdiff_t>(axis),
                t.axes.begin() + static_cast<std::ptrdiff_t>(axis + map.num_axes()));
            weight *= integer_weight(map, axes, std::span(j).subspan(axis), env_axes, env);
            axis += map.num_axes();
        }
        if (weight != 0) sum += Fr::from_i64(weight) * column[t.offset + lane];
    }
    return sum;
}

bool axis_used(const Operand& operand, std::size_t i) {
    for (const AxisMap& m : operand.maps) {
        if (m.kind == MapKind::kRegroup && i >= m.p && i < std::size_t{m.p} + m.t) return true;
        if (m.kind == MapKind::kWin && (m.p == i || m.t == i)) return true;
        if ((m.kind == MapKind::kEq || m.kind == MapKind::kSumWin) && m.p == i) return true;
    }
    return false;
}

Fr naive_lin(const Scene& s, const Step& step, const LinTerm& lin,
             const std::vector<std::int64_t>& o) {
    for (std::size_t i = 0; i < step.out.size(); ++i)
        if (!axis_used(lin.operand, i) && o[i] >= step.out[i].dim) return Fr::zero();
    return to_fr(lin.coef) * naive_operand(s, lin.operand, step.out, o);
}

Fr naive_prod(const Scene& s, const Step& step, const ProdTerm& term,
              const std::vector<std::int64_t>& o) {
    std::vector<Axis> axes = step.out;
    axes.insert(axes.end(), term.contract.begin(), term.contract.end());
    Fr sum = Fr::zero();
    for (std::uint64_t x = 0; x < std::uint64_t{1} << num_vars(term.contract); ++x) {
        std::vector<std::int64_t> env = o;
        for (const std::int64_t d : digits(term.contract, x)) env.push_back(d);
        sum += naive_operand(s, term.a, axes, env) * naive_operand(s, term.b, axes, env);
    }
    return to_fr(term.coef) * sum;
}

/// Left side minus right side of a step at padded position `position` of its out box.
Fr naive_residual(const Scene& s, const Step& step, std::uint64_t position) {
    const std::vector<std::int64_t> o = digits(step.out, position);
    Fr sum = Fr::zero();
    for (const Limb& limb : step.limbs)
        sum += Fr::from_u64(2).pow(std::uint64_t{limb.shift}) *
               s.column(Column::kF)[s.circuit.tensors[limb.tensor].offset + position];
    for (const ConstTerm& term : step.consts) {
        bool inside = true;
        for (std::size_t i = 0; i < o.size(); ++i)
            inside = inside && o[i] >= term.ranges[i].first && o[i] < term.ranges[i].second;
        if (inside) sum -= to_fr(term.coef);
    }
    for (const LinTerm& lin : step.lins) sum -= naive_lin(s, step, lin, o);
    for (const ProdTerm& term : step.prods) sum -= naive_prod(s, step, term, o);
    return sum;
}

/// Sum over the instances of weight * sum_x E A B with the forms taken at the corners x.
Fr product_sums(const Scene& s) {
    Fr sum = Fr::zero();
    for (const ProductInstance& instance : product_instances(s.circuit, s.rho, s.gamma)) {
        const Step& step = s.circuit.steps[instance.step];
        const ProdTerm& term = step.prods[instance.term];
        for (std::uint64_t x = 0; x < std::uint64_t{1} << instance.num_vars; ++x) {
            std::vector<Fr> corner;
            for (std::size_t i = 0; i < instance.num_vars; ++i)
                corner.push_back(Fr::from_u64((x >> i) & 1));
            const Env env = prod_env(step, term, s.rho, corner);
            const std::size_t shared = instance.shared_point.size();
            const Fr e = eq_eval(instance.shared_point, std::span(corner).first(shared));
            if (e.is_zero()) continue;
            sum += instance.weight * e *
                   evaluate_form({{operand_form(s.circuit, term.a, env)}}, s.spans()) *
                   evaluate_form({{operand_form(s.circuit, term.b, env)}}, s.spans());
        }
    }
    return sum;
}

TEST(Form, ClaimsAddUpToStepResiduals) {
    std::uint64_t seed = 100;
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Scene s(t.circuit, seed++);
        Fr expected = Fr::zero();
        Fr power = Fr::one();
        for (const Step& step : t.circuit.steps) {
            const std::size_t n = num_vars(step.out);
            const std::vector<Fr> eq = eq_table(std::span(s.rho).first(n));
            for (std::size_t o = 0; o < eq.size(); ++o)
                expected += power * eq[o] * naive_residual(s, step, o);
            power *= s.gamma;
        }
        const Fr direct = evaluate_form(direct_form(t.circuit, s.rho, s.gamma), s.spans());
        const Fr constants = const_sum(t.circuit, s.rho, s.gamma);
        const Fr published = public_sum(t.circuit, s.rho, s.gamma, s.input, s.output);
        EXPECT_EQ(direct - constants - published - product_sums(s), expected) << t.name;
    }
}

/// Lanes of a column extended by zeroes to 2^n.
std::vector<Fr> extended(std::vector<Fr> values, std::size_t n) {
    values.resize(std::size_t{1} << n, Fr::zero());
    return values;
}

TEST(Form, IdsAndTableRows) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Circuit& c = t.circuit;
        SeededRng rng(7);
        const std::vector<Fr> lane = random_frs(rng, c.nu());
        const std::vector<Fr> row = random_frs(rng, c.kappa());
        std::vector<Fr> ids, ins, tids;
        for (const auto id : lane_id_column(c)) ids.push_back(Fr::from_u64(id));
        for (const auto in : table_input_column(c)) ins.push_back(Fr::from_i64(in));
        for (const auto id : table_id_column(c)) tids.push_back(Fr::from_u64(id));
        EXPECT_EQ(id_mle(c, lane), mle_eval(extended(ids, c.nu()), lane)) << t.name;
        EXPECT_EQ(table_in_mle(c, row), mle_eval(extended(ins, c.kappa()), row)) << t.name;
        EXPECT_EQ(table_id_mle(c, row), mle_eval(extended(tids, c.kappa()), row)) << t.name;
    }
}

TEST(Form, ColumnClaimsAreEvaluations) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Circuit& c = t.circuit;
        const Scene s(c, 11);
        const std::vector<LinearForm> claims = merge_claims(c, s.at());
        ASSERT_EQ(claims.size(), num_merge_claims(c));
        const auto lanes = suffix(s.r, c.nu());
        const auto rows = suffix(s.r, c.kappa());
        const auto value = [&](Column column, std::span<const Fr> point) {
            return mle_eval(extended(s.column(column), point.size()), point);
        };
        Fr sum = Fr::zero();
        for (const Fr& h : s.column(Column::kH)) sum += h;
        for (const Fr& ht : s.column(Column::kHt)) sum -= ht;
        EXPECT_EQ(evaluate_form(claims[0], s.spans()),
                  evaluate_form(direct_form(c, s.rho, s.gamma), s.spans()) +
                      s.delta * s.delta *
                          (value(Column::kM, std::span(s.rho).first(c.kappa())) + s.delta * sum));
        EXPECT_TRUE(claims[1].terms.empty());
        EXPECT_EQ(evaluate_form(claims[2], s.spans()), value(Column::kH, lanes));
        EXPECT_EQ(evaluate_form(claims[3], s.spans()),
                  value(Column::kF, lanes) + s.beta * value(Column::kG, lanes));
        EXPECT_EQ(evaluate_form(claims[4], s.spans()), value(Column::kHt, rows));
        EXPECT_EQ(evaluate_form(claims[5], s.spans()), value(Column::kT, rows));
    }
}

/// A form's coefficients laid out on the lanes of a column, chunk by chunk evaluated at z.
std::vector<Fr> naive_chunk_coefs(const Scene& s, const LinearForm& form, Column column) {
    std::vector<Fr> lanes(std::size_t{s.circuit.num_chunks(column)} << s.circuit.mu, Fr::zero());
    for (const FormTerm& term : form.terms) {
        if (term.column != column) continue;
        const std::vector<Fr> dense = form_term_dense(term);
        for (std::size_t j = 0; j < dense.size() && term.offset + j < lanes.size(); ++j)
            lanes[term.offset + j] += dense[j];
    }
    std::vector<Fr> coefs;
    const std::size_t m = std::size_t{1} << s.circuit.mu;
    for (std::size_t c = 0; c < lanes.size(); c += m)
        coefs.push_back(mle_eval(std::span(lanes).subspan(c, m), s.z));
    return coefs;
}

TEST(Form, ChunkCoefficients) {
    for (const std::uint8_t mu : std::initializer_list<std::uint8_t>{2, 3, 5, 8}) {
        for (const testing::TestCircuit& t :
             {testing::gemm_circuit(mu), testing::conv_circuit(mu), testing::mixed_circuit(mu)}) {
            const Scene s(t.circuit, 13);
            for (const LinearForm& form : merge_claims(t.circuit, s.at())) {
                ChunkCoefs coefs = zero_chunk_coefs(t.circuit);
                add_chunk_coefs(coefs, form, Fr::one(), s.z);
                for (std::size_t i = 0; i < kNumColumns; ++i)
                    EXPECT_EQ(coefs[i], naive_chunk_coefs(s, form, static_cast<Column>(i)));
            }
        }
    }
}

TEST(Form, MergedCoefficientsAreTheLambdaSum) {
    const testing::TestCircuit t = testing::gemm_circuit();
    const Scene s(t.circuit, 17);
    const Fr lambda = Fr::from_u64(12345);
    ChunkCoefs expected = zero_chunk_coefs(t.circuit);
    Fr power = Fr::one();
    for (const LinearForm& form : merge_claims(t.circuit, s.at())) {
        add_chunk_coefs(expected, form, power, s.z);
        power *= lambda;
    }
    // The masks' forms, laid out on all lanes.
    std::vector<Fr> z_lanes(std::size_t{1} << t.circuit.mu), r_lanes = z_lanes;
    const MaskForm masks = mask_form(t.circuit, s.r, lambda);
    for (std::size_t x = 0; x < z_lanes.size(); ++x) {
        z_lanes[x] = power + (x < masks.slots.size() ? masks.slots[x] : Fr::zero());
        r_lanes[x] = power * Fr::from_u64(static_cast<std::uint64_t>(std::popcount(x)));
    }
    expected[static_cast<std::size_t>(Column::kZ)] = {mle_eval(z_lanes, s.z)};
    expected[static_cast<std::size_t>(Column::kR)] = {mle_eval(r_lanes, s.z)};
    EXPECT_EQ(merge_chunk_coefs(t.circuit, s.at(), lambda, s.z), expected);
}

// The slots' weights, written out from section 5a.
TEST(Form, MaskWeights) {
    for (const testing::TestCircuit& t : testing::all_circuits()) {
        const Circuit& c = t.circuit;
        const Scene s(c, 19);
        const Fr lambda = Fr::from_u64(777), theta = s.r.back() - s.r.back().square();
        const std::size_t rounds = c.n_prod();
        const auto pow = [](const Fr& x, std::uint64_t e) { return x.pow(e); };
        const Fr half_cube = pow(Fr::from_u64(2), rounds - 1);
        std::vector<Fr> want{half_cube + half_cube + lambda};
        for (std::size_t i = 0; i < rounds; ++i)
            for (std::uint64_t e = 1; e <= 3; ++e)
                want.push_back(half_cube + lambda * pow(s.r[i], e));
        for (const std::uint64_t e : {4U, 5U})
            want.push_back(half_cube + lambda * pow(s.r.back(), e));
        for (const std::uint64_t j : {2U, 3U, 4U}) want.push_back(theta * pow(lambda, j));
        for (std::uint64_t j = 6; j < 6 + 2 * c.num_products(); ++j)
            want.push_back(theta * pow(lambda, j));
        EXPECT_EQ(want.size(), 3 * rounds + 6 + 2 * c.num_products());
        const MaskForm form = mask_form(c, s.r, lambda);
        EXPECT_EQ(form.slots, want) << t.name;
        EXPECT_EQ(form.all, pow(lambda, 6 + 2 * c.num_products()));
    }
}

TEST(TestCircuits, CoverTheAwkwardShapes) {
    const Circuit gemm = testing::gemm_circuit().circuit;
    EXPECT_LT(gemm.n_g, gemm.n_f);
    const Circuit relu = testing::relu_circuit().circuit;
    EXPECT_NE(relu.num_rows(), std::uint64_t{1} << relu.kappa());
}

}  // namespace
}  // namespace mintmark
