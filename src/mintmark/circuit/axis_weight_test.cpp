// Every kind of axis map: dense weights against the definition of section 3, the evaluation at a
// point and partial folds against sums over the dense weights.
#include <gtest/gtest.h>

#include "mintmark/circuit/form.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/math/poly.hpp"

namespace mintmark {
namespace {

std::vector<Fr> random_point(SeededRng& rng, std::size_t n) {
    std::vector<Fr> point(n);
    for (Fr& x : point) x = Fr::random(rng);
    return point;
}

/// A number in [1, most].
std::uint32_t any_dim(SeededRng& rng, std::uint32_t most) {
    return 1 + static_cast<std::uint32_t>(rng.next() % most);
}

EnvAxis random_env(SeededRng& rng, std::uint32_t dim) {
    return {dim, random_point(rng, log2_ceil(dim))};
}

/// w(j) straight from the table of section 3, one index at a time.
Fr naive_weight(const AxisWeight& w, std::int64_t j) {
    if (w.kind == MapKind::kAll) return Fr::one();
    if (w.kind == MapKind::kEq) return eq_index(w.env[0].point, static_cast<std::uint64_t>(j));
    Fr sum = Fr::zero();
    if (j >= w.axes[0].dim) return sum;
    const std::uint64_t dim_p = w.env.empty() ? 1 : w.env[0].dim;
    const std::uint64_t taps = w.kind == MapKind::kWin ? w.env[1].dim : w.taps;
    for (std::uint64_t a = 0; a < dim_p; ++a)
        for (std::uint64_t b = 0; b < taps; ++b) {
            const std::int64_t at = w.stride * static_cast<std::int64_t>(a) +
                                    w.dilation * static_cast<std::int64_t>(b) + w.offset;
            if (at != j) continue;
            Fr term = w.env.empty() ? Fr::one() : eq_index(w.env[0].point, a);
            if (w.kind == MapKind::kWin) term *= eq_index(w.env[1].point, b);
            sum += term;
        }
    return sum;
}

void expect_mle(const AxisWeight& w, const std::vector<Fr>& dense, SeededRng& rng) {
    const std::vector<Fr> z = random_point(rng, w.num_vars());
    Fr sum = Fr::zero();
    for (std::size_t j = 0; j < dense.size(); ++j) sum += dense[j] * eq_index(z, j);
    EXPECT_EQ(axis_weight_mle(w, z), sum);
    for (std::size_t low = 0; low <= z.size(); ++low) {
        const std::vector<Fr> fold = axis_weight_fold(w, std::span(z).first(low));
        ASSERT_EQ(fold.size(), std::size_t{1} << (z.size() - low));
        EXPECT_EQ(mle_eval(fold, std::span(z).subspan(low)), sum);
    }
}

void expect_weight(const AxisWeight& w, SeededRng& rng) {
    const std::vector<Fr> dense = axis_weight_dense(w);
    ASSERT_EQ(dense.size(), std::size_t{1} << w.num_vars());
    for (std::size_t j = 0; j < dense.size(); ++j)
        EXPECT_EQ(dense[j], naive_weight(w, static_cast<std::int64_t>(j))) << "index " << j;
    expect_mle(w, dense, rng);
}

TEST(AxisWeight, AllAndEq) {
    SeededRng rng(1);
    for (const std::uint32_t dim : {1U, 2U, 3U, 7U, 8U, 9U}) {
        expect_weight({.kind = MapKind::kAll, .axes = {{dim}}}, rng);
        expect_weight({.kind = MapKind::kEq, .axes = {{dim}}, .env = {random_env(rng, dim)}}, rng);
    }
}

TEST(AxisWeight, Windows) {
    SeededRng rng(2);
    for (int i = 0; i < 200; ++i) {
        AxisWeight w{.kind = MapKind::kWin, .axes = {{any_dim(rng, 12)}}};
        w.env = {random_env(rng, any_dim(rng, 9)), random_env(rng, any_dim(rng, 5))};
        w.stride = static_cast<std::uint16_t>(1 + rng.next() % 4);
        w.dilation = static_cast<std::uint16_t>(1 + rng.next() % 3);
        w.offset = static_cast<std::int32_t>(rng.next() % 12) - 6;
        expect_weight(w, rng);
    }
}

TEST(AxisWeight, SummedWindows) {
    SeededRng rng(3);
    for (int i = 0; i < 300; ++i) {
        AxisWeight w{.kind = MapKind::kSumWin, .axes = {{any_dim(rng, 12)}}};
        w.taps = static_cast<std::uint16_t>(1 + rng.next() % 4);
        w.dilation = static_cast<std::uint16_t>(rng.next() % 3);
        w.offset = static_cast<std::int32_t>(rng.next() % 12) - 6;
        if (rng.next() % 4 != 0) {
            w.env = {random_env(rng, any_dim(rng, 9))};
            w.stride = static_cast<std::uint16_t>(1 + rng.next() % 4);
        }
        expect_weight(w, rng);
    }
}

// The O(log) walk of one tap: every small shape, and wide ones with extreme offsets.
TEST(AxisWeight, SingleTap) {
    SeededRng rng(4);
    const auto expect_tap = [&](std::uint32_t dim_p, std::uint32_t dim, std::uint16_t stride,
                                std::int32_t offset) {
        AxisWeight w{.kind = MapKind::kSumWin, .axes = {{dim}}, .env = {random_env(rng, dim_p)}};
        w.taps = 1;
        w.stride = stride;
        w.dilation = 1;
        w.offset = offset;
        expect_mle(w, axis_weight_dense(w), rng);
    };
    for (std::uint32_t dim_p = 1; dim_p <= 5; ++dim_p)
        for (std::uint32_t dim = 1; dim <= 5; ++dim)
            for (std::uint16_t stride = 1; stride <= 3; ++stride)
                for (std::int32_t offset = -5; offset <= 5; ++offset)
                    expect_tap(dim_p, dim, stride, offset);
    for (const std::int32_t offset : {-2147483647 - 1, -4000, -1, 0, 513, 2147483647})
        for (const int stride : {1, 2, 7, 65535})
            expect_tap(1000, 700, static_cast<std::uint16_t>(stride), offset);
}

TEST(AxisWeight, Regroup) {
    SeededRng rng(5);
    const std::vector<std::pair<std::vector<std::uint32_t>, std::vector<std::uint32_t>>> shapes = {
        {{6}, {2, 3}},    {{2, 3}, {6}},       {{5, 4}, {2, 10}}, {{3, 1, 4}, {12}},
        {{3, 5}, {5, 3}}, {{2, 3, 2}, {4, 3}}, {{1}, {1}},        {{7}, {7}}};
    for (const auto& [env_dims, axis_dims] : shapes) {
        AxisWeight w{.kind = MapKind::kRegroup};
        for (const std::uint32_t dim : env_dims) w.env.push_back(random_env(rng, dim));
        for (const std::uint32_t dim : axis_dims) w.axes.push_back({dim});
        std::vector<Fr> expected(std::size_t{1} << w.num_vars(), Fr::zero());
        const std::uint64_t count = num_entries(w.axes);
        for (std::uint64_t f = 0; f < count; ++f) {
            Fr weight = Fr::one();
            std::uint64_t rest = f;
            for (std::size_t i = env_dims.size(); i > 0; --i) {
                weight *= eq_index(w.env[i - 1].point, rest % env_dims[i - 1]);
                rest /= env_dims[i - 1];
            }
            expected[padded_index(w.axes, f)] += weight;
        }
        const std::vector<Fr> dense = axis_weight_dense(w);
        EXPECT_EQ(dense, expected);
        expect_mle(w, dense, rng);
    }
}

}  // namespace
}  // namespace mintmark
