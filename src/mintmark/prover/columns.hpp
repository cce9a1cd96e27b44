// All columns of a proof, and the look-up argument's own ones.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "mintmark/circuit/circuit.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/prover/witness.hpp"
#include "mintmark/sumcheck/fold_table.hpp"

namespace mintmark::prover {

/// What lanes and rows look up, fixed by the circuit: LF ids, and LT rows (in, out, id).
struct LookupTables {
    std::vector<std::uint8_t> lane_id;
    std::vector<std::int64_t> row_in, row_out;
    std::vector<std::uint8_t> row_id;
};
[[nodiscard]] LookupTables lookup_tables(const Circuit& circuit);

/// Every column of section 1, whole chunks; public IN and OUT are kept as boxes without chunks.
struct Columns {
    std::span<const std::int64_t> w;
    std::vector<std::int64_t> in, out, f, g, m, t;
    std::vector<Fr> h, ht;  ///< h: 2^nu lanes, those beyond the chunks 0
    /// What row each lane looks up, see lane_rows. With `row_h` 2^nu lanes, those beyond the chunks
    /// look up its last element.
    std::vector<std::int32_t> rows;
    std::vector<Fr> row_h;  ///< instead of `h`, if not empty: lane x of H is row_h[rows[x]]
    /// (lane, value) of W beside the integers: blinders of chunks that were committed at a smaller
    /// size (ProvingKey::blinder_degree). No tensor reads these lanes.
    std::vector<std::pair<std::size_t, Fr>> w_blinders;

    /// Integer lanes of W, IN, OUT, F, G, M, T; empty for H and HT.
    [[nodiscard]] std::span<const std::int64_t> ints(Column column) const noexcept;
    /// Lanes [begin, begin + into.size()) of H, HT.
    void read(Column column, std::size_t begin, std::span<Fr> into) const;
    /// Lanes [begin, begin + count) of any column in the field.
    [[nodiscard]] std::vector<Fr> lanes(Column column, std::size_t begin, std::size_t count) const;
    /// The same lanes where they lie; nothing for lanes of W with a blinder among them and for H by
    /// row.
    [[nodiscard]] std::optional<sumcheck::TableView> view(Column column, std::size_t begin,
                                                          std::size_t count) const;
    /// target[x] += sum over i of factors[i] * lane(begin + i * target.size() + x), threaded: the
    /// chunks from lane `begin` on, folded into one.
    void add_chunks(Column column, std::size_t begin, std::span<const Fr> factors,
                    std::span<Fr> target) const;
};

/// Row that each lane looks up, -1 where its input is in no table or its output is not the row's (a
/// false witness). `g` may be shorter than `f`: zeros.
[[nodiscard]] std::vector<std::int32_t> lane_rows(const Circuit& circuit,
                                                  const LookupTables& tables,
                                                  std::span<const std::int64_t> f,
                                                  std::span<const std::int64_t> g);
/// How often each row is looked up: LT counts.
[[nodiscard]] std::vector<std::int64_t> multiplicities(std::span<const std::int32_t> rows,
                                                       std::size_t num_rows);
/// Inverses of those values that a lane's row (>= 0) names, 0 in the others' places; threaded.
[[nodiscard]] std::vector<Fr> inverses_of_used(std::span<const std::int32_t> rows,
                                               std::span<const Fr> values);

/// W, IN, OUT, F, G, M, T and the rows from a witness; H and HT stay empty. Sizes must fit
/// (asserted).
[[nodiscard]] Columns make_columns(const Circuit& circuit, const LookupTables& tables,
                                   std::span<const std::int64_t> weights, Witness witness);

/// alpha + in + beta out + beta^2 id for each element, then alpha up to `size`.
struct Fingerprint {
    std::span<const std::int64_t> in, out;  ///< `out` may be shorter: zeros
    std::span<const std::uint8_t> id;
};
[[nodiscard]] std::vector<Fr> fingerprints(const Fingerprint& what, const Fr& alpha, const Fr& beta,
                                           std::size_t size);
/// counts[x] / values[x] for each count, threaded; 0 where the count or the value is 0.
[[nodiscard]] std::vector<Fr> quotients(std::span<const std::int64_t> counts,
                                        std::span<const Fr> values);
/// Inverses of the first `count` values (0 for 0), then zeros: as many as values; threaded.
[[nodiscard]] std::vector<Fr> inverses(std::span<const Fr> values, std::size_t count);

}  // namespace mintmark::prover
