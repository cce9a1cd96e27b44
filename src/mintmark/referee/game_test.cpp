// The game between an honest node and every liar that we can think of, by the referee's rules; some
// of the games are written down as calls for the contract (contracts/test/vectors/referee.json).
#include <gtest/gtest.h>

#include <cstdlib>

#include "mintmark/json/json.hpp"
#include "mintmark/referee/claims.hpp"
#include "mintmark/referee/testing.hpp"

namespace mintmark::referee {
namespace {

using mintmark::testing::TestCircuit;
using testing::Referee;

constexpr Address kProver = {0x11};
constexpr Address kKeyAddress = {0x22};
constexpr Bytes32 kOwnSalt = {0x44};  ///< a liar's, not registered
constexpr std::size_t kMostMoves = 100;

enum class Lie : std::uint8_t {
    kWord,     ///< one limb, consistent with its table; nothing after it
    kWordOn,   ///< one limb, and everything after it computed from it
    kOutput,   ///< only the output
    kWeight,   ///< another weight, everything computed with it
    kResult,   ///< a result that is not in the table
    kRange,    ///< a limb beyond its table
    kSalt,     ///< an honest element under another salt, to lead the challenger there
    kFilling,  ///< something beyond the trace's end
    kWiring    ///< as kWord, and the terms are said to be another step's
};
constexpr Lie kLies[] = {Lie::kWord,  Lie::kWordOn, Lie::kOutput,  Lie::kWeight, Lie::kResult,
                         Lie::kRange, Lie::kSalt,   Lie::kFilling, Lie::kWiring};

/// One model and its honest answer.
struct World {
    explicit World(const TestCircuit& test)
        : model(commit(test.circuit, test.weights, Bytes32{7}).value()),
          truth(run_trace(model, test.input).value()) {
        statement.context = {0x33};
        statement.instances = instance_words(truth.input, truth.output);
    }
    Commitments model;
    Trace truth;
    Statement statement;
};

/// What a liar claims and holds.
struct Liar {
    Commitments model;
    Trace trace;
    Statement statement;
};

std::uint64_t pick(SeededRng& rng, std::uint64_t n) {
    return rng.next() % n;
}

std::int64_t& word_at(const Commitments& model, Trace& trace, std::uint64_t position,
                      std::size_t word) {
    const std::size_t k = model.program.step_of(position);
    const std::size_t width = 2 * model.program.steps[k].limbs.size();
    return trace.words[k][(position - model.program.steps[k].base) * width + word];
}

/// Changes a random limb by one, inside its table, with the result that belongs to it.
std::uint64_t change_word(Liar& liar, SeededRng& rng) {
    const std::uint64_t position = pick(rng, liar.model.program.elements);
    const std::size_t k = liar.model.program.step_of(position);
    const std::size_t i = pick(rng, liar.model.program.steps[k].limbs.size());
    const ProgramLimb& limb = liar.model.program.steps[k].limbs[i];
    std::int64_t& value = word_at(liar.model, liar.trace, position, 2 * i);
    const bool is_last = value - limb.lo + 1 == std::int64_t{1} << limb.log_size;
    value += is_last ? -1 : 1;
    if (limb.is_function)
        word_at(liar.model, liar.trace, position, 2 * i + 1) =
            liar.model.tables[limb.row + static_cast<std::uint64_t>(value - limb.lo)];
    return position;
}

void change_weight(Liar& liar, SeededRng& rng) {
    Commitments& model = liar.model;
    if (model.weights.empty()) {
        change_word(liar, rng);
        return;
    }
    const std::size_t index = pick(rng, model.weights.size());
    std::vector<std::int64_t> column = model.column;
    column[model.program.weight_lanes[index]] += 1;
    model = commit(model.circuit, std::move(column), model.seed).value();
    liar.trace = run_trace(model, liar.trace.input).value();
}

Liar make_liar(const World& world, Lie lie, SeededRng& rng) {
    Liar out{world.model, world.truth, world.statement};
    const std::uint64_t elements = world.model.program.elements;
    switch (lie) {
        case Lie::kOutput:
        case Lie::kFilling:
            break;
        case Lie::kWeight:
            change_weight(out, rng);
            break;
        case Lie::kResult:
            word_at(out.model, out.trace, pick(rng, elements), 1) += 1;
            break;
        case Lie::kRange:
            word_at(out.model, out.trace, pick(rng, elements), 0) += 1 << 20;
            break;
        case Lie::kWord:
        case Lie::kSalt:
        case Lie::kWiring:
            change_word(out, rng);
            break;
        case Lie::kWordOn:
            out.trace.defined = change_word(out, rng) + 1;
            continue_trace(out.model, out.trace);
            break;
    }
    if (out.trace.output.empty()) out.trace.output = world.truth.output;
    if (lie == Lie::kOutput) out.trace.output[pick(rng, out.trace.output.size())] += 1;
    out.statement.instances = instance_words(out.trace.input, out.trace.output);
    return out;
}

/// The liar's tree: with kSalt or kFilling it is not the tree of his trace.
Side side_of(const Liar& liar, Lie lie, SeededRng& rng) {
    Side side(liar.model, liar.trace, liar.statement);
    if (lie != Lie::kSalt && lie != Lie::kFilling) return side;
    const std::uint64_t elements = liar.model.program.elements;
    std::vector<Bytes32> leaves;
    for (std::uint64_t i = 0; i < std::uint64_t{1} << side.tree.depth(); ++i)
        leaves.push_back(side.tree.node(0, i));
    const std::uint64_t at = lie == Lie::kSalt ? pick(rng, elements) : leaves.size() - 1;
    leaves[at] = lie == Lie::kSalt ? leaf_of(node_of(kOwnSalt, liar.statement.hash()),
                                             liar.trace.at(liar.model.program, at))
                                   : kOwnSalt;
    side.tree = MerkleTree(std::move(leaves));
    return side;
}

/// The terms of another step under the right step's number, or another step's number.
void rewire(Move& move, const Commitments& model, SeededRng& rng) {
    const bool is_term = move.signature.starts_with("proveTerm");
    if (!is_term && !move.signature.starts_with("openLeaf")) return;
    auto proof = move.arguments[is_term ? 1 : 2].as_items().value();
    proof[1] = step_value(model.program.steps[pick(rng, model.program.steps.size())]);
    move.arguments[is_term ? 1 : 2] = chain::AbiValue(std::move(proof));
}

void use_own_salt(Move& move) {
    if (!move.signature.starts_with("openLeaf")) return;
    auto leaf = move.arguments[1].as_items().value();
    leaf[1] = chain::AbiValue(kOwnSalt);
    move.arguments[1] = chain::AbiValue(std::move(leaf));
}

/// Shifts what the liar says from a random bound on, so that the fault is elsewhere.
void shift_sums(Move& move, SeededRng& rng) {
    if (!move.signature.starts_with("postSums")) return;
    auto sums = move.arguments[1].as_items().value();
    for (std::size_t j = pick(rng, sums.size() + 1); j < sums.size(); ++j)
        sums[j] = chain::AbiValue(
            wrapping_add(sums[j].as_u256().value(), signed_word(pick(rng, 2) == 0 ? 1 : -1)));
    move.arguments[1] = chain::AbiValue(std::move(sums));
}

struct Call {
    bool is_prover;
    Move move;
    bool is_good;  ///< the contract takes it
};

struct Played {
    bool is_defended = false;
    std::vector<Call> calls;
};

Bytes32 claim_of(const Commitments& model, const Statement& statement, const Bytes32& root) {
    Bytes code = {0};
    append(code, key_bytes(model, {1'000, 100, 3600, 3600}));
    const std::vector<chain::AbiValue> values = {
        chain::AbiValue(kKeyAddress), chain::AbiValue(keccak256(code)),
        chain::AbiValue(statement.hash()), chain::AbiValue(kProver), chain::AbiValue(root)};
    return keccak256(
        chain::encode_values("(address,bytes32,bytes32,address,bytes32)", values).value());
}

/// Plays until the prover has defended the claim or cannot move. `mutate` alters his moves.
template <class Mutate, class Challenge>
Played play(const World& world, const Side& prover, const Challenge& challenge,
            const Mutate& mutate) {
    Played out;
    const Bytes32 claim = claim_of(world.model, prover.statement, prover.tree.root());
    Referee referee(world.model, prover.statement, prover.tree.root());
    const auto first = challenge(claim, Game{});
    if (!first) return out;
    out.calls.push_back({false, *first, referee.apply(*first)});
    while (!referee.is_defended && out.calls.size() < kMostMoves) {
        const bool is_prover = !is_challengers_move(referee.game.stage);
        auto move =
            is_prover ? prover_move(prover, claim, referee.game) : challenge(claim, referee.game);
        if (!move) break;
        if (is_prover) mutate(*move);
        const bool is_good = referee.apply(*move);
        out.calls.push_back({is_prover, *std::move(move), is_good});
        if (!is_good) break;
    }
    EXPECT_LT(out.calls.size(), kMostMoves);
    out.is_defended = referee.is_defended;
    return out;
}

Played play_liar(const World& world, Lie lie, SeededRng& rng, Liar& liar, Bytes32& root) {
    liar = make_liar(world, lie, rng);
    const Side prover = side_of(liar, lie, rng);
    const Side honest(world.model, world.truth, liar.statement);
    root = prover.tree.root();
    const bool shifts = pick(rng, 2) == 0;
    return play(
        world, prover,
        [&](const Bytes32& claim, const Game& game) {
            return game.stage == Stage::kNone ? challenge_move(honest, claim, prover.tree.root())
                                              : challenger_move(honest, claim, game);
        },
        [&](Move& move) {
            if (shifts) shift_sums(move, rng);
            if (lie == Lie::kSalt) use_own_salt(move);
            if (lie == Lie::kWiring) rewire(move, world.model, rng);
        });
}

/// A challenger who points anywhere.
Played play_slanderer(const World& world, SeededRng& rng) {
    const Side honest(world.model, world.truth, world.statement);
    return play(
        world, honest,
        [&](const Bytes32& claim, const Game& game) -> Result<Move> {
            using chain::AbiValue;
            if (game.stage == Stage::kNone && pick(rng, 3) == 0) {
                Trace other = world.truth;
                other.output[pick(rng, other.output.size())] += 1;
                Side doubter(world.model, other, world.statement);
                return challenge_move(doubter, claim, honest.tree.root());
            }
            if (game.stage == Stage::kNone)
                return Move{"challengeTrace(bytes32)", {AbiValue(claim)}};
            std::vector<AbiValue> posted;
            if (game.stage == Stage::kPickNode) {
                for (const Bytes32& node : game.nodes) posted.emplace_back(node);
                const std::uint64_t choice = pick(rng, game.nodes.size());
                return Move{"pickNode(bytes32,bytes32[],uint256)",
                            {AbiValue(claim), AbiValue(std::move(posted)), AbiValue(choice)}};
            }
            for (const chain::U256& sum : game.sums) posted.emplace_back(sum);
            return Move{"pickSum(bytes32,int256[],uint256)",
                        {AbiValue(claim), AbiValue(std::move(posted)),
                         AbiValue(pick(rng, num_parts(game)))}};
        },
        [](Move&) {});
}

void expect_caught(const World& world, Lie lie, SeededRng& rng, const std::string& where) {
    Liar liar;
    Bytes32 root = {};
    const Played game = play_liar(world, lie, rng, liar, root);
    // A changed weight that changes nothing is no lie.
    const Side honest(world.model, world.truth, liar.statement);
    if (root == honest.tree.root() && liar.trace.output == world.truth.output) return;
    EXPECT_FALSE(game.calls.empty()) << where;
    EXPECT_FALSE(game.is_defended) << where << " lie " << static_cast<int>(lie);
    for (const Call& call : game.calls)
        EXPECT_TRUE(call.is_good || call.is_prover) << where << ": the honest side was refused";
}

TEST(Game, TheHonestChallengerBeatsEveryLiar) {
    for (const TestCircuit& test : mintmark::testing::all_circuits()) {
        const World world(test);
        SeededRng rng(11);
        for (const Lie lie : kLies) expect_caught(world, lie, rng, test.name);
    }
}

/// MINTMARK_REFEREE_NETS: how many (a tenth of a second each); make test plays a few.
TEST(Game, TheHonestSideWinsOnRandomNets) {
    const char* asked = std::getenv("MINTMARK_REFEREE_NETS");
    const int nets = asked == nullptr ? 20 : std::atoi(asked);
    SeededRng rng(2024);
    for (int i = 0; i < nets; ++i) {
        const World world(testing::RandomNet(rng).make());
        expect_caught(world, kLies[pick(rng, std::size(kLies))], rng, std::to_string(i));
        const Played slander = play_slanderer(world, rng);
        EXPECT_TRUE(slander.is_defended) << i;
    }
}

TEST(Game, NobodyChallengesTheTruth) {
    const World world(mintmark::testing::conv_circuit());
    const Side honest(world.model, world.truth, world.statement);
    EXPECT_FALSE(challenge_move(honest, {}, honest.tree.root()).has_value());
}

TEST(Game, AnAnswerToAnInputWithoutOneIsCaught) {
    TestCircuit test = mintmark::testing::gemm_circuit();
    const World honest_world(test);
    test.input[2] = 1000;
    World world(test);
    EXPECT_TRUE(world.truth.output.empty());
    // The liar's trace is of a legal input; his statement says the other one.
    Liar liar{honest_world.model, honest_world.truth, {}};
    liar.statement.context = {0x33};
    liar.statement.instances = instance_words(test.input, honest_world.truth.output);
    const Side prover(liar.model, liar.trace, liar.statement);
    const Side honest(world.model, world.truth, liar.statement);
    const Played game = play(
        world, prover,
        [&](const Bytes32& claim, const Game& at) {
            return at.stage == Stage::kNone ? challenge_move(honest, claim, prover.tree.root())
                                            : challenger_move(honest, claim, at);
        },
        [](Move&) {});
    EXPECT_FALSE(game.calls.empty());
    EXPECT_FALSE(game.is_defended);
}

TEST(Game, StatementsWithAnotherNumberOfWordsAreRefused) {
    const World world(mintmark::testing::gemm_circuit());
    Statement statement = world.statement;
    EXPECT_EQ(input_of(world.model.program, statement).value(), world.truth.input);
    statement.instances.pop_back();
    EXPECT_FALSE(input_of(world.model.program, statement).has_value());
    statement = world.statement;
    statement.instances[0].fill(0xff);
    EXPECT_FALSE(input_of(world.model.program, statement).has_value());
    statement.instances[0] = (-Fr::from_i64(std::int64_t{1} << 62)).to_bytes();
    EXPECT_EQ(input_of(world.model.program, statement).value()[0], -(std::int64_t{1} << 62));
}

TEST(Game, KeysOfAnotherModelAreRefused) {
    const World world(mintmark::testing::gemm_circuit());
    const Bytes key = key_bytes(world.model, {5, 6, 7, 8});
    const Terms terms = check_key(key, world.model).value();
    EXPECT_EQ(terms.window_s, 7U);
    const Commitments other = commit(world.model.circuit, world.model.column, Bytes32{9}).value();
    EXPECT_FALSE(check_key(key, other).has_value());
}

// The contract plays the same games --------------------------------------------------------------

json::Json words_json(const std::vector<Bytes32>& words) {
    json::Json out = json::Json::array();
    for (const Bytes32& word : words) out.push_back(to_hex(word));
    return out;
}

json::Json to_json(const World& world, const std::string& name, const Statement& statement,
                   const Bytes32& root, const Played& game) {
    json::Json calls = json::Json::array(), who = json::Json::array();
    bool ends_refused = false;
    for (const Call& call : game.calls) {
        calls.push_back(
            to_hex(chain::encode_call(call.move.signature, call.move.arguments).value()));
        who.push_back(call.is_prover);
        ends_refused = !call.is_good;
    }
    return {{"name", name},
            {"key", to_hex(key_bytes(world.model, {1'000, 100, 3600, 3600}))},
            {"context", to_hex(statement.context)},
            {"instances", words_json(statement.instances)},
            {"root", to_hex(root)},
            {"claim", to_hex(claim_of(world.model, statement, root))},
            {"calls", calls},
            {"prover", who},
            {"refused", ends_refused},
            {"defended", game.is_defended}};
}

json::Json make_vectors() {
    json::Json out = json::Json::array();
    SeededRng rng(77);
    for (int i = 0; i < 3; ++i) {
        const World world(testing::RandomNet(rng).make());
        for (const Lie lie : kLies) {
            Liar liar;
            Bytes32 root = {};
            const Played game = play_liar(world, lie, rng, liar, root);
            if (game.calls.empty()) continue;
            const std::string name =
                "net " + std::to_string(i) + " lie " + std::to_string(static_cast<int>(lie));
            out.push_back(to_json(world, name, liar.statement, root, game));
        }
        const Side honest(world.model, world.truth, world.statement);
        for (int j = 0; j < 3; ++j)
            out.push_back(to_json(world, "net " + std::to_string(i) + " slander", world.statement,
                                  honest.tree.root(), play_slanderer(world, rng)));
    }
    const std::size_t count = out.size();
    return {{"keyAddress", to_hex(kKeyAddress)},
            {"proverAddress", to_hex(kProver)},
            {"count", count},
            {"games", std::move(out)}};
}

/// MINTMARK_WRITE_VECTORS=1 writes them anew.
TEST(Game, TheContractsVectorsAreTheseGames) {
    const std::filesystem::path path =
        std::filesystem::path(MINTMARK_CONTRACT_VECTORS) / "referee.json";
    const json::Json fresh = make_vectors();
    if (std::getenv("MINTMARK_WRITE_VECTORS") != nullptr) {
        ASSERT_TRUE(write_file(path, as_bytes(json::compact(fresh) + "\n")).has_value());
    }
    const auto committed = json::read(path);
    ASSERT_TRUE(committed.has_value());
    EXPECT_TRUE(*committed == fresh) << "write them with MINTMARK_WRITE_VECTORS=1";
}

}  // namespace
}  // namespace mintmark::referee
