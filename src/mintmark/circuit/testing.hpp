// Test support: a builder of small circuits, and five circuits with their expected outputs computed
// by plain loops that know nothing of steps or maps.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "mintmark/base/rng.hpp"
#include "mintmark/circuit/circuit.hpp"
#include "mintmark/circuit/layout.hpp"
#include "mintmark/circuit/table.hpp"

namespace mintmark::testing {

/// Places tensors and tables one after the other, aligned, and counts the chunks.
class CircuitBuilder {
  public:
    explicit CircuitBuilder(std::uint8_t mu) { circuit_.mu = mu; }

    /// Table id, numbered from 1.
    std::uint8_t add_table(Table table) {
        table.row_offset = place(next_row_, table.log_size);
        circuit_.tables.push_back(table);
        return static_cast<std::uint8_t>(circuit_.tables.size());
    }
    std::uint8_t add_range(std::uint8_t log_size, std::int64_t lo) {
        return add_table({.log_size = log_size, .lo = lo});
    }
    /// Clamp to [out_lo, out_hi] on the domain [lo, lo + 2^log_size).
    std::uint8_t add_function(TableFunction function, std::uint8_t log_size, std::int64_t lo,
                              std::pair<std::int32_t, std::int32_t> out) {
        return add_table({.log_size = log_size,
                          .function = function,
                          .lo = lo,
                          .out_lo = out.first,
                          .out_hi = out.second,
                          .in_step = 1,
                          .out_step = 1});
    }

    /// The next F tensor starts a chunk of its own.
    void start_f_chunk() { next_f_ = place(next_f_, circuit_.mu); }

    /// Tensor id. W and F tensors get the next free lanes, IN and OUT lane 0.
    std::uint16_t add_tensor(Column column, std::vector<Axis> axes) {
        std::uint32_t offset = 0;
        const std::uint8_t n = num_vars(axes);
        if (column == Column::kW) offset = place(next_w_, n);
        if (column == Column::kF) offset = place(next_f_, n);
        return push({column, offset, std::move(axes)});
    }
    /// As add_tensor(kW); `values` are logical, row-major.
    std::uint16_t add_weights(std::vector<Axis> axes, const std::vector<std::int64_t>& values) {
        const std::uint16_t id = add_tensor(Column::kW, std::move(axes));
        const Tensor& t = circuit_.tensors[id];
        weights_.resize(next_w_, 0);
        for (std::size_t i = 0; i < values.size(); ++i)
            weights_[t.offset + padded_index(t.axes, i)] = values[i];
        return id;
    }
    /// The G tensor at the lanes of an F tensor.
    std::uint16_t add_result(std::uint16_t f) {
        Tensor t = circuit_.tensors[f];
        t.column = Column::kG;
        next_g_ = std::max(next_g_, t.offset + (std::uint32_t{1} << t.num_vars()));
        return push(std::move(t));
    }
    Step& add_step(std::vector<Axis> out) {
        circuit_.steps.push_back({.out = std::move(out)});
        return circuit_.steps.back();
    }
    /// The first step: copies the input into a new F tensor through `table`; returns its id.
    std::uint16_t input_step(const std::vector<Axis>& axes, std::uint8_t table) {
        const std::uint16_t in = add_tensor(Column::kIn, axes);
        const std::uint16_t copy = add_tensor(Column::kF, axes);
        Step& step = add_step(axes);
        step.limbs = {{copy, 0, table}};
        step.lins = {{1, identity(in)}};
        return copy;
    }
    /// The last step: `tensor` is the output.
    void output_step(std::uint16_t tensor) {
        const std::vector<Axis> axes = circuit_.tensors[tensor].axes;
        const std::uint16_t out = add_tensor(Column::kOut, axes);
        Step& step = add_step(axes);
        step.lins = {{1, identity(tensor)}, {-1, identity(out)}};
    }
    /// Limbs of round(value / 2^log_remainder) through `table`, remainder in `remainder_table` of
    /// that size; returns the F tensor of the rounded value, whose lanes should have been placed
    /// with add_tensor before.
    void add_requantisation(Step& step, std::uint16_t value, std::uint8_t remainder_table,
                            std::uint8_t table) {
        const std::uint8_t shift = circuit_.tables[remainder_table - 1U].log_size;
        const std::uint16_t remainder = add_tensor(Column::kF, step.out);
        step.limbs = {{remainder, 0, remainder_table}, {value, shift, table}};
        ConstTerm half{.coef = Int128{1} << (shift - 1), .ranges = {}};
        for (const Axis& axis : step.out) half.ranges.emplace_back(0, axis.dim);
        step.consts.push_back(std::move(half));
    }
    /// EQ on every axis in order.
    [[nodiscard]] Operand identity(std::uint16_t tensor) const {
        Operand operand{.tensor = tensor, .maps = {}};
        for (std::size_t i = 0; i < circuit_.tensors[tensor].axes.size(); ++i)
            operand.maps.push_back(AxisMap::eq(static_cast<std::uint8_t>(i)));
        return operand;
    }

    /// Fixes the numbers of chunks (a default row in T included).
    [[nodiscard]] Circuit finish(Visibility input, Visibility output) {
        Circuit& c = circuit_;
        c.input = input;
        c.output = output;
        c.n_w = chunks(next_w_);
        c.n_f = chunks(next_f_);
        c.n_g = chunks(next_g_);
        c.n_t = chunks(next_row_ + 1);
        const auto io = [&](Visibility v, const Tensor& t) -> std::uint16_t {
            return v == Visibility::kPublic ? std::uint16_t{0} : chunks(1U << t.num_vars());
        };
        c.n_in = io(input, c.input_tensor());
        c.n_out = io(output, c.output_tensor());
        return c;
    }
    /// Column W: n_w * 2^mu lanes; call after finish.
    [[nodiscard]] std::vector<std::int64_t> weights() {
        weights_.resize(std::size_t{circuit_.n_w} << circuit_.mu, 0);
        return weights_;
    }

  private:
    static std::uint32_t place(std::uint32_t& next, std::uint8_t log_size) {
        const std::uint32_t size = std::uint32_t{1} << log_size;
        const std::uint32_t offset = (next + size - 1) / size * size;
        next = offset + size;
        return offset;
    }
    std::uint16_t push(Tensor tensor) {
        circuit_.tensors.push_back(std::move(tensor));
        return static_cast<std::uint16_t>(circuit_.tensors.size() - 1);
    }
    [[nodiscard]] std::uint16_t chunks(std::uint32_t lanes) const {
        const std::uint32_t m = std::uint32_t{1} << circuit_.mu;
        return static_cast<std::uint16_t>((lanes + m - 1) / m);
    }

    Circuit circuit_;
    std::uint32_t next_w_ = 0, next_f_ = 0, next_g_ = 0, next_row_ = 0;
    std::vector<std::int64_t> weights_;
};

/// A circuit with one input and the output that plain loops give.
struct TestCircuit {
    std::string name;
    Circuit circuit;
    std::vector<std::int64_t> weights;  ///< column W, n_w * 2^mu lanes
    std::vector<std::int64_t> input;    ///< logical, row-major
    std::vector<std::int64_t> output;   ///< logical, row-major
};

/// Small integers in [-bound, bound], the same for each seed.
inline std::vector<std::int64_t> small_values(std::size_t n, std::int64_t bound,
                                              std::uint64_t seed) {
    SeededRng rng(seed);
    std::vector<std::int64_t> values(n);
    for (std::int64_t& v : values)
        v = static_cast<std::int64_t>(rng.next() % static_cast<std::uint64_t>(2 * bound + 1)) -
            bound;
    return values;
}

inline std::int64_t round_shift(std::int64_t value, int shift) {
    return (value + (std::int64_t{1} << (shift - 1))) >> shift;
}

/// (1) y = relu(x), three values, public.
inline TestCircuit relu_circuit(std::uint8_t mu = 6) {
    CircuitBuilder b(mu);
    const std::uint8_t relu = b.add_function(TableFunction::kRelu, 7, -64, {0, 15});
    const std::uint16_t copy = b.input_step({{3}}, relu);
    b.output_step(b.add_result(copy));
    Circuit circuit = b.finish(Visibility::kPublic, Visibility::kPublic);
    return {"relu", std::move(circuit), b.weights(), {-5, 0, 11}, {0, 0, 11}};
}

namespace detail {

/// y = W x + bias for W of `bias.size()` rows.
inline std::vector<std::int64_t> gemm(const std::vector<std::int64_t>& w,
                                      const std::vector<std::int64_t>& bias,
                                      const std::vector<std::int64_t>& x) {
    std::vector<std::int64_t> y = bias;
    for (std::size_t i = 0; i < y.size(); ++i)
        for (std::size_t j = 0; j < x.size(); ++j) y[i] += w[i * x.size() + j] * x[j];
    return y;
}

/// Adds the step y = table(round((W x + bias) / 2^4)); returns y's G tensor.
inline std::uint16_t add_gemm(CircuitBuilder& b, std::uint16_t x, std::uint32_t dim_in,
                              std::uint16_t value, std::pair<std::uint8_t, std::uint8_t> tables,
                              const std::vector<std::int64_t>& w,
                              const std::vector<std::int64_t>& bias) {
    const auto dim_out = static_cast<std::uint32_t>(bias.size());
    const std::uint16_t weights = b.add_weights({{dim_out}, {dim_in}}, w);
    const std::uint16_t biases = b.add_weights({{dim_out}}, bias);
    Step& step = b.add_step({{dim_out}});
    step.lins = {{1, {biases, {AxisMap::eq(0)}}}};
    step.prods = {
        {1, {{dim_in}}, 0, {weights, {AxisMap::eq(0), AxisMap::eq(1)}}, {x, {AxisMap::eq(1)}}}};
    b.add_requantisation(step, value, tables.first, tables.second);
    return b.add_result(value);
}

}  // namespace detail

/// (2) gemm 6 -> 5, bias, requantise, relu; gemm 5 -> 3, bias, requantise, clamp; all public. The
/// results' lanes come first, so that G has fewer chunks than F.
inline TestCircuit gemm_circuit(std::uint8_t mu = 7) {
    const auto w1 = small_values(30, 15, 1);
    const auto b1 = small_values(5, 100, 2);
    const auto w2 = small_values(15, 15, 3);
    const auto b2 = small_values(3, 100, 4);
    const auto x = small_values(6, 30, 5);
    CircuitBuilder b(mu);
    const std::uint8_t relu = b.add_function(TableFunction::kRelu, 9, -256, {0, 40});
    const std::uint8_t clamp = b.add_function(TableFunction::kClamp, 9, -256, {-31, 31});
    const std::uint8_t remainder = b.add_range(4, 0);
    const std::uint8_t range = b.add_range(6, -32);
    const std::uint16_t hidden = b.add_tensor(Column::kF, {{5}});
    const std::uint16_t last = b.add_tensor(Column::kF, {{3}});
    b.start_f_chunk();
    const std::uint16_t copy = b.input_step({{6}}, range);
    const std::uint16_t y1 = detail::add_gemm(b, copy, 6, hidden, {remainder, relu}, w1, b1);
    const std::uint16_t y2 = detail::add_gemm(b, y1, 5, last, {remainder, clamp}, w2, b2);
    b.output_step(y2);
    Circuit circuit = b.finish(Visibility::kPublic, Visibility::kPublic);

    auto h = detail::gemm(w1, b1, x);
    for (auto& v : h) v = std::clamp<std::int64_t>(round_shift(v, 4), 0, 40);
    auto y = detail::gemm(w2, b2, h);
    for (auto& v : y) v = std::clamp<std::int64_t>(round_shift(v, 4), -31, 31);
    return {"gemm", std::move(circuit), b.weights(), x, y};
}

namespace detail {

/// max(a, b) = b + relu(a - b), then again along the other axis: 2 x 2 windows, stride 1, of
/// y [3,3,3]. Returns the F tensor [3,2,2] of the maxima.
inline std::uint16_t add_max_pool(CircuitBuilder& b, std::uint16_t y, std::uint8_t relu,
                                  std::uint8_t range) {
    const AxisMap c = AxisMap::eq(0);
    const auto at = [](std::uint8_t p, std::int32_t offset) {
        return AxisMap::sum_win(p, 1, 1, 0, offset);
    };
    const std::uint16_t d = b.add_tensor(Column::kF, {{3}, {3}, {2}});
    Step& columns = b.add_step({{3}, {3}, {2}});
    columns.limbs = {{d, 0, relu}};
    columns.lins = {{1, {y, {c, at(1, 0), at(2, 0)}}}, {-1, {y, {c, at(1, 0), at(2, 1)}}}};
    const std::uint16_t gd = b.add_result(d);
    const std::uint16_t e = b.add_tensor(Column::kF, {{3}, {2}, {2}});
    Step& rows = b.add_step({{3}, {2}, {2}});
    rows.limbs = {{e, 0, relu}};
    rows.lins = {{1, {gd, {c, at(1, 0), at(2, 0)}}},
                 {1, {y, {c, at(1, 0), at(2, 1)}}},
                 {-1, {gd, {c, at(1, 1), at(2, 0)}}},
                 {-1, {y, {c, at(1, 1), at(2, 1)}}}};
    const std::uint16_t ge = b.add_result(e);
    const std::uint16_t max = b.add_tensor(Column::kF, {{3}, {2}, {2}});
    Step& sum = b.add_step({{3}, {2}, {2}});
    sum.limbs = {{max, 0, range}};
    sum.lins = {
        {1, b.identity(ge)}, {1, {gd, {c, at(1, 1), at(2, 0)}}}, {1, {y, {c, at(1, 1), at(2, 1)}}}};
    return max;
}

inline std::vector<std::int64_t> conv_then_max(const std::vector<std::int64_t>& x,
                                               const std::vector<std::int64_t>& w) {
    std::vector<std::int64_t> y(27);
    for (int o = 0; o < 27; ++o) {
        const int c = o / 9;
        const int i = o / 3 % 3;
        const int j = o % 3;
        std::int64_t sum = 0;
        for (int k = 0; k < 18; ++k) {
            const int row = 2 * i + k / 3 % 3 - 1;
            const int column = 2 * j + k % 3 - 1;
            if (row < 0 || row >= 5 || column < 0 || column >= 5) continue;
            sum += w[static_cast<std::size_t>(18 * c + k)] *
                   x[static_cast<std::size_t>(25 * (k / 9) + 5 * row + column)];
        }
        y[static_cast<std::size_t>(o)] = std::clamp<std::int64_t>(round_shift(sum, 3), 0, 63);
    }
    std::vector<std::int64_t> out;
    for (std::size_t c = 0; c < 3; ++c)
        for (std::size_t i = 0; i < 2; ++i)
            for (std::size_t j = 0; j < 2; ++j) {
                const auto at = [&](std::size_t a, std::size_t e) {
                    return y[9 * c + 3 * (i + a) + j + e];
                };
                out.push_back(std::max({at(0, 0), at(0, 1), at(1, 0), at(1, 1)}));
            }
    return out;
}

}  // namespace detail

/// (3) convolution 2 -> 3 channels of 5 x 5, kernel 3, stride 2, padding 1; requantise, relu;
/// 2 x 2 max pool of stride 1. Input and output committed.
inline TestCircuit conv_circuit(std::uint8_t mu = 7) {
    const auto w = small_values(54, 7, 6);
    const auto x = small_values(50, 15, 7);
    CircuitBuilder b(mu);
    const std::uint8_t remainder = b.add_range(3, 0);
    const std::uint8_t conv = b.add_function(TableFunction::kRelu, 9, -256, {0, 63});
    const std::uint8_t relu = b.add_function(TableFunction::kRelu, 8, -128, {0, 127});
    const std::uint8_t range = b.add_range(6, 0);
    const std::uint8_t in_range = b.add_range(5, -16);
    const std::uint16_t copy = b.input_step({{2}, {5}, {5}}, in_range);
    const std::uint16_t kernel = b.add_weights({{3}, {2}, {3}, {3}}, w);
    const std::uint16_t value = b.add_tensor(Column::kF, {{3}, {3}, {3}});
    Step& step = b.add_step({{3}, {3}, {3}});
    step.prods = {
        {1,
         {{2}, {3}, {3}},
         0,
         {kernel, {AxisMap::eq(0), AxisMap::eq(3), AxisMap::eq(4), AxisMap::eq(5)}},
         {copy, {AxisMap::eq(3), AxisMap::win(1, 4, 2, 1, -1), AxisMap::win(2, 5, 2, 1, -1)}}}};
    b.add_requantisation(step, value, remainder, conv);
    b.output_step(detail::add_max_pool(b, b.add_result(value), relu, range));
    Circuit circuit = b.finish(Visibility::kCommitted, Visibility::kCommitted);
    return {"conv", std::move(circuit), b.weights(), x, detail::conv_then_max(x, w)};
}

namespace detail {

struct MixedTables {
    std::uint8_t remainder, leaky, tanh, sigmoid, range;
};

inline MixedTables add_mixed_tables(CircuitBuilder& b) {
    MixedTables t{};
    t.remainder = b.add_range(2, 0);
    Table leaky{.log_size = 9, .function = TableFunction::kLeakyRelu, .lo = -256};
    leaky.out_lo = -100;
    leaky.out_hi = 100;
    leaky.in_step = leaky.out_step = 0.25F;
    leaky.alpha = 13107;
    t.leaky = b.add_table(leaky);
    Table tanh = leaky;
    tanh.function = TableFunction::kTanh;
    tanh.log_size = 10;
    tanh.lo = -512;
    tanh.alpha = 0;
    tanh.in_step = 0.01F;
    tanh.out_step = 1.0F / 64;
    t.tanh = b.add_table(tanh);
    tanh.function = TableFunction::kSigmoid;
    t.sigmoid = b.add_table(tanh);
    t.range = b.add_range(5, -16);
    return t;
}

}  // namespace detail

/// (4) x [3,4,4]: grouped convolution (3 groups of 1 -> 2 channels, kernel 3, padding 1), leaky
/// relu; times x (broadcast over the channels of a group), tanh; regroup [3,2,4,4] -> [8,12];
/// rows 2..6 of that beside sums of x over windows [5,15], plus a bias per column, sigmoid.
/// Input public, output committed.
inline TestCircuit mixed_circuit(std::uint8_t mu = 7);

namespace detail {

inline std::vector<std::int64_t> mixed_output(const MixedTables& t, const Circuit& c,
                                              const std::vector<std::int64_t>& x,
                                              const std::vector<std::int64_t>& w,
                                              const std::vector<std::int64_t>& bias) {
    const auto table = [&](std::uint8_t id, std::int64_t v) {
        return table_output(c.tables[id - 1U], v);
    };
    const auto x_at = [&](int g, int i, int j) -> std::int64_t {
        if (g < 0 || g >= 3 || i < 0 || i >= 4 || j < 0 || j >= 4) return 0;
        return x[static_cast<std::size_t>(16 * g + 4 * i + j)];
    };
    std::vector<std::int64_t> z(96);
    for (int o = 0; o < 96; ++o) {
        const int channel = o / 16;
        const int i = o / 4 % 4;
        const int j = o % 4;
        std::int64_t sum = 0;
        for (int k = 0; k < 9; ++k)
            sum += w[static_cast<std::size_t>(9 * channel + k)] *
                   x_at(channel / 2, i + k / 3 - 1, j + k % 3 - 1);
        const std::int64_t y = table(t.leaky, round_shift(sum, 2));
        z[static_cast<std::size_t>(o)] = table(t.tanh, round_shift(y * x_at(channel / 2, i, j), 2));
    }
    std::vector<std::int64_t> out;
    for (int i = 0; i < 5; ++i)
        for (int j = 0; j < 15; ++j) {
            std::int64_t v = bias[static_cast<std::size_t>(j)];
            if (j < 12) v += 2 * z[static_cast<std::size_t>(12 * (i + 2) + j)];
            for (int k = 0; k < 8 && j >= 12; ++k) v += x_at(j - 12, i - 1 + k / 4, k % 4);
            out.push_back(table(t.sigmoid, v));
        }
    return out;
}

}  // namespace detail

inline TestCircuit mixed_circuit(std::uint8_t mu) {
    const auto w = small_values(54, 7, 8);
    const auto bias = small_values(15, 20, 9);
    const auto x = small_values(48, 15, 10);
    const auto eq = [](std::uint8_t p) { return AxisMap::eq(p); };
    CircuitBuilder b(mu);
    const detail::MixedTables t = detail::add_mixed_tables(b);
    const std::uint16_t copy = b.input_step({{3}, {4}, {4}}, t.range);
    const std::uint16_t kernel = b.add_weights({{3}, {2}, {3}, {3}}, w);
    const std::uint16_t biases = b.add_weights({{15}}, bias);

    const std::vector<Axis> box = {{3}, {2}, {4}, {4}};
    const std::uint16_t y = b.add_tensor(Column::kF, box);
    Step& conv = b.add_step(box);
    conv.prods = {{1,
                   {{3}, {3}},
                   0b0001,
                   {kernel, {eq(0), eq(1), eq(4), eq(5)}},
                   {copy, {eq(0), AxisMap::win(2, 4, 1, 1, -1), AxisMap::win(3, 5, 1, 1, -1)}}}};
    b.add_requantisation(conv, y, t.remainder, t.leaky);
    const std::uint16_t gy = b.add_result(y);

    const std::uint16_t z = b.add_tensor(Column::kF, box);
    Step& product = b.add_step(box);
    product.prods = {{1, {}, 0b1101, b.identity(gy), {copy, {eq(0), eq(2), eq(3)}}}};
    b.add_requantisation(product, z, t.remainder, t.tanh);
    const std::uint16_t gz = b.add_result(z);

    const std::uint8_t wide = b.add_range(8, -128);
    const std::uint16_t grouped = b.add_tensor(Column::kF, {{8}, {12}});
    Step& regroup = b.add_step({{8}, {12}});
    regroup.limbs = {{grouped, 0, wide}};
    regroup.lins = {{1, {gz, {AxisMap::regroup(0, 2, 4)}}}};

    const std::uint16_t last = b.add_tensor(Column::kF, {{5}, {15}});
    Step& concat = b.add_step({{5}, {15}});
    concat.limbs = {{last, 0, t.sigmoid}};
    concat.lins = {
        {2, {grouped, {AxisMap::sum_win(0, 1, 1, 0, 2), AxisMap::sum_win(1, 1, 1, 0, 0)}}},
        {1,
         {copy,
          {AxisMap::sum_win(1, 1, 1, 0, -12), AxisMap::sum_win(0, 2, 1, 1, -1),
           AxisMap::sum_win(kNoAxis, 4, 0, 1, 0)}}},
        {1, {biases, {eq(1)}}}};
    b.output_step(b.add_result(last));
    Circuit circuit = b.finish(Visibility::kPublic, Visibility::kCommitted);
    auto output = detail::mixed_output(t, circuit, x, w, bias);
    return {"mixed", std::move(circuit), b.weights(), x, std::move(output)};
}

namespace detail {

inline std::vector<std::int64_t> loop_output(std::vector<std::int64_t> s,
                                             const std::vector<std::int64_t>& w,
                                             const std::vector<std::int64_t>& bias) {
    for (std::size_t block = 0; block < 3; ++block) {
        std::vector<std::int64_t> next(4);
        for (std::size_t i = 0; i < 4; ++i) {
            std::int64_t u = 0;
            for (std::size_t j = 0; j < 4; ++j) u += w[16 * block + 4 * i + j] * s[j];
            next[i] =
                std::clamp<std::int64_t>(round_shift(u, 2), -9, 9) + s[i] + bias[4 * block + i];
        }
        s = next;
    }
    return s;
}

}  // namespace detail

/// (5) Three blocks s := clamp(W_a s / 4) + s + b_a in two steps, which read what the block before
/// has bound; the output is the last block's. Both committed.
inline TestCircuit loop_circuit(std::uint8_t mu = 7) {
    const auto w = small_values(48, 1, 11), bias = small_values(12, 5, 12);
    const auto x = small_values(4, 15, 13);
    const auto eq = [](std::uint8_t p) { return AxisMap::eq(p); };
    CircuitBuilder b(mu);
    const std::uint8_t remainder = b.add_range(2, 0), wide = b.add_range(8, -128);
    const std::uint8_t clamp = b.add_function(TableFunction::kClamp, 8, -128, {-9, 9});
    const std::uint16_t x0 = b.input_step({{4}}, wide);
    const std::uint16_t weights = b.add_weights({{3}, {4}, {4}}, w);
    const std::uint16_t biases = b.add_weights({{3}, {4}}, bias);
    const std::uint16_t first = b.add_tensor(Column::kF, {{1}, {4}});
    Step& copy = b.add_step({{1}, {4}});
    copy.limbs = {{first, 0, wide}};
    copy.lins = {{1, {x0, {eq(1)}}}};

    const std::uint16_t u = b.add_tensor(Column::kF, {{3}, {4}});
    const std::uint16_t s = b.add_tensor(Column::kF, {{3}, {4}});
    const AxisMap before = AxisMap::sum_win(0, 1, 1, 1, -1), only = AxisMap::sum_win(0, 1, 1, 1, 0);
    const Operand matrix{weights, {eq(0), eq(1), eq(2)}};
    Step& product = b.add_step({{3}, {4}});
    product.prods = {{1, {{4}}, 0b01, matrix, {s, {before, eq(2)}}},
                     {1, {{4}}, 0b01, matrix, {first, {only, eq(2)}}}};
    b.add_requantisation(product, u, remainder, clamp);
    const std::uint16_t gu = b.add_result(u);
    Step& sum = b.add_step({{3}, {4}});
    sum.limbs = {{s, 0, wide}};
    sum.lins = {{1, b.identity(gu)},
                {1, {s, {before, eq(1)}}},
                {1, {first, {only, eq(1)}}},
                {1, b.identity(biases)}};

    const std::uint16_t last = b.add_tensor(Column::kF, {{4}});
    Step& pick = b.add_step({{4}});
    pick.limbs = {{last, 0, wide}};
    pick.lins = {{1, {s, {AxisMap::sum_win(kNoAxis, 1, 0, 1, 2), eq(0)}}}};
    b.output_step(last);
    Circuit circuit = b.finish(Visibility::kCommitted, Visibility::kCommitted);
    return {"loop", std::move(circuit), b.weights(), x, detail::loop_output(x, w, bias)};
}

/// All five.
inline std::vector<TestCircuit> all_circuits() {
    return {relu_circuit(), gemm_circuit(), conv_circuit(), mixed_circuit(), loop_circuit()};
}

}  // namespace mintmark::testing
