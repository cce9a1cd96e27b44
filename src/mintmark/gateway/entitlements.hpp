// What lets a buyer call a model: a pass, a gate's quota, a payment channel, a grant. The chain's
// side is read through ChainView; what is used is counted by the ledger.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mintmark/gateway/chain_view.hpp"
#include "mintmark/gateway/config.hpp"
#include "mintmark/gateway/openai.hpp"
#include "mintmark/ledger/ledger.hpp"
#include "mintmark/serving/task.hpp"

namespace mintmark::gateway {

class Metrics;
using serving::Soon;
using serving::Task;

/// How an account counts.
struct Entitlement {
    enum class Kind : std::uint8_t { kGrant, kPass, kGate, kChannel, kPayment };
    Kind kind = Kind::kGrant;
    std::string account = {};
    std::string lane = {};
    market::Unit unit = market::Unit::kCall;  ///< of a pass or a quota
    TokenPrice price = {};                    ///< of a channel's currency
    ledger::Amount fixed = {};                ///< of a payment: what it is, whatever is used

    /// What a use is in the account's unit: pico-dollars, units, or a token's smallest unit;
    /// rounded up once. kOutOfRange.
    [[nodiscard]] Result<ledger::Amount> units_of(const market::Usage& usage,
                                                  const chain::U256& usd_exact) const;
};

/// A buyer at the door.
struct Buyer {
    std::string address = {};  ///< "0x…" with checksum; empty: a grant's key
    std::string key_id = {};
    const GrantConfig* grant = nullptr;
    bool may_see_account = false;  ///< what other keys of the wallet did
    bool may_manage_keys = false;
    std::string wanted = {};  ///< "pass:7", "gate:1:42", "channel", "channel:0x…", "grant"; or ""
};

/// An account as a buyer sees it in /v1/credits.
struct CreditLine {
    std::string account, lane, unit;
    ledger::Amount limit, used, signed_total, reserved, available;
    bool has_exposure = false;
};

class Entitlements {
  public:
    /// chain: nullptr without one. pool: asks a shared ledger.
    Entitlements(const Config& config, ledger::Ledger& ledger, ChainView* chain,
                 boost::asio::thread_pool& pool)
        : config_(config), ledger_(ledger), chain_(chain), pool_(pool) {}

    /// The card that holds now. kNotFound, kNetwork (the chain was not read for too long).
    [[nodiscard]] Soon<Result<CardFacts>> card_of(const ModelConfig& model);
    /// The first entitlement, in the stated order or as the buyer wants it, that covers the worst
    /// case. kInsufficientFunds with all reasons; kRejected when a voucher is missing; kExpired;
    /// kNetwork.
    [[nodiscard]] Soon<Result<Entitlement>> choose(const Buyer& buyer, const ModelConfig& model,
                                                   const market::Usage& worst,
                                                   const chain::U256& usd_exact);
    /// What other gateways have done to an account of a shared ledger. kIo.
    [[nodiscard]] Task<Status> refresh(const std::string& account);
    /// Everything that is known of the buyer's accounts for the models served here.
    [[nodiscard]] Task<Result<std::vector<CreditLine>>> credits(const Buyer& buyer);
    /// Opens the account that a voucher is about. kNotFound, kNetwork.
    [[nodiscard]] Task<Status> open_pass(std::uint64_t pass);
    [[nodiscard]] Task<Result<Entitlement>> open_channel(const Address& buyer, const Address& token,
                                                         const market::VersionRef& version);
    [[nodiscard]] Task<Result<Entitlement>> open_gate(std::uint64_t gate, const chain::U256& key,
                                                      const Address& account,
                                                      const market::VersionRef& version);

  private:
    Task<Result<CardFacts>> card_on_chain(const ModelConfig& model);
    Task<Result<Entitlement>> choose_any(const Buyer& buyer, const ModelConfig& model,
                                         const market::Usage& worst, const chain::U256& usd_exact);
    Task<Result<Entitlement>> try_kind(const std::string& kind, const Buyer& buyer,
                                       const ModelConfig& model);
    Task<Result<Entitlement>> try_pass(const Buyer& buyer, const ModelConfig& model);
    Task<Result<Entitlement>> use_pass(std::uint64_t id, const Buyer& buyer,
                                       const ModelConfig& model);
    Result<Entitlement> try_grant(const Buyer& buyer, const ModelConfig& model);
    [[nodiscard]] Status set(const std::string& account, const std::string& lane,
                             const ledger::AccountTerms& terms, const ledger::Amount& base);

    const Config& config_;
    ledger::Ledger& ledger_;
    ChainView* chain_;
    boost::asio::thread_pool& pool_;
};

}  // namespace mintmark::gateway
