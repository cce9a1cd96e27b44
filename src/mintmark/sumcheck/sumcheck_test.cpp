// The verifier's side is written out here from the spec, and sums are naive loops over the cube.
#include <gtest/gtest.h>

#include "mintmark/base/rng.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/sumcheck/merge.hpp"
#include "mintmark/sumcheck/product.hpp"

namespace mintmark::sumcheck {
namespace {

std::vector<Fr> random_vector(std::size_t size, Rng& rng) {
    std::vector<Fr> out(size);
    for (auto& value : out) value = Fr::random(rng);
    return out;
}

ProductInstance random_instance(std::size_t num_vars, std::size_t num_eq, Rng& rng) {
    return {Fr::random(rng), random_vector(num_eq, rng),
            random_vector(std::size_t{1} << num_vars, rng),
            random_vector(std::size_t{1} << num_vars, rng)};
}

Fr naive_sum(const ProductInstance& instance) {
    const std::size_t low = (std::size_t{1} << instance.eq_point.size()) - 1;
    Fr sum = Fr::zero();
    for (std::size_t x = 0; x < instance.a.size(); ++x)
        sum += eq_index(instance.eq_point, x & low) * instance.a[x] * instance.b[x];
    return sum;
}

// Replays the rounds as a verifier would; the last claim.
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
    return claim;
}

TEST(ProductSumcheck, AgreesWithNaiveSumsAndReplay) {
    SeededRng rng(1);
    for (const std::size_t n : {1U, 2U, 5U, 12U}) {
        std::vector<ProductInstance> instances{
            random_instance(n, n, rng), random_instance(n - 1, 0, rng),
            random_instance(n, n / 2, rng), random_instance(n / 2, n / 4, rng),
            random_instance(0, 0, rng)};
        Fr claim = Fr::zero();
        for (const auto& instance : instances) {
            EXPECT_EQ(product_sum(instance), naive_sum(instance));
            claim += instance.weight * naive_sum(instance);
        }
        const auto copies = instances;
        Transcript prover, verifier;
        const auto result = prove_product(std::move(instances), n, prover);
        ASSERT_EQ(result.messages.size(), n);
        const Fr last = replay(result, claim, verifier);
        Fr expected = Fr::zero();
        for (std::size_t i = 0; i < copies.size(); ++i) {
            const auto size = static_cast<std::size_t>(std::countr_zero(copies[i].a.size()));
            const std::span<const Fr> point = std::span<const Fr>(result.challenges).last(size);
            const Fr a = mle_eval(copies[i].a, point), b = mle_eval(copies[i].b, point);
            EXPECT_EQ(a, result.a_evals[i]);
            EXPECT_EQ(b, result.b_evals[i]);
            const auto& eq = copies[i].eq_point;
            expected += copies[i].weight * Fr::inv2().pow(n - size) *
                        eq_eval(eq, point.first(eq.size())) * a * b;
        }
        EXPECT_EQ(last, expected);
    }
}

TEST(ProductSumcheck, AlteredMessageBreaksTheLastClaim) {
    SeededRng rng(2);
    for (std::size_t bad = 0; bad < 4; ++bad) {
        std::vector<ProductInstance> instances{random_instance(4, 4, rng)};
        const auto copy = instances[0];
        Transcript prover, verifier;
        const auto result = prove_product(std::move(instances), 4, prover,
                                          [&](std::size_t round, std::span<Fr> message) {
                                              if (round == bad) message[1] += Fr::one();
                                          });
        const Fr last = replay(result, copy.weight * naive_sum(copy), verifier);
        EXPECT_NE(last, copy.weight * eq_eval(copy.eq_point, result.challenges) *
                            result.a_evals[0] * result.b_evals[0]);
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
        Transcript prover, verifier;
        const auto result = prove_merge(std::move(slots), n, prover);
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

}  // namespace
}  // namespace mintmark::sumcheck
