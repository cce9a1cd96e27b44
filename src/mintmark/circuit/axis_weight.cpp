// Weights of tensor axes: densely (the definition, and the prover's use) and at a point.
#include <algorithm>
#include <map>
#include <tuple>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

std::vector<Axis> env_axes(const AxisWeight& weight) {
    std::vector<Axis> axes;
    for (const EnvAxis& env : weight.env) axes.push_back({env.dim});
    return axes;
}

/// Adds eq weights to dense[stride a + dilation b + offset] where that is an index of the axis.
void add_windows(const AxisWeight& weight, std::span<const Fr> tap_weights,
                 std::vector<Fr>& dense) {
    const bool has_axis = !weight.env.empty();
    const std::vector<Fr> points =
        has_axis ? eq_table(weight.env[0].point) : std::vector<Fr>{Fr::one()};
    const std::int64_t dim_p = has_axis ? weight.env[0].dim : 1;
    const std::int64_t dim = weight.axes[0].dim;
    for (std::int64_t a = 0; a < dim_p; ++a) {
        std::int64_t j = weight.stride * a + weight.offset;
        for (const Fr& tap : tap_weights) {
            if (j >= 0 && j < dim)
                dense[static_cast<std::size_t>(j)] += points[static_cast<std::size_t>(a)] * tap;
            j += weight.dilation;
        }
    }
}

/// Entry f of the environment box in row-major order weights entry f of the tensor box.
void add_regrouped(const AxisWeight& weight, std::vector<Fr>& dense) {
    const std::vector<Axis> env = env_axes(weight);
    std::vector<Fr> point;
    for (std::size_t i = weight.env.size(); i > 0; --i)
        point.insert(point.end(), weight.env[i - 1].point.begin(), weight.env[i - 1].point.end());
    const std::vector<Fr> eq = eq_table(point);
    const std::uint64_t count = num_entries(env);
    for (std::uint64_t f = 0; f < count; ++f)
        dense[padded_index(weight.axes, f)] += eq[padded_index(env, f)];
}

/// sum of eq(point, a) eq(z, j) over a < dim_p, j = stride a + offset, 0 <= j < dim: a walk over
/// the bits of a and j from the lowest with the carry and two comparisons as state.
Fr single_tap_mle(const AxisWeight& weight, std::span<const Fr> z) {
    const EnvAxis& p = weight.env[0];
    const std::uint64_t dim = weight.axes[0].dim;
    // Carry, "low bits of a are less than those of dim_p", the same of j and dim.
    using State = std::tuple<std::int64_t, bool, bool>;
    std::map<State, Fr> states{{{weight.offset, false, false}, Fr::one()}};
    const auto less = [](unsigned bit, std::uint64_t bound, std::size_t i, bool so_far) {
        const unsigned other = (bound >> i) & 1;
        return bit == other ? so_far : bit < other;
    };
    const std::size_t bits = std::max(p.point.size(), z.size()) + 1;
    for (std::size_t i = 0; i < bits; ++i) {
        std::map<State, Fr> next;
        for (const auto& [state, value] : states) {
            const auto& [carry, a_less, j_less] = state;
            for (unsigned a = 0; a <= (i < p.point.size() ? 1U : 0U); ++a) {
                const std::int64_t sum = carry + (a != 0 ? weight.stride : 0);
                const auto j = static_cast<unsigned>(sum & 1);
                if (i >= z.size() && j != 0) continue;
                Fr term = value;
                if (i < p.point.size()) term *= a != 0 ? p.point[i] : Fr::one() - p.point[i];
                if (i < z.size()) term *= j != 0 ? z[i] : Fr::one() - z[i];
                next[{sum >> 1, less(a, p.dim, i, a_less), less(j, dim, i, j_less)}] += term;
            }
        }
        states = std::move(next);
    }
    const auto it = states.find({0, true, true});
    return it == states.end() ? Fr::zero() : it->second;
}

}  // namespace

std::vector<Fr> axis_weight_dense(const AxisWeight& weight) {
    const std::size_t size = std::size_t{1} << weight.num_vars();
    if (weight.kind == MapKind::kAll) return std::vector<Fr>(size, Fr::one());
    if (weight.kind == MapKind::kEq) return eq_table(weight.env[0].point);
    std::vector<Fr> dense(size, Fr::zero());
    if (weight.kind == MapKind::kRegroup) {
        add_regrouped(weight, dense);
    } else if (weight.kind == MapKind::kWin) {
        const std::vector<Fr> taps = eq_table(weight.env[1].point);
        add_windows(weight, std::span(taps).first(weight.env[1].dim), dense);
    } else {
        add_windows(weight, std::vector<Fr>(weight.taps, Fr::one()), dense);
    }
    return dense;
}

Fr axis_weight_mle(const AxisWeight& weight, std::span<const Fr> z) {
    return axis_weight_fold(weight, z).front();
}

std::vector<Fr> axis_weight_fold(const AxisWeight& weight, std::span<const Fr> z) {
    const std::size_t vars = weight.num_vars();
    MINTMARK_ASSERT(z.size() <= vars);
    const std::size_t left = std::size_t{1} << (vars - z.size());
    if (weight.kind == MapKind::kAll) return std::vector<Fr>(left, Fr::one());
    if (weight.kind == MapKind::kEq) {
        const std::span<const Fr> point = weight.env[0].point;
        return eq_table(point.subspan(z.size()), eq_eval(point.first(z.size()), z));
    }
    const bool single = weight.kind == MapKind::kSumWin && weight.taps == 1 && !weight.env.empty();
    if (single && left == 1) return {single_tap_mle(weight, z)};
    std::vector<Fr> table = axis_weight_dense(weight);
    for (const Fr& r : z) bind_low(table, r);
    return table;
}

}  // namespace mintmark
