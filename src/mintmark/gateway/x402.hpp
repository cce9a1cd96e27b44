// Payments of callers without an account: x402 version 2, schemes "exact" with ERC-3009 and "upto"
// with Permit2.
// Source: github.com/coinbase/x402, specs/x402-specification-v2.md, specs/transports-v2/http.md,
// specs/schemes/exact/scheme_exact_evm.md, specs/schemes/upto/scheme_upto_evm.md,
// specs/extensions/payment_identifier.md; EIP-3009; Permit2's SignatureTransfer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/chain/signer.hpp"
#include "mintmark/chain/u256.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::gateway {

/// The token that payments are made in; one of it is one dollar.
struct X402Config {
    std::string asset = {};  ///< "0x…"; empty: no payments
    std::string name = {};   ///< of its EIP-712 domain
    std::string version = {};
    unsigned decimals = 6;
    std::uint64_t timeout_s = 120;
    bool has_upto = false;  ///< also asks for a maximum, and takes what was used
    /// Most gas for the payment of a payer that is a contract, which decides what it uses; 0: such
    /// payers are refused.
    std::uint64_t wallet_gas = 400'000;
};

/// Exact: what is signed is paid. Upto: at most what is signed.
enum class PaymentScheme : std::uint8_t { kExact, kUpto };
[[nodiscard]] std::string_view scheme_name(PaymentScheme scheme) noexcept;

/// Where Permit2, and the contract that settles the scheme "upto", are on every chain.
[[nodiscard]] const Address& permit2_address();
[[nodiscard]] const Address& upto_proxy_address();

/// PaymentRequirements.
struct PaymentTerms {
    PaymentScheme scheme = PaymentScheme::kExact;
    std::uint64_t chain_id = 0;
    chain::U256 amount = {};  ///< the token's smallest units; of "upto": at most
    Address asset = {};
    Address pay_to = {};
    std::uint64_t timeout_s = 0;
    std::string name = {}, version = {};
    Address facilitator = {};  ///< of "upto": who alone may settle

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed; kUnsupported for another scheme, network or transfer method.
    [[nodiscard]] static Result<PaymentTerms> from_json(const json::Json& value);
    friend bool operator==(const PaymentTerms&, const PaymentTerms&) = default;
};

/// PaymentPayload: what the payer has signed.
struct Payment {
    PaymentTerms accepted = {};
    Address from = {}, to = {};
    chain::U256 value = {}, valid_after = {}, valid_before = {};  ///< times: seconds since 1970
    Bytes32 nonce = {};
    // Of "upto": `value` is the maximum, `to` the witness's, `valid_before` the deadline.
    Address token = {}, spender = {}, facilitator = {};
    Bytes signature = {};
    std::string identifier = {};  ///< payment-identifier; empty: none

    /// Total on any value. kMalformed, kUnsupported.
    [[nodiscard]] static Result<Payment> from_json(const json::Json& value);
    /// The PAYMENT-SIGNATURE header. Total on any text.
    [[nodiscard]] static Result<Payment> from_header(std::string_view header);
    /// What is signed: TransferWithAuthorization under the token's domain, or
    /// PermitWitnessTransferFrom under Permit2's.
    [[nodiscard]] Bytes32 digest() const;
    /// As a key of what was paid: asset, payer and nonce.
    [[nodiscard]] std::string key() const;
    /// What a wallet that is a contract reads: the signature without ERC-6492's cover. The maker of
    /// the wallet that the cover names is never called: it could be any contract.
    [[nodiscard]] Bytes wallet_signature() const;
    [[nodiscard]] bool has_cover() const;
};

/// Whose signature it is, as far as that can be said without the chain.
enum class Signer : std::uint8_t {
    kPayer,    ///< the payer's own key's
    kUnknown,  ///< his wallet's, perhaps: if the payer is a contract it must be asked (ERC-1271)
};
/// The protocol's reason for a signature that is nobody's.
[[nodiscard]] std::string_view bad_signature(PaymentScheme scheme) noexcept;

/// Everything that can be said without the chain, with the protocol's reason as message: kRejected.
/// The authorisation must hold for another `margin_s`.
[[nodiscard]] Result<Signer> check_payment(const Payment& payment, const PaymentTerms& wanted,
                                           std::uint64_t now_s, std::uint64_t margin_s);

/// A price in the token: rounded up, at least one smallest unit. kOutOfRange.
[[nodiscard]] Result<chain::U256> amount_of(std::uint64_t pico_usd, unsigned decimals);

/// The PAYMENT-REQUIRED header.
[[nodiscard]] std::string payment_required(const std::vector<PaymentTerms>& terms,
                                           std::string_view url, std::string_view error);
/// SettlementResponse. transaction: empty when it failed.
struct Settlement {
    bool is_paid = false;
    std::string reason = {};  ///< of a failure
    std::string transaction = {};
    chain::U256 amount = {};  ///< that was moved
    [[nodiscard]] json::Json to_json(const Payment& payment) const;
};

/// Base64 of RFC 4648, padded. Decoding is total: kMalformed.
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace mintmark::gateway
