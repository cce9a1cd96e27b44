// Payment channels: escrow per buyer, provider and token, and cumulative vouchers
// (docs/spec/contracts.md §10).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "mintmark/json/json.hpp"
#include "mintmark/market/registry.hpp"

namespace mintmark::market {

/// Which channel. Token zero is the native currency.
struct ChannelKey {
    Address buyer = {};
    Address provider = {};
    Address token = {};
    /// keccak256(abi.encode(buyer, provider, token)).
    [[nodiscard]] Bytes32 id() const;
};

/// Amounts are in the token's smallest unit.
struct ChannelInfo {
    chain::U256 balance;  ///< neither settled nor withdrawn
    chain::U256 settled;  ///< over the channel's life
    chain::U256 thawing;  ///< part of the balance that can be withdrawn from `thaw_ends` on
    std::uint64_t thaw_ends = 0;
    std::uint64_t closes = 0;
    chain::U256 exposure_limit;  ///< what a provider may still serve against
};

/// All that a buyer owes for one version through one channel.
struct Voucher {
    ChannelKey channel;
    VersionRef version;
    chain::U256 cumulative;         ///< below 2^128
    std::uint64_t valid_until = 0;  ///< last second at which it settles
    Bytes32 receipt_root = {};      ///< of the receipts behind the total
    Bytes signature;                ///< empty until it is signed

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed; kOutOfRange for a total of 2^128 or more.
    [[nodiscard]] static Result<Voucher> from_json(const json::Json& value);
    /// EIP-712 digest under the contract's domain: what the buyer or his session key signs.
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
};

/// IPaymentChannels.Status.
enum class VoucherStatus : std::uint8_t {
    kSettled,
    kSettledInPart,
    kNothingNew,
    kExpired,
    kEmpty,
    kNotSigned,
    kCapReached
};
[[nodiscard]] std::string_view voucher_status_name(VoucherStatus status) noexcept;

/// A key that may sign vouchers besides the buyer.
struct SessionOrder {
    Address signer = {};
    chain::U256 cap;  ///< below 2^96
    std::uint64_t expires = 0;
};

/// A provider's consent to close a channel as it stands.
struct CloseConsent {
    Bytes32 channel_id = {};
    chain::U256 settled;
    std::uint64_t nonce = 0;     ///< the channel's `closes`
    std::uint64_t deadline = 0;  ///< last second at which it holds
    [[nodiscard]] Result<Bytes32> digest(const chain::Deployment& deployment) const;
};

struct VoucherSettlement {
    std::vector<VoucherStatus> statuses;
    chain::U256 total;  ///< paid into the RevenueRouter
    chain::Receipt receipt;
};

/// Decimals of a token: 18 for the native currency, else what the contract says.
[[nodiscard]] Result<std::uint8_t> token_decimals(Market& market, const Address& token);
[[nodiscard]] Result<ChannelInfo> read_channel(Market& market, const ChannelKey& channel);
/// What the channel has settled for a version: a voucher above it is worth something.
[[nodiscard]] Result<chain::U256> settled_for(Market& market, const ChannelKey& channel,
                                              const VersionRef& version);
/// Deposits the key's own money for the channel's buyer; approves a token first when needed.
[[nodiscard]] Result<chain::Receipt> deposit(Market& market, const chain::PrivateKey& key,
                                             const ChannelKey& channel, const chain::U256& amount);
/// The channel's buyer is the key's account.
[[nodiscard]] Result<chain::Receipt> authorise_session(Market& market, const chain::PrivateKey& key,
                                                       const ChannelKey& channel,
                                                       const SessionOrder& session);
/// Settles 1 to 256 vouchers of one version, provider and token (kInvalidArgument otherwise). Sent
/// by anybody. What the contract would say is asked first: kRejected, without sending, when nothing
/// settles.
[[nodiscard]] Result<VoucherSettlement> settle_vouchers(Market& market,
                                                        const chain::PrivateKey& key,
                                                        std::span<const Voucher> vouchers);
[[nodiscard]] Result<chain::Receipt> thaw(Market& market, const chain::PrivateKey& key,
                                          const ChannelKey& channel, const chain::U256& amount);
[[nodiscard]] Result<chain::Receipt> withdraw(Market& market, const chain::PrivateKey& key,
                                              const ChannelKey& channel, const Address& to);
/// As the provider, in the buyer's favour.
[[nodiscard]] Result<chain::Receipt> close_as_provider(Market& market, const chain::PrivateKey& key,
                                                       const ChannelKey& channel);
/// As the buyer, with the provider's signature of `consent`.
[[nodiscard]] Result<chain::Receipt> close_with_consent(Market& market,
                                                        const chain::PrivateKey& key,
                                                        const ChannelKey& channel,
                                                        std::uint64_t deadline,
                                                        const Bytes& signature);

}  // namespace mintmark::market
