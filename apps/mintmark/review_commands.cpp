// `mintmark review`: bonded reviewers score versions; anybody may challenge.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/reviews.hpp"

namespace mintmark::app {
namespace {

struct ReviewArgs {
    std::uint64_t review = 0, model = 0, version = 0, right = 0;
    std::string weights, reviewer, amount, evidence;
};

/// Where a committed score waits to be revealed: who loses the file loses the bond.
std::filesystem::path score_path(const App& app, std::uint64_t review, const Address& reviewer) {
    return app.home / "reviews" / fmt::format("{}-{}.json", review, to_hex(reviewer));
}

Status emit_tx(const App& app, json::Json value, const chain::Receipt& receipt) {
    value["tx"] = tx_json(receipt);
    emit(app, value, Table().row("transaction", tx_text(receipt)).text());
    return {};
}

Status open(const App& app, const ReviewArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::OpenedReview opened,
                 market::open_review(market, key, {args.model, args.version}));
    emit(app, {{"review", opened.id}, {"tx", tx_json(opened.receipt)}},
         Table()
             .row("review", std::to_string(opened.id))
             .row("transaction", tx_text(opened.receipt))
             .text());
    return {};
}

Status show(const App& app, const ReviewArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::ReviewInfo review, market::get_review(market, args.review));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    const std::string phase(market::phase_name(review, now));
    json::Json value = {{"review", review.id},
                        {"model", review.version.model},
                        {"version", review.version.version},
                        {"phase", phase},
                        {"samples", review.samples},
                        {"min_right", review.min_right},
                        {"seated", review.seated},
                        {"passes", review.passes},
                        {"fails", review.fails},
                        {"open_challenges", review.open_challenges},
                        {"commit_end", review.commit_end},
                        {"reveal_end", review.reveal_end},
                        {"challenge_end", review.challenge_end},
                        {"passed", review.has_passed}};
    Table table;
    table
        .row("review", fmt::format("{} of model {}, version {}", review.id, review.version.model,
                                   review.version.version))
        .row("standard", fmt::format("{} of {} right", review.min_right, review.samples))
        .row("phase", fmt::format("{} (scores until {}, shown until {}, challenged until {})",
                                  phase, time_text(review.commit_end), time_text(review.reveal_end),
                                  time_text(review.challenge_end)))
        .row("scores", fmt::format("{} seats taken, {} pass, {} fail, {} challenged", review.seated,
                                   review.passes, review.fails, review.open_challenges))
        .row("passed", review.has_passed ? "yes" : "no");
    if (!args.reviewer.empty()) {
        MINTMARK_TRY(const Address reviewer, parse_account(app, args.reviewer));
        MINTMARK_TRY(const market::ReviewAttestation score,
                     market::get_attestation(market, review.id, reviewer));
        value["reviewer"] = {
            {"state", score.state}, {"passed", score.passed}, {"right", score.right}};
        table.row("reviewer", fmt::format("{}, {} right", score.state, score.right));
    }
    emit(app, value, table.text());
    return {};
}

Status move_bond(const App& app, const ReviewArgs& args,
                 Result<chain::Receipt> (*body)(market::Market&, const chain::PrivateKey&,
                                                const chain::U256&)) {
    MINTMARK_TRY(const chain::U256 amount, market::parse_amount(args.amount));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, body(market, key, amount));
    MINTMARK_TRY(const chain::U256 free, market::free_bond(market, key.address()));
    return emit_tx(app, {{"free", free.to_string()}}, receipt);
}

/// The weights hash is computed from the reviewer's own file: that is half of what he attests.
Status commit(const App& app, const ReviewArgs& args) {
    MINTMARK_TRY(const Bytes weights, read_file(args.weights));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    market::Score score;
    score.review = args.review;
    score.reviewer = key.address();
    score.weights_hash = sha256(weights);
    score.right = args.right;
    system_rng().fill(score.salt);
    const std::filesystem::path path = score_path(app, args.review, score.reviewer);
    if (std::filesystem::exists(path)) {
        return fail(ErrorCode::kAlreadyExists, fmt::format("{} is there already", path.string()),
                    "a score is committed once; show it with `mintmark review reveal`");
    }
    // Before the transaction: a commitment whose salt is lost costs the bond.
    MINTMARK_CHECK(json::write(path, score.to_json()));
    auto receipt = market::commit_score(market, key, score);
    if (!receipt) {
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
        return std::unexpected(receipt.error());
    }
    return emit_tx(app, {{"review", args.review}, {"score", path.string()}}, *receipt);
}

Status reveal(const App& app, const ReviewArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const json::Json value, json::read(score_path(app, args.review, key.address())));
    MINTMARK_TRY(const market::Score score, market::Score::from_json(value));
    MINTMARK_TRY(const chain::Receipt receipt, market::reveal_score(market, key, score));
    return emit_tx(app, {{"review", args.review}, {"right", score.right}}, receipt);
}

Status challenge(const App& app, const ReviewArgs& args) {
    MINTMARK_TRY(const Address reviewer, parse_account(app, args.reviewer));
    Bytes32 evidence = {};
    if (!args.evidence.empty()) {
        MINTMARK_TRY(const Bytes text, read_file(args.evidence));
        evidence = sha256(text);
    }
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::challenge_score(market, key, args.review, reviewer, evidence));
    return emit_tx(app, {{"review", args.review}, {"evidence", to_hex(evidence)}}, receipt);
}

Status move(const App& app, const ReviewArgs& args, market::ReviewStep step) {
    MINTMARK_TRY(const Address reviewer, parse_account(app, args.reviewer));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::move_review(market, key, args.review, reviewer, step));
    return emit_tx(app, {{"review", args.review}}, receipt);
}

void add_reviewer_commands(CLI::App& group, App& app, const std::shared_ptr<ReviewArgs>& args) {
    CLI::App* sub = command(group, app, "deposit", "add to your free bond",
                            [&app, args] { return move_bond(app, *args, market::deposit_bond); });
    sub->add_option("--amount", args->amount, "1ETH")->required();
    sub = command(group, app, "withdraw", "take free bond back",
                  [&app, args] { return move_bond(app, *args, market::withdraw_bond); });
    sub->add_option("--amount", args->amount, "1ETH")->required();
    sub = command(group, app, "commit", "take a seat: a score that nobody can read yet",
                  [&app, args] { return commit(app, *args); });
    sub->add_option("ID", args->review, "review")->required();
    sub->add_option("--weights", args->weights, "the checkpoint that you scored")->required();
    sub->add_option("--right", args->right, "right answers of the suite")->required();
    sub = command(group, app, "reveal", "show your score",
                  [&app, args] { return reveal(app, *args); });
    sub->add_option("ID", args->review, "review")->required();
}

}  // namespace

void add_review_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("review", "bonded reviews of versions");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<ReviewArgs>();
    CLI::App* sub = command(*group, app, "open", "open a review of a version",
                            [&app, args] { return open(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--version-id", args->version, "version")->required();
    sub = command(*group, app, "show", "a review, and one reviewer's part in it",
                  [&app, args] { return show(app, *args); });
    sub->add_option("ID", args->review, "review")->required();
    sub->add_option("--reviewer", args->reviewer, "address or wallet");
    add_reviewer_commands(*group, app, args);
    const auto of_reviewer = [&args](CLI::App* command) {
        command->add_option("ID", args->review, "review")->required();
        command->add_option("--reviewer", args->reviewer, "address or wallet")->required();
        return command;
    };
    of_reviewer(command(*group, app, "challenge", "dispute a score, with a bond", [&app, args] {
        return challenge(app, *args);
    }))->add_option("--evidence", args->evidence, "file whose hash is recorded");
    const auto step = [&](const char* name, const char* help, market::ReviewStep what) {
        of_reviewer(command(*group, app, name, help,
                            [&app, args, what] { return move(app, *args, what); }));
    };
    step("decide-by-proof", "let an accuracy proof decide a challenge",
         market::ReviewStep::kDecideByProof);
    step("lapse", "end a challenge that nobody decided", market::ReviewStep::kLapse);
    step("release", "free a reviewer's bond after the window", market::ReviewStep::kRelease);
}

}  // namespace mintmark::app
