#include "mintmark/referee/program.hpp"

#include <algorithm>
#include <map>
#include <span>

#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/unroll.hpp"

namespace mintmark::referee {
namespace {

/// Which step and limb computes the F tensor at an offset.
struct Origin {
    std::uint64_t base = 0;
    std::uint8_t limb = 0;
};

std::vector<std::uint32_t> dims_of(std::span<const Axis> axes) {
    std::vector<std::uint32_t> out;
    for (const Axis& axis : axes) out.push_back(axis.dim);
    return out;
}

class Translator {
  public:
    explicit Translator(const Circuit& circuit) : circuit_(circuit) {}

    Result<Program> run() {
        number_weights();
        for (std::size_t k = 0; k < circuit_.steps.size(); ++k) MINTMARK_CHECK(add(k));
        out_.inputs = num_entries(circuit_.input_tensor().axes);
        out_.outputs = num_entries(circuit_.output_tensor().axes);
        out_.rows = circuit_.num_rows();
        return std::move(out_);
    }

  private:
    void number_weights() {
        weight_base_.resize(circuit_.tensors.size());
        for (std::size_t id = 0; id < circuit_.tensors.size(); ++id) {
            const Tensor& tensor = circuit_.tensors[id];
            if (tensor.column != Column::kW) continue;
            weight_base_[id] = out_.weight_lanes.size();
            const std::uint64_t count = num_entries(tensor.axes);
            for (std::uint64_t i = 0; i < count; ++i)
                out_.weight_lanes.push_back(tensor.offset + padded_index(tensor.axes, i));
        }
    }

    Status add(std::size_t k) {
        const Step& from = circuit_.steps[k];
        const bool is_last = k + 1 == circuit_.steps.size();
        if (from.limbs.empty() && !is_last)
            return fail(ErrorCode::kUnsupported,
                        "the circuit asserts something inside; a referee's program does not");
        ProgramStep to;
        to.base = out_.elements;
        to.dims = dims_of(from.out);
        for (const Limb& limb : from.limbs) to.limbs.push_back(limb_of(limb, to));
        for (const ConstTerm& term : from.consts) to.consts.push_back(constant(term));
        for (const LinTerm& term : from.lins)
            if (circuit_.tensors[term.operand.tensor].column != Column::kOut)
                to.lins.push_back({term.coef, operand(term.operand)});
        for (const ProdTerm& term : from.prods)
            to.prods.push_back(
                {term.coef, dims_of(term.contract), operand(term.a), operand(term.b)});
        if (to.consts.empty() && to.lins.empty() && to.prods.empty()) to.consts.push_back(zero(to));
        if (!is_last) out_.elements += to.num_elements();
        out_.steps.push_back(std::move(to));
        return {};
    }

    ProgramLimb limb_of(const Limb& limb, const ProgramStep& step) {
        const Table& table = circuit_.tables[limb.table - 1U];
        origin_[circuit_.tensors[limb.tensor].offset] = {
            step.base, static_cast<std::uint8_t>(step.limbs.size())};
        return {.shift = limb.shift,
                .log_size = table.log_size,
                .is_function = table.function != TableFunction::kRange,
                .row = table.row_offset,
                .lo = table.lo};
    }

    static ProgramConst constant(const ConstTerm& term) {
        ProgramConst out{.coef = term.coef};
        for (const auto& [lo, hi] : term.ranges) {
            out.lo.push_back(lo);
            out.hi.push_back(hi);
        }
        return out;
    }

    /// Every element has a term, so that there is something to dispute.
    static ProgramConst zero(const ProgramStep& step) {
        return {.coef = 0, .lo = std::vector<std::uint32_t>(step.dims.size(), 0), .hi = step.dims};
    }

    [[nodiscard]] ProgramOperand operand(const Operand& from) const {
        const Tensor& tensor = circuit_.tensors[from.tensor];
        ProgramOperand to;
        if (tensor.column == Column::kW) {
            to.base = weight_base_[from.tensor];
        } else if (tensor.column == Column::kIn) {
            to.source = Source::kInput;
        } else {
            const auto it = origin_.find(tensor.offset);
            MINTMARK_ASSERT(it != origin_.end());
            to.source = tensor.column == Column::kG ? Source::kResult : Source::kLimb;
            to.limb = it->second.limb;
            to.base = it->second.base;
        }
        std::span<const Axis> left = tensor.axes;
        for (const AxisMap& map : from.maps) {
            to.maps.push_back(read_map(map, left.first(map.num_axes())));
            left = left.subspan(map.num_axes());
        }
        return to;
    }

    static ReadMap read_map(const AxisMap& map, std::span<const Axis> axes) {
        ReadMap out{.kind = static_cast<ReadKind>(map.kind), .p = map.p};
        for (const Axis& axis : axes) out.dim *= axis.dim;
        if (map.kind == MapKind::kAll || map.kind == MapKind::kEq) return out;
        if (map.kind != MapKind::kSumWin) out.t = map.t;
        if (map.kind == MapKind::kRegroup) return out;
        if (map.kind == MapKind::kSumWin) out.taps = map.taps();
        out.stride = map.stride;
        out.dilation = map.dilation;
        out.offset = map.offset;
        return out;
    }

    const Circuit& circuit_;
    Program out_;
    std::vector<std::uint64_t> weight_base_;  ///< by tensor id
    std::map<std::uint64_t, Origin> origin_;  ///< by first lane
};

}  // namespace

std::uint64_t ProgramStep::num_elements() const noexcept {
    std::uint64_t out = 1;
    for (const std::uint32_t dim : dims) out *= dim;
    return out;
}

std::size_t Program::step_of(std::uint64_t position) const noexcept {
    const auto last = steps.end() - 1;
    const auto it =
        std::upper_bound(steps.begin(), last, position,
                         [](std::uint64_t at, const ProgramStep& step) { return at < step.base; });
    return static_cast<std::size_t>(it - steps.begin()) - 1;
}

Result<Program> make_program(const Circuit& circuit) {
    MINTMARK_CHECK(check_circuit(circuit));
    MINTMARK_TRY(const Circuit flat, unroll(circuit));
    return Translator(flat).run();
}

}  // namespace mintmark::referee
