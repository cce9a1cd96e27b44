#include "mintmark/gateway/entitlements.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <span>

#include "mintmark/chain/address.hpp"

namespace mintmark::gateway {
namespace {

using chain::U256;
using ledger::Amount;

U256 power_of_ten(unsigned exponent) {
    U256 out(1U);
    for (unsigned i = 0; i < exponent; ++i) out = out.checked_mul(10U).value_or(U256());
    return out;
}

/// a / b, rounded up; b a 64-bit number, not zero.
U256 divide_up(const U256& a, std::uint64_t b) {
    const auto [quotient, remainder] = a.divide(b);
    return remainder == 0 ? quotient : quotient.checked_add(1U).value_or(quotient);
}

std::string lane_of(const market::VersionRef& version) {
    return fmt::format("{}/{}", version.model, version.version);
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// May a refusal be overcome by another entitlement?
bool is_outage(const Error& error) {
    return error.code == ErrorCode::kNetwork || error.code == ErrorCode::kIo ||
           error.code == ErrorCode::kInterrupted;
}

}  // namespace

Result<Amount> Entitlement::units_of(const market::Usage& usage, const U256& usd_exact) const {
    switch (kind) {
        case Kind::kGrant:
            return divide_up(usd_exact, 1'000'000'000'000'000);  // 10^27 to 10^12
        case Kind::kPass:
        case Kind::kGate: {
            const auto index = static_cast<std::size_t>(unit);
            if (market::is_duration(unit)) return Amount((usage[index] + 999) / 1000);
            // A call is a call whatever came of it; images and tokens as they were counted.
            std::uint64_t units = unit == market::Unit::kCall ? 1 : usage[index];
            if (unit == market::Unit::kInputToken) {
                units += usage[static_cast<std::size_t>(market::Unit::kCachedInputToken)];
            }
            if (unit == market::Unit::kOutputToken) {
                units += usage[static_cast<std::size_t>(market::Unit::kReasoningToken)];
            }
            return Amount(units);
        }
        case Kind::kPayment:
            return fixed;
        case Kind::kChannel:
            break;
    }
    // ceil(usd * 10^(decimals + feed_decimals) / (answer * 10^27)), as ICurrencies.fromUsd.
    const auto scaled = usd_exact.checked_mul(power_of_ten(price.decimals + price.feed_decimals));
    if (!scaled || price.answer == 0)
        return fail(ErrorCode::kOutOfRange, "the price leaves the range");
    constexpr std::uint64_t kHalf = 1'000'000'000'000'000;  // 10^15
    constexpr std::uint64_t kRest = 1'000'000'000'000;      // 10^12
    return divide_up(divide_up(divide_up(*scaled, price.answer), kHalf), kRest);
}

Status Entitlements::set(const std::string& account, const std::string& lane,
                         const ledger::AccountTerms& terms, const Amount& base) {
    return ledger_.set_terms(account, terms, lane, base);
}

Task<Status> Entitlements::refresh(const std::string& account) {
    if (!ledger_.is_shared()) co_return Status{};
    auto work = [this, account] { return std::make_shared<Status>(ledger_.refresh(account)); };
    const auto done = co_await serving::offload<std::shared_ptr<Status>>(pool_, std::move(work));
    co_return *done;
}

Soon<Result<CardFacts>> Entitlements::card_of(const ModelConfig& model) {
    if (model.version.model != 0 && chain_ != nullptr) return card_on_chain(model);
    CardFacts own;
    own.card = model.card;
    return Result<CardFacts>(std::move(own));
}

Task<Result<CardFacts>> Entitlements::card_on_chain(const ModelConfig& model) {
    MINTMARK_CO_TRY(CardFacts facts, co_await chain_->card(model.version));
    if (!model.has_chain_rates) {
        facts.card = model.card;
        facts.epoch = 0;
    }
    co_return facts;
}

/// What a grant covers is known at once; why it does not is found below.
Soon<Result<Entitlement>> Entitlements::choose(const Buyer& buyer, const ModelConfig& model,
                                               const market::Usage& worst, const U256& usd_exact) {
    const bool is_granted = buyer.wanted.empty() && buyer.grant != nullptr &&
                            std::ranges::find(config_.order, "grant") != config_.order.end();
    if (!is_granted) return choose_any(buyer, model, worst, usd_exact);
    auto found = try_grant(buyer, model);
    if (!found) return choose_any(buyer, model, worst, usd_exact);
    const auto units = found->units_of(worst, usd_exact);
    const ledger::AccountState* state = ledger_.account(found->account);
    const bool is_covered = units && state != nullptr && state->available() >= *units;
    if (!is_covered) return choose_any(buyer, model, worst, usd_exact);
    return found;
}

Task<Result<Entitlement>> Entitlements::choose_any(const Buyer& buyer, const ModelConfig& model,
                                                   const market::Usage& worst,
                                                   const U256& usd_exact) {
    const std::string wanted = buyer.wanted.substr(0, buyer.wanted.find(':'));
    std::span<const std::string> kinds = config_.order;
    if (!buyer.wanted.empty()) kinds = {&wanted, 1};
    // A key with a grant belongs to no wallet: it has nothing else.
    const bool is_granted = buyer.wanted.empty() && buyer.grant != nullptr;
    std::string reasons;
    ErrorCode code = ErrorCode::kInsufficientFunds;
    for (const std::string& kind : kinds) {
        if (is_granted && kind != "grant") continue;
        auto found = co_await try_kind(kind, buyer, model);
        if (!found && is_outage(found.error())) co_return found;
        std::string reason;
        if (!found) {
            reason = found.error().message;
            if (!buyer.wanted.empty()) code = found.error().code;
        } else {
            MINTMARK_CO_TRY(const Amount units, found->units_of(worst, usd_exact));
            const ledger::AccountState* state = ledger_.account(found->account);
            if (state != nullptr && state->available() >= units) co_return found;
            // Perhaps another gateway has taken a voucher, or ended what it had reserved.
            MINTMARK_CO_CHECK(co_await refresh(found->account));
            state = ledger_.account(found->account);
            if (state != nullptr && state->available() >= units) co_return found;
            const Amount left = state == nullptr ? Amount() : state->available();
            reason = fmt::format("{} can give {} now, this request may take {}", found->account,
                                 left.to_string(), units.to_string());
            const bool signs = state != nullptr && state->terms.exposure;  // grants do not
            const auto owed =
                signs ? state->used().checked_sub(state->signed_total()) : std::optional<Amount>();
            if (owed && !owed->is_zero()) {
                reason += fmt::format(" (a voucher for {} is due)", state->used().to_string());
                code = ErrorCode::kRejected;
            }
        }
        reasons += (reasons.empty() ? "" : "; ") + reason;
    }
    co_return fail(code, reasons.empty() ? "nothing covers this request" : reasons,
                   "see /v1/credits");
}

Task<Result<Entitlement>> Entitlements::try_kind(const std::string& kind, const Buyer& buyer,
                                                 const ModelConfig& model) {
    if (kind == "grant") co_return try_grant(buyer, model);
    const auto address = chain::parse_address(buyer.address);
    if (!address || chain_ == nullptr || model.version.model == 0) {
        co_return fail(ErrorCode::kNotFound, "no " + kind +
                                                 ": this key belongs to no wallet, or "
                                                 "the model is not on a chain");
    }
    if (kind == "pass") co_return co_await try_pass(buyer, model);
    if (kind == "gate") {
        const std::size_t second = buyer.wanted.find(':', 5);
        if (!buyer.wanted.starts_with("gate:") || second == std::string::npos) {
            co_return fail(ErrorCode::kNotFound, "no gate named (gate:GATE:KEY)");
        }
        const auto gate = number(std::string_view(buyer.wanted).substr(5, second - 5));
        const auto key = U256::parse(std::string_view(buyer.wanted).substr(second + 1));
        if (!gate || !key) co_return fail(ErrorCode::kInvalidArgument, "a gate is gate:GATE:KEY");
        co_return co_await open_gate(*gate, *key, *address, model.version);
    }
    std::string token = config_.chain.tokens.empty() ? "" : config_.chain.tokens.front();
    if (buyer.wanted.starts_with("channel:")) token = buyer.wanted.substr(8);
    const auto currency = chain::parse_address(token);
    if (!currency) co_return fail(ErrorCode::kInvalidArgument, "a channel is channel:TOKEN");
    co_return co_await open_channel(*address, *currency, model.version);
}

Result<Entitlement> Entitlements::try_grant(const Buyer& buyer, const ModelConfig& model) {
    if (buyer.grant == nullptr) return fail(ErrorCode::kNotFound, "this key has no grant");
    const auto& models = buyer.grant->models;
    if (!models.empty() && std::ranges::find(models, model.id) == models.end()) {
        return fail(ErrorCode::kNotFound, "the grant does not cover this model");
    }
    Entitlement out;
    out.account = "grant:" + buyer.grant->name;
    if (ledger_.account(out.account) == nullptr) {
        MINTMARK_CHECK(set(out.account, "", {buyer.grant->credit, {}}, Amount()));
    }
    return out;
}

Task<Result<Entitlement>> Entitlements::try_pass(const Buyer& buyer, const ModelConfig& model) {
    if (buyer.wanted.starts_with("pass:")) {
        const auto id = number(std::string_view(buyer.wanted).substr(5));
        if (!id) co_return fail(ErrorCode::kInvalidArgument, "a pass is pass:NUMBER");
        co_return co_await use_pass(*id, buyer, model);
    }
    const Address owner = chain::parse_address(buyer.address).value_or(Address{});
    MINTMARK_CO_TRY(const auto ids, co_await chain_->passes(owner));
    Result<Entitlement> last = fail(ErrorCode::kNotFound, "no pass for this model");
    for (const std::uint64_t id : ids) {
        auto one = co_await use_pass(id, buyer, model);
        if (!one) {
            if (one.error().code != ErrorCode::kNotFound) last = one;
            continue;
        }
        const ledger::AccountState* state = ledger_.account(one->account);
        last = one;
        if (state != nullptr && !state->available().is_zero()) break;
    }
    co_return last;
}

Task<Status> Entitlements::open_pass(std::uint64_t id) {
    if (chain_ == nullptr) co_return fail(ErrorCode::kNotFound, "there is no chain");
    MINTMARK_CO_TRY(const PassFacts facts, co_await chain_->pass(id));
    ledger::AccountTerms terms;
    terms.limit = facts.units_left;
    terms.exposure = Amount(config_.chain.exposure_units);
    co_return set(fmt::format("pass:{}", id), "", terms, facts.metered);
}

Task<Result<Entitlement>> Entitlements::use_pass(std::uint64_t id, const Buyer& buyer,
                                                 const ModelConfig& model) {
    MINTMARK_CO_TRY(const PassFacts facts, co_await chain_->pass(id));
    const Address caller = chain::parse_address(buyer.address).value_or(Address{});
    if (caller != facts.owner && caller != facts.user) {
        co_return fail(ErrorCode::kNotFound, fmt::format("pass {} is not yours", id));
    }
    if (facts.version.model != model.version.model ||
        facts.version.version != model.version.version) {
        co_return fail(ErrorCode::kNotFound, fmt::format("pass {} is for another model", id));
    }
    const auto now =
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                       std::chrono::system_clock::now().time_since_epoch())
                                       .count());
    if (std::max(now, facts.now) > facts.expires) {
        co_return fail(ErrorCode::kExpired, fmt::format("pass {} has expired", id));
    }
    MINTMARK_CO_CHECK(co_await open_pass(id));
    Entitlement out;
    out.kind = Entitlement::Kind::kPass;
    out.account = fmt::format("pass:{}", id);
    out.unit = facts.unit;
    co_return out;
}

Task<Result<Entitlement>> Entitlements::open_channel(const Address& buyer, const Address& token,
                                                     const market::VersionRef& version) {
    if (chain_ == nullptr) co_return fail(ErrorCode::kNotFound, "there is no chain");
    MINTMARK_CO_TRY(const ChannelFacts facts, co_await chain_->channel(buyer, token, version));
    MINTMARK_CO_TRY(const TokenPrice price, co_await chain_->price(token));
    Entitlement out;
    out.kind = Entitlement::Kind::kChannel;
    out.account =
        fmt::format("channel:{}:{}", chain::to_checksum(buyer), chain::to_checksum(token));
    out.lane = lane_of(version);
    out.price = price;
    ledger::AccountTerms terms;
    terms.limit = facts.exposure_limit;
    const auto exposure_usd = U256(config_.chain.exposure_usd).checked_mul(1'000'000'000'000'000);
    MINTMARK_CO_TRY(terms.exposure, out.units_of({}, exposure_usd.value_or(U256())));
    MINTMARK_CO_CHECK(set(out.account, out.lane, terms, facts.settled_for));
    co_return out;
}

Task<Result<Entitlement>> Entitlements::open_gate(std::uint64_t gate, const U256& key,
                                                  const Address& account,
                                                  const market::VersionRef& version) {
    if (chain_ == nullptr) co_return fail(ErrorCode::kNotFound, "there is no chain");
    MINTMARK_CO_TRY(const GateFacts facts, co_await chain_->gate(gate, key, account, version));
    if (facts.model != version.model) {
        co_return fail(ErrorCode::kNotFound, fmt::format("gate {} is for another model", gate));
    }
    if (facts.remaining.is_zero() && facts.used_through.is_zero()) {
        co_return fail(
            ErrorCode::kInsufficientFunds,
            fmt::format("gate {} gives you nothing under key {}", gate, key.to_string()));
    }
    Entitlement out;
    out.kind = Entitlement::Kind::kGate;
    // Used per key, whoever holds it, so a token that is sold takes its used quota along.
    out.account = fmt::format("gate:{}:{}:{}", gate, key.to_string(), facts.epoch);
    out.lane = lane_of(version);
    ledger::AccountTerms terms;
    terms.limit = facts.remaining;
    terms.exposure = Amount(config_.chain.exposure_units);
    MINTMARK_CO_CHECK(set(out.account, out.lane, terms, facts.used_through));
    co_return out;
}

Task<Result<std::vector<CreditLine>>> Entitlements::credits(const Buyer& buyer) {
    std::map<std::string, Entitlement> found;
    for (const ModelConfig& model : config_.models) {
        std::vector<std::string> kinds = config_.order;
        for (const std::string& kind : kinds) {
            auto one = co_await try_kind(kind, buyer, model);
            if (!one && is_outage(one.error())) co_return std::unexpected(one.error());
            if (one) found.emplace(one->account, *one);
        }
    }
    std::vector<CreditLine> out;
    for (const auto& [account, entitlement] : found) {
        MINTMARK_CO_CHECK(co_await refresh(account));
        const ledger::AccountState* state = ledger_.account(account);
        if (state == nullptr) continue;
        std::string unit = "pico_usd";
        if (entitlement.kind == Entitlement::Kind::kChannel) unit = "token";
        if (entitlement.kind == Entitlement::Kind::kPass ||
            entitlement.kind == Entitlement::Kind::kGate) {
            unit = market::unit_name(entitlement.unit);
        }
        out.push_back({account, entitlement.lane, unit, state->terms.limit, state->used(),
                       state->signed_total(), state->reserved, state->available(),
                       state->terms.exposure.has_value()});
    }
    co_return out;
}

}  // namespace mintmark::gateway
