// `mintmark wallet`: encrypted keys.
#include <fmt/format.h>

#include "market_context.hpp"
#include "mintmark/base/file.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"

namespace mintmark::app {
namespace {

struct WalletArgs {
    std::string name, key_file, private_key;
};

Result<std::string> new_password(const App& app) {
    MINTMARK_TRY(std::string password, read_password(app, "new password"));
    if (!password.empty()) return password;
    return fail(ErrorCode::kInvalidArgument, "the password is empty");
}

Status created(const App& app, const chain::WalletEntry& wallet) {
    emit(app,
         {{"name", wallet.name},
          {"address", chain::to_checksum(wallet.address)},
          {"path", wallet.path.string()}},
         Table()
             .row("wallet", wallet.name)
             .row("address", chain::to_checksum(wallet.address))
             .row("file", wallet.path.string() + " (encrypted; without its password it is lost)")
             .text());
    return {};
}

Status create(const App& app, const WalletArgs& args) {
    MINTMARK_TRY(const std::string password, new_password(app));
    MINTMARK_TRY(const chain::WalletEntry wallet,
                 keystore(app).create(args.name, password, system_rng()));
    return created(app, wallet);
}

/// A keystore file of another program, or 32 bytes in hex.
Result<chain::PrivateKey> read_key(const App& app, const WalletArgs& args) {
    if (!args.private_key.empty()) {
        if (!args.key_file.empty()) {
            return fail(ErrorCode::kInvalidArgument, "either --key-file or --private-key");
        }
        fmt::print(stderr,
                   "warning: a key on the command line stays in the shell's history and is visible "
                   "in the process list; use --key-file\n");
        MINTMARK_TRY(const Bytes32 secret, bytes32_from_hex(args.private_key));
        return chain::PrivateKey::from_bytes(secret);
    }
    if (args.key_file.empty()) {
        return fail(ErrorCode::kInvalidArgument, "which key? --key-file FILE",
                    "a Web3 Secret Storage file, or a file with 64 hex digits");
    }
    MINTMARK_TRY(std::string text, read_text(args.key_file));
    if (text.starts_with('{')) {
        MINTMARK_TRY(const json::Json file, json::parse(text));
        MINTMARK_TRY(const std::string password,
                     read_password(app, fmt::format("password of {}", args.key_file)));
        return chain::decrypt_key(file, password);
    }
    text.erase(text.find_last_not_of(" \r\n\t") + 1);
    MINTMARK_TRY(const Bytes32 secret, bytes32_from_hex(text));
    return chain::PrivateKey::from_bytes(secret);
}

Status import(const App& app, const WalletArgs& args) {
    MINTMARK_TRY(const chain::PrivateKey key, read_key(app, args));
    MINTMARK_TRY(const std::string password, new_password(app));
    MINTMARK_TRY(const chain::WalletEntry wallet,
                 keystore(app).import_key(args.name, key, password, system_rng()));
    return created(app, wallet);
}

/// Balances are shown when a chain is reachable; their absence is no error.
class Balances {
  public:
    explicit Balances(const App& app) {
        std::string url = app.rpc_url;
        const auto deployment = chain::Deployment::read(app.deployment_path());
        if (url.empty() && deployment) url = deployment->rpc_url;
        if (!url.empty()) client_.emplace(url);
    }
    std::optional<chain::U256> of(const Address& account) {
        if (!client_) return std::nullopt;
        const auto balance = client_->balance(account);
        if (balance) return *balance;
        client_.reset();
        return std::nullopt;
    }

  private:
    std::optional<chain::RpcClient> client_;
};

json::Json wallet_json(const chain::WalletEntry& wallet, const std::optional<chain::U256>& wei) {
    json::Json out = {{"name", wallet.name}, {"address", chain::to_checksum(wallet.address)}};
    out["balance"] = wei ? json::Json(wei->to_string()) : json::Json(nullptr);
    return out;
}

std::string balance_text(const std::optional<chain::U256>& wei) {
    return wei ? market::format_amount(*wei) : "(no chain)";
}

Status list_wallets(const App& app) {
    MINTMARK_TRY(const auto wallets, keystore(app).list());
    Balances balances(app);
    json::Json rows = json::Json::array();
    Table table;
    for (const chain::WalletEntry& wallet : wallets) {
        const auto wei = balances.of(wallet.address);
        rows.push_back(wallet_json(wallet, wei));
        table.row(wallet.name,
                  fmt::format("{}  {}", chain::to_checksum(wallet.address), balance_text(wei)));
    }
    emit(app, {{"wallets", rows}}, wallets.empty() ? "no wallets" : table.text());
    return {};
}

Status show(const App& app, const std::string& name) {
    App chosen = app;
    if (!name.empty()) chosen.wallet = name;
    MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(chosen));
    const auto wei = Balances(app).of(wallet.address);
    json::Json value = wallet_json(wallet, wei);
    value["path"] = wallet.path.string();
    emit(app, value,
         Table()
             .row("wallet", wallet.name)
             .row("address", chain::to_checksum(wallet.address))
             .row("balance", balance_text(wei))
             .row("file", wallet.path.string())
             .text());
    return {};
}

}  // namespace

void add_wallet_commands(CLI::App& root, App& app) {
    CLI::App* group = root.add_subcommand("wallet", "encrypted keys (Web3 Secret Storage)");
    group->require_subcommand(1);
    group->fallthrough();
    const auto args = std::make_shared<WalletArgs>();
    CLI::App* sub =
        command(*group, app, "new", "make a new key", [&app, args] { return create(app, *args); });
    sub->add_option("NAME", args->name, "1 to 64 of A-Z a-z 0-9 _ -")->required();
    sub = command(*group, app, "import", "take over a key",
                  [&app, args] { return import(app, *args); });
    sub->add_option("NAME", args->name, "1 to 64 of A-Z a-z 0-9 _ -")->required();
    sub->add_option("--key-file", args->key_file, "keystore file, or 64 hex digits");
    sub->add_option("--private-key", args->private_key, "0x…; visible to others: avoid it");
    command(*group, app, "list", "names, addresses, balances",
            [&app] { return list_wallets(app); });
    sub =
        command(*group, app, "show", "one wallet", [&app, args] { return show(app, args->name); });
    sub->add_option("NAME", args->name, "default: --wallet, or the only one");
}

}  // namespace mintmark::app
