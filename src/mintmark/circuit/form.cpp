#include "mintmark/circuit/form.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

std::vector<Fr> to_vector(std::span<const Fr> values) {
    return {values.begin(), values.end()};
}

/// The weights of eq(point, .) on a box; `point` in box layout.
std::vector<AxisWeight> eq_weights(const std::vector<Axis>& axes, std::span<const Fr> point) {
    std::vector<AxisWeight> weights;
    for (std::size_t i = 0; i < axes.size(); ++i) {
        AxisWeight weight{.kind = MapKind::kEq, .axes = {axes[i]}, .env = {}};
        weight.env.push_back({axes[i].dim, to_vector(axis_slice(axes, i, point))});
        weights.push_back(std::move(weight));
    }
    return weights;
}

AxisWeight resolve(const AxisMap& map, std::span<const Axis> axes, const Env& env) {
    AxisWeight weight{.kind = map.kind,
                      .axes = {axes.begin(), axes.end()},
                      .env = {},
                      .taps = 0,
                      .stride = map.stride,
                      .dilation = map.dilation,
                      .offset = map.offset};
    const auto use = [&](std::size_t i) {
        MINTMARK_ASSERT(i < env.size());
        weight.env.push_back(env[i]);
    };
    switch (map.kind) {
        case MapKind::kAll:
            break;
        case MapKind::kEq:
            use(map.p);
            break;
        case MapKind::kWin:
            use(map.p);
            use(map.t);
            break;
        case MapKind::kSumWin:
            if (map.p != kNoAxis) use(map.p);
            weight.taps = map.taps();
            break;
        case MapKind::kRegroup:
            for (std::size_t i = 0; i < map.t; ++i) use(std::size_t{map.p} + i);
            break;
    }
    return weight;
}

bool is_public(const Circuit& circuit, const Operand& operand) {
    return circuit.num_chunks(circuit.tensors[operand.tensor].column) == 0;
}

bool uses_axis(const Operand& operand, std::size_t i) {
    return std::ranges::any_of(operand.maps, [i](const AxisMap& map) {
        switch (map.kind) {
            case MapKind::kAll:
                return false;
            case MapKind::kWin:
                return map.p == i || map.t == i;
            case MapKind::kRegroup:
                return i >= map.p && i < std::size_t{map.p} + map.t;
            case MapKind::kEq:
            case MapKind::kSumWin:
                break;
        }
        return map.p == i;
    });
}

Fr broadcast_factor(const Step& step, const Operand& operand, std::span<const Fr> rho) {
    Fr factor = Fr::one();
    for (std::size_t i = 0; i < step.out.size(); ++i)
        if (!uses_axis(operand, i))
            factor *= lt_eval(step.out[i].dim, axis_slice(step.out, i, rho));
    return factor;
}

}  // namespace

std::uint8_t FormTerm::num_vars() const noexcept {
    unsigned total = 0;
    for (const AxisWeight& weight : weights) total += weight.num_vars();
    return static_cast<std::uint8_t>(total);
}

Env lin_env(const Step& step, std::span<const Fr> rho) {
    Env env;
    for (std::size_t i = 0; i < step.out.size(); ++i)
        env.push_back({step.out[i].dim, to_vector(axis_slice(step.out, i, rho))});
    return env;
}

Env prod_env(const Step& step, const ProdTerm& term, std::span<const Fr> rho,
             std::span<const Fr> x) {
    const std::vector<Axis> axes = product_axes(step, term);
    Env env = lin_env(step, rho);
    std::size_t next = term.contract.size();
    for (std::size_t i = 0; i < step.out.size(); ++i)
        if (((term.shared_mask >> i) & 1) != 0)
            env[i].point = to_vector(axis_slice(axes, next++, x));
    for (std::size_t i = 0; i < term.contract.size(); ++i)
        env.push_back({axes[i].dim, to_vector(axis_slice(axes, i, x))});
    return env;
}

FormTerm operand_form(const Circuit& circuit, const Operand& operand, const Env& env) {
    const Tensor& tensor = circuit.tensors[operand.tensor];
    FormTerm form{
        .coef = Fr::one(), .column = tensor.column, .offset = tensor.offset, .weights = {}};
    std::span<const Axis> left = tensor.axes;
    for (const AxisMap& map : operand.maps) {
        MINTMARK_ASSERT(map.num_axes() <= left.size());
        form.weights.push_back(resolve(map, left.first(map.num_axes()), env));
        left = left.subspan(map.num_axes());
    }
    MINTMARK_ASSERT(left.empty());
    return form;
}

FormTerm lin_form(const Circuit& circuit, const Step& step, const LinTerm& lin,
                  std::span<const Fr> rho) {
    FormTerm form = operand_form(circuit, lin.operand, lin_env(step, rho));
    form.coef = to_fr(lin.coef) * broadcast_factor(step, lin.operand, rho);
    return form;
}

std::vector<ProductInstance> product_instances(const Circuit& circuit, std::span<const Fr> rho,
                                               const Fr& gamma) {
    std::vector<ProductInstance> instances;
    Fr power = Fr::one();
    for (std::size_t k = 0; k < circuit.steps.size(); ++k, power *= gamma) {
        const Step& step = circuit.steps[k];
        for (std::size_t i = 0; i < step.prods.size(); ++i) {
            const ProdTerm& term = step.prods[i];
            ProductInstance instance{.step = static_cast<std::uint16_t>(k),
                                     .term = static_cast<std::uint16_t>(i),
                                     .weight = power * to_fr(term.coef),
                                     .num_vars = num_vars(product_axes(step, term)),
                                     .shared_point = {}};
            for (std::size_t a = step.out.size(); a > 0; --a) {
                if (((term.shared_mask >> (a - 1)) & 1) == 0) continue;
                const std::span<const Fr> slice = axis_slice(step.out, a - 1, rho);
                instance.shared_point.insert(instance.shared_point.end(), slice.begin(),
                                             slice.end());
            }
            instances.push_back(std::move(instance));
        }
    }
    return instances;
}

LinearForm direct_form(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma) {
    LinearForm form;
    Fr power = Fr::one();
    for (const Step& step : circuit.steps) {
        for (const Limb& limb : step.limbs) {
            const Tensor& tensor = circuit.tensors[limb.tensor];
            form.terms.push_back({.coef = power * Fr::from_u64(2).pow(std::uint64_t{limb.shift}),
                                  .column = tensor.column,
                                  .offset = tensor.offset,
                                  .weights = eq_weights(tensor.axes, rho)});
        }
        for (const LinTerm& lin : step.lins) {
            if (is_public(circuit, lin.operand)) continue;
            FormTerm term = lin_form(circuit, step, lin, rho);
            term.coef *= -power;
            form.terms.push_back(std::move(term));
        }
        power *= gamma;
    }
    return form;
}

Fr const_sum(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma) {
    Fr sum = Fr::zero();
    Fr power = Fr::one();
    for (const Step& step : circuit.steps) {
        for (const ConstTerm& term : step.consts) {
            Fr value = power * to_fr(term.coef);
            for (std::size_t i = 0; i < step.out.size(); ++i) {
                const std::span<const Fr> slice = axis_slice(step.out, i, rho);
                value *=
                    lt_eval(term.ranges[i].second, slice) - lt_eval(term.ranges[i].first, slice);
            }
            sum += value;
        }
        power *= gamma;
    }
    return sum;
}

Fr public_sum(const Circuit& circuit, std::span<const Fr> rho, const Fr& gamma,
              std::span<const Fr> input, std::span<const Fr> output) {
    Fr sum = Fr::zero();
    Fr power = Fr::one();
    for (const Step& step : circuit.steps) {
        for (const LinTerm& lin : step.lins) {
            if (!is_public(circuit, lin.operand)) continue;
            const Tensor& tensor = circuit.tensors[lin.operand.tensor];
            const std::span<const Fr> values = tensor.column == Column::kIn ? input : output;
            MINTMARK_ASSERT(values.size() == num_entries(tensor.axes));
            const std::vector<Fr> eq = eq_table(rho.first(tensor.num_vars()));
            Fr value = Fr::zero();
            for (std::size_t j = 0; j < values.size(); ++j)
                value += eq[padded_index(tensor.axes, j)] * values[j];
            sum += power * to_fr(lin.coef) * value;
        }
        power *= gamma;
    }
    return sum;
}

Fr id_mle(const Circuit& circuit, std::span<const Fr> point) {
    Fr sum = Fr::zero();
    for (const Step& step : circuit.steps) {
        for (const Limb& limb : step.limbs) {
            const Tensor& tensor = circuit.tensors[limb.tensor];
            Fr value =
                Fr::from_u64(limb.table) * prefix_eq(point, tensor.num_vars(), tensor.offset);
            for (std::size_t i = 0; i < tensor.axes.size(); ++i)
                value *= lt_eval(tensor.axes[i].dim, axis_slice(tensor.axes, i, point));
            sum += value;
        }
    }
    return sum;
}

Fr table_in_mle(const Circuit& circuit, std::span<const Fr> point) {
    Fr sum = Fr::zero();
    for (const Table& table : circuit.tables) {
        Fr value = Fr::from_i64(table.lo);
        for (std::size_t i = 0; i < table.log_size; ++i)
            value += Fr::from_u64(std::uint64_t{1} << i) * point[i];
        sum += prefix_eq(point, table.log_size, table.row_offset) * value;
    }
    return sum;
}

Fr table_id_mle(const Circuit& circuit, std::span<const Fr> point) {
    Fr sum = Fr::zero();
    for (std::size_t k = 0; k < circuit.tables.size(); ++k) {
        const Table& table = circuit.tables[k];
        sum += Fr::from_u64(k + 1) * prefix_eq(point, table.log_size, table.row_offset);
    }
    return sum;
}

}  // namespace mintmark
