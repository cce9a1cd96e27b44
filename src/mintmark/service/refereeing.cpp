#include "mintmark/service/refereeing.hpp"

#include "mintmark/net/interrupt.hpp"
#include "mintmark/worker/artifacts.hpp"

namespace mintmark::service {
namespace {

constexpr int kPollMs = 500;

/// What this node computes of the claim's input.
Result<referee::Trace> own_trace(const referee::Commitments& model,
                                 const referee::Statement& statement) {
    MINTMARK_TRY(const auto input, referee::input_of(model.program, statement));
    return referee::run_trace(model, input);
}

Status check_model(market::Market& market, const referee::ClaimInfo& claim,
                   const referee::Commitments& model) {
    MINTMARK_TRY(const Bytes key, market::adapter_key_bytes(market, claim.key));
    MINTMARK_CHECK(referee::check_key(key, model));
    return {};
}

class Player {
  public:
    Player(market::Market& market, const chain::PrivateKey& key, const referee::Commitments& model,
           const PlayOptions& options, const MoveProgress& progress)
        : market_(market), key_(key), model_(model), options_(options), progress_(progress) {}

    Result<referee::ClaimInfo> run() {
        while (true) {
            MINTMARK_TRY(referee::ClaimInfo claim, referee::read_claim(market_, options_.claim));
            if (claim.state != referee::ClaimState::kChallenged) return claim;
            MINTMARK_TRY(const bool has_moved, step(claim));
            if (has_moved) continue;
            if (!options_.waits) return claim;
            net::interruptible_sleep(kPollMs);
            MINTMARK_CHECK(net::check_interrupted());
        }
    }

  private:
    Result<bool> step(const referee::ClaimInfo& claim) {
        const bool is_challengers = referee::is_challengers_move(claim.game.stage);
        const Address& player = is_challengers ? claim.challenger : claim.prover;
        if (player == key_.address()) {
            MINTMARK_CHECK(move(claim, is_challengers));
            return true;
        }
        if (claim.prover != key_.address() && claim.challenger != key_.address())
            return fail(ErrorCode::kRejected, "this wallet has no part in the game");
        MINTMARK_TRY(const chain::BlockHeader block, market_.client().latest_block());
        if (block.timestamp <= claim.until) return false;
        MINTMARK_TRY(const chain::Receipt receipt, referee::conclude(market_, key_, claim));
        progress_("conclude", receipt);
        return true;
    }

    Status move(const referee::ClaimInfo& claim, bool is_challengers) {
        MINTMARK_CHECK(prepare(claim, is_challengers));
        MINTMARK_TRY(const referee::Move next,
                     is_challengers ? referee::challenger_move(*side_, claim.id, claim.game)
                                    : referee::prover_move(*side_, claim.id, claim.game));
        MINTMARK_TRY(const chain::Receipt receipt, referee::send(market_, key_, next));
        progress_(next.signature.substr(0, next.signature.find('(')), receipt);
        return {};
    }

    Status prepare(const referee::ClaimInfo& claim, bool is_challengers) {
        if (side_) return {};
        MINTMARK_CHECK(check_model(market_, claim, model_));
        statement_ = claim.statement;
        if (options_.trace && !is_challengers) {
            trace_ = *options_.trace;
        } else {
            MINTMARK_TRY(trace_, own_trace(model_, statement_));
        }
        side_.emplace(model_, trace_, statement_);
        return {};
    }

    market::Market& market_;
    const chain::PrivateKey& key_;
    const referee::Commitments& model_;
    const PlayOptions& options_;
    const MoveProgress& progress_;
    referee::Statement statement_;
    referee::Trace trace_;
    std::optional<referee::Side> side_;
};

}  // namespace

Result<referee::Commitments> referee_model(const ModelFolder& folder) {
    MINTMARK_TRY(const worker::CompiledModel model, worker::CompiledModel::read(folder.compiled()));
    MINTMARK_TRY(const worker::KeyFile key, worker::KeyFile::read(folder.proving_key()));
    MINTMARK_TRY(compiler::Compiled compiled, compiler::compile(model.graph, model.options));
    return referee::commit(std::move(compiled.circuit), std::move(compiled.weights), key.seed);
}

Result<referee::Trace> trace_sample(const ModelFolder& folder, const referee::Commitments& model,
                                    const model::Sample& sample) {
    MINTMARK_TRY(const worker::CompiledModel compiled,
                 worker::CompiledModel::read(folder.compiled()));
    const worker::PublicModel ports = worker::PublicModel::of(compiled.graph);
    // Files of many samples for one input hold them side by side: the first is meant.
    const bool is_many = ports.inputs.size() == 1 && sample.size() > 1;
    MINTMARK_TRY(const std::vector<std::int64_t> input,
                 ports.quantise(is_many ? model::Sample{sample.front()} : sample));
    return trace_input(model, input);
}

Result<referee::Trace> trace_input(const referee::Commitments& model,
                                   std::span<const std::int64_t> input) {
    MINTMARK_TRY(referee::Trace trace, referee::run_trace(model, input));
    if (trace.defined == model.program.elements) return trace;
    return fail(ErrorCode::kOutOfRange, "a value leaves its table: the model has no answer to this",
                "the input is beyond the calibrated range");
}

Result<market::AdapterKeyMade> deploy_referee_key(market::Market& market,
                                                  const chain::PrivateKey& key,
                                                  const referee::Commitments& model,
                                                  const referee::Terms& terms) {
    return market::deploy_adapter_key(market, key, referee::kAdapter,
                                      referee::key_bytes(model, terms));
}

Result<chain::Receipt> challenge_claim(market::Market& market, const chain::PrivateKey& key,
                                       const referee::Commitments& model, const Bytes32& claim) {
    MINTMARK_TRY(const referee::ClaimInfo info, referee::read_claim(market, claim));
    MINTMARK_CHECK(check_model(market, info, model));
    MINTMARK_TRY(const referee::Trace trace, own_trace(model, info.statement));
    const referee::Side side(model, trace, info.statement);
    MINTMARK_TRY(const referee::Move move, referee::challenge_move(side, claim, info.trace_root));
    return referee::send(market, key, move, info.challenge_bond);
}

Result<referee::ClaimInfo> play(market::Market& market, const chain::PrivateKey& key,
                                const referee::Commitments& model, const PlayOptions& options,
                                const MoveProgress& progress) {
    return Player(market, key, model, options, progress).run();
}

}  // namespace mintmark::service
