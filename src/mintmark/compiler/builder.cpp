#include "mintmark/compiler/builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/masks.hpp"
#include "mintmark/circuit/program.hpp"
#include "mintmark/compiler/allocator.hpp"

namespace mintmark::compiler {
namespace {

/// Remainders are cut into limbs of at most this many bits.
constexpr std::uint8_t kMaxRangeBits = 12;

/// A key of more bytes is not stored as one contract's code.
constexpr double kMaxKeyBytes = 24'575;

std::vector<Axis> to_axes(const Dims& dims) {
    std::vector<Axis> out;
    for (const std::uint32_t dim : dims) out.push_back({dim});
    return out;
}

/// What makes two requests share a table: everything but the range of inputs.
auto table_key(const TableRequest& r) {
    const std::int64_t exact = r.is_exact ? r.hi : 0;
    return std::tuple(r.function, r.is_exact, exact, r.out_lo, r.out_hi, r.in_step, r.out_step,
                      r.alpha);
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
    tensors_.push_back({.column = column, .axes = to_axes(dims), .values = {}});
    return static_cast<std::uint16_t>(tensors_.size() - 1);
}

std::uint16_t CircuitBuilder::add_hidden(const Dims& dims, std::span<const std::int64_t> values) {
    MINTMARK_ASSERT(values.size() == volume(dims));
    const std::uint16_t id = add_tensor(Column::kW, dims);
    tensors_[id].values = values;
    return id;
}

std::uint16_t CircuitBuilder::add_port(Column column, const Dims& dims) {
    return add_tensor(column, dims);
}

void CircuitBuilder::begin_step(const Dims& out) {
    out_dims_ = out;
    steps_.push_back({.out = to_axes(out), .limbs = {}, .consts = {}, .lins = {}, .prods = {}});
    requests_.emplace_back();
}

std::uint16_t CircuitBuilder::add_limb(std::uint8_t shift, const TableRequest& request) {
    const std::uint16_t input = add_tensor(Column::kF, out_dims_);
    step().limbs.push_back({.tensor = input, .shift = shift, .table = 0});
    requests_.back().push_back(request);
    if (request.function == TableFunction::kRange) return input;
    const std::uint16_t result = add_tensor(Column::kG, out_dims_);
    tensors_[input].twin = result;
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
    const int count = (shift + kMaxRangeBits - 1) / kMaxRangeBits;
    std::uint8_t at = 0;
    for (int i = 0; i < count; ++i) {
        const auto bits = static_cast<std::uint8_t>((shift - at + count - i - 1) / (count - i));
        add_limb(at, remainder_range(bits));
        at = static_cast<std::uint8_t>(at + bits);
    }
}

Status CircuitBuilder::assign_tables(Circuit& circuit, std::uint64_t& num_rows) {
    std::map<TableKey, TableRequest> merged;
    for (const auto& limbs : requests_) {
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
    // Largest first, so that every table is aligned; keys break ties: the order is deterministic.
    std::ranges::sort(order, [&](const auto& a, const auto& b) {
        return std::pair(bits(b.second), a.first) < std::pair(bits(a.second), b.first);
    });
    if (order.size() > 255) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("the model needs {} different look-up tables, at most 255 fit",
                                order.size()));
    }
    std::map<TableKey, std::uint8_t> ids;
    num_rows = 0;
    for (const auto& [key, r] : order) {
        circuit.tables.push_back({.log_size = bits(r),
                                  .function = r.function,
                                  .row_offset = static_cast<std::uint32_t>(num_rows),
                                  .lo = r.lo,
                                  .out_lo = r.out_lo,
                                  .out_hi = r.out_hi,
                                  .in_step = r.in_step,
                                  .out_step = r.out_step,
                                  .alpha = r.alpha});
        ids[key] = static_cast<std::uint8_t>(circuit.tables.size());
        num_rows += std::uint64_t{1} << bits(r);
    }
    for (std::size_t s = 0; s < steps_.size(); ++s) {
        for (std::size_t l = 0; l < steps_[s].limbs.size(); ++l) {
            steps_[s].limbs[l].table = ids.at(table_key(requests_[s][l]));
        }
    }
    return {};
}

std::uint64_t CircuitBuilder::place(Column column, bool with_twin, std::uint64_t begin) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < tensors_.size(); ++i) {
        const bool has_twin = tensors_[i].twin >= 0;
        if (tensors_[i].column == column && has_twin == with_twin) order.push_back(i);
    }
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return std::pair(num_vars(tensors_[b].axes), a) < std::pair(num_vars(tensors_[a].axes), b);
    });
    Allocator allocator(begin);
    for (const std::size_t i : order) {
        const std::uint64_t size = std::uint64_t{1} << num_vars(tensors_[i].axes);
        tensors_[i].offset = static_cast<std::uint32_t>(allocator.take(size));
        if (with_twin) {
            tensors_[static_cast<std::size_t>(tensors_[i].twin)].offset = tensors_[i].offset;
        }
    }
    return allocator.end();
}

void CircuitBuilder::place_all(std::uint64_t& lanes_w, std::uint64_t& lanes_f,
                               std::uint64_t& lanes_g) {
    lanes_w = place(Column::kW, false, 0);
    lanes_g = place(Column::kF, true, 0);
    lanes_f = place(Column::kF, false, lanes_g);
}

std::vector<std::int64_t> CircuitBuilder::weight_column(std::uint64_t num_lanes) const {
    std::vector<std::int64_t> column(num_lanes, 0);
    for (const Pending& tensor : tensors_) {
        if (tensor.column != Column::kW) continue;
        // Rows of the last axis stay whole; the other axes say where each begins.
        const std::size_t run = tensor.axes.empty() ? 1 : tensor.axes.back().dim;
        const std::size_t outer = tensor.axes.empty() ? 0 : tensor.axes.size() - 1;
        const std::size_t unit = tensor.axes.empty() ? 0 : tensor.axes.back().log();
        parallel_for(tensor.values.size() / run, 4096, [&](std::size_t begin, std::size_t end) {
            for (std::size_t row = begin; row < end; ++row) {
                std::size_t rest = row, lane = 0, shift = unit;
                for (std::size_t a = outer; a-- > 0;) {
                    lane += rest % tensor.axes[a].dim << shift;
                    rest /= tensor.axes[a].dim;
                    shift += tensor.axes[a].log();
                }
                std::ranges::copy(
                    tensor.values.subspan(row * run, run),
                    column.begin() + static_cast<std::ptrdiff_t>(tensor.offset + lane));
            }
        });
    }
    return column;
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
            return penalty + 2'000 * gas + cost.prove_ms;
        case Optimise::kBalanced:
            break;
    }
    const double beyond_a_million = std::max(gas - 10, 0.0);
    return penalty + 80 * gas + 400 * beyond_a_million + cost.prove_ms;
}

/// Tensors that span several chunks and are folded to one: a table of the merge sumcheck each.
double num_folded(const Circuit& c) {
    double count = 0;
    for (const Tensor& tensor : c.tensors)
        count += tensor.column == Column::kW && num_vars(tensor.axes) > c.mu ? 1 : 0;
    return count;
}

/// The largest length if the program is too long for any key.
double program_bytes(const Circuit& c) {
    const Result<Bytes> program = verifier_program(c);
    return static_cast<double>(program ? program->size() : kMaxProgramBytes);
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
    constexpr double kBaseGas = 330'000, kGasPerProd = 3'500;
    constexpr double kGasPerChunk = 6'400;      // an ecMul, an ecAdd, its coefficient
    constexpr double kGasPerSentChunk = 7'450;  // and 64 bytes of calldata
    constexpr double kGasPerRound = 2'100, kGasPerMergeRound = 1'600;
    constexpr double kMsPerPoint = 0.55e-3;      // full-scalar multi-scalar multiplication
    constexpr double kMsPerLane = 0.06e-3;       // of the trace: groups, inverses, sumcheck
    constexpr double kMsPerRow = 0.05e-3;        // of the tables, beside their points
    constexpr double kMsPerWeight = 1.2e-6;      // three folds
    constexpr double kMsPerMergeLane = 0.02e-3;  // and table
    constexpr double kPointBytes = 64, kRecordBytes = 32, kStepBytes = 190;
    const double m = static_cast<double>(std::uint64_t{1} << c.mu);
    const double lanes = c.n_f * m, rows = table_rows(c);
    const double sent = 2.0 * c.n_f + c.n_g + 2.0 * c.n_t + c.n_in + c.n_out + 2;
    const double in_key = c.n_w + c.n_t;
    double prods = 0;
    for (const Step& step : c.steps) prods += static_cast<double>(step.prods.size());
    const double merged = sent + c.n_t + num_folded(c);
    return {.gas = kBaseGas + prods * kGasPerProd + sent * kGasPerSentChunk +
                   in_key * kGasPerChunk + c.n_prod() * kGasPerRound + c.mu * kGasPerMergeRound,
            .prove_ms = kMsPerPoint * (2 * m + rows + std::min(lanes, rows)) + kMsPerLane * lanes +
                        kMsPerRow * c.n_t * m + kMsPerWeight * c.n_w * m +
                        kMsPerMergeLane * merged * m,
            .key_bytes = in_key * kPointBytes + program_bytes(c) +
                         kStepBytes * static_cast<double>(c.steps.size()) +
                         kRecordBytes * static_cast<double>(c.tensors.size() + c.tables.size())};
}

Result<Compiled> CircuitBuilder::finish(const CompileOptions& options) {
    if (tensors_.size() > 0xffff) {
        return fail(ErrorCode::kUnsupported, "the model needs more than 65,535 tensors");
    }
    Compiled out;
    out.circuit.input = options.input;
    out.circuit.output = options.output;
    Lanes lanes;
    MINTMARK_CHECK(assign_tables(out.circuit, lanes.rows));
    place_all(lanes.w, lanes.f, lanes.g);
    for (const Pending& t : tensors_) {
        if (t.column == Column::kIn) lanes.in = std::uint64_t{1} << num_vars(t.axes);
        if (t.column == Column::kOut) lanes.out = std::uint64_t{1} << num_vars(t.axes);
        out.circuit.tensors.push_back({.column = t.column, .offset = t.offset, .axes = t.axes});
    }
    if (std::max({lanes.w, lanes.f, lanes.rows}) >> kMaxLogLanes != 0) {
        return fail(ErrorCode::kUnsupported, "the model is too large for 32-bit lane numbers");
    }
    out.circuit.steps = steps_;
    std::optional<std::pair<double, std::uint8_t>> best;
    for (std::uint8_t mu = kMinMu; mu <= options.max_mu; ++mu) {
        if (!is_large_enough(lanes, mu)) continue;
        set_chunks(out.circuit, lanes, mu);
        if (!masks_fit(out.circuit)) continue;
        const double cost = weighted(estimate_cost(out.circuit), options.optimise);
        if (!best || cost < best->first) best = {cost, mu};
    }
    if (!best)
        return fail(
            ErrorCode::kUnsupported,
            fmt::format("chunks of 2^{} are too small for this model's masks", options.max_mu),
            "raise --max-chunk-log");
    set_chunks(out.circuit, lanes, best->second);
    out.weights = weight_column(std::uint64_t{out.circuit.n_w} << out.circuit.mu);
    MINTMARK_CHECK(check_circuit(out.circuit));
    return out;
}

}  // namespace mintmark::compiler
