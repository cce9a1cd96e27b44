// `mintmark gate`: quotas for holders, stakers and guests.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/gates.hpp"

namespace mintmark::app {
namespace {

struct GateArgs {
    std::uint64_t model = 0, version = 0, gate = 0, quota = 0, total = 0;
    std::uint32_t multiple = 1, hours = 720;
    std::string kind, target, threshold = "0", key, account, provider, amount, file;
};

Status create(const App& app, const GateArgs& args) {
    market::GateTerms terms;
    MINTMARK_TRY(terms.kind, market::parse_gate_kind(args.kind));
    MINTMARK_TRY(terms.target, chain::parse_address(args.target));
    MINTMARK_TRY(terms.threshold, chain::U256::parse(args.threshold));
    terms.quota = args.quota;
    terms.max_multiple = args.multiple;
    terms.period = args.hours * 3600;
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const market::CreatedGate created,
                 market::create_gate(market, key, args.model, terms));
    emit(app, {{"gate", created.id}, {"tx", tx_json(created.receipt)}},
         Table()
             .row("gate", std::to_string(created.id))
             .row("transaction", tx_text(created.receipt))
             .text());
    return {};
}

/// Whose quota: --key, else the account's own address; the canonical version unless one is named.
Result<market::QuotaUsage> usage_of(const App& app, market::Market& market, const GateArgs& args,
                                    const market::GateInfo& gate) {
    market::QuotaUsage out;
    out.gate = args.gate;
    MINTMARK_TRY(const market::VersionRef version,
                 market::resolve_version(market, {gate.model, args.version}));
    out.version = version.version;
    out.epoch = gate.epoch;
    if (args.account.empty()) {
        MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
        out.account = wallet.address;
    } else {
        MINTMARK_TRY(out.account, parse_account(app, args.account));
    }
    if (args.key.empty()) {
        out.key = chain::U256::from_bytes(ByteSpan(out.account)).value_or(chain::U256());
    } else {
        MINTMARK_TRY(out.key, chain::U256::parse(args.key));
    }
    return out;
}

Status show(const App& app, const GateArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::GateInfo gate, market::read_gate(market, args.gate));
    MINTMARK_TRY(const market::QuotaUsage who, usage_of(app, market, args, gate));
    MINTMARK_TRY(const chain::U256 left, market::remaining_quota(market, who));
    const std::string kind(market::gate_kind_name(gate.terms.kind));
    emit(app,
         {{"gate", args.gate},
          {"model", gate.model},
          {"kind", kind},
          {"target", chain::to_checksum(gate.terms.target)},
          {"threshold", gate.terms.threshold.to_string()},
          {"quota", gate.terms.quota},
          {"max_multiple", gate.terms.max_multiple},
          {"period", gate.terms.period},
          {"epoch", gate.epoch},
          {"retired", gate.is_retired},
          {"remaining", left.to_string()}},
         Table()
             .row("gate", fmt::format("{} of model {}{}", args.gate, gate.model,
                                      gate.is_retired ? " (retired)" : ""))
             .row("for", fmt::format("{} {}", kind, chain::to_checksum(gate.terms.target)))
             .row("quota",
                  fmt::format("{} per {} hours", gate.terms.quota, gate.terms.period / 3600))
             .row("epoch", fmt::format("{}, since {}", gate.epoch, time_text(gate.epoch_start)))
             .row("left",
                  fmt::format("{} for {}", left.to_string(), chain::to_checksum(who.account)))
             .text());
    return {};
}

Status sign_use(const App& app, const GateArgs& args) {
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const market::GateInfo gate, market::read_gate(market, args.gate));
    MINTMARK_TRY(market::QuotaUsage usage, usage_of(app, market, args, gate));
    MINTMARK_TRY(usage.provider, parse_account(app, args.provider));
    usage.cumulative = args.total;
    MINTMARK_TRY(const Bytes32 digest, usage.digest(market.deployment()));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    usage.signature = key.sign(digest).to_bytes();
    const json::Json value = usage.to_json();
    if (!args.file.empty()) {
        MINTMARK_CHECK(write_file(args.file, as_bytes(value.dump(2) + "\n")));
    }
    emit(app, value,
         Table()
             .row("total", fmt::format("{} in epoch {}", usage.cumulative, usage.epoch))
             .row("usage", args.file.empty() ? value.dump() : args.file)
             .text());
    return {};
}

Status settle(const App& app, const std::string& file) {
    MINTMARK_TRY(const json::Json value, json::read(file));
    MINTMARK_TRY(const market::QuotaUsage usage, market::QuotaUsage::from_json(value));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, market::settle_quota(market, key, usage));
    MINTMARK_TRY(const chain::U256 used, market::used_through(market, usage));
    emit(app, {{"used", used.to_string()}, {"tx", tx_json(receipt)}},
         Table()
             .row("used", fmt::format("{} through you in epoch {}", used.to_string(), usage.epoch))
             .row("transaction", tx_text(receipt))
             .text());
    return {};
}

Status move_stake(const App& app, const GateArgs& args,
                  Result<chain::Receipt> (*body)(market::Market&, const chain::PrivateKey&,
                                                 std::uint64_t, const chain::U256&)) {
    MINTMARK_TRY(const chain::U256 amount, chain::U256::parse(args.amount));
    MINTMARK_TRY(market::Market market, open_market(app));
    MINTMARK_TRY(const chain::PrivateKey key, unlock_wallet(app));
    MINTMARK_TRY(const chain::Receipt receipt, body(market, key, args.gate, amount));
    emit(app, {{"gate", args.gate}, {"amount", amount.to_string()}, {"tx", tx_json(receipt)}},
         Table().row("transaction", tx_text(receipt)).text());
    return {};
}

}  // namespace

void add_gate_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("gate", "quotas for holders, stakers and guests");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<GateArgs>();
    CLI::App* sub = command(*group, app, "create", "open a gate of your model; it never changes",
                            [&app, args] { return create(app, *args); });
    sub->add_option("--model", args->model, "model id")->required();
    sub->add_option("--kind", args->kind, "nft, votes, stake or predicate")->required();
    sub->add_option("--target", args->target, "collection, token or predicate")->required();
    sub->add_option("--quota", args->quota, "units per epoch")->required();
    sub->add_option("--threshold", args->threshold, "smallest units of the token for one quota");
    sub->add_option("--multiple", args->multiple, "most quotas of a large holding [1]");
    sub->add_option("--hours", args->hours, "length of an epoch [720]");
    const auto who = [&args](CLI::App* command) {
        command->add_option("GATE", args->gate, "gate id")->required();
        command->add_option("--key", args->key, "token id [the account's address]");
        command->add_option("--account", args->account, "holder or delegate [your wallet]");
        command->add_option("--version-id", args->version, "version [the canonical one]");
    };
    who(command(*group, app, "show", "a gate, and what you may still use",
                [&app, args] { return show(app, *args); }));
    sub = command(*group, app, "use", "sign what you have used in all in this epoch",
                  [&app, args] { return sign_use(app, *args); });
    who(sub);
    sub->add_option("--provider", args->provider, "who settles it")->required();
    sub->add_option("--total", args->total, "units in all through this provider")->required();
    sub->add_option("--out", args->file, "file to write it to");
    sub = command(*group, app, "settle", "as a provider: count a signed use",
                  [&app, args] { return settle(app, args->file); });
    sub->add_option("USAGE", args->file, "file of `mintmark gate use`")->required();
    sub = command(*group, app, "stake", "lock tokens behind a gate",
                  [&app, args] { return move_stake(app, *args, market::stake); });
    sub->add_option("GATE", args->gate, "gate id")->required();
    sub->add_option("--amount", args->amount, "smallest units of the token")->required();
    sub = command(*group, app, "unstake", "take tokens back once they are free",
                  [&app, args] { return move_stake(app, *args, market::unstake); });
    sub->add_option("GATE", args->gate, "gate id")->required();
    sub->add_option("--amount", args->amount, "smallest units of the token")->required();
}

}  // namespace mintmark::app
