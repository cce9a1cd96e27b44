// `mintmark license` and `mintmark derivative`: rights in models, and models built on others.
#include <fmt/format.h>

#include <algorithm>

#include "market_context.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"
#include "mintmark/market/licensing.hpp"

namespace mintmark::app {
namespace {

constexpr std::string_view kRegistered = "ModelRegistered(uint256,address,string,string)";

struct LicenseArgs {
    std::uint64_t model = 0, license = 0;
    std::string right = "fine-tune", policy = "absolute", fee = "0ETH", max_fee, terms, to;
    std::uint64_t max_share_ppm = 0;
    market::LicenseTerms what;
};

struct DerivativeArgs {
    std::uint64_t model = 0, parent = 0, max_stack_ppm = 0;
    std::vector<std::uint64_t> licenses;
    std::vector<std::string> relations;
    std::vector<std::string> approvals;
    std::uint64_t license = 0, hours = 24;
    std::string name, card, payout, reason, relation = "fine-tune", file;
};

Result<Bytes32> make_terms(market::Market& market, const chain::PrivateKey& key, LicenseArgs args) {
    args.what.is_fine_tune = args.right == "fine-tune";
    args.what.is_relative = args.policy == "relative";
    MINTMARK_TRY(args.what.mint_fee, market::parse_amount(args.fee));
    return market::register_terms(market, key, args.what);
}

json::Json terms_json(const market::LicenseTerms& terms) {
    return {{"right", terms.is_fine_tune ? "fine-tune" : "weights"},
            {"policy", terms.is_relative ? "relative" : "absolute"},
            {"share_ppm", terms.share_ppm},
            {"fee", terms.mint_fee.to_string()},
            {"currency", chain::to_checksum(terms.currency)},
            {"duration", terms.duration},
            {"transferable", terms.is_transferable},
            {"approval", terms.needs_approval},
            {"reciprocal", terms.is_reciprocal}};
}

Status offer(const App& app, const LicenseArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const Bytes32 terms, make_terms(market, key, args));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::offer_license(market, key, args.model, terms));
    emit(app, {{"model", args.model}, {"terms", to_hex(terms)}, {"tx", tx_json(receipt)}},
         Table().row("terms", to_hex(terms)).row("transaction", tx_text(receipt)).text());
    return {};
}

Status emit_made(const App& app, const market::MadeLicense& made) {
    emit(app, {{"license", made.id}, {"fee", made.fee.to_string()}, {"tx", tx_json(made.receipt)}},
         Table()
             .row("license", std::to_string(made.id))
             .row("fee", market::format_amount(made.fee))
             .row("transaction", tx_text(made.receipt))
             .text());
    return {};
}

Status buy(const App& app, const LicenseArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Bytes32 terms, bytes32_from_hex(args.terms));
    MINTMARK_TRY(const chain::U256 max_fee, market::parse_amount(args.max_fee));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::MadeLicense made,
                 market::buy_license(
                     market, key, {args.model, terms, key.address(), max_fee, args.max_share_ppm}));
    return emit_made(app, made);
}

Status grant(const App& app, const LicenseArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const Address to, parse_account(app, args.to));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const Bytes32 terms, make_terms(market, key, args));
    MINTMARK_TRY(const market::MadeLicense made,
                 market::grant_license(market, key, {args.model, terms, to, {}, 0}));
    return emit_made(app, made);
}

Status show_license(const App& app, std::uint64_t id) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::LicenseInfo license, market::get_license(market, id));
    json::Json value = terms_json(license.terms);
    value["license"] = license.id;
    value["model"] = license.model;
    value["owner"] = chain::to_checksum(license.owner);
    value["expires"] = license.expires;
    value["used_by"] = license.used_by;
    value["terms"] = to_hex(license.terms_id);
    Table table;
    table.row("license", fmt::format("{} of model {}", license.id, license.model));
    table.row("owner", chain::to_checksum(license.owner));
    table.row("right", license.terms.is_fine_tune ? "fine-tune" : "weights");
    table.row("share", fmt::format("{} ppm, {}", license.terms.share_ppm,
                                   license.terms.is_relative ? "relative" : "absolute"));
    table.row("expires", license.expires == 0 ? "never" : time_text(license.expires));
    if (license.used_by != 0) table.row("used by", fmt::format("model {}", license.used_by));
    emit(app, value, table.text());
    return {};
}

Status new_model(const App& app, const DerivativeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    Address payout = key.address();
    if (!args.payout.empty()) {
        MINTMARK_TRY(payout, parse_account(app, args.payout));
    }
    MINTMARK_TRY(const chain::Receipt receipt,
                 market.send(key, market::register_call(args.name, args.card, payout)));
    MINTMARK_TRY(const chain::U256 made, market.topic(receipt, {"ModelRegistry", kRegistered, 1}));
    MINTMARK_TRY(const std::uint64_t id, chain::AbiValue(made).as_u64());
    emit(app, {{"model", id}, {"tx", tx_json(receipt)}},
         Table()
             .row("model", fmt::format("{} (link it, then publish with --model {})", id, id))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

Status emit_receipt(const App& app, std::uint64_t model, const chain::Receipt& receipt) {
    emit(app, {{"model", model}, {"tx", tx_json(receipt)}},
         Table().row("transaction", tx_text(receipt)).text());
    return {};
}

/// Each file's approval goes to the parent whose licence it names.
Status attach_approvals(const DerivativeArgs& args, std::vector<market::LinkedParent>& parents) {
    for (const std::string& file : args.approvals) {
        MINTMARK_TRY(const json::Json value, json::read(file));
        MINTMARK_TRY(const market::Approval approval, market::Approval::from_json(value));
        const auto it = std::find_if(
            parents.begin(), parents.end(),
            [&](const market::LinkedParent& parent) { return parent.license == approval.license; });
        if (it == parents.end() || approval.child != args.model ||
            approval.relation != it->relation) {
            return fail(ErrorCode::kInvalidArgument, fmt::format("{} approves another link", file),
                        "child, licence and relation must be the link's");
        }
        it->approval = approval;
    }
    return {};
}

/// A parent's owner signs, off-chain, that a link may be made.
Status sign_approval(const App& app, const DerivativeArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    market::Approval approval;
    approval.child = args.model;
    approval.license = args.license;
    MINTMARK_TRY(approval.relation, market::parse_relation(args.relation));
    MINTMARK_TRY(const market::LicenseInfo license, market::get_license(market, args.license));
    MINTMARK_TRY(approval.parent, market::resolve_version(market, {license.model, 0}));
    MINTMARK_TRY(const std::uint64_t now, market.now());
    approval.deadline = now + args.hours * 3600;
    MINTMARK_TRY(const Bytes32 digest, approval.digest(market.deployment()));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    approval.signature = key.sign(digest).to_bytes();
    const json::Json value = approval.to_json();
    if (!args.file.empty()) {
        MINTMARK_CHECK(json::write(args.file, value));
    }
    emit(app, value,
         Table()
             .row("child", fmt::format("{} of model {}", approval.child, approval.parent.model))
             .row("until", time_text(approval.deadline))
             .row("signature", to_hex(approval.signature))
             .text());
    return {};
}

Status link(const App& app, const DerivativeArgs& args) {
    std::vector<market::LinkedParent> parents;
    for (std::size_t i = 0; i < args.licenses.size(); ++i) {
        market::LinkedParent parent = {args.licenses[i]};
        if (i < args.relations.size()) {
            MINTMARK_TRY(parent.relation, market::parse_relation(args.relations[i]));
        }
        parents.push_back(parent);
    }
    MINTMARK_CHECK(attach_approvals(args, parents));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt,
                 market::link_derivative(market, key, args.model, parents, args.max_stack_ppm));
    return emit_receipt(app, args.model, receipt);
}

Status show_derivative(const App& app, std::uint64_t model) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::DerivativeInfo info, market::get_derivative(market, model));
    json::Json parents = json::Json::array();
    json::Json ancestors = json::Json::array();
    Table table;
    table.row("model", fmt::format("{}, {}", model, info.state));
    if (info.state == "pending") table.row("parents may object until", time_text(info.decide_by));
    for (const market::ParentInfo& parent : info.parents) {
        parents.push_back({{"model", parent.version.model},
                           {"version", parent.version.version},
                           {"license", parent.license},
                           {"share_ppm", parent.share_ppm},
                           {"relation", market::relation_name(parent.relation)},
                           {"policy", parent.is_relative ? "relative" : "absolute"}});
        table.row(fmt::format("{} of model {}", market::relation_name(parent.relation),
                              parent.version.model),
                  fmt::format("version {}, share {} ppm {}", parent.version.version,
                              parent.share_ppm, parent.is_relative ? "relative" : "absolute"));
    }
    for (const market::AncestorInfo& ancestor : info.ancestors) {
        const std::uint64_t ppm = ancestor.absolute_ppm + ancestor.relative_ppm;
        ancestors.push_back({{"model", ancestor.model}, {"ppm", ppm}});
        table.row(fmt::format("model {} takes", ancestor.model), fmt::format("{} ppm", ppm));
    }
    table.row("ancestors together", fmt::format("{} ppm", info.stack_ppm));
    emit(app,
         {{"model", model},
          {"state", info.state},
          {"decide_by", info.decide_by},
          {"stack_ppm", info.stack_ppm},
          {"parents", parents},
          {"ancestors", ancestors}},
         table.text());
    return {};
}

Status decide(const App& app, const DerivativeArgs& args, bool is_approved) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    auto receipt =
        is_approved ? market::approve_derivative(market, key, args.model, args.parent)
                    : market::reject_derivative(market, key, args.model, args.parent, args.reason);
    if (!receipt) return std::unexpected(receipt.error());
    return emit_receipt(app, args.model, *receipt);
}

void add_terms_options(CLI::App& sub, LicenseArgs& args) {
    sub.add_option("--model", args.model, "model id")->required();
    sub.add_option("--right", args.right, "weights or fine-tune [fine-tune]")
        ->check(CLI::IsMember({"weights", "fine-tune"}));
    sub.add_option("--share-ppm", args.what.share_ppm, "your part of a derivative's income")
        ->check(CLI::Range(0, 500'000));
    sub.add_option("--policy", args.policy, "absolute: of every descendant; relative: of children")
        ->check(CLI::IsMember({"absolute", "relative"}));
    sub.add_option("--fee", args.fee, "what a licence costs [0ETH]");
    sub.add_option("--duration", args.what.duration, "seconds that a licence lasts [for ever]");
    sub.add_flag("--transferable", args.what.is_transferable, "licences may change hands");
    sub.add_flag("--approval", args.what.needs_approval, "you may object to a derivative");
    sub.add_flag("--reciprocal", args.what.is_reciprocal, "derivatives offer the same terms only");
}

}  // namespace

void add_license_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("license", "rights in weights and in fine-tuning");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<LicenseArgs>();
    add_terms_options(*command(*group, app, "offer", "sell licences of your model under terms",
                               [&app, args] { return offer(app, *args); }),
                      *args);
    CLI::App* sub = command(*group, app, "grant", "give a licence of your model without a fee",
                            [&app, args] { return grant(app, *args); });
    add_terms_options(*sub, *args);
    sub->add_option("--to", args->to, "who gets it: address or wallet")->required();
    sub = command(*group, app, "buy", "buy a licence", [&app, args] { return buy(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--terms", args->terms, "id of the terms")->required();
    sub->add_option("--max-fee", args->max_fee, "most that you pay, for example 0.5ETH")
        ->required();
    sub->add_option("--max-revenue-share", args->max_share_ppm,
                    "most of a derivative's income that the terms may take, in millionths [0]");
    sub = command(*group, app, "show", "one licence",
                  [&app, args] { return show_license(app, args->license); });
    sub->add_option("ID", args->license, "licence id")->required();
}

void add_derivative_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("derivative", "models that are built on others");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<DerivativeArgs>();
    CLI::App* sub = command(*group, app, "new", "register a model that is not for sale yet",
                            [&app, args] { return new_model(app, *args); });
    sub->add_option("--name", args->name, "name of the model")->required();
    sub->add_option("--card", args->card, "URI of the model card")->required();
    sub->add_option("--payout", args->payout, "where your money goes [your wallet]");
    sub = command(*group, app, "link", "link your model to its parents, once, before it is sold",
                  [&app, args] { return link(app, *args); });
    sub->add_option("--model", args->model, "your model")->required();
    sub->add_option("--license", args->licenses, "one fine-tune licence per parent")->required();
    sub->add_option("--relation", args->relations,
                    "one per licence: fine-tune, adapter, merge, quantized, distilled, dataset");
    sub->add_option("--max-stack-ppm", args->max_stack_ppm,
                    "most that all ancestors together may take, in millionths")
        ->required();
    sub->add_option("--approval", args->approvals,
                    "files of `derivative sign`, of parents that agree");
    sub = command(*group, app, "sign", "agree to a child before it links: a file for its owner",
                  [&app, args] { return sign_approval(app, *args); });
    sub->add_option("ID", args->model, "the child")->required();
    sub->add_option("--license", args->license, "the licence that the child will use")->required();
    sub->add_option("--relation", args->relation, "what the child is to your model [fine-tune]");
    sub->add_option("--hours", args->hours, "how long it serves [24]");
    sub->add_option("--file", args->file, "where to write");
    sub = command(*group, app, "show", "parents, ancestors and what they take",
                  [&app, args] { return show_derivative(app, args->model); });
    sub->add_option("ID", args->model, "model id")->required();
    for (const bool is_approved : {true, false}) {
        sub = command(*group, app, is_approved ? "approve" : "reject",
                      is_approved ? "let a child of your model be" : "object to a child",
                      [&app, args, is_approved] { return decide(app, *args, is_approved); });
        sub->add_option("ID", args->model, "the child")->required();
        sub->add_option("--parent", args->parent, "your model")->required();
        if (!is_approved) sub->add_option("--reason", args->reason, "for everybody to read");
    }
}

}  // namespace mintmark::app
