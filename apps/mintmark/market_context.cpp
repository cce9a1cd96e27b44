#include "market_context.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/address.hpp"
#include "mintmark/market/amount.hpp"

namespace mintmark::app {

Result<market::Market> open_market(const App& app) {
    MINTMARK_TRY(chain::Deployment deployment, chain::Deployment::read(app.deployment_path()));
    return market::Market::open(std::move(deployment), app.rpc_url);
}

Result<std::filesystem::path> srs_path(const App& app, const std::string& flag) {
    if (!flag.empty()) return std::filesystem::path(flag);
    MINTMARK_TRY(const chain::Deployment deployment,
                 chain::Deployment::read(app.deployment_path()));
    if (!deployment.srs_path.empty()) {
        return app.deployment_path().parent_path() / deployment.srs_path;
    }
    return fail(ErrorCode::kNotFound, "the deployment names no SRS", "pass --srs-path FILE");
}

chain::Keystore keystore(const App& app) {
    return chain::Keystore(app.home / "keystore");
}

Result<chain::WalletEntry> chosen_wallet(const App& app) {
    if (!app.wallet.empty()) return keystore(app).find(app.wallet);
    MINTMARK_TRY(std::vector<chain::WalletEntry> all, keystore(app).list());
    if (all.size() == 1) return all.front();
    if (all.empty()) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("there is no wallet in {}", app.home.string()),
                    "make one with `mintmark wallet new NAME`");
    }
    return fail(ErrorCode::kInvalidArgument, fmt::format("there are {} wallets", all.size()),
                "choose one with --wallet NAME");
}

Result<chain::PrivateKey> unlock_wallet(const App& app) {
    MINTMARK_TRY(const chain::WalletEntry wallet, chosen_wallet(app));
    MINTMARK_TRY(const std::string password,
                 read_password(app, fmt::format("password of wallet {}", wallet.name)));
    return keystore(app).unlock(wallet.name, password);
}

Result<Address> parse_account(const App& app, const std::string& text) {
    if (text.starts_with("0x")) return chain::parse_address(text);
    MINTMARK_TRY(const chain::WalletEntry wallet, keystore(app).find(text));
    return wallet.address;
}

Result<Address> parse_contract(const market::Market& market, const std::string& text) {
    if (text.starts_with("0x")) return chain::parse_address(text);
    return market.deployment().contract(text);
}

json::Json tx_json(const chain::Receipt& receipt) {
    return {{"hash", to_hex(receipt.transaction_hash)},
            {"block", receipt.block_number},
            {"gas", receipt.gas_used},
            {"fee", receipt.fee().to_string()}};
}

std::string tx_text(const chain::Receipt& receipt) {
    return fmt::format("{} (block {}, gas {}, {})", to_hex(receipt.transaction_hash),
                       receipt.block_number, grouped(receipt.gas_used),
                       market::format_amount(receipt.fee()));
}

void report_tx(const App& app, json::Json value, Table table, const chain::Receipt& receipt) {
    value["tx"] = tx_json(receipt);
    emit(app, value, table.row("transaction", tx_text(receipt)).text());
}

std::string time_text(std::uint64_t seconds) {
    constexpr std::uint64_t kYear9999 = 253'402'300'799U;
    const auto when = static_cast<std::time_t>(std::min(seconds, kYear9999));
    return fmt::format("{:%Y-%m-%d %H:%M} UTC", fmt::gmtime(when));
}

}  // namespace mintmark::app
