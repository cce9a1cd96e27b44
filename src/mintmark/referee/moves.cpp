#include "mintmark/referee/moves.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "mintmark/hash/keccak.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark::referee {
namespace {

using chain::AbiValue;
using chain::U256;

constexpr std::uint8_t kArityLog = 4;
constexpr std::uint64_t kParts = 16;

AbiValue words(const std::vector<Bytes32>& values) {
    std::vector<AbiValue> out;
    for (const Bytes32& value : values) out.emplace_back(value);
    return AbiValue(std::move(out));
}

AbiValue numbers(const std::vector<U256>& values) {
    std::vector<AbiValue> out;
    for (const U256& value : values) out.emplace_back(value);
    return AbiValue(std::move(out));
}

AbiValue integers(std::span<const std::int64_t> values) {
    std::vector<AbiValue> out;
    for (const std::int64_t value : values) out.emplace_back(value);
    return AbiValue(std::move(out));
}

AbiValue tuple(std::vector<AbiValue> items) {
    return AbiValue(std::move(items));
}

AbiValue step_proof(const Commitments& model, std::size_t k) {
    return tuple({AbiValue(std::uint64_t{k}), step_value(model.program.steps[k]),
                  words(model.program_tree.path(k))});
}

std::string step_proof_type() {
    return std::string("(uint16,") + kStepType + ",bytes32[])";
}

std::unexpected<Error> not_yours() {
    return fail(ErrorCode::kRejected, "it is not this side's move");
}

// The prover --------------------------------------------------------------------------------------

Move post_nodes(const Side& side, const Bytes32& claim, const Game& game) {
    const std::uint8_t levels = num_levels(game.height);
    const auto below = static_cast<std::uint8_t>(game.height - levels);
    std::vector<Bytes32> nodes;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << levels; ++i)
        nodes.push_back(side.tree.node(below, (game.position << levels) + i));
    return {"postNodes(bytes32,bytes32[])", {AbiValue(claim), words(nodes)}};
}

Move open_leaf(const Side& side, const Bytes32& claim, std::uint64_t position) {
    const Program& program = side.model.program;
    const std::size_t k = program.step_of(position);
    const std::span<const std::int64_t> leaf = side.trace.at(program, position);
    std::vector<AbiValue> results;
    for (std::size_t i = 0; i < program.steps[k].limbs.size(); ++i) {
        const ProgramLimb& limb = program.steps[k].limbs[i];
        const auto row = static_cast<std::uint64_t>(leaf[2 * i] - limb.lo) + limb.row;
        const bool has_path = limb.is_function && row < program.rows;
        results.push_back(
            words(has_path ? side.model.tables_tree.path(row) : std::vector<Bytes32>{}));
    }
    AbiValue opened =
        tuple({integers(leaf), AbiValue(side.model.element_salt(position)),
               words(side.model.salts_tree.path(position)), AbiValue(std::move(results))});
    return {"openLeaf(bytes32,(int256[],bytes32,bytes32[],bytes32[][])," + step_proof_type() + ")",
            {AbiValue(claim), std::move(opened), step_proof(side.model, k)}};
}

Move show_leaf(const Side& side, const Bytes32& claim, const Game& game) {
    if (game.position < side.model.program.elements) return open_leaf(side, claim, game.position);
    return {"showFilling(bytes32)", {AbiValue(claim)}};
}

Move post_sums(const Side& side, const Bytes32& claim, const Game& game) {
    std::vector<U256> sums;
    U256 sum = game.sum_lo;
    for (std::uint64_t j = 1; j < num_parts(game); ++j) {
        sum = wrapping_add(sum,
                           signed_word(sum_terms(side.model, side.trace, game.step, game.position,
                                                 part_bound(game, j - 1), part_bound(game, j))));
        sums.push_back(sum);
    }
    return {"postSums(bytes32,int256[])", {AbiValue(claim), numbers(sums)}};
}

AbiValue opened_value(const Side& side, const Term& term, bool is_b) {
    const Read& read = is_b ? term.b : term.a;
    const bool is_read = term.factors > (is_b ? 1 : 0) && !read.is_zero;
    if (!is_read || read.source == Source::kInput)
        return tuple({integers({}), AbiValue(Bytes32{}), words({})});
    if (read.source == Source::kWeight)
        return tuple({integers(std::span(side.model.weights).subspan(read.index, 1)),
                      AbiValue(side.model.weight_salt(read.index)),
                      words(side.model.weights_tree.path(read.index))});
    const Bytes32 salt = node_of(side.model.element_salt(read.index), side.statement.hash());
    return tuple({integers(side.trace.at(side.model.program, read.index)), AbiValue(salt),
                  words(side.tree.path(read.index))});
}

Move prove_term(const Side& side, const Bytes32& claim, const Game& game) {
    const Term term = term_at(side.model.program.steps[game.step], game.position, game.lo);
    const bool has_input = (term.factors > 0 && term.a.source == Source::kInput) ||
                           (term.factors > 1 && term.b.source == Source::kInput);
    const std::string value = "(int256[],bytes32,bytes32[])";
    return {"proveTerm(bytes32," + step_proof_type() + "," + value + "," + value +
                ",(bytes32,uint256[]))",
            {AbiValue(claim), step_proof(side.model, game.step), opened_value(side, term, false),
             opened_value(side, term, true),
             has_input ? side.statement.value() : Statement{side.statement.context, {}}.value()}};
}

// The challenger ----------------------------------------------------------------------------------

Result<Move> pick_node(const Side& side, const Bytes32& claim, const Game& game) {
    const std::uint8_t levels = num_levels(game.height);
    const auto below = static_cast<std::uint8_t>(game.height - levels);
    for (std::uint64_t i = 0; i < game.nodes.size(); ++i) {
        if (game.nodes[i] == side.tree.node(below, (game.position << levels) + i)) continue;
        return Move{"pickNode(bytes32,bytes32[],uint256)",
                    {AbiValue(claim), words(game.nodes), AbiValue(i)}};
    }
    return fail(ErrorCode::kRejected, "every node is as it should be: the claim's trace is right");
}

Result<Move> pick_sum(const Side& side, const Bytes32& claim, const Game& game) {
    U256 before = game.sum_lo;
    for (std::uint64_t j = 0; j < num_parts(game); ++j) {
        const U256 after = j < game.sums.size() ? game.sums[j] : game.sum_hi;
        const Int128 part = sum_terms(side.model, side.trace, game.step, game.position,
                                      part_bound(game, j), part_bound(game, j + 1));
        if (wrapping_add(before, signed_word(part)) != after)
            return Move{"pickSum(bytes32,int256[],uint256)",
                        {AbiValue(claim), numbers(game.sums), AbiValue(j)}};
        before = after;
    }
    return fail(ErrorCode::kRejected, "every part of the sum is as it should be");
}

}  // namespace

std::string_view stage_name(Stage stage) noexcept {
    constexpr std::array<std::string_view, 7> kNames = {"none", "nodes",    "pick node", "leaf",
                                                        "sums", "pick sum", "term"};
    const auto index = static_cast<std::size_t>(stage);
    return index < kNames.size() ? kNames[index] : kNames[0];
}

Bytes32 Statement::hash() const {
    Bytes all;
    for (const Bytes32& word : instances) append(all, word);
    return node_of(context, keccak256(all));
}

AbiValue Statement::value() const {
    std::vector<AbiValue> out;
    for (const Bytes32& word : instances) out.emplace_back(U256::from_bytes(word));
    return tuple({AbiValue(context), AbiValue(std::move(out))});
}

std::vector<Bytes32> instance_words(std::span<const std::int64_t> input,
                                    std::span<const std::int64_t> output) {
    std::vector<Bytes32> out;
    for (const std::int64_t value : input) out.push_back(Fr::from_i64(value).to_bytes());
    for (const std::int64_t value : output) out.push_back(Fr::from_i64(value).to_bytes());
    return out;
}

Result<std::vector<std::int64_t>> input_of(const Program& program, const Statement& statement) {
    if (statement.instances.size() != program.inputs + program.outputs)
        return fail(ErrorCode::kMalformed, "the statement is not of this model's sizes");
    std::vector<std::int64_t> out;
    for (std::uint64_t i = 0; i < program.inputs; ++i) {
        const auto value = Fr::from_bytes(statement.instances[i]);
        if (!value) return fail(ErrorCode::kMalformed, "an input word is no field element");
        // Beyond any table: no node has an answer to such an input, whatever it stands for.
        constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
        const auto plus = U256::from_bytes(statement.instances[i]).to_u64();
        const auto minus = U256::from_bytes((-*value).to_bytes()).to_u64();
        const bool is_negative = !plus && minus;
        const std::uint64_t magnitude = std::min((plus ? plus : minus).value_or(kMost), kMost);
        out.push_back(is_negative ? -static_cast<std::int64_t>(magnitude)
                                  : static_cast<std::int64_t>(magnitude));
    }
    return out;
}

std::uint64_t num_parts(const Game& game) noexcept {
    return std::min(kParts, game.hi - game.lo);
}

std::uint64_t part_bound(const Game& game, std::uint64_t j) noexcept {
    return game.lo + (game.hi - game.lo) * j / num_parts(game);
}

std::uint8_t num_levels(std::uint8_t height) noexcept {
    return std::min(kArityLog, height);
}

U256 wrapping_add(const U256& a, const U256& b) noexcept {
    std::array<std::uint64_t, 4> out = {};
    Uint128 carry = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        carry += static_cast<Uint128>(a.limbs()[i]) + b.limbs()[i];
        out[i] = static_cast<std::uint64_t>(carry);
        carry >>= 64;
    }
    return U256(out);
}

Result<Move> prover_move(const Side& side, const Bytes32& claim, const Game& game) {
    switch (game.stage) {
        case Stage::kNodes:
            return post_nodes(side, claim, game);
        case Stage::kLeaf:
            return show_leaf(side, claim, game);
        case Stage::kSums:
            return post_sums(side, claim, game);
        case Stage::kTerm:
            return prove_term(side, claim, game);
        case Stage::kNone:
        case Stage::kPickNode:
        case Stage::kPickSum:
            break;
    }
    return not_yours();
}

Result<Move> challenge_move(const Side& side, const Bytes32& claim, const Bytes32& trace_root) {
    if (side.tree.root() != trace_root) return Move{"challengeTrace(bytes32)", {AbiValue(claim)}};
    const auto own = instance_words(side.trace.input, side.trace.output);
    const std::size_t inputs = side.trace.input.size(), last = side.model.program.steps.size() - 1;
    for (std::size_t i = inputs; i < own.size(); ++i) {
        if (own[i] == side.statement.instances[i]) continue;
        return Move{"challengeOutput(bytes32,(bytes32,uint256[]),uint64," + step_proof_type() + ")",
                    {AbiValue(claim), side.statement.value(), AbiValue(std::uint64_t{i - inputs}),
                     step_proof(side.model, last)}};
    }
    return fail(ErrorCode::kRejected, "the claim is right: there is nothing to challenge");
}

Result<Move> challenger_move(const Side& side, const Bytes32& claim, const Game& game) {
    if (game.stage == Stage::kPickNode) return pick_node(side, claim, game);
    if (game.stage == Stage::kPickSum) return pick_sum(side, claim, game);
    return not_yours();
}

}  // namespace mintmark::referee
