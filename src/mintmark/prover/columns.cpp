#include "mintmark/prover/columns.hpp"

#include <algorithm>
#include <array>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/math/kernels.hpp"
#include "mintmark/math/small_fold.hpp"

namespace mintmark::prover {
namespace {

constexpr std::size_t kGrain = 4096;

std::vector<std::int64_t> boxed(const Tensor& tensor, std::span<const std::int64_t> values,
                                std::size_t chunk_lanes) {
    auto box = to_box(tensor.axes, values);
    if (box.size() < chunk_lanes) box.resize(chunk_lanes, 0);
    return box;
}

}  // namespace

LookupTables lookup_tables(const Circuit& circuit) {
    return {lane_id_column(circuit), table_input_column(circuit), table_output_column(circuit),
            table_id_column(circuit)};
}

std::span<const std::int64_t> Columns::ints(Column column) const noexcept {
    switch (column) {
        case Column::kM:
            return m;
        case Column::kT:
            return t;
        default:
            return IntColumns{w, in, out, f, g}.get(column);
    }
}

void Columns::read(Column column, std::size_t begin, std::span<Fr> into) const {
    if (column == Column::kH && !row_h.empty()) {
        for (std::size_t i = 0; i < into.size(); ++i)
            into[i] = row_h[static_cast<std::size_t>(rows[begin + i])];
        return;
    }
    const auto fields = std::span(column == Column::kH ? h : ht).subspan(begin, into.size());
    std::ranges::copy(fields, into.begin());
}

std::vector<Fr> Columns::lanes(Column column, std::size_t begin, std::size_t count) const {
    std::vector<Fr> result(count);
    if (column == Column::kH || column == Column::kHt) {
        read(column, begin, result);
        return result;
    }
    const auto values = ints(column).subspan(begin, count);
    parallel_for(count, kGrain, [&](std::size_t from, std::size_t to) {
        to_field(std::span(result).subspan(from, to - from), values.subspan(from, to - from));
    });
    if (column == Column::kW)
        for (const auto& [lane, value] : w_blinders)
            if (lane >= begin && lane - begin < count) result[lane - begin] += value;
    return result;
}

std::optional<sumcheck::TableView> Columns::view(Column column, std::size_t begin,
                                                 std::size_t count) const {
    if (column == Column::kH && !row_h.empty()) return std::nullopt;
    if (column == Column::kH || column == Column::kHt)
        return sumcheck::TableView{
            .fields = std::span(column == Column::kH ? h : ht).subspan(begin, count), .ints = {}};
    if (column == Column::kW)
        for (const auto& [lane, value] : w_blinders)
            if (lane >= begin && lane - begin < count) return std::nullopt;
    return sumcheck::TableView{.fields = {}, .ints = ints(column).subspan(begin, count)};
}

void Columns::add_chunks(Column column, std::size_t begin, std::span<const Fr> factors,
                         std::span<Fr> target) const {
    const auto ints_of = ints(column);
    const bool is_field = column == Column::kH || column == Column::kHt;
    parallel_for(target.size(), std::max<std::size_t>(64, kGrain / (1 + factors.size() / 8)),
                 [&](std::size_t from, std::size_t to) {
                     const auto part = target.subspan(from, to - from);
                     std::vector<const std::int64_t*> chunks;
                     std::vector<Fr> fields(is_field ? part.size() : 0);
                     for (std::size_t i = 0; i < factors.size(); ++i) {
                         const std::size_t lane = begin + i * target.size() + from;
                         if (!is_field) {
                             chunks.push_back(ints_of.data() + lane);
                             continue;
                         }
                         read(column, lane, fields);
                         add_scaled(part, factors[i], fields);
                     }
                     if (!is_field) add_small_rows<std::int64_t>(part, factors, chunks);
                 });
}

std::vector<std::int32_t> lane_rows(const Circuit& circuit, const LookupTables& tables,
                                    std::span<const std::int64_t> f,
                                    std::span<const std::int64_t> g) {
    const auto free_row = std::ranges::find(tables.row_id, std::uint8_t{0});
    MINTMARK_ASSERT(free_row != tables.row_id.end());
    const std::int64_t default_row = free_row - tables.row_id.begin();
    const auto row_of = [&](std::size_t x) {
        if (tables.lane_id[x] == 0) return f[x] == 0 ? default_row : -1;
        const Table& table = circuit.tables[tables.lane_id[x] - 1U];
        const bool inside = f[x] >= table.lo && f[x] - table.lo < std::int64_t{1} << table.log_size;
        return inside ? std::int64_t{table.row_offset} + (f[x] - table.lo) : -1;
    };
    std::vector<std::int32_t> rows(f.size());
    parallel_for(f.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t x = begin; x < end; ++x) {
            const std::int64_t row = row_of(x), out = x < g.size() ? g[x] : 0;
            const bool is_there = row >= 0 && tables.row_out[static_cast<std::size_t>(row)] == out;
            rows[x] = is_there ? static_cast<std::int32_t>(row) : -1;
        }
    });
    return rows;
}

std::vector<std::int64_t> multiplicities(std::span<const std::int32_t> rows, std::size_t num_rows) {
    std::vector<std::int64_t> counts(num_rows, 0);
    for (const std::int32_t row : rows)
        if (row >= 0) ++counts[static_cast<std::size_t>(row)];
    return counts;
}

std::vector<Fr> inverses_of_used(std::span<const std::int32_t> rows, std::span<const Fr> values) {
    std::vector<std::uint8_t> is_used(values.size(), 0);
    for (const std::int32_t row : rows) is_used[static_cast<std::size_t>(row)] = 1;
    std::vector<std::int64_t> ones(is_used.begin(), is_used.end());
    return quotients(ones, values);
}

Columns make_columns(const Circuit& circuit, const LookupTables& tables,
                     std::span<const std::int64_t> weights, Witness witness) {
    MINTMARK_ASSERT(weights.size() == std::size_t{circuit.n_w} << circuit.mu);
    MINTMARK_ASSERT(witness.f.size() == circuit.num_lanes());
    MINTMARK_ASSERT(witness.g.size() == std::size_t{circuit.n_g} << circuit.mu);
    Columns columns;
    columns.w = weights;
    columns.in =
        boxed(circuit.input_tensor(), witness.input, std::size_t{circuit.n_in} << circuit.mu);
    columns.out =
        boxed(circuit.output_tensor(), witness.output, std::size_t{circuit.n_out} << circuit.mu);
    columns.rows = lane_rows(circuit, tables, witness.f, witness.g);
    columns.m = multiplicities(columns.rows, circuit.num_rows());
    columns.f = std::move(witness.f);
    columns.g = std::move(witness.g);
    columns.t = tables.row_out;
    return columns;
}

std::vector<Fr> fingerprints(const Fingerprint& what, const Fr& alpha, const Fr& beta,
                             std::size_t size) {
    std::vector<Fr> ids(256);
    const Fr beta2 = beta.square();
    for (std::size_t id = 0; id < ids.size(); ++id) ids[id] = alpha + beta2 * Fr::from_u64(id);
    std::vector<Fr> values(size, alpha);
    const std::size_t with_out = std::min(what.in.size(), what.out.size());
    parallel_for(what.in.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t x = begin; x < end; ++x) values[x] = ids[what.id[x]];
        const std::size_t middle = std::clamp(with_out, begin, end);
        const auto fresh = std::span(values).subspan(begin, end - begin);
        const std::array one{what.in.data() + begin};
        const std::array factors{Fr::one(), beta};
        add_small_rows<std::int64_t>(fresh, std::span(factors).first<1>(), one);
        if (middle == begin) return;
        const std::array out{what.out.data() + begin};
        add_small_rows<std::int64_t>(fresh.first(middle - begin), std::span(factors).last<1>(),
                                     out);
    });
    return values;
}

std::vector<Fr> quotients(std::span<const std::int64_t> counts, std::span<const Fr> values) {
    std::vector<Fr> result(counts.size());
    parallel_for(counts.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        std::vector<std::size_t> used;
        std::vector<Fr> inverse;
        for (std::size_t x = begin; x < end; ++x) {
            if (counts[x] == 0) continue;
            used.push_back(x);
            inverse.push_back(values[x]);
        }
        invert_all(inverse);
        for (std::size_t i = 0; i < used.size(); ++i)
            result[used[i]] = Fr::from_i64(counts[used[i]]) * inverse[i];
    });
    return result;
}

std::vector<Fr> inverses(std::span<const Fr> values, std::size_t count) {
    std::vector<Fr> result(values.size());
    parallel_for(count, kGrain, [&](std::size_t begin, std::size_t end) {
        std::ranges::copy(values.subspan(begin, end - begin),
                          result.begin() + static_cast<std::ptrdiff_t>(begin));
        invert_all(std::span(result).subspan(begin, end - begin));
    });
    return result;
}

}  // namespace mintmark::prover
