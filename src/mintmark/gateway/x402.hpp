// Payments of callers without an account: x402 version 2, scheme "exact" with ERC-3009.
// Source: github.com/coinbase/x402, specs/x402-specification-v2.md, specs/transports-v2/http.md,
// specs/schemes/exact/scheme_exact_evm.md, specs/extensions/payment_identifier.md; EIP-3009.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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
};

/// PaymentRequirements of the scheme "exact".
struct PaymentTerms {
    std::uint64_t chain_id = 0;
    chain::U256 amount = {};  ///< the token's smallest units
    Address asset = {};
    Address pay_to = {};
    std::uint64_t timeout_s = 0;
    std::string name = {}, version = {};

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
    Bytes signature = {};
    std::string identifier = {};  ///< payment-identifier; empty: none

    /// Total on any value. kMalformed, kUnsupported.
    [[nodiscard]] static Result<Payment> from_json(const json::Json& value);
    /// The PAYMENT-SIGNATURE header. Total on any text.
    [[nodiscard]] static Result<Payment> from_header(std::string_view header);
    /// What is signed: TransferWithAuthorization under the token's domain.
    [[nodiscard]] Bytes32 digest() const;
    /// As a key of what was paid: asset, payer and nonce.
    [[nodiscard]] std::string key() const;
};

/// Everything that can be said without the chain, with the protocol's reason as message: kRejected.
/// The authorisation must hold for another `margin_s`.
[[nodiscard]] Status check_payment(const Payment& payment, const PaymentTerms& wanted,
                                   std::uint64_t now_s, std::uint64_t margin_s);

/// A price in the token: rounded up, at least one smallest unit. kOutOfRange.
[[nodiscard]] Result<chain::U256> amount_of(std::uint64_t pico_usd, unsigned decimals);

/// The PAYMENT-REQUIRED header.
[[nodiscard]] std::string payment_required(const PaymentTerms& terms, std::string_view url,
                                           std::string_view error);
/// SettlementResponse. transaction: empty when it failed.
struct Settlement {
    bool is_paid = false;
    std::string reason = {};  ///< of a failure
    std::string transaction = {};
    [[nodiscard]] json::Json to_json(const Payment& payment) const;
};

/// Base64 of RFC 4648, padded. Decoding is total: kMalformed.
[[nodiscard]] std::string to_base64(std::string_view bytes);
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace mintmark::gateway
