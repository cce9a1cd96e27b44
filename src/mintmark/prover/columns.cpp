#include "mintmark/prover/columns.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/math/kernels.hpp"

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

std::vector<Fr> Columns::lanes(Column column, std::size_t begin, std::size_t count) const {
    std::vector<Fr> result(count);
    const auto ints_of = ints(column);
    const std::vector<Fr>& fields = column == Column::kH ? h : ht;
    const bool is_field = column == Column::kH || column == Column::kHt;
    parallel_for(count, kGrain, [&](std::size_t from, std::size_t to) {
        for (std::size_t x = from; x < to; ++x)
            result[x] = is_field ? fields[begin + x] : Fr::from_i64(ints_of[begin + x]);
    });
    return result;
}

void Columns::add_lanes(Column column, std::size_t begin, const Fr& scale,
                        std::span<Fr> target) const {
    const auto ints_of = ints(column);
    const std::vector<Fr>& fields = column == Column::kH ? h : ht;
    const bool is_field = column == Column::kH || column == Column::kHt;
    parallel_for(target.size(), kGrain, [&](std::size_t from, std::size_t to) {
        if (is_field) {
            add_scaled(target.subspan(from, to - from), scale,
                       std::span(fields).subspan(begin + from, to - from));
            return;
        }
        for (std::size_t x = from; x < to; ++x)
            if (const std::int64_t value = ints_of[begin + x]; value != 0)
                target[x] += scale * Fr::from_i64(value);
    });
}

std::vector<std::int64_t> lane_rows(const Circuit& circuit, const LookupTables& tables,
                                    std::span<const std::int64_t> f) {
    const auto free_row = std::ranges::find(tables.row_id, std::uint8_t{0});
    MINTMARK_ASSERT(free_row != tables.row_id.end());
    const std::int64_t default_row = free_row - tables.row_id.begin();
    std::vector<std::int64_t> rows(f.size(), default_row);
    for (std::size_t x = 0; x < f.size(); ++x) {
        if (tables.lane_id[x] == 0) {
            if (f[x] != 0) rows[x] = -1;
            continue;
        }
        const Table& table = circuit.tables[tables.lane_id[x] - 1U];
        const bool inside = f[x] >= table.lo && f[x] - table.lo < std::int64_t{1} << table.log_size;
        rows[x] = inside ? table.row_offset + (f[x] - table.lo) : -1;
    }
    return rows;
}

std::vector<std::int64_t> multiplicities(std::span<const std::int64_t> rows, std::size_t num_rows) {
    std::vector<std::int64_t> counts(num_rows, 0);
    for (const std::int64_t row : rows)
        if (row >= 0) ++counts[static_cast<std::size_t>(row)];
    return counts;
}

Columns make_columns(const Circuit& circuit, const LookupTables& tables,
                     std::span<const std::int64_t> weights, const Witness& witness) {
    MINTMARK_ASSERT(weights.size() == std::size_t{circuit.n_w} << circuit.mu);
    MINTMARK_ASSERT(witness.f.size() == circuit.num_lanes());
    MINTMARK_ASSERT(witness.g.size() == std::size_t{circuit.n_g} << circuit.mu);
    Columns columns;
    columns.w = weights;
    columns.in =
        boxed(circuit.input_tensor(), witness.input, std::size_t{circuit.n_in} << circuit.mu);
    columns.out =
        boxed(circuit.output_tensor(), witness.output, std::size_t{circuit.n_out} << circuit.mu);
    columns.f = witness.f;
    columns.g = witness.g;
    columns.m = multiplicities(lane_rows(circuit, tables, witness.f), circuit.num_rows());
    columns.t = tables.row_out;
    return columns;
}

std::vector<Fr> fingerprints(const Fingerprint& what, const Fr& alpha, const Fr& beta,
                             std::size_t size) {
    std::vector<Fr> ids(256);
    const Fr beta2 = beta.square();
    for (std::size_t id = 0; id < ids.size(); ++id) ids[id] = alpha + beta2 * Fr::from_u64(id);
    std::vector<Fr> values(size, alpha);
    parallel_for(what.in.size(), kGrain, [&](std::size_t begin, std::size_t end) {
        for (std::size_t x = begin; x < end; ++x) {
            values[x] = ids[what.id[x]] + Fr::from_i64(what.in[x]);
            if (x < what.out.size() && what.out[x] != 0)
                values[x] += beta * Fr::from_i64(what.out[x]);
        }
    });
    return values;
}

std::vector<Fr> inverses(std::span<const Fr> values, std::size_t count) {
    std::vector<Fr> result(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
    parallel_for(count, kGrain, [&](std::size_t begin, std::size_t end) {
        batch_inverse(std::span(result).subspan(begin, end - begin));
    });
    return result;
}

}  // namespace mintmark::prover
