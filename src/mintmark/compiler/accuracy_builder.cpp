#include "mintmark/compiler/accuracy_builder.hpp"

#include <algorithm>
#include <numeric>

#include "mintmark/base/assert.hpp"
#include "mintmark/compiler/allocator.hpp"

namespace mintmark::compiler {
namespace {

constexpr std::uint8_t kRemainderBits = 12;
/// Signs of more values than this are looked up without their lowest bits.
constexpr std::int64_t kMaxSignRows = std::int64_t{1} << kRemainderBits;

std::uint16_t chunks(std::uint64_t lanes, std::uint8_t mu) {
    return static_cast<std::uint16_t>((lanes + (std::uint64_t{1} << mu) - 1) >> mu);
}

}  // namespace

std::uint16_t AccuracyBuilder::add_tensor(Column column, std::vector<Axis> axes,
                                          std::uint64_t offset) {
    tensors_.push_back({column, static_cast<std::uint32_t>(offset), std::move(axes)});
    return static_cast<std::uint16_t>(tensors_.size() - 1);
}

Step& AccuracyBuilder::begin_step(std::vector<Axis> out) {
    steps_.push_back({.out = std::move(out), .limbs = {}, .consts = {}, .lins = {}, .prods = {}});
    return steps_.back();
}

std::uint16_t AccuracyBuilder::add_limb(std::uint8_t shift, std::uint8_t table) {
    const std::uint16_t tensor = add_tensor(Column::kF, step().out);
    step().limbs.push_back({.tensor = tensor, .shift = shift, .table = table});
    limbs_.emplace_back(tensor, table);
    return tensor;
}

std::uint16_t AccuracyBuilder::result_of(std::uint16_t f) {
    const auto [entry, is_new] = results_.try_emplace(f, 0);
    if (is_new) entry->second = add_tensor(Column::kG, tensors_[f].axes);
    return entry->second;
}

std::uint8_t AccuracyBuilder::range_table(std::int64_t lo, std::int64_t hi) {
    std::optional<std::size_t> best;
    for (std::size_t k = 0; k < tables_.size(); ++k) {
        const Table& t = tables_[k];
        const bool covers = t.function == TableFunction::kRange && t.lo <= lo &&
                            hi - t.lo < std::int64_t{1} << t.log_size;
        if (covers && (!best || t.log_size < tables_[*best].log_size)) best = k;
    }
    if (!best) {
        best = tables_.size();
        tables_.push_back(
            {.log_size = log2_ceil(static_cast<std::uint64_t>(hi - lo) + 1), .lo = lo});
    }
    return static_cast<std::uint8_t>(*best + 1);
}

std::uint8_t AccuracyBuilder::remainder_table() {
    const Table wanted{.log_size = kRemainderBits};
    for (std::size_t k = 0; k < tables_.size(); ++k) {
        const Table& t = tables_[k];
        if (t.function == wanted.function && t.lo == 0 && t.log_size == wanted.log_size)
            return static_cast<std::uint8_t>(k + 1);
    }
    tables_.push_back(wanted);
    return static_cast<std::uint8_t>(tables_.size());
}

std::uint16_t AccuracyBuilder::add_sign(std::int64_t lo, std::int64_t hi) {
    std::uint8_t shift = 0;
    for (; hi - lo >= kMaxSignRows; shift = static_cast<std::uint8_t>(shift + kRemainderBits)) {
        add_limb(shift, remainder_table());
        lo >>= kRemainderBits;
        hi >>= kRemainderBits;
    }
    if (!sign_table_) {
        tables_.push_back({.function = TableFunction::kNegative, .lo = lo});
        sign_table_ = static_cast<std::uint8_t>(tables_.size());
        sign_hi_ = hi;
    }
    Table& table = tables_[*sign_table_ - 1U];
    table.lo = std::min(table.lo, lo);
    sign_hi_ = std::max(sign_hi_, hi);
    table.log_size = log2_ceil(static_cast<std::uint64_t>(sign_hi_ - table.lo) + 1);
    return result_of(add_limb(shift, *sign_table_));
}

void AccuracyBuilder::add_const(Int128 coef) {
    ConstTerm term{.coef = coef, .ranges = {}};
    for (const Axis& axis : step().out) term.ranges.emplace_back(0, axis.dim);
    step().consts.push_back(std::move(term));
}

std::uint64_t AccuracyBuilder::place_tables() {
    std::vector<std::size_t> order(tables_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Largest first, so that every table is aligned.
    std::ranges::sort(order, {},
                      [&](std::size_t k) { return std::pair(-int{tables_[k].log_size}, k); });
    std::uint64_t rows = 0;
    for (const std::size_t k : order) {
        tables_[k].row_offset = static_cast<std::uint32_t>(rows);
        rows += std::uint64_t{1} << tables_[k].log_size;
    }
    return rows;
}

std::uint64_t AccuracyBuilder::place_limbs(bool has_result, std::uint64_t begin) {
    std::vector<std::uint16_t> order;
    for (const auto& [tensor, id] : limbs_)
        if ((table(id).function != TableFunction::kRange) == has_result) order.push_back(tensor);
    std::ranges::sort(
        order, {}, [&](std::uint16_t id) { return std::pair(-int{tensors_[id].num_vars()}, id); });
    Allocator allocator(begin);
    for (const std::uint16_t id : order) {
        const std::uint64_t at = allocator.take(std::uint64_t{1} << tensors_[id].num_vars());
        tensors_[id].offset = static_cast<std::uint32_t>(at);
        if (const auto result = results_.find(id); result != results_.end())
            tensors_[result->second].offset = tensors_[id].offset;
    }
    return allocator.end();
}

Result<Circuit> AccuracyBuilder::finish(std::uint8_t mu, std::uint32_t num_weight_chunks) {
    const std::uint64_t rows = place_tables();
    const std::uint64_t lanes_g = place_limbs(true, 0);
    const std::uint64_t lanes_f = place_limbs(false, lanes_g);
    if (tables_.size() > 255 || tensors_.size() > 0xffff ||
        std::max(lanes_f, rows) >> kMaxLogLanes != 0 || lanes_f >> mu > 0xffff) {
        return fail(ErrorCode::kOutOfRange, "too many samples for one proof of this model",
                    "prove fewer samples, or in several proofs");
    }
    Circuit out{.mu = mu, .input = Visibility::kCommitted, .output = Visibility::kPublic};
    out.tables = tables_;
    out.tensors = tensors_;
    out.steps = steps_;
    out.n_w = static_cast<std::uint16_t>(num_weight_chunks);
    out.n_in = chunks(std::uint64_t{1} << out.input_tensor().num_vars(), mu);
    out.n_f = chunks(lanes_f, mu);
    out.n_g = chunks(lanes_g, mu);
    out.n_t = chunks(rows + 1, mu);
    return out;
}

}  // namespace mintmark::compiler
