// The two lemmas of docs/spec/security-proofs.md, section 7: the masks reach every message. Both
// matrices are written from the definitions of protocol.md, sections 5 to 6; the prover's own
// messages are compared with them.
#include <gtest/gtest.h>

#include <bit>

#include "linear_algebra.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/math/poly.hpp"
#include "mintmark/pcs/mercury.hpp"
#include "mintmark/pcs/mercury_shape.hpp"
#include "mintmark/sumcheck/merge.hpp"
#include "session.hpp"

namespace mintmark::testing {
namespace {

using Rows = Matrix<Fr>;
constexpr std::uint8_t kMinLemmaMu = 6, kMaxLemmaMu = 24;

std::vector<Fr> random_values(std::size_t count, Rng& rng) {
    std::vector<Fr> out(count);
    for (Fr& value : out) value = Fr::random(rng);
    return out;
}

Fr small(std::size_t value) {
    return Fr::from_u64(value);
}

// ---- Merge rounds -------------------------------------------------------------------------------

// One lane of Z or R that the prover draws.
struct MaskLane {
    bool in_z;
    std::size_t lane;
};

// Z's m-1 and m-1-2^i, then R's m-1-2^i.
std::vector<MaskLane> mask_lanes(std::size_t mu) {
    const std::size_t last = (std::size_t{1} << mu) - 1;
    std::vector<MaskLane> out{{true, last}};
    for (const bool in_z : {true, false})
        for (std::size_t i = 0; i < mu; ++i) out.push_back({in_z, last - (std::size_t{1} << i)});
    return out;
}

// The forms of the merge sumcheck: `all` + slots[x] on Z, all * popcount(x) on R.
struct MergeForms {
    std::vector<Fr> slots;
    Fr all;
};

// Weight of the form at (z_0 .. z_{i-1}, bit, rest), rest being the variables above i.
Fr form_at(const MergeForms& forms, const MaskLane& mask, std::span<const Fr> z_low,
           std::size_t rest) {
    const std::size_t low = z_low.size();
    Fr sum = forms.all;
    if (!mask.in_z) {
        Fr ones = small(static_cast<std::size_t>(std::popcount(rest)));
        for (const Fr& z : z_low) ones += z;
        return ones * forms.all;
    }
    for (std::size_t s = 0; s < forms.slots.size(); ++s)
        if (s >> low == rest) sum += forms.slots[s] * eq_index(z_low, s & ((1U << low) - 1));
    return sum;
}

// What a unit in each lane gives to the coefficients of X and X^2 of every round, then to the sum
// of Z + kappa R: 2 mu + 1 rows and columns.
Rows merge_matrix(std::size_t mu, const MergeForms& forms, std::span<const Fr> z) {
    const auto lanes = mask_lanes(mu);
    Rows rows(2 * mu + 1, std::vector<Fr>(lanes.size()));
    for (std::size_t c = 0; c < lanes.size(); ++c) {
        const std::size_t lane = lanes[c].lane;
        for (std::size_t i = 0; i < mu; ++i) {
            const std::size_t rest = lane >> (i + 1), bit = (lane >> i) & 1U;
            const auto z_low = z.first(i);
            const Fr unit = eq_index(z_low, lane & ((std::size_t{1} << i) - 1));
            const Fr v0 = bit == 0 ? unit : Fr::zero(), v1 = bit == 1 ? unit : Fr::zero();
            const Fr q0 = form_at(forms, lanes[c], z_low, 2 * rest);
            const Fr q1 = form_at(forms, lanes[c], z_low, 2 * rest + 1);
            // (q0 + (q1 - q0) X) (v0 + (v1 - v0) X)
            rows[2 * i][c] = q0 * (v1 - v0) + (q1 - q0) * v0;
            rows[2 * i + 1][c] = (q1 - q0) * (v1 - v0);
        }
        rows[2 * mu][c] = lanes[c].in_z ? Fr::one() : small(static_cast<std::size_t>(mu - 1));
    }
    return rows;
}

TEST(MaskRank, Merge) {
    SeededRng rng(1);
    for (std::size_t mu = kMinLemmaMu; mu <= kMaxLemmaMu; ++mu) {
        const std::size_t full = 2 * mu + 1;
        const std::size_t slots = std::min<std::size_t>((std::size_t{1} << mu) / 2 - 1, 300);
        const std::vector<Fr> z = random_values(mu, rng);
        EXPECT_EQ(rank(merge_matrix(mu, {random_values(slots, rng), Fr::random(rng)}, z)), full);
        EXPECT_EQ(rank(merge_matrix(mu, {{}, Fr::one()}, z)), full) << "leading coefficient";
        const std::vector<Fr> ones(mu, Fr::one());
        EXPECT_EQ(rank(merge_matrix(mu, {{}, Fr::one()}, ones)), full) << "at (1, ..., 1)";
    }
}

// None of the lanes can be spared.
TEST(MaskRank, MergeNeedsEveryLane) {
    SeededRng rng(2);
    for (const std::size_t mu : {6U, 11U}) {
        const MergeForms forms{random_values(20, rng), Fr::random(rng)};
        const Rows columns = transposed(merge_matrix(mu, forms, random_values(mu, rng)));
        for (std::size_t without = 0; without < columns.size(); ++without) {
            Rows rest = columns;
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(without));
            EXPECT_EQ(rank(rest), 2 * mu);
        }
    }
}

TEST(MaskRank, MergeIsTheProversOwn) {
    SeededRng rng(3);
    for (const std::size_t mu : {6U, 7U, 12U}) {
        const MergeForms forms{random_values(25, rng), Fr::random(rng)};
        const auto lanes = mask_lanes(mu);
        const std::vector<Fr> values = random_values(lanes.size(), rng);
        sumcheck::SparseColumn z, r;
        for (std::size_t i = 0; i < lanes.size(); ++i)
            (lanes[i].in_z ? z : r).emplace_back(lanes[i].lane, values[i]);
        Fr claim = Fr::zero();
        for (std::size_t i = 0; i < lanes.size(); ++i)
            claim += values[i] * form_at(forms, lanes[i], {}, lanes[i].lane);
        std::ranges::sort(z, {}, &std::pair<std::size_t, Fr>::first);
        std::ranges::sort(r, {}, &std::pair<std::size_t, Fr>::first);
        sumcheck::MergeMask mask(forms.slots, forms.all, z, r);
        Transcript transcript;
        const auto result =
            sumcheck::prove_merge(std::vector<sumcheck::MergeSlot>{}, mask, mu, transcript);
        const auto expected = times(merge_matrix(mu, forms, result.point), values);
        for (std::size_t i = 0; i < mu; ++i) {
            const auto& [c0, c2] = result.messages[i];
            const Fr c1 = claim - c0.double_() - c2;
            EXPECT_EQ(c1, expected[2 * i]) << mu << " round " << i;
            EXPECT_EQ(c2, expected[2 * i + 1]) << mu << " round " << i;
            claim = c0 + result.point[i] * (c1 + result.point[i] * c2);
        }
    }
}

// ---- Opening ------------------------------------------------------------------------------------

struct OpeningPoint {
    std::vector<Fr> z;
    Fr a, gamma, zeta, tau;
};

OpeningPoint random_opening_point(std::size_t mu, Rng& rng) {
    return {random_values(mu, rng), Fr::random(rng), Fr::random(rng), Fr::random(rng),
            Fr::random(rng)};
}

Fr power(const Fr& x, std::size_t n) {
    return x.pow(std::uint64_t{n});
}

// At x, the part of X^k P(1/X) + X^-k P(X) with positive powers, divided by X; P has `eq` as
// coefficients.
Fr laurent_part(std::size_t k, std::span<const Fr> eq, const Fr& x) {
    std::vector<Fr> part(std::max(k, eq.size()));
    for (std::size_t j = 0; j < eq.size(); ++j)
        if (j != k) part[(j > k ? j - k : k - j) - 1] += eq[j];
    return horner(part, x);
}

// What a unit in each of the 64 high coefficients of f gives to h(tau), h(zeta), h(zeta'), g(tau),
// d(tau), g(zeta), g(zeta'), S(tau), S(zeta), S(zeta') and f(tau): 11 rows, index i + 8 j.
Rows opening_matrix(const OpeningPoint& at) {
    const std::size_t mu = at.z.size(), mu1 = (mu + 1) / 2;
    const std::size_t m = std::size_t{1} << mu, b = std::size_t{1} << mu1, height = m / b;
    const std::vector<Fr> eq1 = eq_table(std::span(at.z).first(mu1));
    const std::vector<Fr> eq2 = eq_table(std::span(at.z).subspan(mu1));
    const std::array points = {at.tau, at.zeta, at.zeta.inverse()};
    Rows columns;
    for (std::size_t j = 0; j < kHighMasks; ++j) {
        for (std::size_t i = 0; i < kHighMasks; ++i) {
            // X^(m + i + b j): row height + j of f, column i.
            const Fr h = eq1[i], g = power(at.a, height + j);
            std::vector<Fr> column;
            for (const Fr& x : points) column.push_back(h * power(x, height + j));
            for (const Fr& x : points) column.push_back(g * power(x, i));
            column.push_back(g * power(at.tau, b - 1 - i));
            for (const Fr& x : points)
                column.push_back(g * laurent_part(i, eq1, x) +
                                 at.gamma * h * laurent_part(height + j, eq2, x));
            column.push_back(power(at.tau, m + i + b * j));
            columns.push_back(std::move(column));
        }
    }
    return transposed(columns);
}

TEST(MaskRank, Opening) {
    SeededRng rng(4);
    for (std::size_t mu = kMinLemmaMu; mu <= kMaxLemmaMu; ++mu)
        EXPECT_EQ(rank(opening_matrix(random_opening_point(mu, rng))), 11U) << mu;
}

// The opening of a polynomial of high coefficients only, by the real prover.
TEST(MaskRank, OpeningIsTheProversOwn) {
    SeededRng rng(5);
    for (std::uint8_t mu = 6; mu <= 9; ++mu) {
        const Srs& srs = test_srs(mu);
        SeededRng tau_rng(1000U + mu);
        OpeningPoint at{random_values(mu, rng), {}, {}, {}, Fr::random(tau_rng)};
        const std::vector<Fr> high = random_values(kHighMasks * kHighMasks, rng);
        std::vector<Fr> f(masked_length(mu));
        const std::size_t b = std::size_t{1} << ((mu + 1) / 2);
        for (std::size_t k = 0; k < high.size(); ++k)
            f[(std::size_t{1} << mu) + k % kHighMasks + b * (k / kHighMasks)] = high[k];
        Transcript prover, verifier;
        const MercuryProof p = mercury_open(srs, f, at.z, prover);
        at.a = mercury::after_h(verifier, p);
        at.gamma = mercury::after_qg(verifier, p);
        at.zeta = mercury::after_sd(verifier, p);
        const auto expected = times(opening_matrix(at), high);
        const auto point = [](const Fr& log) { return G1::generator().mul(log).to_affine(); };
        EXPECT_EQ(point(expected[0]), p.h);
        EXPECT_EQ(point(expected[3]), p.g);
        EXPECT_EQ(point(expected[6]), p.d);
        EXPECT_EQ(point(expected[7]), p.s);
        const std::array got = {p.h_z, p.h_zi, p.g_z, p.g_zi, p.s_z, p.s_zi};
        const std::array want = {expected[1], expected[2], expected[4],
                                 expected[5], expected[8], expected[9]};
        EXPECT_EQ(got, want);
    }
}

}  // namespace
}  // namespace mintmark::testing
