#include "mintmark/referee/commitments.hpp"

#include <algorithm>

#include "mintmark/base/parallel.hpp"
#include "mintmark/circuit/table.hpp"
#include "mintmark/circuit/unroll.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::referee {
namespace {

Bytes32 derive(std::string_view label, const Bytes32& seed, std::uint64_t index) {
    Bytes data;
    append(data, as_bytes(label));
    append(data, seed);
    for (int shift = 56; shift >= 0; shift -= 8)
        data.push_back(static_cast<std::uint8_t>(index >> shift));
    return keccak256(data);
}

/// One leaf per index; a single zero leaf when there is none.
template <class Leaf>
MerkleTree tree_of(std::size_t count, const Leaf& leaf) {
    std::vector<Bytes32> leaves(std::max<std::size_t>(count, 1));
    parallel_for(count, 64, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) leaves[i] = leaf(i);
    });
    return MerkleTree(std::move(leaves));
}

}  // namespace

Bytes32 leaf_of(const Bytes32& salt, std::span<const std::int64_t> words) {
    Bytes data(33 + 32 * words.size(), 0);
    std::ranges::copy(salt, data.begin() + 1);
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto begin = data.begin() + static_cast<std::ptrdiff_t>(33 + 32 * i);
        const auto bits = static_cast<std::uint64_t>(words[i]);
        std::fill_n(begin, 24, static_cast<std::uint8_t>(words[i] < 0 ? 0xff : 0));
        for (std::size_t b = 0; b < 8; ++b)
            begin[static_cast<std::ptrdiff_t>(24 + b)] =
                static_cast<std::uint8_t>(bits >> (8 * (7 - b)));
    }
    return keccak256(data);
}

Bytes32 Commitments::weight_salt(std::uint64_t index) const {
    return derive("mintmark-referee-weight", seed, index);
}

Bytes32 Commitments::element_salt(std::uint64_t position) const {
    return derive("mintmark-referee-element", seed, position);
}

Result<Commitments> commit(Circuit circuit, std::vector<std::int64_t> column, const Bytes32& seed) {
    Commitments out;
    MINTMARK_TRY(out.program, make_program(circuit));
    if (column.size() != std::size_t{circuit.n_w} << circuit.mu)
        return fail(ErrorCode::kInvalidArgument, "the weights are not of this circuit");
    // Elements have an order in the game: loops are taken apart.
    MINTMARK_TRY(out.circuit, unroll(circuit));
    out.column = std::move(column);
    out.seed = seed;
    for (const std::uint64_t lane : out.program.weight_lanes)
        out.weights.push_back(out.column[lane]);
    out.tables = table_output_column(out.circuit);
    out.program_tree = tree_of(out.program.steps.size(),
                               [&](std::size_t i) { return step_leaf(out.program.steps[i]); });
    out.weights_tree = tree_of(out.weights.size(), [&](std::size_t i) {
        return leaf_of(out.weight_salt(i), std::span(out.weights).subspan(i, 1));
    });
    out.tables_tree = tree_of(out.tables.size(), [&](std::size_t i) {
        return leaf_of({}, std::span(out.tables).subspan(i, 1));
    });
    out.salts_tree = tree_of(out.program.elements,
                             [&](std::size_t i) { return leaf_of(out.element_salt(i), {}); });
    return out;
}

}  // namespace mintmark::referee
