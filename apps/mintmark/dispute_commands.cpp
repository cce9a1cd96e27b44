// `mintmark dispute`: evidence against a model, with a bond; its owner's answer; the arbiter's
// word.
#include "dispute_commands.hpp"

#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/disputes.hpp"

namespace mintmark::app {
namespace {

struct DisputeArgs {
    std::uint64_t id = 0, model = 0;
    std::string evidence, uri, reason, verdict, to;
    bool is_arbiter = false;
};

json::Json dispute_json(const market::Dispute& dispute) {
    return {{"dispute", dispute.id},
            {"model", dispute.model},
            {"state", market::dispute_state_name(dispute.state)},
            {"accuser", chain::to_checksum(dispute.accuser)},
            {"decide_by", dispute.decide_by},
            {"evidence_hash", to_hex(dispute.evidence_hash)},
            {"evidence_uri", dispute.evidence_uri}};
}

Status open(const App& app, const DisputeArgs& args) {
    MINTMARK_TRY(const Bytes evidence, read_file(args.evidence));
    const market::Accusation accusation{args.model, sha256(evidence), args.uri};
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::OpenedDispute opened, market::open_dispute(market, key, accusation));
    report_tx(app,
              {{"dispute", opened.id},
               {"model", args.model},
               {"bond", opened.bond.to_string()},
               {"evidence_hash", to_hex(accusation.evidence_hash)}},
              Table()
                  .row("dispute", std::to_string(opened.id))
                  .row("model", fmt::format("{}: its own claims wait", args.model))
                  .row("bond", market::format_amount(opened.bond)),
              opened.receipt);
    return {};
}

Status show(const App& app, const DisputeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::Dispute dispute, market::get_dispute(market, args.id));
    MINTMARK_TRY(const bool is_frozen, market::is_frozen(market, dispute.model));
    json::Json value = dispute_json(dispute);
    value["model_waits"] = is_frozen;
    emit(app, value,
         Table()
             .row("dispute",
                  fmt::format("{}: {}", dispute.id, market::dispute_state_name(dispute.state)))
             .row("model",
                  fmt::format("{}{}", dispute.model, is_frozen ? ": its own claims wait" : ""))
             .row("accuser", chain::to_checksum(dispute.accuser))
             .row("decided by", time_text(dispute.decide_by))
             .row("evidence", fmt::format("{} (SHA-256 {})", dispute.evidence_uri,
                                          to_hex(dispute.evidence_hash)))
             .text());
    return {};
}

Status list(const App& app, const DisputeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const auto disputes, market::list_disputes(market, args.model));
    json::Json rows = json::Json::array();
    std::string text =
        fmt::format("{:>7}  {:>5}  {:<7} {}", "dispute", "model", "state", "accuser");
    for (const market::Dispute& dispute : disputes) {
        rows.push_back(dispute_json(dispute));
        text += fmt::format("\n{:>7}  {:>5}  {:<7} {}", dispute.id, dispute.model,
                            market::dispute_state_name(dispute.state),
                            chain::to_checksum(dispute.accuser));
    }
    emit(app, {{"disputes", rows}}, disputes.empty() ? "no disputes" : text);
    return {};
}

/// Every step that is a transaction about one dispute ends the same way.
template <typename Send>
Status act(const App& app, std::uint64_t id, const char* what, Send send) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, send(market, key));
    MINTMARK_TRY(const market::Dispute dispute, market::get_dispute(market, id));
    report_tx(app, dispute_json(dispute), Table().row(what, std::to_string(id)), receipt);
    return {};
}

Status answer(const App& app, const DisputeArgs& args) {
    return act(app, args.id, "answered", [&](auto& market, const auto& key) {
        return market::answer_dispute(market, key, args.id, args.uri);
    });
}

Status decide(const App& app, const DisputeArgs& args) {
    if (args.verdict != "uphold" && args.verdict != "dismiss") {
        return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is no decision", args.verdict),
                    "uphold or dismiss");
    }
    const auto verdict =
        args.verdict == "uphold" ? market::Verdict::kUpheld : market::Verdict::kDismissed;
    return act(app, args.id, "decided", [&](auto& market, const auto& key) {
        return market::decide_dispute(market, key, args.id, verdict, args.reason);
    });
}

Status step(const App& app, std::uint64_t id, market::DisputeStep what, const char* word) {
    return act(app, id, word, [&](auto& market, const auto& key) {
        return market::move_dispute(market, key, id, what);
    });
}

Status bond(const App& app, const DisputeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address to = key.address();
    if (!args.to.empty()) {
        MINTMARK_TRY(to, parse_account(app, args.to));
    }
    MINTMARK_TRY(const chain::U256 amount, market::dispute_credit(market, key.address()));
    if (amount == chain::U256(0U)) {
        return fail(ErrorCode::kNotFound, "no bond has come back to this wallet, and none was won");
    }
    MINTMARK_TRY(const chain::Receipt receipt, market::withdraw_dispute_credit(market, key, to));
    report_tx(app, {{"amount", amount.to_string()}, {"to", chain::to_checksum(to)}},
              Table().row("withdrawn", market::format_amount(amount)), receipt);
    return {};
}

void add_steps(CLI::App& group, App& app, const std::shared_ptr<DisputeArgs>& args) {
    const auto numbered = [&](const char* name, const char* help, std::function<Status()> body) {
        CLI::App* sub = command(group, app, name, help, std::move(body));
        sub->add_option("ID", args->id, "dispute id")->required();
        return sub;
    };
    using Step = market::DisputeStep;
    numbered("show", "one dispute", [&app, args] { return show(app, *args); });
    numbered("answer", "put an answer on record (the model's owner)",
             [&app, args] { return answer(app, *args); })
        ->add_option("--uri", args->uri, "where the answer is, at most 512 bytes")
        ->required();
    CLI::App* sub = numbered("decide", "uphold or dismiss (ARBITER)",
                             [&app, args] { return decide(app, *args); });
    sub->add_option("DECISION", args->verdict, "uphold or dismiss")->required();
    sub->add_option("--reason", args->reason, "at most 512 bytes");
    numbered("lift", "end an upheld dispute (its accuser)", [&app, args] {
        return step(app, args->id, args->is_arbiter ? Step::kLiftByArbiter : Step::kLift, "lifted");
    })->add_flag("--as-arbiter", args->is_arbiter, "with the role ARBITER instead");
    numbered("withdraw", "give up before a decision; the bond is the owner's (the accuser)",
             [&app, args] { return step(app, args->id, Step::kWithdraw, "withdrawn"); });
    numbered("lapse", "end what was not decided in time; the bond goes back",
             [&app, args] { return step(app, args->id, Step::kLapse, "lapsed"); });
}

}  // namespace

void add_dispute_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand(
        "dispute", "evidence against a model, with a bond: its own claims wait for the arbiter");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<DisputeArgs>();
    CLI::App* sub = command(*group, app, "open", "accuse a model; once per account",
                            [&app, args] { return open(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--evidence", args->evidence, "file; its SHA-256 is registered")->required();
    sub->add_option("--uri", args->uri, "where the evidence is published")->required();
    sub = command(*group, app, "list", "disputes, oldest first",
                  [&app, args] { return list(app, *args); });
    sub->add_option("--model", args->model, "about this model only");
    add_steps(*group, app, args);
    sub = command(*group, app, "bond", "take out bonds that came back, or were won",
                  [&app, args] { return bond(app, *args); });
    sub->add_option("--to", args->to, "account [this wallet]");
}

}  // namespace mintmark::app
