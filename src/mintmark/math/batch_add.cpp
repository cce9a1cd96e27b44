#include "mintmark/math/batch_add.hpp"

#include <algorithm>

#include "mintmark/math/ifma_available.hpp"

namespace mintmark {
namespace {

Fq denominator(PairKind kind, const PointXy& a, const PointXy& b) noexcept {
    if (kind == PairKind::kAdd) return b.x - a.x;
    return kind == PairKind::kDouble ? a.y.double_() : Fq::one();
}

Fq numerator(PairKind kind, const PointXy& a, const PointXy& b) noexcept {
    if (kind == PairKind::kAdd) return b.y - a.y;
    const Fq xx = a.x.square();
    return xx.double_() + xx;
}

PointXy finish(PairKind kind, const PointXy& a, const PointXy& b, const Fq& inverse) noexcept {
    if (kind == PairKind::kFirst) return a;
    if (kind == PairKind::kSecond) return b;
    if (kind == PairKind::kCancel) return {};
    const Fq slope = numerator(kind, a, b) * inverse;
    const Fq x = slope.square() - a.x - b.x;
    return {x, slope * (a.x - x) - a.y};
}

template <class Function>
void for_each_batch(std::span<const PairSlot> slots, const Function& function) {
    for (std::size_t done = 0; done < slots.size(); done += kMaxBatch)
        function(slots.subspan(done, std::min(kMaxBatch, slots.size() - done)));
}

}  // namespace

PairKind classify(const PointXy& a, const PointXy& b) noexcept {
    if (a.is_infinity()) return b.is_infinity() ? PairKind::kCancel : PairKind::kSecond;
    if (b.is_infinity()) return PairKind::kFirst;
    if (!(a.x == b.x)) return PairKind::kAdd;
    return (a.y + b.y).is_zero() ? PairKind::kCancel : PairKind::kDouble;
}

namespace portable {

void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch) {
    scratch.portable.resize(2 * slots.size());
    const std::span denominators = std::span(scratch.portable).first(slots.size());
    const std::span prefixes = std::span(scratch.portable).last(slots.size());
    Fq product = Fq::one();
    for (std::size_t i = 0; i < slots.size(); ++i) {
        const PointXy &a = in[slots[i].from], &b = in[slots[i].from + 1];
        denominators[i] = denominator(classify(a, b), a, b);
        prefixes[i] = product;
        product *= denominators[i];
    }
    Fq inverse = product.inverse();
    for (std::size_t i = slots.size(); i > 0; --i) {
        const PairSlot& slot = slots[i - 1];
        const PointXy &a = in[slot.from], &b = in[slot.from + 1];
        out[slot.to] = finish(classify(a, b), a, b, inverse * prefixes[i - 1]);
        inverse *= denominators[i - 1];
    }
}

void add_base_pairs(std::span<const PointXy> bases, std::span<const std::uint32_t> refs,
                    PointXy* out, std::span<const PairSlot> slots, BatchScratch& scratch) {
    std::vector<PointXy> points(2 * slots.size());
    std::vector<PairSlot> moved(slots.begin(), slots.end());
    for (std::uint32_t i = 0; i < moved.size(); ++i) {
        points[2 * i] = referred_point(bases, refs[moved[i].from]);
        points[2 * i + 1] = referred_point(bases, refs[moved[i].from + 1]);
        moved[i].from = 2 * i;
    }
    portable::add_pairs(points.data(), out, moved, scratch);
}

}  // namespace portable

void add_pairs(const PointXy* in, PointXy* out, std::span<const PairSlot> slots,
               BatchScratch& scratch) {
    if (slots.empty()) return;
    if (ifma_available()) return ifma::add_pairs(in, out, slots, scratch);
    for_each_batch(slots, [&](auto batch) { portable::add_pairs(in, out, batch, scratch); });
}

void add_base_pairs(std::span<const PointXy> bases, std::span<const std::uint32_t> refs,
                    PointXy* out, std::span<const PairSlot> slots, BatchScratch& scratch) {
    if (slots.empty()) return;
    if (ifma_available()) return ifma::add_base_pairs(bases, refs, out, slots, scratch);
    for_each_batch(slots,
                   [&](auto batch) { portable::add_base_pairs(bases, refs, out, batch, scratch); });
}

}  // namespace mintmark
