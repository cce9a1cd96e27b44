#include "mintmark/compiler/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/program.hpp"
#include "mintmark/compiler/allocator.hpp"

namespace mintmark::compiler {
namespace {

/// Longer keys do not go on the chain: 16 parts of 24,575 bytes (docs/spec/contracts.md §3).
constexpr double kMaxKeyBytes = 393'200;

std::vector<Axis> to_axes(const Dims& dims) {
    std::vector<Axis> out;
    for (const std::uint32_t dim : dims) out.push_back({dim});
    return out;
}

using TableKey = decltype(table_key(TableRequest{}));

}  // namespace

TableRequest remainder_range(std::uint8_t bits) {
    return {.lo = 0, .hi = (std::int64_t{1} << bits) - 1, .is_exact = true};
}

TableRequest value_range(std::int64_t lo, std::int64_t hi) {
    return {.lo = lo, .hi = hi};
}

std::uint16_t CircuitBuilder::add_tensor(Column column, const Dims& dims) {
    draft_.tensors.push_back({.column = column, .axes = to_axes(dims)});
    return static_cast<std::uint16_t>(draft_.tensors.size() - 1);
}

std::uint16_t CircuitBuilder::add_hidden(const Dims& dims, std::span<const std::int64_t> values,
                                         const HiddenLayout& layout) {
    MINTMARK_ASSERT(values.size() == volume(dims));
    MINTMARK_ASSERT(layout.order.empty() || layout.order.size() == dims.size());
    std::vector<std::size_t> strides(dims.size(), 1);
    for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
    Dims stored = dims;
    std::vector<std::size_t> in_values = strides;
    for (std::size_t i = 0; i < layout.order.size(); ++i) {
        stored[i] = dims[layout.order[i]];
        in_values[i] = strides[layout.order[i]];
    }
    const std::uint16_t id = add_tensor(Column::kW, stored);
    draft_.tensors[id].values = {values};
    draft_.tensors[id].strides = std::move(in_values);
    draft_.tensors[id].num_summed = layout.num_summed;
    return id;
}

std::uint16_t CircuitBuilder::add_port(Column column, const Dims& dims) {
    return add_tensor(column, dims);
}

void CircuitBuilder::begin_step(const Dims& out) {
    out_dims_ = out;
    draft_.steps.push_back(
        {.out = to_axes(out), .limbs = {}, .consts = {}, .lins = {}, .prods = {}});
    draft_.requests.emplace_back();
}

std::uint16_t CircuitBuilder::add_limb(std::uint8_t shift, const TableRequest& request) {
    const std::uint16_t input = add_tensor(Column::kF, out_dims_);
    step().limbs.push_back({.tensor = input, .shift = shift, .table = 0});
    draft_.requests.back().push_back(request);
    if (request.function == TableFunction::kRange) return input;
    const std::uint16_t result = add_tensor(Column::kG, out_dims_);
    draft_.tensors[input].twin = result;
    return result;
}

void CircuitBuilder::add_const(Int128 coef) {
    if (coef == 0) return;
    ConstTerm term{.coef = coef, .ranges = {}};
    for (const std::uint32_t dim : out_dims_) term.ranges.emplace_back(0, dim);
    step().consts.push_back(std::move(term));
}

void CircuitBuilder::add_remainder(std::uint8_t shift) {
    if (shift == 0) return;
    add_const(Int128{1} << (shift - 1));
    const int count = (shift + range_bits_ - 1) / range_bits_;
    std::uint8_t at = 0;
    for (int i = 0; i < count; ++i) {
        const auto bits = static_cast<std::uint8_t>((shift - at + count - i - 1) / (count - i));
        add_limb(at, remainder_range(bits));
        at = static_cast<std::uint8_t>(at + bits);
    }
}

Status CircuitBuilder::assign_tables(Circuit& circuit, std::uint64_t& num_rows) {
    std::map<TableKey, TableRequest> merged;
    for (const auto& limbs : draft_.requests) {
        for (const TableRequest& r : limbs) {
            const auto [it, is_new] = merged.try_emplace(table_key(r), r);
            it->second.lo = std::min(it->second.lo, r.lo);
            it->second.hi = std::max(it->second.hi, r.hi);
        }
    }
    std::vector<std::pair<TableKey, TableRequest>> order(merged.begin(), merged.end());
    const auto bits = [](const TableRequest& r) {
        return log2_ceil(static_cast<std::uint64_t>(r.hi - r.lo) + 1);
    };
    // Functions' tables first: chunks of T behind them hold zeros only, and cost the contract
    // nothing. Then largest first; keys break ties: the order is deterministic.
    const auto rank = [&](const std::pair<TableKey, TableRequest>& entry) {
        return std::pair(entry.second.function == TableFunction::kRange, -int{bits(entry.second)});
    };
    std::ranges::sort(order, [&](const auto& a, const auto& b) {
        return std::pair(rank(a), a.first) < std::pair(rank(b), b.first);
    });
    if (order.size() > 255) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("the model needs {} different look-up tables, at most 255 fit",
                                order.size()));
    }
    std::map<TableKey, std::uint8_t> ids;
    Allocator rows(0);
    for (const auto& [key, r] : order) {
        const std::uint64_t first = rows.take(std::uint64_t{1} << bits(r));
        circuit.tables.push_back({.log_size = bits(r),
                                  .function = r.function,
                                  .row_offset = static_cast<std::uint32_t>(first),
                                  .lo = r.lo,
                                  .out_lo = r.out_lo,
                                  .out_hi = r.out_hi,
                                  .in_step = r.in_step,
                                  .out_step = r.out_step,
                                  .alpha = r.alpha});
        ids[key] = static_cast<std::uint8_t>(circuit.tables.size());
    }
    num_rows = rows.end();
    for (std::size_t s = 0; s < draft_.steps.size(); ++s) {
        for (std::size_t l = 0; l < draft_.steps[s].limbs.size(); ++l) {
            draft_.steps[s].limbs[l].table = ids.at(table_key(draft_.requests[s][l]));
        }
    }
    return {};
}

std::uint64_t CircuitBuilder::place(Column column, bool with_twin, std::uint64_t begin) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < draft_.tensors.size(); ++i) {
        const bool has_twin = draft_.tensors[i].twin >= 0;
        if (draft_.tensors[i].column == column && has_twin == with_twin) order.push_back(i);
    }
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return std::pair(num_vars(draft_.tensors[b].axes), a) <
               std::pair(num_vars(draft_.tensors[a].axes), b);
    });
    Allocator allocator(begin);
    for (const std::size_t i : order) {
        const std::uint64_t size = std::uint64_t{1} << num_vars(draft_.tensors[i].axes);
        draft_.tensors[i].offset = static_cast<std::uint32_t>(allocator.take(size));
        if (with_twin) {
            draft_.tensors[static_cast<std::size_t>(draft_.tensors[i].twin)].offset =
                draft_.tensors[i].offset;
        }
    }
    return allocator.end();
}

void CircuitBuilder::place_lookups(std::uint64_t& lanes_f, std::uint64_t& lanes_g) {
    lanes_g = place(Column::kF, true, 0);
    lanes_f = place(Column::kF, false, lanes_g);
}

namespace {

/// Lanes of a tensor up to the last index of its outermost `num_summed` axes; the rest of its box
/// is padding that nothing reads.
std::uint64_t extent(std::span<const Axis> axes, std::size_t num_summed) {
    std::uint64_t stride = 1;
    for (const Axis& axis : axes) stride <<= axis.log();
    const std::uint64_t box = stride;
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < num_summed; ++i) {
        stride >>= axes[i].log();
        last += (axes[i].dim - 1) * stride;
    }
    return num_summed == 0 ? box : last + stride;
}

}  // namespace

/// A tensor of several chunks begins with any chunk, so the next one may lie in its last padding;
/// shorter ones fill what is left. Returns the lanes of the column.
std::uint64_t CircuitBuilder::place_weights(std::uint8_t mu) {
    const std::uint64_t m = std::uint64_t{1} << mu;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < draft_.tensors.size(); ++i)
        if (draft_.tensors[i].column == Column::kW) order.push_back(i);
    const auto box = [&](std::size_t i) {
        return std::uint64_t{1} << num_vars(draft_.tensors[i].axes);
    };
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return std::pair(box(b), a) < std::pair(box(a), b);
    });
    std::uint64_t next = 0, end = 0;
    std::size_t done = 0;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;
    for (; done < order.size() && box(order[done]) > m; ++done) {
        PendingTensor& tensor = draft_.tensors[order[done]];
        const std::uint64_t offset = (next + m - 1) / m * m;
        gaps.emplace_back(next, offset - next);
        tensor.offset = static_cast<std::uint32_t>(offset);
        next = offset + extent(tensor.axes, tensor.num_summed);
        end = std::max(end, offset + box(order[done]));
    }
    Allocator allocator(next);
    for (const auto& [begin, length] : gaps) allocator.give(begin, length);
    for (; done < order.size(); ++done)
        draft_.tensors[order[done]].offset =
            static_cast<std::uint32_t>(allocator.take(box(order[done])));
    return std::max(end, allocator.end());
}

namespace {

/// Writes one of the values that a hidden tensor is a stack of; `entry` is its place on the stack.
void write_entry(const PendingTensor& tensor, std::size_t entry, std::span<std::int64_t> column) {
    const std::span<const std::int64_t> values = tensor.values[entry];
    // Rows of the last stored axis stay together; the other axes say where each begins. Of single
    // numbers the stack is the only axis.
    const bool has_rows =
        !tensor.axes.empty() && std::cmp_not_equal(tensor.stack_axis, tensor.axes.size() - 1);
    const std::size_t run = has_rows ? tensor.axes.back().dim : 1;
    const std::size_t step = has_rows ? tensor.strides.back() : 1;
    const std::size_t outer = tensor.axes.size() - (has_rows ? 1 : 0);
    const std::size_t unit = has_rows ? tensor.axes.back().log() : 0;
    parallel_for(values.size() / run, 4096, [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row) {
            std::size_t rest = row, lane = tensor.offset, shift = unit, from = 0;
            for (std::size_t a = outer; a-- > 0;) {
                const bool is_stack = std::cmp_equal(a, tensor.stack_axis);
                const std::size_t index = is_stack ? entry : rest % tensor.axes[a].dim;
                lane += index << shift;
                shift += tensor.axes[a].log();
                if (is_stack) continue;
                from += index * tensor.strides[a];
                rest /= tensor.axes[a].dim;
            }
            for (std::size_t x = 0; x < run; ++x, from += step) column[lane + x] = values[from];
        }
    });
}

}  // namespace

std::vector<std::int64_t> CircuitBuilder::weight_column(std::uint64_t num_lanes) const {
    std::vector<std::int64_t> column(num_lanes, 0);
    for (const PendingTensor& tensor : draft_.tensors)
        for (std::size_t entry = 0; entry < tensor.values.size(); ++entry)
            write_entry(tensor, entry, column);
    return column;
}

bool CircuitBuilder::stack(StackRule rule) {
    auto stacked = stack_repeats(draft_, rule);
    if (stacked) draft_ = *std::move(stacked);
    return stacked.has_value();
}

namespace {

struct Lanes {
    std::uint64_t w = 0, f = 0, g = 0, rows = 0, in = 0, out = 0;
};

std::uint16_t chunks(std::uint64_t lanes, std::uint8_t mu) {
    return static_cast<std::uint16_t>((lanes + (std::uint64_t{1} << mu) - 1) >> mu);
}

/// The key counts chunks in 16 bits.
bool is_large_enough(const Lanes& lanes, std::uint8_t mu) {
    const std::uint64_t most =
        std::max({lanes.w, lanes.f, lanes.g, lanes.rows + 1, lanes.in, lanes.out});
    return (most >> mu) < 0xffff;
}

/// Sets mu and the numbers of chunks; one table row stays free for the default look-up.
void set_chunks(Circuit& circuit, const Lanes& lanes, std::uint8_t mu) {
    circuit.mu = mu;
    circuit.n_w = chunks(lanes.w, mu);
    circuit.n_in = circuit.input == Visibility::kCommitted ? chunks(lanes.in, mu) : 0;
    circuit.n_out = circuit.output == Visibility::kCommitted ? chunks(lanes.out, mu) : 0;
    circuit.n_f = chunks(lanes.f, mu);
    circuit.n_g = chunks(lanes.g, mu);
    circuit.n_t = chunks(lanes.rows + 1, mu);
}

/// The larger, the worse. Weights in ms: what 100,000 gas are worth.
double weighted(const Cost& cost, Optimise optimise) {
    const double gas = cost.gas / 100'000;
    const double penalty = cost.key_bytes > kMaxKeyBytes ? 1e6 + cost.key_bytes : 0;
    switch (optimise) {
        case Optimise::kProve:
            return penalty + 5 * gas + cost.prove_ms;
        case Optimise::kGas:
            return penalty + 500 * gas + cost.prove_ms;
        case Optimise::kBalanced:
            break;
    }
    // 1.2 M gas with a settlement is what a large model may cost.
    const double beyond = std::max(gas - 10.9, 0.0);
    return penalty + 80 * gas + 400 * beyond + cost.prove_ms;
}

/// Tensors that span several chunks and are folded to one: a table of the merge sumcheck each.
double num_folded(const Circuit& c) {
    double count = 0;
    for (const Tensor& tensor : c.tensors)
        count += tensor.column == Column::kW && num_vars(tensor.axes) > c.mu ? 1 : 0;
    return count;
}

struct ProgramCost {
    double bytes = 0, gas = 0;
};

/// Factors and terms; in a longer program more of them share their slices. Measured: 80k for 855
/// bytes, 201k for 2,339, 328k for 4,625. One that is too long for any key has the largest length.
ProgramCost program_cost(const Circuit& c) {
    const Result<Bytes> program = verifier_program(c);
    const auto bytes = static_cast<double>(program ? program->size() : kMaxProgramBytes);
    return {bytes,
            std::min(85 * bytes, 100'000 + 50 * bytes) + (program ? gas_of_boxes(*program) : 0)};
}

double table_rows(const Circuit& c) {
    double rows = 0;
    for (const Table& table : c.tables)
        rows += static_cast<double>(std::uint64_t{1} << table.log_size);
    return rows;
}

}  // namespace

// Constants measured on two Zen 4 cores with AVX-512 IFMA and on anvil (docs/benchmarks.md).
Cost estimate_cost(const Circuit& c) {
    constexpr double kBaseGas = 312'000, kGasPerProd = 3'500;
    constexpr double kGasPerChunk = 6'400;      // an ecMul, an ecAdd, its coefficient
    constexpr double kGasPerSentChunk = 7'450;  // and 64 bytes of calldata
    constexpr double kGasPerRound = 2'100, kGasPerMergeRound = 1'600;
    constexpr double kMsPerPoint = 0.55e-3;   // full-scalar multi-scalar multiplication
    constexpr double kMsPerLane = 0.06e-3;    // of the trace: groups, inverses, sumcheck
    constexpr double kMsPerRow = 0.05e-3;     // of the tables, beside their points
    constexpr double kMsPerWeight = 1.2e-6;   // three folds
    constexpr double kMsPerMergeLane = 4e-6;  // of what is sent and the tables
    constexpr double kPointBytes = 64, kRecordBytes = 32, kStepBytes = 190;
    const double m = static_cast<double>(std::uint64_t{1} << c.mu);
    const double lanes = c.n_f * m, rows = table_rows(c);
    const double sent = 2.0 * c.n_f + c.n_g + 2.0 * c.n_t + c.n_in + c.n_out + 2;
    const double in_key = c.n_w + c.n_t;
    double prods = 0;
    for (const Step& step : c.steps) prods += static_cast<double>(step.prods.size());
    const ProgramCost program = program_cost(c);
    const double merged = sent + c.n_t + num_folded(c);
    return {.gas = kBaseGas + prods * kGasPerProd + program.gas + sent * kGasPerSentChunk +
                   in_key * kGasPerChunk + c.n_prod() * kGasPerRound + c.mu * kGasPerMergeRound,
            .prove_ms = kMsPerPoint * (m + rows + std::min(lanes, rows)) + kMsPerLane * lanes +
                        kMsPerRow * c.n_t * m + kMsPerWeight * c.n_w * m +
                        kMsPerMergeLane * merged * m,
            .key_bytes = in_key * kPointBytes + program.bytes +
                         kStepBytes * static_cast<double>(c.steps.size()) +
                         kRecordBytes * static_cast<double>(c.tensors.size() + c.tables.size())};
}

/// Everything but the weights; returns what the best chunk size is worth, nothing for a known one.
Result<double> CircuitBuilder::lay_out(Circuit& circuit, const CompileOptions& options,
                                       std::optional<std::uint8_t> known_mu) {
    if (draft_.tensors.size() > 0xffff) {
        return fail(ErrorCode::kUnsupported, "the model needs more than 65,535 tensors");
    }
    circuit.input = options.input;
    circuit.output = options.output;
    Lanes lanes;
    MINTMARK_CHECK(assign_tables(circuit, lanes.rows));
    place_lookups(lanes.f, lanes.g);
    lanes.w = place_weights(options.max_mu);
    for (const PendingTensor& t : draft_.tensors) {
        if (t.column == Column::kIn) lanes.in = std::uint64_t{1} << num_vars(t.axes);
        if (t.column == Column::kOut) lanes.out = std::uint64_t{1} << num_vars(t.axes);
        circuit.tensors.push_back({.column = t.column, .offset = t.offset, .axes = t.axes});
    }
    if (std::max({lanes.w, lanes.f, lanes.rows}) >> kMaxLogLanes != 0) {
        return fail(ErrorCode::kUnsupported, "the model is too large for 32-bit lane numbers");
    }
    circuit.steps = draft_.steps;
    const auto cut = [&](std::uint8_t mu) {
        lanes.w = place_weights(mu);
        for (std::size_t i = 0; i < draft_.tensors.size(); ++i)
            circuit.tensors[i].offset = draft_.tensors[i].offset;
        set_chunks(circuit, lanes, mu);
    };
    if (known_mu) {
        cut(*known_mu);
        return 0.0;
    }
    std::optional<std::pair<double, std::uint8_t>> best;
    for (std::uint8_t mu = kMinMu; mu <= options.max_mu; ++mu) {
        if (!is_large_enough(lanes, mu)) continue;
        cut(mu);
        if (!masks_fit(circuit)) continue;
        const double cost = weighted(estimate_cost(circuit), options.optimise);
        if (!best || cost < best->first) best = {cost, mu};
    }
    if (!best)
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("chunks of 2^{} are too small for this model's masks", options.max_mu),
            "raise --max-chunk-log");
    cut(best->second);
    return best->first;
}

Result<double> CircuitBuilder::weigh(const CompileOptions& options) {
    Circuit circuit;
    return lay_out(circuit, options);
}

Result<Compiled> CircuitBuilder::finish(const CompileOptions& options) {
    Compiled out;
    MINTMARK_CHECK(lay_out(out.circuit, options));
    out.weights = weight_column(std::uint64_t{out.circuit.n_w} << out.circuit.mu);
    MINTMARK_CHECK(check_circuit(out.circuit));
    return out;
}

Result<std::optional<std::vector<std::int64_t>>> CircuitBuilder::weights_of(
    const CompileOptions& options, const Circuit& circuit) {
    Circuit own;
    MINTMARK_TRY(const double cost, lay_out(own, options, circuit.mu));
    static_cast<void>(cost);
    if (!(own == circuit)) return std::nullopt;
    return weight_column(std::uint64_t{own.n_w} << own.mu);
}

}  // namespace mintmark::compiler
