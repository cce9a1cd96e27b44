// Blocked products and convolutions against plain loops: bit for bit.
#include "mintmark/model/matrix_product.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/model/convolution.hpp"

namespace mintmark::model {
namespace {

using Doubles = std::vector<double>;

/// Numbers whose sums depend on their order.
Doubles random_numbers(std::size_t count, SeededRng& rng) {
    Doubles out(count);
    for (double& x : out) x = static_cast<double>(rng.next() >> 11U) * 0x1p-53 - 0.3;
    return out;
}

Doubles plain_product(const ProductShape& s, const Doubles& a, const Doubles& b, Doubles y) {
    for (std::size_t i = 0; i < s.rows; ++i)
        for (std::size_t j = 0; j < s.columns; ++j)
            for (std::size_t k = 0; k < s.depth; ++k)
                y[i * s.columns + j] += a[i * s.depth + k] * b[k * s.columns + j];
    return y;
}

Doubles blocked_product(const ProductShape& s, const Doubles& a, const Doubles& b, Doubles y) {
    add_product(s, pack_rows(a.data(), s.depth), pack_columns(b.data(), s.columns), y.data());
    return y;
}

TEST(MatrixProduct, IsThatOfPlainLoops) {
    SeededRng rng(1);
    for (const ProductShape s : {ProductShape{1, 1, 1},
                                 {4, 8, 8},
                                 {5, 3, 9},
                                 {3, 300, 31},
                                 {70, 513, 40},
                                 {130, 256, 7},
                                 {2, 1000, 100},
                                 {9, 0, 9}}) {
        const Doubles a = random_numbers(s.rows * s.depth, rng);
        const Doubles b = random_numbers(s.depth * s.columns, rng);
        const Doubles y = random_numbers(s.rows * s.columns, rng);
        EXPECT_EQ(blocked_product(s, a, b, y), plain_product(s, a, b, y))
            << s.rows << " x " << s.depth << " x " << s.columns;
    }
}

TEST(MatrixProduct, SkipsZerosOnly) {
    SeededRng rng(2);
    const ProductShape s{20, 700, 33};
    Doubles a(s.rows * s.depth, 0.0);
    for (std::size_t i = 0; i < s.rows; ++i) a[i * s.depth + rng.next() % s.depth] = 1;
    const Doubles b = random_numbers(s.depth * s.columns, rng);
    const Doubles y(s.rows * s.columns, 0.0);
    EXPECT_EQ(blocked_product(s, a, b, y), plain_product(s, a, b, y));
}

TEST(MatrixProduct, AddsMultiples) {
    SeededRng rng(3);
    for (std::size_t count = 0; count < 20; ++count) {
        const Doubles x = random_numbers(count, rng);
        Doubles y = random_numbers(count, rng), expected = y;
        for (std::size_t i = 0; i < count; ++i) expected[i] += 0.7 * x[i];
        add_multiple(count, 0.7, x.data(), y.data());
        EXPECT_EQ(y, expected);
    }
}

struct ConvCase {
    const char* name;
    Shape x, weight, y;
    std::uint32_t groups, stride, pad, dilation;
};

class Convolution : public testing::TestWithParam<ConvCase> {
  protected:
    ConvCase c_ = GetParam();
    Window window_ = [this] {
        const std::size_t axes = c_.x.size() - 2;
        const std::vector<std::uint32_t> kernel(c_.weight.begin() + 2, c_.weight.end());
        const auto all = [axes](std::uint32_t v) { return std::vector<std::uint32_t>(axes, v); };
        return Window{kernel, all(c_.stride), all(c_.pad), all(c_.pad), all(c_.dilation)};
    }();
    ConvSizes sizes_ = conv_sizes(window_, c_.weight, c_.x, c_.y, c_.groups);

    /// Calls visit(element of x, weight, element of y) for every product.
    template <class Visit>
    void for_each(Visit visit) const {
        const ConvSizes& s = sizes_;
        for (std::size_t o = 0; o < element_count(c_.y); ++o) {
            const std::size_t plane = s.out_plane(), f = o / plane, m = f % s.filters;
            const std::size_t from =
                (f / s.filters * s.channels + m / s.group_out * s.group_in) * s.in_plane();
            const auto at = static_cast<std::int64_t>(o % plane), width = s.window.out[1];
            for (std::size_t c = 0; c < s.group_in; ++c)
                for_each_tap(s.window, at / width, at % width, [&](std::size_t i, std::size_t t) {
                    visit(from + c * s.in_plane() + i, (m * s.group_in + c) * s.taps() + t, o);
                });
        }
    }
};

TEST_P(Convolution, IsThatOfPlainLoops) {
    SeededRng rng(4);
    const Doubles x = random_numbers(element_count(c_.x), rng);
    const Doubles weight = random_numbers(element_count(c_.weight), rng);
    Doubles y = random_numbers(element_count(c_.y), rng), expected = y;
    add_convolution(sizes_, weight.data(), x.data(), y.data());
    for_each([&](std::size_t i, std::size_t w, std::size_t o) { expected[o] += weight[w] * x[i]; });
    EXPECT_EQ(y, expected);
}

TEST_P(Convolution, BoundsAreThoseOfPlainLoops) {
    SeededRng rng(5);
    Interval x{random_numbers(element_count(c_.x), rng), {}};
    for (const double lo : x.lo) x.hi.push_back(lo + 0.4);
    const Doubles weight = random_numbers(element_count(c_.weight), rng);
    const Doubles bias = random_numbers(element_count(c_.y), rng);
    Interval y{bias, bias}, expected = y;
    add_convolution(sizes_, weight.data(), x, y);
    for_each([&](std::size_t i, std::size_t w, std::size_t o) {
        expected.lo[o] += weight[w] * (weight[w] < 0 ? x.hi[i] : x.lo[i]);
        expected.hi[o] += weight[w] * (weight[w] < 0 ? x.lo[i] : x.hi[i]);
    });
    EXPECT_EQ(y.lo, expected.lo);
    EXPECT_EQ(y.hi, expected.hi);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Convolution,
    testing::Values(
        ConvCase{"Pointwise", {2, 19, 7, 5}, {11, 19, 1, 1}, {2, 11, 7, 5}, 1, 1, 0, 1},
        ConvCase{"Padded", {1, 30, 9, 13}, {8, 30, 3, 3}, {1, 8, 9, 13}, 1, 1, 1, 1},
        ConvCase{"Strided", {1, 3, 17, 11}, {9, 3, 3, 3}, {1, 9, 9, 6}, 1, 2, 1, 1},
        ConvCase{"PointwiseStrided", {1, 4, 9, 9}, {6, 4, 1, 1}, {1, 6, 5, 5}, 1, 2, 0, 1},
        ConvCase{"Dilated", {1, 2, 12, 10}, {5, 2, 3, 2}, {1, 5, 10, 10}, 1, 1, 1, 2},
        ConvCase{"Depthwise", {2, 6, 8, 9}, {6, 1, 3, 3}, {2, 6, 8, 9}, 6, 1, 1, 1},
        ConvCase{"DepthwiseStrided", {1, 6, 8, 9}, {6, 1, 3, 3}, {1, 6, 4, 5}, 6, 2, 1, 1},
        ConvCase{"Groups", {1, 6, 5, 5}, {12, 2, 3, 3}, {1, 12, 5, 5}, 3, 1, 1, 1},
        ConvCase{"OneAxis", {1, 5, 40}, {7, 5, 5}, {1, 7, 20}, 1, 2, 2, 1}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace mintmark::model
