#include "mintmark/index/events.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/hash/keccak.hpp"

namespace mintmark::index {
namespace {

using chain::U256;

/// How an entity is named from an event's indexed parameters.
enum class Naming : std::uint8_t {
    kFirst,    ///< the first, a number
    kThird,    ///< the third, a number (ERC-721)
    kPair,     ///< the first two, numbers
    kTriple,   ///< all three, numbers
    kHash,     ///< the first, in hex
    kAddress,  ///< the first, an address in hex
    kData      ///< the first word of the data, a number
};

enum class Extra : std::uint8_t { kNone, kTime, kBatch };

Result<std::string> number(const Bytes32& word) {
    return U256::from_bytes(word).to_string();
}

}  // namespace

struct Decoder::Type {
    Kind kind;
    std::string_view contract, signature;
    std::size_t num_indexed;
    std::string_view prefix;
    Naming naming;
    Extra extra = Extra::kNone;
};

#define MINTMARK_COMMITMENT \
    "(bytes32,bytes32,bytes32,bytes32,bytes32,address,address,bytes4,uint64,bool,string,string)"

std::span<const Decoder::Type> Decoder::types() {
    using enum Kind;
    constexpr std::string_view kRegistry = "ModelRegistry", kPass = "AccessPass",
                               kChannels = "PaymentChannels", kPrices = "PriceBook",
                               kQuota = "QuotaLedger", kToken = "MintToken",
                               kGovernor = "MintGovernor";
    static const std::vector<Type> all = {
        {kModelRegistered, kRegistry, "ModelRegistered(uint256,address,string,string)", 2,
         "m:", Naming::kFirst},
        {kCardUpdated, kRegistry, "CardUpdated(uint256,string)", 1, "m:", Naming::kFirst},
        {kPayoutChanged, kRegistry, "PayoutChanged(uint256,address)", 2, "m:", Naming::kFirst},
        {kCuratorChanged, kRegistry, "CuratorChanged(uint256,address)", 2, "m:", Naming::kFirst},
        {kCanonicalChanged, kRegistry, "CanonicalVersionChanged(uint256,uint256)", 2,
         "m:", Naming::kFirst},
        {kModelListed, kRegistry, "ModelListed(uint256,bytes32,bytes32,bytes32,uint8,string)", 3,
         "m:", Naming::kFirst},
        {kModelMoved, kRegistry, "Transfer(address,address,uint256)", 3, "m:", Naming::kThird},
        {kVersionPublished, kRegistry,
         "VersionPublished(uint256,uint256,bytes32," MINTMARK_COMMITMENT
         ",(uint8,uint48,uint32,bytes32))",
         3, "v:", Naming::kPair},
        {kStatusChanged, kRegistry, "StatusChanged(uint256,uint256,uint8,uint8,string)", 2,
         "v:", Naming::kPair},
        {kPriceScheduled, kPrices,
         "PriceScheduled(uint256,uint256,uint32,(uint128,uint128,bool),uint64)", 2,
         "e:", Naming::kPair, Extra::kTime},
        {kRatesScheduled, kPrices,
         "RatesScheduled(uint256,uint256,uint32,(uint64[12],uint64,uint32,uint32,uint32,uint16,"
         "uint64),uint48)",
         2, "r:", Naming::kPair, Extra::kTime},
        {kPassBought, kPass,
         "PassBought(uint256,uint256,uint256,address,address,uint256,uint64,uint256)", 3,
         "p:", Naming::kFirst},
        {kPassPaidIn, kPass, "PassPaidIn(uint256,address,uint8,bytes32)", 2, "p:", Naming::kFirst},
        {kPassConsumed, kPass, "PassConsumed(uint256,uint256,uint256,uint256)", 1,
         "p:", Naming::kFirst},
        {kPassMetered, kPass, "PassMetered(uint256,address,uint256,bytes32)", 2,
         "p:", Naming::kFirst},
        {kPassRenewed, kPass, "PassRenewed(uint256,uint64,uint256)", 1, "p:", Naming::kFirst},
        {kPassCancelled, kPass, "PassCancelled(uint256,uint64)", 1, "p:", Naming::kFirst},
        {kPassMovedVersion, kPass, "PassMoved(uint256,uint256)", 2, "p:", Naming::kFirst},
        {kPassRefunded, kPass, "PassRefunded(uint256,address,uint256)", 2, "p:", Naming::kFirst},
        {kPassMoved, kPass, "Transfer(address,address,uint256)", 3, "p:", Naming::kThird},
        {kPassUser, kPass, "UpdateUser(uint256,address,uint64)", 2, "p:", Naming::kFirst},
        {kDeposited, kChannels, "Deposited(bytes32,address,address,address,uint256)", 3,
         "c:", Naming::kHash},
        {kSessionAuthorised, kChannels, "SessionAuthorised(bytes32,address,uint96,uint64)", 2,
         "c:", Naming::kHash},
        {kSessionRevoked, kChannels, "SessionRevoked(bytes32,address,uint64)", 2,
         "c:", Naming::kHash},
        {kVoucherSettled, kChannels, "VoucherSettled(bytes32,uint256,bytes32)", 1,
         "c:", Naming::kHash, Extra::kBatch},
        {kBatchSettled, kChannels, "BatchSettled(address,uint256,uint256,address,uint256)", 3, "",
         Naming::kFirst},
        {kThawStarted, kChannels, "ThawStarted(bytes32,uint256,uint64)", 1, "c:", Naming::kHash},
        {kWithdrawn, kChannels, "Withdrawn(bytes32,address,uint256)", 2, "c:", Naming::kHash},
        {kChannelClosed, kChannels, "ChannelClosed(bytes32,address,uint256)", 2,
         "c:", Naming::kHash},
        {kGateCreated, kQuota,
         "GateCreated(uint256,uint256,(uint8,address,uint128,uint64,uint32,uint32),uint64)", 2,
         "g:", Naming::kFirst},
        {kGateRetired, kQuota, "GateRetired(uint256,uint64)", 1, "g:", Naming::kFirst},
        {kQuotaUsed, kQuota, "QuotaUsed(uint256,uint256,uint256,address,uint256,bytes32)", 3,
         "q:", Naming::kTriple},
        {kVotesChanged, kToken, "DelegateVotesChanged(address,uint256,uint256)", 1,
         "w:", Naming::kAddress},
        {kProposalCreated, kGovernor,
         "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,"
         "string)",
         0, "o:", Naming::kData},
        {kVoteCast, kGovernor, "VoteCast(address,uint256,uint8,uint256,string)", 1,
         "o:", Naming::kData},
        {kProposalQueued, kGovernor, "ProposalQueued(uint256,uint256)", 0, "o:", Naming::kData},
        {kProposalExecuted, kGovernor, "ProposalExecuted(uint256)", 0, "o:", Naming::kData},
        {kProposalCanceled, kGovernor, "ProposalCanceled(uint256)", 0, "o:", Naming::kData},
    };
    return all;
}

namespace {

Result<std::string> entity_of(Naming naming, std::string_view prefix, const chain::Log& log) {
    const auto& topics = log.topics;
    std::string name(prefix);
    const auto append_number = [&](std::size_t at, std::string_view before) -> Status {
        MINTMARK_TRY(const std::string text, number(topics[at]));
        name.append(before).append(text);
        return {};
    };
    switch (naming) {
        case Naming::kFirst:
            MINTMARK_CHECK(append_number(1, ""));
            break;
        case Naming::kThird:
            MINTMARK_CHECK(append_number(3, ""));
            break;
        case Naming::kPair:
            MINTMARK_CHECK(append_number(1, ""));
            MINTMARK_CHECK(append_number(2, "/"));
            break;
        case Naming::kTriple:
            MINTMARK_CHECK(append_number(1, ""));
            MINTMARK_CHECK(append_number(2, ":"));
            MINTMARK_CHECK(append_number(3, ":"));
            break;
        case Naming::kHash:
            name += to_hex(topics[1]);
            break;
        case Naming::kAddress:
            name += to_hex(ByteSpan(topics[1]).subspan(12));
            break;
        case Naming::kData: {
            Bytes32 word = {};
            if (log.data.size() < word.size())
                return fail(ErrorCode::kMalformed, "an event without its data");
            std::copy_n(log.data.begin(), word.size(), word.begin());
            name += U256::from_bytes(word).to_string();
            break;
        }
    }
    return name;
}

}  // namespace

Decoder::Decoder(const chain::Deployment& deployment) {
    for (std::size_t i = 0; i < types().size(); ++i) {
        const auto address = deployment.contract(types()[i].contract);
        if (!address) continue;
        sources_.push_back({*address, keccak256(as_bytes(types()[i].signature)), i});
        if (std::ranges::find(addresses_, *address) == addresses_.end())
            addresses_.push_back(*address);
    }
}

const Decoder::Type* Decoder::type_of(const chain::Log& log) const {
    if (log.topics.empty()) return nullptr;
    for (const Source& source : sources_) {
        if (source.topic == log.topics[0] && source.address == log.address)
            return &types()[source.type];
    }
    return nullptr;
}

Result<std::vector<Event>> Decoder::decode(std::span<const chain::Log> logs,
                                           const TimeOf& time_of) const {
    std::vector<Event> out;
    out.reserve(logs.size());
    // Settled vouchers whose batch has not been seen yet: all of one transaction.
    std::vector<std::size_t> pending;
    Bytes32 transaction = {};
    const chain::Log* last = nullptr;
    for (const chain::Log& log : logs) {
        const auto place = [](const chain::Log& l) {
            return std::pair(l.block_number, l.log_index);
        };
        if (last != nullptr && place(log) <= place(*last))
            return fail(ErrorCode::kMalformed, "the node's logs are out of order");
        last = &log;
        if (std::ranges::find(addresses_, log.address) == addresses_.end())
            return fail(ErrorCode::kMalformed, "the node sends logs of another contract");
        if (!pending.empty() && log.transaction_hash != transaction)
            return fail(ErrorCode::kMalformed, "a settled voucher without its batch");
        const Type* type = type_of(log);
        if (type == nullptr) continue;
        if (log.topics.size() != type->num_indexed + 1)
            return fail(ErrorCode::kMalformed, fmt::format("{} lacks topics", type->signature));
        if (type->kind == Kind::kBatchSettled) {
            MINTMARK_TRY(const std::string model, number(log.topics[2]));
            MINTMARK_TRY(const std::string version, number(log.topics[3]));
            for (const std::size_t i : pending) out[i].note = model + "/" + version;
            pending.clear();
            continue;
        }
        Event event;
        event.kind = type->kind;
        event.block = log.block_number;
        event.log_index = log.log_index;
        MINTMARK_TRY(event.entity, entity_of(type->naming, type->prefix, log));
        event.topics.assign(log.topics.begin() + 1, log.topics.end());
        event.data = log.data;
        if (type->extra == Extra::kTime) {
            std::uint64_t time = log.block_timestamp;
            if (time == 0) {
                MINTMARK_TRY(time, time_of(log.block_number));
            }
            event.note = std::to_string(time);
        }
        if (type->extra == Extra::kBatch) {
            transaction = log.transaction_hash;
            pending.push_back(out.size());
        }
        out.push_back(std::move(event));
    }
    if (!pending.empty()) return fail(ErrorCode::kMalformed, "a settled voucher without its batch");
    return out;
}

}  // namespace mintmark::index
