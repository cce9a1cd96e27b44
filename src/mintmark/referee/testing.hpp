// Test support: random small circuits, and a referee in memory that applies moves by the contract's
// rules.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/circuit/testing.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/referee/moves.hpp"

namespace mintmark::referee::testing {

using chain::AbiValue;

/// Random layers over a small image: convolutions, window and whole sums, products, regroupings.
class RandomNet {
  public:
    explicit RandomNet(SeededRng& rng) : rng_(rng), b_(8) {}

    mintmark::testing::TestCircuit make() {
        remainder_ = b_.add_range(3, 0);
        clamp_ = b_.add_function(TableFunction::kClamp, 11, -1024, {-31, 31});
        range_ = b_.add_range(5, -16);
        dims_ = {{1 + pick(2)}, {2 + pick(2)}, {2 + pick(3)}};
        std::size_t inputs = 1;
        for (const Axis& axis : dims_) inputs *= axis.dim;
        current_ = b_.input_step(dims_, range_);
        for (std::uint32_t layer = 0, count = 1 + pick(3); layer < count; ++layer) add_layer();
        b_.output_step(current_);
        Circuit circuit = b_.finish(Visibility::kPublic, Visibility::kPublic);
        auto input = mintmark::testing::small_values(inputs, 15, rng_.next());
        return {"random", std::move(circuit), b_.weights(), std::move(input), {}};
    }

  private:
    std::uint32_t pick(std::uint32_t n) { return static_cast<std::uint32_t>(rng_.next() % n); }

    void add_layer() {
        switch (pick(5)) {
            case 0:
            case 1:
                return convolution();
            case 2:
                return window_sum();
            case 3:
                return square();
            default:
                return regroup();
        }
    }

    Step& begin(std::vector<Axis> out) {
        value_ = b_.add_tensor(Column::kF, out);
        dims_ = out;
        return b_.add_step(std::move(out));
    }

    void finish(Step& step) {
        b_.add_requantisation(step, value_, remainder_, clamp_);
        current_ = b_.add_result(value_);
    }

    void convolution() {
        const std::uint32_t channels = 1 + pick(2), kernel = 1 + pick(2), in = dims_[0].dim;
        const auto values = mintmark::testing::small_values(
            std::size_t{channels} * in * kernel * kernel, 7, rng_.next());
        const std::uint16_t weights =
            b_.add_weights({{channels}, {in}, {kernel}, {kernel}}, values);
        const auto eq = [](std::uint8_t p) { return AxisMap::eq(p); };
        const std::uint16_t from = current_;
        Step& step = begin({{channels}, dims_[1], dims_[2]});
        const auto window = [](std::uint8_t p, std::uint8_t t) {
            return AxisMap::win(p, t, 1, 1, -1);
        };
        step.prods = {{1,
                       {{in}, {kernel}, {kernel}},
                       0,
                       {weights, {eq(0), eq(3), eq(4), eq(5)}},
                       {from, {eq(3), window(1, 4), window(2, 5)}}}};
        finish(step);
    }

    void window_sum() {
        const std::uint16_t from = current_;
        const bool is_whole = pick(2) == 0;
        const AxisMap eq = AxisMap::eq(0);
        Step& step = is_whole ? begin({dims_[0], {1}, {1}}) : begin(dims_);
        if (is_whole)
            step.lins = {{3, {from, {eq, AxisMap::all(), AxisMap::all()}}}};
        else
            step.lins = {{-2, {from, {eq, AxisMap::sum_win(1, 2, 1, 1, -1), AxisMap::eq(2)}}},
                         {1, {from, {eq, AxisMap::eq(1), AxisMap::sum_win(2, 3, 1, 1, -1)}}}};
        finish(step);
    }

    void square() {
        const std::uint16_t from = current_;
        Step& step = begin(dims_);
        step.prods = {{1, {}, 0b111, b_.identity(from), b_.identity(from)}};
        finish(step);
    }

    void regroup() {
        const std::uint16_t from = current_;
        Step& step = begin({dims_[2], dims_[0], dims_[1]});
        step.lins = {{5, {from, {AxisMap::regroup(0, 3, 3)}}}};
        finish(step);
    }

    SeededRng& rng_;
    mintmark::testing::CircuitBuilder b_;
    std::vector<Axis> dims_;
    std::uint8_t remainder_ = 0, clamp_ = 0, range_ = 0;
    std::uint16_t current_ = 0, value_ = 0;
};

/// The contract's rules on what is registered; apply() is false where the contract reverts.
class Referee {
  public:
    Game game;
    bool is_defended = false;

    Referee(const Commitments& registered, const Statement& statement, Bytes32 trace_root)
        : model_(registered), statement_(statement), root_(trace_root) {}

    bool apply(const Move& move) {
        const std::string name = move.signature.substr(0, move.signature.find('('));
        const auto& a = move.arguments;
        if (name == "challengeTrace") return challenge_trace();
        if (name == "challengeOutput") return challenge_output(*a[2].as_u64());
        if (name == "postNodes") return post_nodes(a[1]);
        if (name == "pickNode") return pick_node(*a[2].as_u64());
        if (name == "openLeaf") return open_leaf(*a[1].as_items(), *a[2].as_items());
        if (name == "showFilling") return show_filling();
        if (name == "postSums") return post_sums(a[1]);
        if (name == "pickSum") return pick_sum(*a[2].as_u64());
        return name == "proveTerm" && prove_term(a);
    }

  private:
    bool challenge_trace() {
        game.height = model_.salts_tree.depth();
        game.posted = root_;
        game.stage = game.height == 0 ? Stage::kLeaf : Stage::kNodes;
        return true;
    }

    bool challenge_output(std::uint64_t output) {
        const auto word = statement_.instances[model_.program.inputs + output];
        const Fr value = *Fr::from_bytes(word);
        const auto plus = chain::U256::from_bytes(word).to_u64();
        const auto minus = chain::U256::from_bytes((-value).to_bytes()).to_u64();
        dispute(model_.program.steps.size() - 1, output,
                plus ? Int128{*plus} : -Int128{minus.value_or(0)});
        return true;
    }

    void dispute(std::size_t step, std::uint64_t element, Int128 total) {
        game.step = static_cast<std::uint16_t>(step);
        game.position = element;
        game.lo = 0;
        game.hi = num_terms(model_.program.steps[step]);
        game.sum_lo = {};
        game.sum_hi = signed_word(total);
        game.stage = game.hi == 1 ? Stage::kTerm : Stage::kSums;
    }

    bool post_nodes(const AbiValue& list) {
        std::vector<Bytes32> nodes;
        const auto items = *list.as_items();
        for (const AbiValue& node : items) nodes.push_back(*node.as_bytes32());
        if (nodes.size() != std::size_t{1} << num_levels(game.height)) return false;
        if (MerkleTree(nodes).root() != game.posted) return false;
        game.nodes = std::move(nodes);
        game.stage = Stage::kPickNode;
        return true;
    }

    bool pick_node(std::uint64_t choice) {
        const std::uint8_t levels = num_levels(game.height);
        game.position = (game.position << levels) + choice;
        game.height = static_cast<std::uint8_t>(game.height - levels);
        game.posted = game.nodes[choice];
        game.stage = game.height == 0 ? Stage::kLeaf : Stage::kNodes;
        return true;
    }

    bool show_filling() {
        is_defended = game.position >= model_.program.elements && game.posted == Bytes32{};
        return is_defended;
    }

    bool open_leaf(const std::vector<AbiValue>& leaf, const std::vector<AbiValue>& proof) {
        const auto words = integers(leaf[0]);
        const Bytes32 salt = *leaf[1].as_bytes32();
        if (!is_at(model_.salts_tree.root(), model_.program.elements, game.position,
                   leaf_of(salt, {}), path(leaf[2])))
            return false;
        if (leaf_of(node_of(salt, statement_.hash()), words) != game.posted) return false;
        const std::uint64_t k = *proof[0].as_u64();
        if (!is_in_program(proof) || k != model_.program.step_of(game.position)) return false;
        const ProgramStep& step = model_.program.steps[k];
        const auto results = *leaf[3].as_items();
        Int128 total = 0;
        for (std::size_t i = 0; i < step.limbs.size(); ++i) {
            const ProgramLimb& limb = step.limbs[i];
            const std::int64_t row = words[2 * i] - limb.lo;
            if (row < 0 || row >> limb.log_size != 0) return false;
            if (!limb.is_function && words[2 * i + 1] != 0) return false;
            if (limb.is_function &&
                !is_at(model_.tables_tree.root(), model_.program.rows,
                       limb.row + static_cast<std::uint64_t>(row),
                       leaf_of({}, std::span(words).subspan(2 * i + 1, 1)), path(results[i])))
                return false;
            total += static_cast<Int128>(words[2 * i]) << limb.shift;
        }
        dispute(k, game.position - step.base, total);
        return true;
    }

    [[nodiscard]] bool is_in_program(const std::vector<AbiValue>& proof) const {
        const std::vector<AbiValue> step = {proof[1]};
        const auto data = chain::encode_values(std::string("(") + kStepType + ")", step);
        return is_at(model_.program_tree.root(), model_.program.steps.size(), *proof[0].as_u64(),
                     keccak256(*data), path(proof[2]));
    }

    bool post_sums(const AbiValue& list) {
        game.sums.clear();
        const auto items = *list.as_items();
        for (const AbiValue& sum : items) game.sums.push_back(*sum.as_u256());
        game.stage = Stage::kPickSum;
        return game.sums.size() + 1 == num_parts(game);
    }

    bool pick_sum(std::uint64_t choice) {
        const std::uint64_t lo = part_bound(game, choice), hi = part_bound(game, choice + 1);
        if (choice < game.sums.size()) game.sum_hi = game.sums[choice];
        if (choice > 0) game.sum_lo = game.sums[choice - 1];
        game.lo = lo;
        game.hi = hi;
        game.stage = hi - lo == 1 ? Stage::kTerm : Stage::kSums;
        return true;
    }

    bool prove_term(const std::vector<AbiValue>& a) {
        const auto proof = *a[1].as_items();
        if (!is_in_program(proof) || *proof[0].as_u64() != game.step) return false;
        const Term term = term_at(model_.program.steps[game.step], game.position, game.lo);
        Int128 value = term.coef;
        if (term.factors > 0 && !multiply(value, term.a, *a[2].as_items())) return false;
        if (term.factors > 1 && !multiply(value, term.b, *a[3].as_items())) return false;
        is_defended = wrapping_add(game.sum_lo, signed_word(value)) == game.sum_hi;
        return is_defended;
    }

    bool multiply(Int128& value, const Read& read, const std::vector<AbiValue>& opened) const {
        if (read.is_zero) {
            value = 0;
            return true;
        }
        if (read.source == Source::kInput) {
            value *= input_of(model_.program, statement_)->at(read.index);
            return true;
        }
        const auto words = integers(opened[0]);
        const bool is_weight = read.source == Source::kWeight;
        const std::size_t word =
            is_weight ? 0 : 2U * read.limb + (read.source == Source::kResult ? 1U : 0U);
        if (word >= words.size()) return false;
        value *= words[word];
        return is_at(is_weight ? model_.weights_tree.root() : root_,
                     is_weight ? model_.weights.size() : model_.program.elements, read.index,
                     leaf_of(*opened[1].as_bytes32(), words), path(opened[2]));
    }

    static std::vector<std::int64_t> integers(const AbiValue& list) {
        std::vector<std::int64_t> out;
        const auto items = *list.as_items();
        for (const AbiValue& item : items)
            out.push_back(static_cast<std::int64_t>(item.as_u256()->limbs()[0]));
        return out;
    }

    static std::vector<Bytes32> path(const AbiValue& list) {
        std::vector<Bytes32> out;
        const auto items = *list.as_items();
        for (const AbiValue& item : items) out.push_back(*item.as_bytes32());
        return out;
    }

    const Commitments& model_;
    const Statement& statement_;
    Bytes32 root_;
};

}  // namespace mintmark::referee::testing
