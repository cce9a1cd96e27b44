// What the commands of the market share: the chain, the wallet, receipts as text and JSON.
#pragma once

#include <string>

#include "app.hpp"
#include "mintmark/chain/keystore.hpp"
#include "mintmark/market/market.hpp"

namespace mintmark::app {

/// Connects to the deployment's chain (--deployment, --rpc-url).
[[nodiscard]] Result<market::Market> open_market(const App& app);

/// The SRS file: the flag's, or the deployment's (relative to the deployment file).
[[nodiscard]] Result<std::filesystem::path> srs_path(const App& app, const std::string& flag);

[[nodiscard]] chain::Keystore keystore(const App& app);
/// --wallet, or the only wallet there is; kInvalidArgument when there are several.
[[nodiscard]] Result<chain::WalletEntry> chosen_wallet(const App& app);
/// The chosen wallet's key, after asking for its password.
[[nodiscard]] Result<chain::PrivateKey> unlock_wallet(const App& app);
/// "0x…" or the name of a wallet of this home.
[[nodiscard]] Result<Address> parse_account(const App& app, const std::string& text);
/// "0x…" or the name of a contract of the deployment.
[[nodiscard]] Result<Address> parse_contract(const market::Market& market, const std::string& text);

/// {"hash", "block", "gas", "fee"}: gas in units, the fee in wei as text.
[[nodiscard]] json::Json tx_json(const chain::Receipt& receipt);
/// "0x1234abcd… (block 7, gas 123,456, 0.00012 ETH)".
[[nodiscard]] std::string tx_text(const chain::Receipt& receipt);
/// Ends a command that sent a transaction: its rows, then the transaction.
void report_tx(const App& app, json::Json value, Table table, const chain::Receipt& receipt);
/// Seconds since 1970 as "2026-11-23 07:30 UTC".
[[nodiscard]] std::string time_text(std::uint64_t seconds);

void add_chain_commands(CLI::App& root, App& app);
void add_wallet_commands(CLI::App& root, App& app);
void add_model_commands(CLI::App& root, App& app);
void add_pass_commands(CLI::App& root, App& app);
void add_node_commands(CLI::App& root, App& app);
void add_infer_commands(CLI::App& root, App& app);
void add_channel_commands(CLI::App& root, App& app);
void add_price_commands(CLI::App& root, App& app);
void add_gate_commands(CLI::App& root, App& app);
void add_revenue_commands(CLI::App& root, App& app);
void add_license_commands(CLI::App& root, App& app);
void add_derivative_commands(CLI::App& root, App& app);
void add_vault_commands(CLI::App& root, App& app);
void add_catalog_commands(CLI::App& root, App& app);
void add_governance_commands(CLI::App& root, App& app);
void add_propose_commands(CLI::App& governance, App& app);
void add_review_commands(CLI::App& root, App& app);

}  // namespace mintmark::app
