// The contracts' events: which ones make the market's state, and what each says about which part.
// Vocabulary: an ENTITY is a part of the state that is folded from its own events alone (a model, a
// pass, a channel with its lanes and session keys, …); its name starts with its KIND.
//   m:MODEL  v:MODEL/VERSION  e:MODEL/VERSION (price)  r:MODEL/VERSION (rates)  p:PASS
//   c:CHANNEL  g:GATE  q:GATE:KEY:EPOCH  w:DELEGATE (votes)  o:PROPOSAL
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/chain/deployment.hpp"
#include "mintmark/chain/rpc.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::index {

/// Stored: a number is never given to another event.
enum class Kind : std::uint8_t {
    kModelRegistered = 1,
    kCardUpdated,
    kPayoutChanged,
    kCuratorChanged,
    kCanonicalChanged,
    kModelListed,
    kModelMoved,
    kVersionPublished,
    kStatusChanged,
    kPriceScheduled,
    kRatesScheduled,
    kPassBought,
    kPassPaidIn,
    kPassConsumed,
    kPassMetered,
    kPassRenewed,
    kPassCancelled,
    kPassMovedVersion,
    kPassRefunded,
    kPassMoved,
    kPassUser,
    kDeposited,
    kSessionAuthorised,
    kSessionRevoked,
    kVoucherSettled,
    kBatchSettled,
    kThawStarted,
    kWithdrawn,
    kChannelClosed,
    kGateCreated,
    kGateRetired,
    kQuotaUsed,
    kVotesChanged,
    kProposalCreated,
    kVoteCast,
    kProposalQueued,
    kProposalExecuted,
    kProposalCanceled
};

struct Event {
    Kind kind = Kind::kModelRegistered;
    std::uint64_t block = 0;
    std::uint64_t log_index = 0;
    std::string entity = {};
    std::vector<Bytes32> topics = {};  ///< without the first
    Bytes data = {};
    /// What the log itself does not hold: a settled voucher's "MODEL/VERSION"; a schedule's block
    /// time in seconds.
    std::string note = {};
};

/// Time of a block, seconds since 1970.
using TimeOf = std::function<Result<std::uint64_t>(std::uint64_t block)>;

class Decoder {
  public:
    /// Contracts that the deployment does not have are left out.
    explicit Decoder(const chain::Deployment& deployment);
    [[nodiscard]] const std::vector<Address>& addresses() const noexcept { return addresses_; }
    /// `logs` in the chain's order, whole transactions. Unknown events are left out. kMalformed for
    /// logs out of order, twice, of another contract, or that do not decode: the node's answer is
    /// not to be used.
    [[nodiscard]] Result<std::vector<Event>> decode(std::span<const chain::Log> logs,
                                                    const TimeOf& time_of) const;

  private:
    struct Type;
    struct Source {
        Address address;
        Bytes32 topic;
        std::size_t type;
    };
    [[nodiscard]] static std::span<const Type> types();
    [[nodiscard]] const Type* type_of(const chain::Log& log) const;

    std::vector<Address> addresses_;
    std::vector<Source> sources_;
};

/// What an entity is after the event; `state` is null before its first one. kMalformed.
[[nodiscard]] Status fold(json::Json& state, const Event& event);

}  // namespace mintmark::index
