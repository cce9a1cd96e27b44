// Pooling.
#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/compiler/lowering.hpp"

namespace mintmark::compiler {
namespace {

/// An image tensor read on a grid: logical dims N and C as stored, spatial axis s at index
/// stride[s] * i + offset[s].
struct Source {
    View view;
    std::vector<std::vector<std::uint8_t>> groups;
    std::vector<std::uint32_t> stride;
    std::vector<std::int32_t> offset;
};

/// Reads a source on a step whose out axes are [N axes] [C axes] [spatial axes of `grid`].
Operand read_source(const Source& source, const Dims& grid) {
    OperandMaps maps(source.view);
    const Dims batch = group_dims(source.view, source.groups[0]);
    const Dims channels = group_dims(source.view, source.groups[1]);
    maps.eq(source.groups[0], 0).eq(source.groups[1], static_cast<std::uint8_t>(batch.size()));
    for (std::size_t s = 0; s < grid.size(); ++s) {
        const auto p = static_cast<std::uint8_t>(batch.size() + channels.size() + s);
        const std::uint8_t axis = source.groups[2 + s][0];
        maps.set(axis, window(p, grid[s], source.view.stored[axis], 1, source.stride[s], 1,
                              source.offset[s]));
    }
    return maps.build();
}

bool window_leaves_box(const model::QMaxPool& op, std::size_t s, std::uint32_t in_dim,
                       std::uint32_t out_dim) {
    const std::uint64_t last = std::uint64_t{op.strides[s]} * (out_dim - 1) +
                               std::uint64_t{op.dilations[s]} * (op.kernel[s] - 1);
    return op.pads_begin[s] != 0 || last >= std::uint64_t{op.pads_begin[s]} + in_dim;
}

/// A running maximum of more tensors than this is copied to one.
constexpr std::size_t kMostSources = 2;

/// max(a, b) = b + relu(a - b) on differences of at most `range`.
TableRequest difference_relu(std::int64_t range) {
    return {.function = TableFunction::kRelu,
            .lo = -range,
            .hi = range,
            .out_lo = 0,
            .out_hi = static_cast<std::int32_t>(range),
            .in_step = 1,
            .out_step = 1};
}

/// The pooling of one tensor: adds steps axis by axis and keeps the running maximum as a sum of
/// sources.
class MaxPoolSteps {
  public:
    /// `least`: no value is below.
    MaxPoolSteps(CircuitBuilder& builder, const model::QMaxPool& op, Dims leading, Dims grid,
                 std::int64_t least)
        : builder_(builder),
          op_(op),
          leading_(std::move(leading)),
          grid_(std::move(grid)),
          least_(least) {}

    /// sources: sum = the values; afterwards their sum is the maximum along axis s too.
    void reduce(std::vector<Source>& sources, std::size_t s, std::uint32_t out_dim,
                std::int64_t range) {
        if (out_dim == 1 && op_.kernel[s] == grid_[s] && op_.kernel[s] > 4 &&
            op_.pads_begin[s] == 0 && op_.dilations[s] == 1) {
            return halve(sources, s, range);
        }
        grid_[s] = out_dim;
        std::vector<Source> current = tap(sources, s, 0);
        for (std::uint32_t t = 1; t < op_.kernel[s]; ++t) {
            std::vector<Source> next = tap(sources, s, t);
            begin();
            add(current, 1);
            add(next, -1);
            next.push_back(result(builder_.add_limb(0, difference_relu(range))));
            current = std::move(next);
        }
        sources = std::move(current);
    }

    /// The maximum of a whole axis: the first half against the last one, until one entry is left.
    /// (For an odd length the middle entry meets itself or its neighbour; twice is no harm.)
    void halve(std::vector<Source>& sources, std::size_t s, std::int64_t range) {
        while (grid_[s] > 1) {
            if (sources.size() > kMostSources) sources = {sum_of(sources, range)};
            const std::uint32_t half = (grid_[s] + 1) / 2;
            std::vector<Source> high = sources;
            for (Source& source : high)
                source.offset[s] += static_cast<std::int32_t>(grid_[s] - half);
            grid_[s] = half;
            begin();
            add(sources, 1);
            add(high, -1);
            high.push_back(result(builder_.add_limb(0, difference_relu(range))));
            sources = std::move(high);
        }
    }

    /// The sum of the sources as one tensor.
    Source sum_of(const std::vector<Source>& sources, std::int64_t range) {
        begin();
        add(sources, 1);
        return result(builder_.add_limb(0, value_range(least_, least_ + range)));
    }

    void begin() {
        Dims out = leading_;
        out.insert(out.end(), grid_.begin(), grid_.end());
        builder_.begin_step(out);
    }
    void add(const std::vector<Source>& sources, std::int64_t coef) {
        for (const Source& source : sources) {
            builder_.step().lins.push_back({.coef = coef, .operand = read_source(source, grid_)});
        }
    }

    /// A tensor on the current grid, as a source.
    [[nodiscard]] Source result(std::uint16_t tensor) const {
        Source out{.view = fresh_view(tensor, builder_.out_dims()),
                   .groups = {{}, {}},
                   .stride = std::vector<std::uint32_t>(grid_.size(), 1),
                   .offset = std::vector<std::int32_t>(grid_.size(), 0)};
        for (std::size_t i = 0; i < leading_.size(); ++i) {
            out.groups[1].push_back(static_cast<std::uint8_t>(i));
        }
        for (std::size_t s = 0; s < grid_.size(); ++s) {
            out.groups.push_back({static_cast<std::uint8_t>(leading_.size() + s)});
        }
        return out;
    }

  private:
    std::vector<Source> tap(std::vector<Source> sources, std::size_t s, std::uint32_t t) const {
        const auto offset = static_cast<std::int32_t>(op_.dilations[s] * t) -
                            static_cast<std::int32_t>(op_.pads_begin[s]);
        for (Source& source : sources) {
            source.stride[s] = op_.strides[s];
            source.offset[s] = offset;
        }
        return sources;
    }
    CircuitBuilder& builder_;
    const model::QMaxPool& op_;
    Dims leading_;
    Dims grid_;
    std::int64_t least_;
};

}  // namespace

Result<View> Lowering::lower_op(const model::QSumPool& op, const model::QNode& node) {
    std::vector<std::size_t> whole;
    for (std::size_t s = 0; s < op.kernel.size(); ++s) whole.push_back(2 + s);
    MINTMARK_TRY(const Input x, input(node, 0, whole));
    const model::Shape& shape = graph_.tensors[node.output].shape;
    Dims out = group_dims(x.view, x.groups[0]);
    const auto channel_axis = static_cast<std::uint8_t>(out.size());
    const Dims channels = group_dims(x.view, x.groups[1]);
    out.insert(out.end(), channels.begin(), channels.end());
    const std::size_t spatial_axis = out.size();
    out.insert(out.end(), shape.begin() + 2, shape.end());

    builder_.begin_step(out);
    OperandMaps maps(x.view);
    maps.eq(x.groups[0], 0).eq(x.groups[1], channel_axis);
    for (std::size_t s = 0; s < op.kernel.size(); ++s) {
        const auto p = static_cast<std::uint8_t>(spatial_axis + s);
        const std::uint8_t axis = x.groups[2 + s][0];
        maps.set(axis, window(p, out[p], x.view.stored[axis], op.kernel[s], op.strides[s],
                              op.dilations[s], -static_cast<std::int32_t>(op.pads_begin[s])));
    }
    builder_.step().lins.push_back({.coef = op.coef, .operand = maps.build()});
    return requantise(op.requant);
}

Result<View> Lowering::lower_op(const model::QMaxPool& op, const model::QNode& node) {
    const std::size_t spatial = op.kernel.size();
    std::vector<std::size_t> whole;
    for (std::size_t s = 0; s < spatial; ++s) whole.push_back(2 + s);
    MINTMARK_TRY(const Input x, input(node, 0, whole));
    const model::QTensor& in_tensor = graph_.tensors[node.inputs[0]];
    const model::QTensor& out_tensor = graph_.tensors[node.output];
    const std::int64_t range = in_tensor.hi - in_tensor.lo;

    Dims leading = group_dims(x.view, x.groups[0]);
    const Dims channels = group_dims(x.view, x.groups[1]);
    leading.insert(leading.end(), channels.begin(), channels.end());
    Dims grid(in_tensor.shape.begin() + 2, in_tensor.shape.end());
    bool leaves_box = false;
    for (std::size_t s = 0; s < spatial; ++s) {
        leaves_box = leaves_box || window_leaves_box(op, s, grid[s], out_tensor.shape[2 + s]);
    }
    std::vector<Source> sources = {{.view = x.view,
                                    .groups = x.groups,
                                    .stride = std::vector<std::uint32_t>(spatial, 1),
                                    .offset = std::vector<std::int32_t>(spatial, 0)}};
    // Outside of the box a read gives 0: neutral once every value is at least 0.
    const std::int64_t floor = leaves_box ? in_tensor.lo : 0;
    MaxPoolSteps steps(builder_, op, leading, grid, floor < 0 ? 0 : in_tensor.lo);
    if (floor < 0) {
        steps.begin();
        steps.add(sources, 1);
        builder_.add_const(-floor);
        const std::uint16_t shifted = builder_.add_limb(0, value_range(0, range));
        sources = {steps.result(shifted)};
    }
    for (std::size_t s = spatial; s-- > 0;) {
        steps.reduce(sources, s, out_tensor.shape[2 + s], range);
    }
    steps.begin();
    steps.add(sources, 1);
    if (floor < 0) builder_.add_const(floor);
    return copy_limb(out_tensor);
}

}  // namespace mintmark::compiler
