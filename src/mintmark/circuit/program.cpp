#include "mintmark/circuit/program.hpp"

#include <algorithm>
#include <optional>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/program_records.hpp"
#include "mintmark/circuit/program_weights.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark {
namespace {

using program::EnvPoint;
using program::Kind;
using program::Product;
using program::Records;
using program::Ref;
using program::Slice;
using program::Term;
using program::Weights;

constexpr std::uint16_t kConstTarget = 0;  ///< K of step 4
constexpr std::uint16_t kIdTarget = 1;     ///< id~(r^(nu))
constexpr std::uint32_t kFirstChunk = 2;   ///< then the chunks of W, IN, OUT, F, G

Bytes constant_record(const Fr& value) {
    const Bytes32 bytes = value.to_bytes();
    return {bytes.begin(), bytes.end()};
}

class Compiler {
  public:
    Compiler(const Circuit& circuit, std::size_t max_bytes)
        : circuit_(circuit),
          records_(circuit, max_bytes),
          r_(circuit.n_rho()),
          z_(r_ + circuit.n_prod()),
          weights_(records_, circuit.mu, z_) {
        std::uint32_t next = kFirstChunk;
        for (const Column column :
             {Column::kW, Column::kIn, Column::kOut, Column::kF, Column::kG}) {
            first_[static_cast<std::size_t>(column)] = next;
            next += circuit.num_chunks(column);
        }
        targets_ = next;
    }

    Result<Bytes> run() {
        for (step_ = 0; step_ < circuit_.steps.size() && fits(); ++step_) step();
        if (fits()) {
            if (auto bytes = records_.encode(tensor_of(Column::kIn), tensor_of(Column::kOut)))
                return std::move(*bytes);
        }
        return fail(ErrorCode::kOutOfRange, "circuit: the verifier's program is too long");
    }

  private:
    [[nodiscard]] bool fits() const {
        return targets_ <= 65535 && !records_.too_long() && weights_.taps_left();
    }

    [[nodiscard]] std::uint16_t tensor_of(Column column) const {
        const auto it = std::ranges::find(circuit_.tensors, column, &Tensor::column);
        return static_cast<std::uint16_t>(it - circuit_.tensors.begin());
    }

    void step() {
        const Step& step = circuit_.steps[step_];
        const std::vector<EnvPoint> env = out_points(step);
        for (const Limb& limb : step.limbs) limb_terms(step, env, limb);
        for (const ConstTerm& term : step.consts) const_term(env, term);
        for (const LinTerm& term : step.lins) lin_term(env, term);
        for (const ProdTerm& term : step.prods) prod_term(step, env, term);
    }

    static std::vector<EnvPoint> out_points(const Step& step) {
        std::vector<EnvPoint> env;
        for (std::size_t i = 0; i < step.out.size(); ++i)
            env.push_back({static_cast<unsigned>(axis_offset(step.out, i)), step.out[i]});
        return env;
    }

    /// gamma^step times a coefficient.
    Product weight(const Fr& coef) {
        if (coef == Fr::one()) return {records_.gamma(step_)};
        if (coef == -Fr::one()) return {records_.minus_gamma(step_)};
        return {records_.gamma(step_), records_.factor(Kind::kConst, constant_record(coef))};
    }

    void add(std::uint32_t target, Product factors, std::vector<Slice> spread = {}) {
        if (factors.empty()) factors.push_back(records_.gamma(0));
        records_.add({static_cast<std::uint16_t>(target), std::move(factors), std::move(spread)});
    }

    void limb_terms(const Step& step, const std::vector<EnvPoint>& env, const Limb& limb) {
        const Tensor& tensor = circuit_.tensors[limb.tensor];
        const unsigned n = num_vars(step.out);
        const unsigned mu = circuit_.mu;
        Product factors{records_.gamma(step_)};
        if (limb.shift != 0)
            factors.push_back(records_.factor(
                Kind::kConst, constant_record(Fr::from_u64(2).pow(std::uint64_t{limb.shift}))));
        if (std::min(n, mu) != 0) factors.push_back(records_.prefix(std::min(n, mu)));
        std::vector<Slice> spread;
        if (n > mu) spread = {{static_cast<std::uint8_t>(mu), static_cast<std::uint8_t>(n - mu)}};
        add_placed(tensor, n, std::move(factors), std::move(spread));
        Product id;
        if (limb.table != 1)
            id.push_back(records_.factor(Kind::kConst, constant_record(Fr::from_u64(limb.table))));
        weights_.append_at(id, r_ + circuit_.n_prod() - circuit_.nu() + n, circuit_.nu() - n,
                           tensor.offset >> n);
        for (const EnvPoint& axis : env)
            weights_.append_below(id, r_ + circuit_.n_prod() - circuit_.nu() + axis.first,
                                  axis.axis);
        add(kIdTarget, std::move(id));
    }

    /// A term on the chunk or chunks in which the tensor lies.
    void add_placed(const Tensor& tensor, unsigned n, Product factors, std::vector<Slice> spread) {
        const unsigned mu = circuit_.mu;
        if (n < mu)
            weights_.append_at(factors, z_ + n, mu - n, (tensor.offset & ((1U << mu) - 1)) >> n);
        add(first_[static_cast<std::size_t>(tensor.column)] + (tensor.offset >> mu),
            std::move(factors), std::move(spread));
    }

    void const_term(const std::vector<EnvPoint>& env, const ConstTerm& term) {
        Product factors = weight(to_fr(term.coef));
        for (std::size_t i = 0; i < env.size(); ++i)
            weights_.append_range(factors, env[i].first, env[i].axis.log(), term.ranges[i].first,
                                  term.ranges[i].second);
        add(kConstTarget, std::move(factors));
    }

    void lin_term(const std::vector<EnvPoint>& env, const LinTerm& term) {
        const Tensor& tensor = circuit_.tensors[term.operand.tensor];
        if (circuit_.num_chunks(tensor.column) == 0) return;  // public values have no chunks
        Product factors = weight(-to_fr(term.coef));
        std::uint64_t used = 0;
        for (const AxisMap& map : term.operand.maps) used |= program::used_axes(map);
        for (std::size_t i = 0; i < env.size(); ++i)
            if (((used >> i) & 1) == 0) weights_.append_below(factors, env[i].first, env[i].axis);
        operand(env, term.operand, factors);
    }

    void prod_term(const Step& step, std::vector<EnvPoint> env, const ProdTerm& term) {
        const std::vector<Axis> axes = product_axes(step, term);
        const unsigned n = num_vars(axes);
        const unsigned start = r_ + circuit_.n_prod() - n;
        const auto point = [&](std::size_t i) {
            return EnvPoint{start + static_cast<unsigned>(axis_offset(axes, i)), axes[i]};
        };
        Product claim = weight(to_fr(term.coef));
        if (n != circuit_.n_prod()) claim.push_back(records_.half(circuit_.n_prod() - n));
        std::size_t next = term.contract.size();
        for (std::size_t i = 0; i < step.out.size(); ++i) {
            if (((term.shared_mask >> i) & 1) == 0) continue;
            const EnvPoint shared = point(next++);
            weights_.append_eq(claim, env[i].first, shared.first, shared.axis.log());
            env[i] = shared;
        }
        records_.add_product_claim(std::move(claim));
        for (std::size_t i = 0; i < term.contract.size(); ++i) env.push_back(point(i));
        operand(env, term.a, {records_.lambda(operand_count_++)});
        operand(env, term.b, {records_.lambda(operand_count_++)});
    }

    void operand(const std::vector<EnvPoint>& env, const Operand& operand, const Product& weight) {
        const Tensor& tensor = circuit_.tensors[operand.tensor];
        const unsigned n = tensor.num_vars();
        const unsigned mu = circuit_.mu;
        Product factors = weight;
        std::vector<Slice> spread;
        if (n <= mu || program::crosses_by_eq(tensor, operand, mu)) {
            if (weights_.append_operand(factors, spread, env, tensor, operand, 0))
                add_placed(tensor, n, std::move(factors), std::move(spread));
            return;
        }
        const std::uint32_t first =
            first_[static_cast<std::size_t>(tensor.column)] + (tensor.offset >> mu);
        for (std::uint32_t t = 0; t < (1U << (n - mu)) && fits(); ++t) {
            factors = weight;
            if (weights_.append_operand(factors, spread, env, tensor, operand, t))
                add(first + t, std::move(factors));
        }
    }

    const Circuit& circuit_;
    Records records_;
    unsigned r_, z_;  ///< numbers of the first variables of r and z
    Weights weights_;
    std::array<std::uint32_t, kNumColumns> first_ = {};
    std::uint32_t targets_ = 0;
    std::size_t step_ = 0;
    std::size_t operand_count_ = 0;
};

}  // namespace

Result<Bytes> verifier_program(const Circuit& circuit, std::size_t max_bytes) {
    return Compiler(circuit, max_bytes).run();
}

}  // namespace mintmark
