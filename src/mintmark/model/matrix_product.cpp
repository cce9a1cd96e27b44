#include "mintmark/model/matrix_product.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "mintmark/base/parallel.hpp"

#if defined(__x86_64__) && !defined(MINTMARK_PORTABLE)
#define MINTMARK_AVX2 1
#endif

namespace mintmark::model {
namespace {

constexpr std::size_t kGroup = 4;  ///< right panels that share a visit of the left ones
constexpr std::size_t kTile = kLeftPanel * kRightPanel;

using Two = double __attribute__((vector_size(16)));
using Four = double __attribute__((vector_size(32)));

template <class Vector>
[[gnu::always_inline]] inline void load(Vector& to, const double* from) {
    std::memcpy(&to, from, sizeof to);
}

/// Four rows of a tile of y, two vectors wide: the sums stay in registers, so each has a name.
/// a and b are packed.
template <class Vector>
[[gnu::always_inline]] inline void add_half_tile(std::size_t depth, const double* a,
                                                 const double* b, double* y, std::size_t stride) {
    constexpr std::size_t kLanes = sizeof(Vector) / sizeof(double);
    Vector s00, s01, s10, s11, s20, s21, s30, s31, b0, b1;
    const auto for_each_sum = [&](auto visit) __attribute__((always_inline)) {
        visit(s00, y);
        visit(s01, y + kLanes);
        visit(s10, y + stride);
        visit(s11, y + stride + kLanes);
        visit(s20, y + 2 * stride);
        visit(s21, y + 2 * stride + kLanes);
        visit(s30, y + 3 * stride);
        visit(s31, y + 3 * stride + kLanes);
    };
    for_each_sum([](Vector& sum, const double* from)
                     __attribute__((always_inline)) { load(sum, from); });
    for (std::size_t k = 0; k < depth; ++k, a += kLeftPanel, b += kRightPanel) {
        load(b0, b);
        load(b1, b + kLanes);
        s00 += a[0] * b0;
        s01 += a[0] * b1;
        s10 += a[1] * b0;
        s11 += a[1] * b1;
        s20 += a[2] * b0;
        s21 += a[2] * b1;
        s30 += a[3] * b0;
        s31 += a[3] * b1;
    }
    for_each_sum([](const Vector& sum, double* to)
                     __attribute__((always_inline)) { std::memcpy(to, &sum, sizeof sum); });
}

template <class Vector>
[[gnu::always_inline]] inline void add_tile(std::size_t depth, const double* a, const double* b,
                                            double* y, std::size_t stride) {
    constexpr std::size_t kWidth = 2 * sizeof(Vector) / sizeof(double);
    for (std::size_t j = 0; j < kRightPanel; j += kWidth)
        add_half_tile<Vector>(depth, a, b + j, y + j, stride);
}

template <class Vector>
[[gnu::always_inline]] inline void add_row(std::size_t count, double factor, const double* x,
                                           double* y) {
    constexpr std::size_t kLanes = sizeof(Vector) / sizeof(double);
    std::size_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        Vector from, to;
        load(from, x + i);
        load(to, y + i);
        to += factor * from;
        std::memcpy(y + i, &to, sizeof to);
    }
    for (; i < count; ++i) y[i] += factor * x[i];
}

using AddTile = void (*)(std::size_t, const double*, const double*, double*, std::size_t);
using AddRow = void (*)(std::size_t, double, const double*, double*);

void add_tile_portable(std::size_t depth, const double* a, const double* b, double* y,
                       std::size_t stride) {
    add_tile<Two>(depth, a, b, y, stride);
}
void add_row_portable(std::size_t count, double factor, const double* x, double* y) {
    add_row<Two>(count, factor, x, y);
}

#ifdef MINTMARK_AVX2
// Without "fma": a fused product would round once where others round twice.
[[gnu::target("avx2")]] void add_tile_avx2(std::size_t depth, const double* a, const double* b,
                                           double* y, std::size_t stride) {
    add_tile<Four>(depth, a, b, y, stride);
}
[[gnu::target("avx2")]] void add_row_avx2(std::size_t count, double factor, const double* x,
                                          double* y) {
    add_row<Four>(count, factor, x, y);
}
#endif

bool has_avx2() {
#ifdef MINTMARK_AVX2
    static const bool available = __builtin_cpu_supports("avx2") != 0;
    return available;
#else
    return false;
#endif
}

AddTile best_tile() {
#ifdef MINTMARK_AVX2
    if (has_avx2()) return add_tile_avx2;
#endif
    return add_tile_portable;
}

AddRow best_row() {
#ifdef MINTMARK_AVX2
    if (has_avx2()) return add_row_avx2;
#endif
    return add_row_portable;
}

/// The left operand, packed: blocks of terms, in each of them the panels of rows.
class PackedLeft {
  public:
    PackedLeft(const ProductShape& shape, const Pack& pack)
        : depth_(shape.depth),
          num_panels_((shape.rows + kLeftPanel - 1) / kLeftPanel),
          data_(num_panels_ * kLeftPanel * shape.depth, 0.0),
          used_(num_panels_ * num_blocks(), 0) {
        parallel_for(used_.size(), 16, [&](std::size_t begin, std::size_t end) {
            for (std::size_t at = begin; at < end; ++at) {
                const std::size_t block = at / num_panels_, first = at % num_panels_ * kLeftPanel;
                const std::size_t from = block * kDepthBlock;
                double* to = panel(block, at % num_panels_);
                const std::size_t depth = depth_of(block);
                pack({first, std::min(kLeftPanel, shape.rows - first), from, depth}, to);
                used_[at] =
                    !std::all_of(to, to + depth * kLeftPanel, [](double v) { return v == 0; });
            }
        });
    }

    [[nodiscard]] std::size_t num_panels() const { return num_panels_; }
    [[nodiscard]] std::size_t num_blocks() const {
        return (depth_ + kDepthBlock - 1) / kDepthBlock;
    }
    [[nodiscard]] std::size_t depth_of(std::size_t block) const {
        return std::min(kDepthBlock, depth_ - block * kDepthBlock);
    }
    [[nodiscard]] const double* panel(std::size_t block, std::size_t panel) const {
        return data_.data() + place(block, panel);
    }
    /// Not all zeros.
    [[nodiscard]] bool is_used(std::size_t block, std::size_t panel) const {
        return used_[block * num_panels_ + panel] != 0;
    }

  private:
    [[nodiscard]] std::size_t place(std::size_t block, std::size_t panel) const {
        return (block * kDepthBlock * num_panels_ + panel * depth_of(block)) * kLeftPanel;
    }
    double* panel(std::size_t block, std::size_t panel) {
        return data_.data() + place(block, panel);
    }

    std::size_t depth_, num_panels_;
    std::vector<double> data_;
    std::vector<std::uint8_t> used_;
};

/// A part of y: columns of one group of panels, some panels of rows.
struct Part {
    std::size_t first_column, first_panel, end_panel;
};

class Product {
  public:
    Product(const ProductShape& shape, const PackedLeft& left, const Pack& right, double* y)
        : shape_(shape), left_(left), right_(right), y_(y) {}

    /// room: for kGroup panels of the right operand.
    void add(const Part& part, std::vector<double>& room) const {
        for (std::size_t block = 0; block < left_.num_blocks(); ++block) {
            bool used = false;
            for (std::size_t p = part.first_panel; p < part.end_panel; ++p)
                used = used || left_.is_used(block, p);
            if (used) add_block(part, block, room);
        }
    }

  private:
    void add_block(const Part& part, std::size_t block, std::vector<double>& room) const {
        const std::size_t depth = left_.depth_of(block);
        const std::size_t end = std::min(shape_.columns, part.first_column + kGroup * kRightPanel);
        const auto panel_at = [&](std::size_t column) {
            return room.data() + (column - part.first_column) * depth;
        };
        for (std::size_t j = part.first_column; j < end; j += kRightPanel) {
            const std::size_t width = std::min(kRightPanel, end - j);
            right_({j, width, block * kDepthBlock, depth}, panel_at(j));
        }
        for (std::size_t p = part.first_panel; p < part.end_panel; ++p) {
            if (!left_.is_used(block, p)) continue;
            for (std::size_t j = part.first_column; j < end; j += kRightPanel)
                add_at(p * kLeftPanel, j, depth, left_.panel(block, p), panel_at(j));
        }
    }

    /// Tiles that y does not hold as a whole go by way of one that does.
    void add_at(std::size_t row, std::size_t column, std::size_t depth, const double* a,
                const double* b) const {
        const std::size_t rows = std::min(kLeftPanel, shape_.rows - row);
        const std::size_t columns = std::min(kRightPanel, shape_.columns - column);
        double* y = y_ + row * shape_.columns + column;
        if (rows == kLeftPanel && columns == kRightPanel)
            return tile_(depth, a, b, y, shape_.columns);
        double whole[kTile] = {};
        for (std::size_t i = 0; i < rows; ++i)
            std::copy_n(y + i * shape_.columns, columns, whole + i * kRightPanel);
        tile_(depth, a, b, whole, kRightPanel);
        for (std::size_t i = 0; i < rows; ++i)
            std::copy_n(whole + i * kRightPanel, columns, y + i * shape_.columns);
    }

    ProductShape shape_;
    const PackedLeft& left_;
    const Pack& right_;
    double* y_;
    AddTile tile_ = best_tile();
};

}  // namespace

void add_product(const ProductShape& shape, const Pack& left, const Pack& right, double* y) {
    const PackedLeft packed(shape, left);
    const Product product(shape, packed, right, y);
    constexpr std::size_t kColumns = kGroup * kRightPanel, kWantedParts = 8;
    const std::size_t groups = (shape.columns + kColumns - 1) / kColumns;
    const std::size_t panels = packed.num_panels();
    // Few columns: threads share the rows, though each of them packs the right operand.
    const std::size_t splits = std::clamp<std::size_t>(
        std::min(panels / 8, kWantedParts / std::max<std::size_t>(groups, 1)), 1, kWantedParts);
    const std::size_t work = shape.rows * shape.depth * kColumns / splits;
    parallel_for(groups * splits, 1 + 65536 / (work + 1), [&](std::size_t begin, std::size_t end) {
        std::vector<double> room(kColumns * std::min(shape.depth, kDepthBlock));
        for (std::size_t part = begin; part < end; ++part) {
            const std::size_t split = part % splits;
            product.add(
                {part / splits * kColumns, panels * split / splits, panels * (split + 1) / splits},
                room);
        }
    });
}

void add_multiple(std::size_t count, double factor, const double* x, double* y) {
    static const AddRow add = best_row();
    add(count, factor, x, y);
}

}  // namespace mintmark::model
