// Deposits into channels by the buyer's signature: ERC-2612, Permit2, ERC-3009
// (docs/spec/contracts.md §10).
#pragma once

#include "mintmark/chain/typed_data.hpp"
#include "mintmark/market/channels.hpp"

namespace mintmark::market {

/// How a deposit's tokens are let go.
enum class DepositWay : std::uint8_t {
    kApproval,      ///< ERC-20's approve: two transactions
    kPermit,        ///< ERC-2612; the buyer sends
    kPermit2,       ///< Uniswap's contract, allowed once per token; anybody sends
    kAuthorisation  ///< ERC-3009; anybody sends
};
/// "approve", "permit", "permit2", "erc3009"; kInvalidArgument.
[[nodiscard]] Result<DepositWay> parse_deposit_way(std::string_view text);
[[nodiscard]] std::string_view deposit_way_name(DepositWay way) noexcept;

/// A signed deposit: names buyer, provider, token and amount; good once, until `deadline`.
struct SignedDeposit {
    ChannelKey channel;
    chain::U256 amount;
    DepositWay way = DepositWay::kPermit;
    chain::U256 nonce;           ///< ERC-2612's and Permit2's; ERC-3009: the salt
    std::uint64_t deadline = 0;  ///< seconds since 1970
    Bytes signature;

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<SignedDeposit> from_json(const json::Json& value);
    /// EIP-712 digest. `token`: the token's own domain (Permit2's is its own: name, chain, address
    /// `permit2`). `spender` is PaymentChannels.
    [[nodiscard]] Bytes32 digest(const Bytes32& token_separator, const Address& spender,
                                 const Address& permit2, std::uint64_t chain_id) const;
};
/// ERC-3009's nonce of a deposit: keccak256(abi.encode(provider, salt)).
[[nodiscard]] Bytes32 authorisation_nonce(const Address& provider, const Bytes32& salt);

/// Signs with the buyer's key; for Permit2 the token is allowed to it first if it is not. The
/// token's separator must be the one of its own name, chain and address: a token that shows
/// another's would have that one's money signed away. kUnsupported when the token has no such
/// signatures or shows another domain.
[[nodiscard]] Result<SignedDeposit> sign_deposit(Market& market, const chain::PrivateKey& key,
                                                 SignedDeposit unsigned_deposit);
/// Sends it; a permit only with the buyer's own key (kInvalidArgument).
[[nodiscard]] Result<chain::Receipt> send_deposit(Market& market, const chain::PrivateKey& key,
                                                  const SignedDeposit& deposit);

}  // namespace mintmark::market
