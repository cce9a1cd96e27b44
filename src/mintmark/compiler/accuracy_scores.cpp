#include "mintmark/compiler/accuracy_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace mintmark::compiler {
namespace {

constexpr std::size_t kMaxClasses = 255;

/// What an F or G tensor of the model may hold, by its limb's table.
std::optional<Bounds> bounds_of(const Circuit& model, const Tensor& tensor) {
    for (const Step& step : model.steps) {
        for (const Limb& limb : step.limbs) {
            if (model.tensors[limb.tensor].offset != tensor.offset) continue;
            const Table& t = model.tables[limb.table - 1U];
            if (tensor.column == Column::kG) return Bounds{t.out_lo, t.out_hi};
            return Bounds{t.lo, t.lo + (std::int64_t{1} << t.log_size) - 1};
        }
    }
    return std::nullopt;
}

Status find_classes(const Step& last, Scores& out) {
    std::size_t long_axes = 0;
    for (std::size_t i = 0; i < last.out.size(); ++i) {
        if (last.out[i].dim == 1) continue;
        ++long_axes;
        out.axis = static_cast<std::uint8_t>(i);
        out.classes = last.out[i].dim;
    }
    if (long_axes != 1) return no_accuracy("its output is not one list of class scores");
    if (out.classes > kMaxClasses)
        return no_accuracy(fmt::format("it has more than {} classes", kMaxClasses));
    return {};
}

Status add_score(const Circuit& model, const LinTerm& lin, Scores& out) {
    constexpr Int128 kMaxScore = Int128{1} << 40U;
    const Tensor& tensor = model.tensors[lin.operand.tensor];
    const auto bounds = bounds_of(model, tensor);
    const bool is_plain = std::ranges::all_of(lin.operand.maps, [](const AxisMap& map) {
        return map.kind == MapKind::kAll || map.kind == MapKind::kEq;
    });
    if (tensor.column == Column::kW || !bounds || !is_plain)
        return no_accuracy("its last step does more than read the scores");
    const auto [small, large] = std::minmax({lin.coef * bounds->lo, lin.coef * bounds->hi});
    const Int128 lo = out.bounds.lo + small, hi = out.bounds.hi + large;
    if (lo < -kMaxScore || hi > kMaxScore) return no_accuracy("its scores are too large");
    out.bounds = {static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)};
    out.terms.push_back(lin);
    return {};
}

}  // namespace

std::unexpected<Error> no_accuracy(std::string_view what) {
    return fail(ErrorCode::kUnsupported, fmt::format("no accuracy proof for this model: {}", what));
}

Bounds input_bounds(const Circuit& model) {
    Bounds out{0, -1};
    for (const Limb& limb : model.steps.front().limbs) {
        const Table& t = model.tables[limb.table - 1U];
        out.lo += t.lo << limb.shift;
        out.hi += (t.lo + (std::int64_t{1} << t.log_size)) << limb.shift;
        if (limb.shift != 0) out.hi -= std::int64_t{1} << limb.shift;
    }
    return out;
}

Result<Scores> scores_of(const Circuit& model) {
    const Step& last = model.steps.back();
    Scores out;
    MINTMARK_CHECK(find_classes(last, out));
    if (!last.consts.empty()) return no_accuracy("its last step adds constants");
    for (const LinTerm& lin : last.lins)
        if (model.tensors[lin.operand.tensor].column != Column::kOut)
            MINTMARK_CHECK(add_score(model, lin, out));
    return out;
}

}  // namespace mintmark::compiler
