#include "mintmark/gateway/chain_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <tuple>

#include "mintmark/chain/address.hpp"
#include "mintmark/gateway/log.hpp"
#include "mintmark/gateway/metrics.hpp"
#include "mintmark/index/views.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/passes.hpp"

namespace mintmark::gateway {
namespace {

using chain::AbiValue;
using chain::U256;
using market::Market;

constexpr std::size_t kMostCached = 200'000;

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
               .count() +
           1;
}

std::string key_of(const market::VersionRef& version) {
    return fmt::format("{}/{}", version.model, version.version);
}

Result<CardFacts> read_card(Market& market, const market::VersionRef& version) {
    CardFacts out;
    MINTMARK_TRY(const market::VersionInfo info, market::get_version(market, version));
    out.is_served = info.status == market::VersionStatus::kActive ||
                    info.status == market::VersionStatus::kDeprecated;
    const auto epoch = market::current_rates(market, version);
    if (!epoch) {
        // A model that is sold by the pass alone has no card.
        if (epoch.error().code == ErrorCode::kNotFound) return out;
        return std::unexpected(epoch.error());
    }
    out.card = epoch->card;
    out.epoch = epoch->number;
    return out;
}

Result<TokenPrice> read_price(Market& market, const Address& token) {
    TokenPrice out;
    MINTMARK_TRY(
        const auto answer,
        market.read({"Currencies", "answerOf(address)", {AbiValue(token)}}, "(uint256,uint8)"));
    MINTMARK_TRY(out.answer, answer[0].as_u64());
    MINTMARK_TRY(const std::uint64_t feed, answer[1].as_u64());
    out.feed_decimals = static_cast<unsigned>(feed);
    MINTMARK_TRY(const std::uint8_t decimals, market::token_decimals(market, token));
    out.decimals = decimals;
    return out;
}

Result<PassFacts> read_pass(Market& market, std::uint64_t id) {
    PassFacts out;
    out.id = id;
    const std::vector<AbiValue> argument = {AbiValue(id)};
    MINTMARK_TRY(const auto pass, market.read({"AccessPass", "getPass(uint256)", argument},
                                              "(uint128,uint64,uint64,uint64,uint32,(bool,uint24),"
                                              "uint8,bool,uint64,address)"));
    MINTMARK_TRY(out.units_left, pass[1].as_u64());
    MINTMARK_TRY(out.expires, pass[2].as_u64());
    MINTMARK_TRY(const std::uint64_t unit, pass[6].as_u64());
    if (unit >= market::kUnits) return fail(ErrorCode::kUnsupported, "a pass of an unknown unit");
    out.unit = static_cast<market::Unit>(unit);
    MINTMARK_TRY(out.metered, pass[8].as_u64());
    MINTMARK_TRY(const market::PassInfo holders, market::get_pass(market, id));
    out.version = holders.version;
    out.owner = holders.owner;
    out.user = holders.user;
    MINTMARK_TRY(out.now, market.now());
    return out;
}

// What the index says of the same, and when both say the same.

/// The chain's clock as Market::now() has it.
std::uint64_t clock_at(const index::BlockRef& tip) {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    const auto clock = std::chrono::duration_cast<std::chrono::seconds>(since).count();
    return std::max(tip.time, static_cast<std::uint64_t>(clock));
}

IndexView::Question<CardFacts> card_question(const market::VersionRef& version) {
    IndexView::Question<CardFacts> out;
    out.name = "card " + key_of(version);
    out.of_index = [version](index::Store& store, const index::BlockRef& tip) -> Result<CardFacts> {
        CardFacts facts;
        MINTMARK_TRY(const auto status, index::status_of(store, version));
        facts.is_served = status == market::VersionStatus::kActive ||
                          status == market::VersionStatus::kDeprecated;
        MINTMARK_TRY(const auto epoch, index::current_rates(store, version, tip.time));
        if (epoch.number == 0) return facts;
        facts.card = epoch.card;
        facts.epoch = epoch.number;
        return facts;
    };
    out.is_same = [](const CardFacts& a, const CardFacts& b) {
        const auto parts = [](const CardFacts& f) {
            return std::tuple(f.is_served, f.epoch, f.card.rates, f.card.minimum,
                              f.card.min_multiplier_ppm, f.card.max_multiplier_ppm,
                              f.card.discount_ppm, f.card.free_units, f.card.discount_gate);
        };
        return parts(a) == parts(b);
    };
    return out;
}

IndexView::Question<std::vector<std::uint64_t>> owner_question(const Address& owner) {
    IndexView::Question<std::vector<std::uint64_t>> out;
    out.name = "passes of " + to_hex(owner);
    out.of_index = [owner](index::Store& store, const index::BlockRef&) {
        return index::passes_of(store, owner);
    };
    out.is_same = std::equal_to<>();
    return out;
}

IndexView::Question<PassFacts> pass_question(std::uint64_t id) {
    IndexView::Question<PassFacts> out;
    out.name = fmt::format("pass {}", id);
    out.of_index = [id](index::Store& store, const index::BlockRef& tip) -> Result<PassFacts> {
        MINTMARK_TRY(const market::PassInfo pass, index::read_pass(store, id, tip.time));
        return PassFacts{id,           pass.version, pass.owner,    pass.user, pass.calls_left,
                         pass.metered, pass.expires, clock_at(tip), pass.unit};
    };
    out.is_same = [](const PassFacts& a, const PassFacts& b) {
        const auto parts = [](const PassFacts& f) {
            return std::tuple(f.id, f.version.model, f.version.version, f.owner, f.user,
                              f.units_left, f.metered, f.expires, f.unit);
        };
        return parts(a) == parts(b);
    };
    return out;
}

IndexView::Question<ChannelFacts> channel_question(const market::ChannelKey& key,
                                                   const market::VersionRef& version) {
    IndexView::Question<ChannelFacts> out;
    out.name = fmt::format("channel {} {}", to_hex(key.id()), key_of(version));
    out.of_index = [key, version](index::Store& store,
                                  const index::BlockRef&) -> Result<ChannelFacts> {
        MINTMARK_TRY(const index::LaneInfo lane, index::read_lane(store, key, version));
        return ChannelFacts{lane.channel.settled, lane.channel.exposure_limit, lane.settled_for};
    };
    out.is_same = [](const ChannelFacts& a, const ChannelFacts& b) {
        return a.settled == b.settled && a.exposure_limit == b.exposure_limit &&
               a.settled_for == b.settled_for;
    };
    return out;
}

}  // namespace

Result<std::unique_ptr<ChainView>> ChainView::open(const Config& config, Metrics& metrics) {
    const ChainConfig& chain = config.chain;
    MINTMARK_TRY(chain::Deployment deployment, chain::Deployment::read(chain.deployment));
    MINTMARK_TRY(const Address provider, chain::parse_address(chain.provider));
    std::unique_ptr<IndexView> index;
    if (!config.index.path.empty()) {
        MINTMARK_TRY(index, IndexView::open(config.index, deployment, chain.rpc_url,
                                            chain.refresh_s * 1000));
    }
    std::unique_ptr<ChainView> out(
        new ChainView(chain, metrics, std::move(deployment), provider, std::move(index)));
    const auto reached = out->reach();
    if (!reached && reached.error().code != ErrorCode::kNetwork)
        return std::unexpected(reached.error());
    out->note(reached ? Status{} : Status(std::unexpected(reached.error())));
    return out;
}

Result<Market*> ChainView::reach() {
    if (market_ == nullptr) {
        MINTMARK_TRY(Market market, Market::open(deployment_, config_.rpc_url));
        market_ = std::make_unique<Market>(std::move(market));
        is_reached_ = true;
    }
    return market_.get();
}

void ChainView::note(const Status& reached) {
    // On another chain than at the start it is as good as away, and says so.
    const bool is_reachable =
        reached || (is_reached_ && reached.error().code != ErrorCode::kNetwork);
    if (is_reachable == is_healthy_) return;
    is_healthy_ = is_reachable;
    metrics_.chain_healthy(is_healthy_);
    log_event(is_healthy_ ? LogLevel::kInfo : LogLevel::kError,
              is_healthy_ ? "chain is back"
                          : "chain cannot be read; what needs it is refused until it answers; "
                            "check chain.rpc_url",
              {{"reason", reached ? "" : reached.error().message}});
}

Task<void> ChainView::probe() {
    if (is_healthy_) co_return;
    auto work = [this]() -> std::shared_ptr<Status> {
        const auto market = reach();
        if (!market) return std::make_shared<Status>(std::unexpected(market.error()));
        const auto head = (*market)->client().block_number();
        return std::make_shared<Status>(head ? Status{} : Status(std::unexpected(head.error())));
    };
    const auto reached = co_await serving::offload<std::shared_ptr<Status>>(pool_, std::move(work));
    note(*reached);
}

ChainView::ChainView(const ChainConfig& config, Metrics& metrics, chain::Deployment deployment,
                     Address provider, std::unique_ptr<IndexView> index)
    : config_(config),
      metrics_(metrics),
      deployment_(std::move(deployment)),
      index_(std::move(index)),
      provider_(provider) {
    metrics_.chain_healthy(true);
}

ChainView::~ChainView() {
    pool_.join();
}

template <class T>
Task<Result<T>> ChainView::cached(std::map<std::string, Cached<T>>& cache, std::string key,
                                  std::function<Result<T>(Market&)> read) {
    if (cache.size() > kMostCached) cache.clear();
    Cached<T>& before = cache[key];
    const std::int64_t age = before.read_ms == 0 ? -1 : now_ms() - before.read_ms;
    const bool is_usable = age >= 0 && age < config_.stale_s * 1000;
    const bool is_fresh = age >= 0 && age < config_.refresh_s * 1000;
    // While one request refreshes, the others use what is known.
    if (is_usable && (is_fresh || before.is_refreshing)) co_return before.value;
    before.is_refreshing = true;
    auto work = [this, read = std::move(read)]() -> Result<T> {
        MINTMARK_TRY(Market* const market, reach());
        return read(*market);
    };
    auto value = co_await serving::offload<Result<T>>(pool_, std::move(work));
    Cached<T>& after = cache[key];  // another entry may have moved it
    after.is_refreshing = false;
    const bool is_reachable = value || value.error().code != ErrorCode::kNetwork;
    note(value ? Status{} : Status(std::unexpected(value.error())));
    if (value) {
        after.value = *value;
        after.read_ms = now_ms();
        co_return value;
    }
    if (!is_reachable && is_usable) co_return after.value;
    co_return value;
}

template <class T>
std::function<Result<T>(Market&)> ChainView::reader(IndexView::Question<T> question,
                                                    std::function<Result<T>(Market&)> read) {
    if (index_ == nullptr) return read;
    IndexView& index = *index_;
    return [&index, question = std::move(question), read = std::move(read)](Market& market) {
        IndexView::Question<T> asked = question;
        asked.of_contracts = [&] { return read(market); };
        return index.read(market.client(), asked);
    };
}

Task<Result<std::vector<CatalogueRow>>> ChainView::catalogue(market::CatalogueQuery query,
                                                             std::uint64_t after,
                                                             std::size_t limit) {
    using Rows = Result<std::vector<CatalogueRow>>;
    index::Store& store = index_->store();
    auto work = [&store, query = std::move(query), after, limit]() -> Rows {
        MINTMARK_TRY(const auto found, index::search_catalogue(store, query, true));
        MINTMARK_TRY(const index::BlockRef tip, store.tip());
        std::vector<CatalogueRow> out;
        for (const market::CatalogueEntry& entry : found) {
            if (entry.model.id <= after) continue;
            if (out.size() == limit) break;
            CatalogueRow row{entry, {}};
            if (entry.model.canonical != 0) {
                const market::VersionRef version{entry.model.id, entry.model.canonical};
                MINTMARK_TRY(row.rates, index::current_rates(store, version, tip.time));
            }
            out.push_back(std::move(row));
        }
        return out;
    };
    co_return co_await serving::offload<Rows>(pool_, std::move(work));
}

std::optional<IndexState> ChainView::index_state() const {
    if (index_ == nullptr) return std::nullopt;
    return index_->state();
}

Task<Result<CardFacts>> ChainView::card(const market::VersionRef& version) {
    std::function<Result<CardFacts>(Market&)> read = [version](Market& market) {
        return read_card(market, version);
    };
    read = reader(card_question(version), std::move(read));
    co_return co_await cached(cards_, key_of(version), std::move(read));
}

Task<Result<TokenPrice>> ChainView::price(const Address& token) {
    std::function<Result<TokenPrice>(Market&)> read = [token](Market& market) {
        return read_price(market, token);
    };
    co_return co_await cached(prices_, to_hex(token), std::move(read));
}

Task<Result<std::vector<std::uint64_t>>> ChainView::passes(const Address& owner) {
    std::function<Result<std::vector<std::uint64_t>>(Market&)> read =
        [owner](Market& market) -> Result<std::vector<std::uint64_t>> {
        MINTMARK_TRY(const auto passes, market::list_passes(market, owner));
        std::vector<std::uint64_t> ids;
        for (const auto& pass : passes) ids.push_back(pass.id);
        std::ranges::sort(ids);
        return ids;
    };
    read = reader(owner_question(owner), std::move(read));
    co_return co_await cached(owners_, to_hex(owner), std::move(read));
}

Task<Result<PassFacts>> ChainView::pass(std::uint64_t id) {
    std::function<Result<PassFacts>(Market&)> read = [id](Market& market) {
        return read_pass(market, id);
    };
    read = reader(pass_question(id), std::move(read));
    co_return co_await cached(passes_, std::to_string(id), std::move(read));
}

Task<Result<ChannelFacts>> ChainView::channel(const Address& buyer, const Address& token,
                                              const market::VersionRef& version) {
    const market::ChannelKey key{buyer, provider_, token};
    std::function<Result<ChannelFacts>(Market&)> read =
        [key, version](Market& market) -> Result<ChannelFacts> {
        ChannelFacts out;
        MINTMARK_TRY(const market::ChannelInfo info, market::read_channel(market, key));
        out.settled = info.settled;
        out.exposure_limit = info.exposure_limit;
        MINTMARK_TRY(out.settled_for, market::settled_for(market, key, version));
        return out;
    };
    read = reader(channel_question(key, version), std::move(read));
    co_return co_await cached(channels_, to_hex(key.id()) + key_of(version), std::move(read));
}

Task<Result<GateFacts>> ChainView::gate(std::uint64_t gate, const U256& key, const Address& account,
                                        const market::VersionRef& version) {
    market::QuotaUsage who;
    who.gate = gate;
    who.version = version.version;
    who.key = key;
    who.account = account;
    who.provider = provider_;
    std::function<Result<GateFacts>(Market&)> read = [who](Market& market) -> Result<GateFacts> {
        GateFacts out;
        market::QuotaUsage usage = who;
        MINTMARK_TRY(const market::GateInfo info, market::read_gate(market, usage.gate));
        out.model = info.model;
        out.epoch = usage.epoch = info.epoch;
        MINTMARK_TRY(out.remaining, market::remaining_quota(market, usage));
        MINTMARK_TRY(out.used_through, market::used_through(market, usage));
        return out;
    };
    co_return co_await cached(
        gates_, fmt::format("{}:{}:{}", gate, key.to_string(), to_hex(account)), std::move(read));
}

Task<Result<SessionFacts>> ChainView::session(const Address& buyer, const Address& token,
                                              const Address& signer) {
    const Bytes32 channel = market::ChannelKey{buyer, provider_, token}.id();
    auto work = [this, channel, signer]() -> Result<SessionFacts> {
        MINTMARK_TRY(Market* const reached, reach());
        Market& market = *reached;
        MINTMARK_TRY(const auto session, market.read({"PaymentChannels",
                                                      "sessionOf(bytes32,address)",
                                                      {AbiValue(channel), AbiValue(signer)}},
                                                     "(uint96,uint96,uint64)"));
        SessionFacts out;
        MINTMARK_TRY(out.cap, session[0].as_u256());
        MINTMARK_TRY(out.spent, session[1].as_u256());
        MINTMARK_TRY(out.expires, session[2].as_u64());
        MINTMARK_TRY(out.now, market.now());
        return out;
    };
    co_return co_await serving::offload<Result<SessionFacts>>(pool_, std::move(work));
}

Task<Result<bool>> ChainView::contract_accepts(const Address& wallet, const Bytes32& hash,
                                               const Bytes& signature) {
    auto work = [this, wallet, hash, signature]() -> Result<bool> {
        MINTMARK_TRY(Market* const reached, reach());
        Market& market = *reached;
        MINTMARK_TRY(const Bytes code, market.client().code(wallet));
        if (code.empty()) return false;
        const auto answer = market.client().call(wallet, "isValidSignature(bytes32,bytes)",
                                                 {AbiValue(hash), AbiValue(signature)}, "(bytes4)");
        if (!answer && answer.error().code == ErrorCode::kNetwork) {
            return std::unexpected(answer.error());
        }
        if (!answer) return false;
        MINTMARK_TRY(const Bytes magic, (*answer)[0].as_bytes());
        return magic == Bytes{0x16, 0x26, 0xba, 0x7e};
    };
    co_return co_await serving::offload<Result<bool>>(pool_, std::move(work));
}

}  // namespace mintmark::gateway
