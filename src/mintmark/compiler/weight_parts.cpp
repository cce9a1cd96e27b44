#include "mintmark/compiler/weight_parts.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"

namespace mintmark::compiler {
namespace {

std::unexpected<Error> no_counterpart() {
    return fail(ErrorCode::kUnsupported,
                "a weight tensor of several chunks is read in a way that cannot be divided",
                "use a key with larger chunks, at least those of the accuracy key");
}

/// Index i of the axis is read as i + begin.
AxisMap shifted(std::uint8_t env, std::int64_t begin) {
    return AxisMap::sum_win(env, 1, 1, 1, static_cast<std::int32_t>(begin));
}

bool is_divided(const Tensor& whole, const WeightPart& part, std::size_t axis) {
    return part.axes[axis] != whole.axes[axis];
}

/// The operand on the part. Divided axes that out axes select: the others read zero there. Divided
/// contraction axes (from `num_out` on) are noted in `begins`, one entry per environment axis.
Result<Operand> on_part(const Operand& operand, std::size_t num_out, const Tensor& whole,
                        const WeightPart& part, std::vector<std::uint32_t>& begins) {
    Operand out{.tensor = part.tensor, .maps = {}};
    std::size_t axis = 0;
    for (const AxisMap& map : operand.maps) {
        bool divided = false;
        for (std::size_t i = axis; i < axis + map.num_axes(); ++i)
            divided = divided || is_divided(whole, part, i);
        if (!divided || map.kind == MapKind::kAll) {
            out.maps.push_back(map);
        } else if (map.kind != MapKind::kEq) {
            return no_counterpart();
        } else if (map.p < num_out) {
            out.maps.push_back(shifted(map.p, -std::int64_t{part.begin[axis]}));
        } else {
            out.maps.push_back(map);
            begins[map.p] = part.begin[axis];
        }
        axis += map.num_axes();
    }
    return out;
}

/// The other operand: environment axis e now counts from begins[e].
Result<Operand> read_from(const Operand& operand, const std::vector<std::uint32_t>& begins,
                          const std::vector<bool>& is_cut) {
    Operand out = operand;
    for (AxisMap& map : out.maps) {
        const auto move = [&](std::uint8_t env, std::uint16_t step) {
            map.offset += static_cast<std::int32_t>(begins[env] * step);
        };
        switch (map.kind) {
            case MapKind::kAll:
                break;
            case MapKind::kEq:
                if (is_cut[map.p]) map = shifted(map.p, begins[map.p]);
                break;
            case MapKind::kWin:
                move(map.p, map.stride);
                move(map.t, map.dilation);
                break;
            case MapKind::kSumWin:
                if (map.p != kNoAxis) move(map.p, map.stride);
                break;
            case MapKind::kRegroup:
                for (std::size_t e = map.p; e < std::size_t{map.p} + map.t; ++e)
                    if (is_cut[e]) return no_counterpart();
                break;
        }
    }
    return out;
}

}  // namespace

std::vector<WeightPart> split_weights(const Tensor& tensor, std::uint8_t mu) {
    const std::uint64_t m = std::uint64_t{1} << mu;
    const std::vector<std::uint32_t> zero(tensor.axes.size(), 0);
    const std::uint8_t n = tensor.num_vars();
    if (n <= mu) return {{tensor.offset / m, tensor.offset % m, zero, tensor.axes}};
    // Axis `cut` has its low `inside` variables in one chunk.
    std::size_t cut = tensor.axes.size();
    std::uint8_t inside = mu;
    do {
        --cut;
        if (tensor.axes[cut].log() > inside) break;
        inside = static_cast<std::uint8_t>(inside - tensor.axes[cut].log());
    } while (cut > 0);
    std::vector<WeightPart> parts;
    for (std::uint64_t t = 0; t < std::uint64_t{1} << (n - mu); ++t) {
        WeightPart part{tensor.offset / m + t, 0, zero, tensor.axes};
        std::uint64_t rest = t;
        bool is_padding = false;
        for (std::size_t i = cut + 1; i-- > 0;) {
            const std::uint8_t low = i == cut ? inside : 0;
            const auto bits = static_cast<std::uint8_t>(tensor.axes[i].log() - low);
            const std::uint64_t begin = (rest & ((std::uint64_t{1} << bits) - 1)) << low;
            rest >>= bits;
            is_padding = is_padding || begin >= tensor.axes[i].dim;
            if (is_padding) break;
            part.begin[i] = static_cast<std::uint32_t>(begin);
            part.axes[i].dim = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(std::uint64_t{1} << low, tensor.axes[i].dim - begin));
        }
        if (!is_padding) parts.push_back(std::move(part));
    }
    return parts;
}

Result<LinTerm> lin_on_part(const LinTerm& lin, const Tensor& whole, const WeightPart& part) {
    std::vector<std::uint32_t> begins;
    // Every environment axis of a lin term is an out axis.
    MINTMARK_TRY(Operand operand, on_part(lin.operand, kNoAxis, whole, part, begins));
    return LinTerm{.coef = lin.coef, .operand = std::move(operand)};
}

Result<ProdTerm> prod_on_part(const ProdTerm& prod, bool weight_is_a, std::size_t num_out,
                              const Tensor& whole, const WeightPart& part) {
    const std::size_t num_env = num_out + prod.contract.size();
    std::vector<std::uint32_t> begins(num_env, 0);
    const Operand& weight = weight_is_a ? prod.a : prod.b;
    MINTMARK_TRY(Operand own, on_part(weight, num_out, whole, part, begins));
    ProdTerm out = prod;
    std::vector<bool> is_cut(num_env, false);
    std::size_t axis = 0;
    for (const AxisMap& map : weight.maps) {
        if (map.kind == MapKind::kEq && map.p >= num_out && is_divided(whole, part, axis)) {
            MINTMARK_ASSERT(map.p < num_env);
            is_cut[map.p] = true;
            out.contract[map.p - num_out] = part.axes[axis];
        }
        axis += map.num_axes();
    }
    MINTMARK_TRY(Operand other, read_from(weight_is_a ? prod.b : prod.a, begins, is_cut));
    (weight_is_a ? out.a : out.b) = std::move(own);
    (weight_is_a ? out.b : out.a) = std::move(other);
    return out;
}

}  // namespace mintmark::compiler
