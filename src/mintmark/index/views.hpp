// The index as the market's own types: what the contracts' getters would say at its tip.
#pragma once

#include <optional>
#include <vector>

#include "mintmark/index/store.hpp"
#include "mintmark/market/catalogue.hpp"
#include "mintmark/market/channels.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/market/rates.hpp"

namespace mintmark::index {

/// `now`: seconds since 1970 on the chain's clock. kNotFound where the contract would revert.
[[nodiscard]] Result<market::PassInfo> read_pass(Store& store, std::uint64_t id, std::uint64_t now);
/// Ids of an owner's passes, ascending.
[[nodiscard]] Result<std::vector<std::uint64_t>> passes_of(Store& store, const Address& owner);
/// A channel that was never paid into is empty.
[[nodiscard]] Result<market::ChannelInfo> read_channel(Store& store,
                                                       const market::ChannelKey& channel);
/// A channel and what it has settled for one version, at the same block.
struct LaneInfo {
    market::ChannelInfo channel;
    chain::U256 settled_for;
};
[[nodiscard]] Result<LaneInfo> read_lane(Store& store, const market::ChannelKey& channel,
                                         const market::VersionRef& version);
/// kNone for a version that is not there.
[[nodiscard]] Result<market::VersionStatus> status_of(Store& store,
                                                      const market::VersionRef& version);
/// Number 0 when none has begun.
[[nodiscard]] Result<market::CardEpoch> current_rates(Store& store,
                                                      const market::VersionRef& version,
                                                      std::uint64_t now);
/// The price that was set last.
[[nodiscard]] Result<std::optional<market::Price>> latest_price(Store& store,
                                                                const market::VersionRef& version);
/// As market::search_catalogue, from the index alone. `include_unlisted`: also models without an
/// entry in the catalogue.
[[nodiscard]] Result<std::vector<market::CatalogueEntry>> search_catalogue(
    Store& store, const market::CatalogueQuery& query, bool include_unlisted = false);

}  // namespace mintmark::index
