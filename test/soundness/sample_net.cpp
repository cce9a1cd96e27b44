#include "sample_net.hpp"

#include <algorithm>

#include "mintmark/base/rng.hpp"
#include "mintmark/circuit/layout.hpp"

namespace mintmark::testing {
namespace {

constexpr std::uint8_t kPixelTable = 1, kRemainderTable = 2, kReluTable = 3, kScoreTable = 4;

// Lays tensors out one after the other, largest alignment first within a call's order.
class Builder {
  public:
    Builder(const NetShape& net, std::uint8_t mu) : shape(net) { circuit.mu = mu; }

    std::uint16_t tensor(Column column, std::vector<Axis> axes) {
        std::uint32_t& end = ends_[static_cast<std::size_t>(column)];
        Tensor made{column, 0, std::move(axes)};
        const std::uint32_t size = std::uint32_t{1} << made.num_vars();
        made.offset = (end + size - 1) / size * size;
        end = made.offset + size;
        circuit.tensors.push_back(made);
        return static_cast<std::uint16_t>(circuit.tensors.size() - 1);
    }
    // The G tensor of an F tensor.
    std::uint16_t result_of(std::uint16_t limb) {
        Tensor made = circuit.tensors[limb];
        made.column = Column::kG;
        circuit.tensors.push_back(made);
        std::uint32_t& end = ends_[static_cast<std::size_t>(Column::kG)];
        end = std::max(end, made.offset + (std::uint32_t{1} << made.num_vars()));
        return static_cast<std::uint16_t>(circuit.tensors.size() - 1);
    }
    [[nodiscard]] std::uint16_t chunks(Column column) const {
        const std::uint32_t m = std::uint32_t{1} << circuit.mu;
        return static_cast<std::uint16_t>((ends_[static_cast<std::size_t>(column)] + m - 1) / m);
    }

    const NetShape& shape;
    Circuit circuit;

  private:
    std::uint32_t ends_[kNumColumns] = {};
};

ConstTerm everywhere(Int128 coef, const std::vector<Axis>& axes) {
    ConstTerm term{coef, {}};
    for (const Axis& axis : axes) term.ranges.emplace_back(0, axis.dim);
    return term;
}

// A step whose limbs are a remainder and a relu look-up; the result's G tensor.
std::uint16_t add_relu_step(Builder& builder, std::vector<Axis> out, Step step) {
    const std::uint16_t pre = builder.tensor(Column::kF, out);
    const std::uint16_t rest = builder.tensor(Column::kF, out);
    step.out = out;
    step.limbs = {{rest, 0, kRemainderTable}, {pre, builder.shape.shift, kReluTable}};
    step.consts.push_back(everywhere(1 << (builder.shape.shift - 1), out));
    builder.circuit.steps.push_back(std::move(step));
    return builder.result_of(pre);
}

std::uint16_t add_conv(Builder& builder, std::uint16_t x, std::uint32_t channels,
                       std::int32_t padding) {
    const std::uint32_t kernel = builder.shape.kernel;
    const auto in_axes = builder.circuit.tensors[x].axes;
    const Axis in_channels = in_axes[0];
    const Axis size{in_axes[1].dim + 2 * static_cast<std::uint32_t>(padding) + 1 - kernel};
    const auto w =
        builder.tensor(Column::kW, {Axis{channels}, in_channels, Axis{kernel}, Axis{kernel}});
    const auto bias = builder.tensor(Column::kW, {Axis{channels}});
    Step step;
    step.lins.push_back({2, {bias, {AxisMap::eq(0)}}});
    ProdTerm term{1, {in_channels, Axis{kernel}, Axis{kernel}}, 0, {}, {}};
    term.a = {w, {AxisMap::eq(0), AxisMap::eq(3), AxisMap::eq(4), AxisMap::eq(5)}};
    term.b = {
        x,
        {AxisMap::eq(3), AxisMap::win(1, 4, 1, 1, -padding), AxisMap::win(2, 5, 1, 1, -padding)}};
    step.prods.push_back(term);
    return add_relu_step(builder, {Axis{channels}, size, size}, std::move(step));
}

std::uint16_t add_pool(Builder& builder, std::uint16_t x) {
    const auto axes = builder.circuit.tensors[x].axes;
    const std::vector<Axis> out{axes[0], Axis{axes[1].dim / 2}, Axis{axes[2].dim / 2}};
    Step step;
    step.lins.push_back(
        {1 << (builder.shape.shift - 1),
         {x, {AxisMap::eq(0), AxisMap::sum_win(1, 2, 2, 1, 0), AxisMap::sum_win(2, 2, 2, 1, 0)}}});
    return add_relu_step(builder, out, std::move(step));
}

ProdTerm dense_term(Builder& builder, std::uint16_t x, std::uint32_t outputs) {
    const auto axes = builder.circuit.tensors[x].axes;
    std::vector<Axis> w_axes{Axis{outputs}};
    w_axes.insert(w_axes.end(), axes.begin(), axes.end());
    ProdTerm term{1, axes, 0, {builder.tensor(Column::kW, w_axes), {AxisMap::eq(0)}}, {x, {}}};
    for (std::size_t i = 0; i < axes.size(); ++i) {
        const auto env = static_cast<std::uint8_t>(1 + i);
        term.a.maps.push_back(AxisMap::eq(env));
        term.b.maps.push_back(AxisMap::eq(env));
    }
    return term;
}

void add_scores(Builder& builder, std::uint16_t x, Visibility visibility) {
    const std::vector<Axis> out{Axis{builder.shape.scores}};
    const auto low = builder.tensor(Column::kF, out);
    const auto high = builder.tensor(Column::kF, out);
    Step step{
        out, {{low, 0, kRemainderTable}, {high, builder.shape.shift, kScoreTable}}, {}, {}, {}};
    step.prods.push_back(dense_term(builder, x, builder.shape.scores));
    builder.circuit.steps.push_back(std::move(step));
    const auto result = builder.tensor(Column::kOut, out);
    Step last{out, {}, {}, {}, {}};
    last.lins.push_back({1, {low, {AxisMap::eq(0)}}});
    last.lins.push_back({1 << builder.shape.shift, {high, {AxisMap::eq(0)}}});
    last.lins.push_back({-1, {result, {AxisMap::eq(0)}}});
    builder.circuit.steps.push_back(std::move(last));
    builder.circuit.output = visibility;
}

void add_tables(Circuit& circuit, const NetShape& shape) {
    const std::int32_t top = (1 << shape.pixel_bits) - 1;
    const std::int64_t half = std::int64_t{1} << (shape.relu_bits - 1);
    const std::uint32_t unit = 1U << shape.relu_bits;  // > pixel and remainder rows
    circuit.tables = {
        {shape.pixel_bits, TableFunction::kClamp, 0, 0, 0, top, 1, 1, 0},
        {shape.shift, TableFunction::kRange, unit / 2, 0, 0, 0, 0, 0, 0},
        {shape.relu_bits, TableFunction::kRelu, unit, -half, 0, top, 1, 1, 0},
        {shape.relu_bits, TableFunction::kRange, 2 * unit, -half, 0, 0, 0, 0, 0},
    };
    const std::uint32_t m = 1U << circuit.mu;
    circuit.n_t = static_cast<std::uint16_t>((3 * unit + m - 1) / m);
}

void fill_weights(Sample& sample, const NetShape& shape, std::uint64_t seed) {
    SeededRng rng(seed);
    const std::uint64_t span = 2 * shape.weight_max + 1;
    const Circuit& circuit = sample.circuit;
    sample.weights.assign(std::size_t{circuit.n_w} << circuit.mu, 0);
    for (const Tensor& tensor : circuit.tensors) {
        if (tensor.column != Column::kW) continue;
        for (std::uint64_t i = 0; i < num_entries(tensor.axes); ++i)
            sample.weights[tensor.offset + padded_index(tensor.axes, i)] =
                static_cast<std::int64_t>(rng.next() % span) - shape.weight_max;
    }
    sample.input.resize(std::size_t{shape.image} * shape.image);
    for (auto& pixel : sample.input)
        pixel = static_cast<std::int64_t>(rng.next() >> (64 - shape.pixel_bits));
}

}  // namespace

Sample sample_net(const NetShape& shape, const NetOptions& options) {
    Builder builder(shape, options.mu);
    Circuit& circuit = builder.circuit;
    circuit.input = options.input;
    add_tables(circuit, shape);
    const std::vector<Axis> image{Axis{1}, Axis{shape.image}, Axis{shape.image}};
    const auto in = builder.tensor(Column::kIn, image);
    const auto copy = builder.tensor(Column::kF, image);
    Step first{image, {{copy, 0, kPixelTable}}, {}, {}, {}};
    first.lins.push_back({1, {in, {AxisMap::eq(0), AxisMap::eq(1), AxisMap::eq(2)}}});
    circuit.steps.push_back(first);
    auto x = builder.result_of(copy);
    x = add_conv(builder, x, shape.channels1, shape.padding1);
    x = add_pool(builder, x);
    x = add_conv(builder, x, shape.channels2, shape.padding2);
    x = add_pool(builder, x);
    for (const std::uint32_t outputs : {shape.dense1, shape.dense2}) {
        Step step;
        step.prods.push_back(dense_term(builder, x, outputs));
        x = add_relu_step(builder, {Axis{outputs}}, std::move(step));
    }
    add_scores(builder, x, options.output);
    circuit.n_w = builder.chunks(Column::kW);
    circuit.n_f = builder.chunks(Column::kF);
    circuit.n_g = builder.chunks(Column::kG);
    if (options.input == Visibility::kCommitted) circuit.n_in = builder.chunks(Column::kIn);
    if (options.output == Visibility::kCommitted) circuit.n_out = builder.chunks(Column::kOut);
    Sample sample{std::move(circuit), {}, {}};
    fill_weights(sample, shape, options.seed);
    return sample;
}

}  // namespace mintmark::testing
