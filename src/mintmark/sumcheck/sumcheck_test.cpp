// The verifier's side is written out here from the spec, and sums are naive loops over the cube.
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "mintmark/base/rng.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/sumcheck/eq_weights.hpp"
#include "mintmark/sumcheck/merge.hpp"
#include "mintmark/sumcheck/product.hpp"

namespace mintmark::sumcheck {
namespace {

std::vector<Fr> random_vector(std::size_t size, Rng& rng) {
    std::vector<Fr> out(size);
    for (auto& value : out) value = Fr::random(rng);
    return out;
}

FrTable random_table(std::size_t num_vars, Rng& rng) {
    FrTable out(std::size_t{1} << num_vars);
    for (auto& value : out) value = Fr::random(rng);
    return out;
}

ProductInstance random_instance(std::size_t num_vars, std::size_t num_eq, Rng& rng) {
    return {Fr::random(rng),
            random_vector(num_eq, rng),
            random_table(num_vars, rng),
            random_table(num_vars, rng),
            Fr::random(rng),
            Fr::random(rng)};
}

RoundMasks random_masks(std::size_t rounds, Rng& rng) {
    RoundMasks masks;
    masks.constant = Fr::random(rng);
    masks.coefs.resize(rounds - 1);
    for (auto& coefs : masks.coefs)
        for (auto& coef : coefs) coef = Fr::random(rng);
    for (auto& coef : masks.last) coef = Fr::random(rng);
    return masks;
}

Fr mask_at(const RoundMasks& masks, std::span<const Fr> point) {
    Fr value = masks.constant;
    const auto add = [&](std::span<const Fr> coefs, const Fr& x) {
        for (std::size_t e = 0; e < coefs.size(); ++e)
            value += coefs[e] * x.pow(std::uint64_t{e + 1});
    };
    for (std::size_t i = 0; i < masks.coefs.size(); ++i) add(masks.coefs[i], point[i]);
    add(masks.last, point.back());
    return value;
}

Fr naive_mask_sum(const RoundMasks& masks) {
    const std::size_t n = masks.coefs.size() + 1;
    Fr sum = Fr::zero();
    for (std::size_t x = 0; x < std::size_t{1} << n; ++x) {
        std::vector<Fr> point;
        for (std::size_t i = 0; i < n; ++i) point.push_back(Fr::from_u64((x >> i) & 1));
        sum += mask_at(masks, point);
    }
    return sum;
}

Fr naive_sum(const ProductInstance& instance) {
    const std::size_t low = (std::size_t{1} << instance.eq_point.size()) - 1;
    Fr sum = Fr::zero();
    for (std::size_t x = 0; x < instance.a.size(); ++x)
        sum += eq_index(instance.eq_point, x & low) * instance.a[x] * instance.b[x];
    return sum;
}

// Replays the rounds as a verifier would; the last claim, and the point.
Fr replay(const ProductResult& result, Fr claim, Transcript& transcript) {
    const Fr two = Fr::from_u64(2);
    for (std::size_t j = 0; j < result.messages.size(); ++j) {
        const auto& [c0, c2, c3] = result.messages[j];
        transcript.absorb_fr("prod", result.messages[j]);
        const Fr r = transcript.challenge("r");
        EXPECT_EQ(r, result.challenges[j]);
        const Fr c1 = claim - two * c0 - c2 - c3;
        claim = c0 + r * (c1 + r * (c2 + r * c3));
    }
    const auto& [c0, c2, c3, c4, c5] = result.last_message;
    transcript.absorb_fr("prod", result.last_message);
    const Fr r = transcript.challenge("r");
    EXPECT_EQ(r, result.challenges.back());
    const Fr c1 = claim - two * c0 - c2 - c3 - c4 - c5;
    return c0 + c1 * r + c2 * r.pow(std::uint64_t{2}) + c3 * r.pow(std::uint64_t{3}) +
           c4 * r.pow(std::uint64_t{4}) + c5 * r.pow(std::uint64_t{5});
}

TEST(ProductSumcheck, AgreesWithNaiveSumsAndReplay) {
    SeededRng rng(1);
    for (const std::size_t n : {1U, 2U, 5U, 12U}) {
        std::vector<ProductInstance> instances{
            random_instance(n, n, rng),     random_instance(n - 1, 0, rng),
            random_instance(n, n / 2, rng), random_instance(n / 2, n / 4, rng),
            random_instance(0, 0, rng),     random_instance(n, n, rng)};
        instances.back().eq_point.back() = Fr::zero();  // no inverse: the sum at 1 is summed up
        Fr claim = Fr::zero();
        for (const auto& instance : instances) {
            EXPECT_EQ(product_sum(instance), naive_sum(instance));
            claim += instance.weight * naive_sum(instance);
        }
        const auto copies = instances;
        const RoundMasks masks = random_masks(n, rng);
        EXPECT_EQ(mask_sum(masks), naive_mask_sum(masks));
        Transcript prover, verifier;
        const auto result = prove_product(std::move(instances), masks, prover);
        ASSERT_EQ(result.messages.size(), n - 1);
        const Fr last = replay(result, claim + naive_mask_sum(masks), verifier);
        const Fr& r_last = result.challenges.back();
        const Fr theta = r_last - r_last.square();
        Fr expected = mask_at(masks, result.challenges);
        for (std::size_t i = 0; i < copies.size(); ++i) {
            const auto size = static_cast<std::size_t>(std::countr_zero(copies[i].a.size()));
            const std::span<const Fr> point = std::span<const Fr>(result.challenges).last(size);
            const Fr a = mle_eval(copies[i].a, point) + theta * copies[i].mask_a;
            const Fr b = mle_eval(copies[i].b, point) + theta * copies[i].mask_b;
            EXPECT_EQ(a, result.a_evals[i]);
            EXPECT_EQ(b, result.b_evals[i]);
            const auto& eq = copies[i].eq_point;
            expected += copies[i].weight * Fr::inv2().pow(n - size) *
                        eq_eval(eq, point.first(eq.size())) * a * b;
        }
        EXPECT_EQ(last, expected);
    }
}

TEST(EqWeights, AreTheWholeTable) {
    SeededRng rng(8);
    for (const std::size_t n : {0U, 1U, 5U, 14U, 15U, 17U}) {
        const auto point = random_vector(n, rng);
        EqWeights weights(point);
        for (std::size_t bound = 0; bound <= n; ++bound, weights.drop_lowest()) {
            const auto whole = eq_table(std::span(point).subspan(bound));
            EXPECT_EQ(weights.empty(), bound == n);
            const std::size_t pairs = std::min<std::size_t>(2 * whole.size() + 3, 40000);
            const std::size_t offset = whole.size() / 3;
            const auto a = random_vector(2 * pairs, rng), b = random_vector(2 * pairs, rng);
            const PairSums got = weights.sums(a, b, offset);
            const PairSums expected =
                pair_sums(a, b, bound == n ? std::span<const Fr>() : whole, offset);
            EXPECT_EQ(got.at0, expected.at0);
            EXPECT_EQ(got.at1, expected.at1);
            EXPECT_EQ(got.lead, expected.lead);
            const PairEnds ends = weights.ends(a, b, offset);
            EXPECT_EQ(ends.at0, expected.at0);
            EXPECT_EQ(ends.lead, expected.lead);
        }
    }
}

/// Tables read by row, and padding skipped, against the same tables written out.
void expect_as_written_out(const SharedRows& shared, std::size_t n, Rng& rng) {
    std::vector<ProductInstance> own{random_instance(n, n, rng), random_instance(13, 5, rng)};
    std::vector<ProductInstance> viewed = own;
    shared.read(0, own[0].a, own[0].b);
    viewed[0].a = {};
    viewed[0].b = {};
    viewed[0].shared = shared;
    EXPECT_EQ(product_sum(viewed[0]), naive_sum(own[0]));
    const RoundMasks masks = random_masks(13, rng);
    Transcript one;
    const auto expected = prove_product(own, masks, one);
    for (const std::size_t most_written : {1U << 24U, 1U << 11U, 1U << 6U}) {
        viewed[0].most_written = most_written;
        Transcript other;
        const auto result = prove_product(viewed, masks, other);
        EXPECT_EQ(result.messages, expected.messages) << n << ' ' << shared.used;
        EXPECT_EQ(result.last_message, expected.last_message);
        EXPECT_EQ(result.a_evals, expected.a_evals);
        EXPECT_EQ(result.b_evals, expected.b_evals);
    }
}

TEST(ProductSumcheck, ReadsFactorsByRow) {
    SeededRng rng(6);
    for (const std::size_t n : {0U, 1U, 2U, 3U, 9U, 10U, 13U}) {
        const auto a = random_vector(7, rng), b = random_vector(7, rng);
        std::vector<std::int32_t> rows(std::size_t{1} << n);
        for (auto& row : rows) row = static_cast<std::int32_t>(rng.next() % 7);
        expect_as_written_out({.rows = rows, .a = a, .b = b}, n, rng);
    }
}

// Padding is not read, whatever it does to the rounds of tables that are half or nearly empty.
TEST(ProductSumcheck, SkipsPadding) {
    SeededRng rng(8);
    for (const std::size_t n : {0U, 1U, 2U, 3U, 4U, 10U, 13U}) {
        const std::size_t size = std::size_t{1} << n;
        for (const std::size_t used :
             {std::size_t{1}, size / 3, size / 2 + 1, size - size / 8, size - 1, size}) {
            auto a = random_vector(7, rng), b = random_vector(7, rng);
            a.back() = Fr::zero();
            std::vector<std::int32_t> rows(size, 6);
            for (std::size_t i = 0; i < std::min(used, size); ++i)
                rows[i] = static_cast<std::int32_t>(rng.next() % 7);
            expect_as_written_out({.rows = rows, .a = a, .b = b, .used = used}, n, rng);
        }
    }
}

TEST(ProductSumcheck, AlteredMessageBreaksTheLastClaim) {
    SeededRng rng(2);
    for (std::size_t bad = 0; bad < 4; ++bad) {
        std::vector<ProductInstance> instances{random_instance(4, 4, rng)};
        const auto copy = instances[0];
        Transcript prover, verifier;
        const RoundMasks masks = random_masks(4, rng);
        const auto result = prove_product(std::move(instances), masks, prover,
                                          [&](std::size_t round, std::span<Fr> message) {
                                              if (round == bad) message.back() += Fr::one();
                                          });
        const Fr last = replay(result, copy.weight * naive_sum(copy) + mask_sum(masks), verifier);
        EXPECT_NE(last - mask_at(masks, result.challenges),
                  copy.weight * eq_eval(copy.eq_point, result.challenges) * result.a_evals[0] *
                      result.b_evals[0]);
    }
}

TEST(MergeSumcheck, AgreesWithNaiveSumsAndReplay) {
    SeededRng rng(3);
    for (const std::size_t n : {1U, 3U, 12U}) {
        std::vector<MergeSlot> slots(3);
        Fr claim = Fr::zero();
        for (auto& slot : slots) {
            slot = {random_vector(std::size_t{1} << n, rng),
                    random_vector(std::size_t{1} << n, rng)};
            for (std::size_t x = 0; x < slot.coef.size(); ++x)
                claim += slot.coef[x] * slot.value[x];
        }
        const auto copies = slots;
        MergeMask mask({Fr::random(rng), Fr::random(rng), Fr::random(rng)}, Fr::random(rng), {},
                       {});
        Transcript prover, verifier;
        const auto result = prove_merge(std::move(slots), mask, n, prover);
        for (std::size_t j = 0; j < n; ++j) {
            const auto& [c0, c2] = result.messages[j];
            verifier.absorb_fr("merge", result.messages[j]);
            const Fr z = verifier.challenge("z");
            ASSERT_EQ(z, result.point[j]);
            claim = c0 + z * ((claim - c0 - c0 - c2) + z * c2);
        }
        Fr expected = Fr::zero();
        for (std::size_t i = 0; i < copies.size(); ++i) {
            EXPECT_EQ(result.coef_evals[i], mle_eval(copies[i].coef, result.point));
            EXPECT_EQ(result.value_evals[i], mle_eval(copies[i].value, result.point));
            expected += result.coef_evals[i] * result.value_evals[i];
        }
        EXPECT_EQ(claim, expected);
    }
}

// Values that are read where they lie give the messages of the same values as field elements.
TEST(MergeSumcheck, IntegersAndViewsAreTheirFieldElements) {
    SeededRng rng(5);
    constexpr std::int64_t kTop = std::numeric_limits<std::int64_t>::max();
    for (const std::size_t n : {1U, 2U, 9U, 12U, 14U}) {
        const std::size_t size = std::size_t{1} << n;
        std::vector<std::int64_t> small(size), large(size);
        for (std::size_t x = 0; x < size; ++x) {
            small[x] = static_cast<std::int64_t>(rng.next() % 60001) - 30000;
            large[x] = static_cast<std::int64_t>(rng.next());
        }
        large[0] = kTop;
        large[1] = -kTop - 1;
        const auto fields = random_vector(size, rng);
        std::vector<MergeSlot> views, owned;
        for (const TableView& view :
             {TableView{.fields = {}, .ints = small}, TableView{.fields = {}, .ints = large},
              TableView{.fields = fields, .ints = {}}}) {
            const auto coef = random_vector(size, rng);
            std::vector<Fr> values(view.fields.begin(), view.fields.end());
            for (const std::int64_t v : view.ints) values.push_back(Fr::from_i64(v));
            EXPECT_EQ(sum_products(coef, view), sum_products(coef, {.fields = values, .ints = {}}));
            views.push_back({coef, {}, view});
            owned.push_back({coef, values, {}});
        }
        MergeMask mask({}, Fr::zero(), {}, {}), same = mask;
        Transcript a, b;
        const auto got = prove_merge(std::move(views), mask, n, a);
        const auto want = prove_merge(std::move(owned), same, n, b);
        EXPECT_EQ(got.messages, want.messages);
        EXPECT_EQ(got.coef_evals, want.coef_evals);
        EXPECT_EQ(got.value_evals, want.value_evals);
    }
}

// The sparse mask behaves as the two dense tables that it stands for.
TEST(MergeSumcheck, MaskIsItsDenseTables) {
    SeededRng rng(4);
    constexpr std::size_t kVars = 6, kSize = 1U << kVars;
    const std::vector<Fr> slots = random_vector(11, rng);
    const Fr all = Fr::random(rng);
    MergeSlot z{std::vector<Fr>(kSize), std::vector<Fr>(kSize)}, r = z;
    SparseColumn sparse_z, sparse_r;
    for (std::size_t x = 0; x < kSize; ++x) {
        z.coef[x] = all + (x < slots.size() ? slots[x] : Fr::zero());
        r.coef[x] = all * Fr::from_u64(static_cast<std::uint64_t>(std::popcount(x)));
        if (x % 5 == 1 || x == 6) sparse_z.emplace_back(x, z.value[x] = Fr::random(rng));
        if (x % 7 == 3) sparse_r.emplace_back(x, r.value[x] = Fr::random(rng));
    }
    MergeMask mask(slots, all, sparse_z, sparse_r), none({}, Fr::zero(), {}, {});
    const MergeSlot empty{std::vector<Fr>(kSize), std::vector<Fr>(kSize)};
    Transcript sparse, dense;
    const auto got = prove_merge({empty}, mask, kVars, sparse);
    const auto want = prove_merge({z, r}, none, kVars, dense);
    EXPECT_EQ(got.messages, want.messages);
    EXPECT_EQ(mask.coef_z(), want.coef_evals[0]);
    EXPECT_EQ(mask.coef_r(), want.coef_evals[1]);
}

}  // namespace
}  // namespace mintmark::sumcheck
