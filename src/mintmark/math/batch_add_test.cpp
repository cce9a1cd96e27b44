// Batched additions against the group law, portable and dispatched.
#include "mintmark/math/batch_add.hpp"

#include <gtest/gtest.h>

namespace mintmark {
namespace {

PointXy to_xy(const G1& point) {
    const G1Affine affine = point.to_affine();
    return affine.infinity ? PointXy{} : PointXy{affine.x, affine.y};
}
G1 to_point(const PointXy& p) {
    return p.is_infinity() ? G1() : G1(G1Affine{p.x, p.y, false});
}

/// Pairs of every kind: `special` of 10 are doublings, cancellations or have infinities.
std::vector<PointXy> make_pairs(std::size_t count, std::uint64_t special, SeededRng& rng) {
    std::vector<PointXy> out;
    for (std::size_t i = 0; i < count; ++i) {
        const G1 a = G1::generator().mul(Fr::from_u64(rng.next()));
        const G1 b = G1::generator().mul(Fr::from_u64(rng.next()));
        const std::uint64_t kind = rng.next() % 10 < special ? rng.next() % 5 : 5;
        out.push_back(to_xy(kind == 0 || kind == 1 ? G1() : a));
        out.push_back(to_xy(kind == 0 || kind == 2 ? G1() : kind == 3 ? a : kind == 4 ? -a : b));
    }
    return out;
}

TEST(BatchAdd, EveryKindAndSize) {
    SeededRng rng(1);
    BatchScratch scratch;
    for (const std::size_t count : {1U, 2U, 7U, 8U, 9U, 40U, 333U}) {
        for (const std::uint64_t special : {0U, 3U, 10U}) {
            const auto in = make_pairs(count, special, rng);
            std::vector<PairSlot> slots;
            for (std::uint32_t i = 0; i < count; ++i) {
                slots.push_back({2 * i, static_cast<std::uint32_t>(count) - 1 - i});
            }
            std::vector<PointXy> got(count), portable_got(count);
            add_pairs(in.data(), got.data(), slots, scratch);
            portable::add_pairs(in.data(), portable_got.data(), slots, scratch);
            for (const PairSlot& slot : slots) {
                const G1 want = to_point(in[slot.from]) + to_point(in[slot.from + 1]);
                ASSERT_EQ(to_point(got[slot.to]), want);
                ASSERT_EQ(portable_got[slot.to], got[slot.to]);
            }
        }
    }
}

TEST(BatchAdd, BasesByReference) {
    SeededRng rng(2);
    BatchScratch scratch;
    std::vector<PointXy> bases(2);  // the second stays infinity
    bases[0] = to_xy(G1::generator());
    while (bases.size() < 50) bases.push_back(to_xy(G1::generator().mul(Fr::from_u64(rng.next()))));
    for (const std::size_t count : {1U, 7U, 8U, 40U, 333U}) {
        for (const std::uint64_t num_used : {2U, 50U}) {  // of two bases: doublings, cancellations
            std::vector<std::uint32_t> refs;
            for (std::size_t i = 0; i < 2 * count; ++i)
                refs.push_back(base_ref(rng.next() % num_used, rng.next() % 2 == 0));
            std::vector<PairSlot> slots;
            for (std::uint32_t i = 0; i < count; ++i)
                slots.push_back({2 * i, static_cast<std::uint32_t>(count) - 1 - i});
            std::vector<PointXy> got(count), portable_got(count);
            add_base_pairs(bases, refs, got.data(), slots, scratch);
            portable::add_base_pairs(bases, refs, portable_got.data(), slots, scratch);
            for (const PairSlot& slot : slots) {
                const G1 want = to_point(referred_point(bases, refs[slot.from])) +
                                to_point(referred_point(bases, refs[slot.from + 1]));
                ASSERT_EQ(to_point(got[slot.to]), want);
                ASSERT_EQ(portable_got[slot.to], got[slot.to]);
            }
        }
    }
}

/// More than share an inversion: the last batch is short, special pairs lie in all of them.
TEST(BatchAdd, SeveralBatches) {
    SeededRng rng(3);
    BatchScratch scratch;
    const auto some = make_pairs(97, 3, rng);
    const std::size_t count = 2 * kMaxBatch + 21;
    std::vector<PointXy> bases;
    std::vector<std::uint32_t> refs;
    std::vector<PairSlot> slots;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t pair = rng.next() % (some.size() / 2);
        for (std::size_t k = 0; k < 2; ++k) {
            bases.push_back(some[2 * pair + k]);
            refs.push_back(base_ref(2 * i + k, rng.next() % 2 == 0));
        }
        slots.push_back({2 * i, i});
    }
    std::vector<PointXy> got(count), want(count);
    add_pairs(bases.data(), got.data(), slots, scratch);
    portable::add_pairs(bases.data(), want.data(), slots, scratch);
    EXPECT_EQ(got, want);
    add_base_pairs(bases, refs, got.data(), slots, scratch);
    portable::add_base_pairs(bases, refs, want.data(), slots, scratch);
    EXPECT_EQ(got, want);
}

TEST(BatchAdd, Classification) {
    const PointXy g = to_xy(G1::generator()), h = to_xy(G1::generator().double_());
    EXPECT_EQ(classify(g, h), PairKind::kAdd);
    EXPECT_EQ(classify(g, g), PairKind::kDouble);
    EXPECT_EQ(classify(g, {g.x, -g.y}), PairKind::kCancel);
    EXPECT_EQ(classify(g, {}), PairKind::kFirst);
    EXPECT_EQ(classify({}, g), PairKind::kSecond);
    EXPECT_EQ(classify({}, {}), PairKind::kCancel);
}

}  // namespace
}  // namespace mintmark
