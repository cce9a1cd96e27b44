#include "mintmark/gateway/x402.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

#include "mintmark/chain/abi.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/typed_data.hpp"

namespace mintmark::gateway {
namespace {

using chain::U256;
using json::Json;

constexpr std::string_view kNetworkPrefix = "eip155:";
constexpr std::size_t kMaxHeader = 16'384;
constexpr std::size_t kMinIdentifier = 16;
constexpr std::size_t kMaxIdentifier = 128;
constexpr std::string_view kIdentifier = "payment-identifier";
constexpr std::size_t kMaxWalletSignature = 8'192;
constexpr std::size_t kCoverEnd = 32;  ///< bytes of 0x6492…, by which ERC-6492's cover is known

Result<U256> decimal(const Json& object, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(object, key));
    const bool is_decimal =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_decimal || text.size() > 78) {
        return fail(ErrorCode::kMalformed, fmt::format("{}: no decimal number", key));
    }
    return U256::parse(text);
}

Result<Address> address(const Json& object, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(object, key));
    return chain::parse_address(text);
}

Result<std::uint64_t> chain_of(const std::string& network) {
    std::uint64_t id = 0;
    const std::string_view text(network);
    if (!text.starts_with(kNetworkPrefix)) {
        return fail(ErrorCode::kUnsupported, "invalid_network");
    }
    const char* begin = text.data() + kNetworkPrefix.size();
    const char* end = text.data() + text.size();
    const auto [last, ec] = std::from_chars(begin, end, id);
    if (ec != std::errc() || last != end) return fail(ErrorCode::kUnsupported, "invalid_network");
    return id;
}

Result<std::string> identifier_of(const Json& payload) {
    const Json* extensions = json::find(payload, "extensions");
    const Json* extension = extensions == nullptr ? nullptr : json::find(*extensions, kIdentifier);
    const Json* info = extension == nullptr ? nullptr : json::find(*extension, "info");
    const Json* id = info == nullptr ? nullptr : json::find(*info, "id");
    if (id == nullptr) return std::string();
    const auto is_fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    if (!id->is_string()) return fail(ErrorCode::kMalformed, "payment-identifier: no text");
    const auto& text = id->get_ref<const std::string&>();
    if (text.size() < kMinIdentifier || text.size() > kMaxIdentifier ||
        !std::ranges::all_of(text, is_fine)) {
        return fail(ErrorCode::kMalformed, "payment-identifier: 16 to 128 of [A-Za-z0-9_-]");
    }
    return text;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

Result<std::string> from_base64(std::string_view text) {
    // Stricter than OpenSSL, which forgives spaces and padding where there is none.
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t digits = std::min(text.find('='), text.size());
    if (text.size() % 4 != 0 || text.size() > kMaxHeader || text.size() - digits > 2 ||
        text.substr(0, digits).find_first_not_of(kDigits) != std::string_view::npos ||
        text.substr(digits).find_first_not_of('=') != std::string_view::npos) {
        return fail(ErrorCode::kMalformed, "no base64");
    }
    std::string out(text.size() / 4 * 3, '\0');
    const int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (size < 0) return fail(ErrorCode::kMalformed, "no base64");
    std::size_t padding = 0;  // OpenSSL counts the padding as bytes
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    out.resize(static_cast<std::size_t>(size) - padding);
    return out;
}

std::string_view scheme_name(PaymentScheme scheme) noexcept {
    return scheme == PaymentScheme::kUpto ? "upto" : "exact";
}

const Address& permit2_address() {
    static const Address address =
        chain::parse_address("0x000000000022D473030F116dDEE9F6B43aC78BA3").value();
    return address;
}

const Address& upto_proxy_address() {
    static const Address address =
        chain::parse_address("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002").value();
    return address;
}

Json PaymentTerms::to_json() const {
    const bool is_upto = scheme == PaymentScheme::kUpto;
    Json extra = {{"assetTransferMethod", is_upto ? "permit2" : "eip3009"},
                  {"name", name},
                  {"version", version}};
    if (is_upto) extra["facilitatorAddress"] = chain::to_checksum(facilitator);
    return {{"scheme", scheme_name(scheme)},
            {"network", fmt::format("{}{}", kNetworkPrefix, chain_id)},
            {"amount", amount.to_string()},
            {"asset", chain::to_checksum(asset)},
            {"payTo", chain::to_checksum(pay_to)},
            {"maxTimeoutSeconds", timeout_s},
            {"extra", std::move(extra)}};
}

Result<PaymentTerms> PaymentTerms::from_json(const Json& value) {
    PaymentTerms out;
    MINTMARK_TRY(const std::string scheme, json::get_string(value, "scheme"));
    const bool is_upto = scheme == "upto";
    if (!is_upto && scheme != "exact") return fail(ErrorCode::kUnsupported, "unsupported_scheme");
    if (is_upto) out.scheme = PaymentScheme::kUpto;
    MINTMARK_TRY(const std::string network, json::get_string(value, "network"));
    MINTMARK_TRY(out.chain_id, chain_of(network));
    MINTMARK_TRY(out.amount, decimal(value, "amount"));
    MINTMARK_TRY(out.asset, address(value, "asset"));
    MINTMARK_TRY(out.pay_to, address(value, "payTo"));
    MINTMARK_TRY(out.timeout_s, json::get_u64(value, "maxTimeoutSeconds"));
    MINTMARK_TRY(const Json extra, json::get_object(value, "extra"));
    MINTMARK_TRY(out.name, json::get_string(extra, "name"));
    MINTMARK_TRY(out.version, json::get_string(extra, "version"));
    const Json* method = json::find(extra, "assetTransferMethod");
    if (method != nullptr && *method != (is_upto ? "permit2" : "eip3009")) {
        return fail(ErrorCode::kUnsupported, "unsupported_scheme");
    }
    if (is_upto) {
        MINTMARK_TRY(out.facilitator, address(extra, "facilitatorAddress"));
    }
    return out;
}

namespace {

Status read_authorization(Payment& out, const Json& payload) {
    MINTMARK_TRY(const Json signed_words, json::get_object(payload, "authorization"));
    MINTMARK_TRY(out.from, address(signed_words, "from"));
    MINTMARK_TRY(out.to, address(signed_words, "to"));
    MINTMARK_TRY(out.value, decimal(signed_words, "value"));
    MINTMARK_TRY(out.valid_after, decimal(signed_words, "validAfter"));
    MINTMARK_TRY(out.valid_before, decimal(signed_words, "validBefore"));
    MINTMARK_TRY(const std::string nonce, json::get_string(signed_words, "nonce"));
    MINTMARK_TRY(out.nonce, bytes32_from_hex(nonce));
    return {};
}

/// The specification's example has a nonce of 32 bytes, its packages write it as a number.
Result<Bytes32> nonce_of(const Json& words) {
    MINTMARK_TRY(const std::string text, json::get_string(words, "nonce"));
    if (text.starts_with("0x")) return bytes32_from_hex(text);
    MINTMARK_TRY(const U256 number, decimal(words, "nonce"));
    return number.to_bytes();
}

Status read_permit(Payment& out, const Json& payload) {
    MINTMARK_TRY(const Json words, json::get_object(payload, "permit2Authorization"));
    MINTMARK_TRY(const Json permitted, json::get_object(words, "permitted"));
    MINTMARK_TRY(const Json witness, json::get_object(words, "witness"));
    MINTMARK_TRY(out.from, address(words, "from"));
    MINTMARK_TRY(out.token, address(permitted, "token"));
    MINTMARK_TRY(out.value, decimal(permitted, "amount"));
    MINTMARK_TRY(out.spender, address(words, "spender"));
    MINTMARK_TRY(out.nonce, nonce_of(words));
    MINTMARK_TRY(out.valid_before, decimal(words, "deadline"));
    MINTMARK_TRY(out.to, address(witness, "to"));
    MINTMARK_TRY(out.facilitator, address(witness, "facilitator"));
    MINTMARK_TRY(out.valid_after, decimal(witness, "validAfter"));
    return {};
}

Bytes32 permit_digest(const Payment& payment) {
    const Bytes32 permitted = chain::StructHash("TokenPermissions(address token,uint256 amount)")
                                  .address(payment.token)
                                  .number(payment.value)
                                  .finish();
    const Bytes32 witness =
        chain::StructHash("Witness(address to,address facilitator,uint256 validAfter)")
            .address(payment.to)
            .address(payment.facilitator)
            .number(payment.valid_after)
            .finish();
    const Bytes32 words =
        chain::StructHash(
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,"
            "uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)"
            "Witness(address to,address facilitator,uint256 validAfter)")
            .word(permitted)
            .address(payment.spender)
            .word(payment.nonce)
            .number(payment.valid_before)
            .word(witness)
            .finish();
    // Permit2's domain has no version.
    const Bytes32 domain =
        chain::StructHash("EIP712Domain(string name,uint256 chainId,address verifyingContract)")
            .text("Permit2")
            .number(payment.accepted.chain_id)
            .address(permit2_address())
            .finish();
    return chain::typed_data_hash(domain, words);
}

Status check_upto(const Payment& payment, const PaymentTerms& wanted) {
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    if (payment.spender != upto_proxy_address()) return no("invalid_permit2_spender");
    if (payment.facilitator != wanted.facilitator) return no("upto_facilitator_mismatch");
    if (payment.token != wanted.asset) return no("permit2_token_mismatch");
    if (payment.to != wanted.pay_to) return no("invalid_permit2_recipient_mismatch");
    if (payment.value != wanted.amount) return no("permit2_amount_mismatch");
    return {};
}

Status check_exact(const Payment& payment, const PaymentTerms& wanted) {
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    if (payment.to != wanted.pay_to) return no("invalid_exact_evm_payload_recipient_mismatch");
    if (payment.value != wanted.amount) return no("invalid_exact_evm_payload_authorization_value");
    return {};
}

}  // namespace

Result<Payment> Payment::from_json(const Json& value) {
    MINTMARK_TRY(const std::uint64_t version, json::get_u64(value, "x402Version"));
    if (version != 2) return fail(ErrorCode::kUnsupported, "invalid_x402_version");
    Payment out;
    MINTMARK_TRY(const Json accepted, json::get_object(value, "accepted"));
    MINTMARK_TRY(out.accepted, PaymentTerms::from_json(accepted));
    MINTMARK_TRY(const Json payload, json::get_object(value, "payload"));
    MINTMARK_TRY(const std::string signature, json::get_string(payload, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature));
    const bool is_upto = out.accepted.scheme == PaymentScheme::kUpto;
    MINTMARK_CHECK(is_upto ? read_permit(out, payload) : read_authorization(out, payload));
    MINTMARK_TRY(out.identifier, identifier_of(value));
    return out;
}

Result<Payment> Payment::from_header(std::string_view header) {
    MINTMARK_TRY(const std::string text, from_base64(header));
    MINTMARK_TRY(const Json value, json::parse(text));
    return from_json(value);
}

Bytes32 Payment::digest() const {
    if (accepted.scheme == PaymentScheme::kUpto) return permit_digest(*this);
    const chain::TypedDataDomain domain{accepted.name, accepted.version, accepted.chain_id,
                                        accepted.asset};
    const Bytes32 words =
        chain::StructHash(
            "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,"
            "uint256 validBefore,bytes32 nonce)")
            .address(from)
            .address(to)
            .number(value)
            .number(valid_after)
            .number(valid_before)
            .word(nonce)
            .finish();
    return chain::typed_data_hash(domain, words);
}

std::string Payment::key() const {
    // Permit2 counts a payer's nonces for all tokens together.
    const bool is_upto = accepted.scheme == PaymentScheme::kUpto;
    const Address& book = is_upto ? permit2_address() : accepted.asset;
    return fmt::format("{}:{}:{}", to_hex(book), to_hex(from), to_hex(nonce));
}

bool Payment::has_cover() const {
    if (signature.size() <= kCoverEnd) return false;
    const ByteSpan end = ByteSpan(signature).last(kCoverEnd);
    for (std::size_t i = 0; i < end.size(); ++i) {
        if (end[i] != (i % 2 == 0 ? 0x64 : 0x92)) return false;
    }
    return true;
}

Bytes Payment::wallet_signature() const {
    if (!has_cover()) return signature;
    const ByteSpan cover = ByteSpan(signature).first(signature.size() - kCoverEnd);
    const auto parts = chain::decode_values("(address,bytes,bytes)", cover);
    return parts ? (*parts)[2].as_bytes().value_or(Bytes()) : Bytes();
}

std::string_view bad_signature(PaymentScheme scheme) noexcept {
    return scheme == PaymentScheme::kUpto ? "invalid_permit2_signature"
                                          : "invalid_exact_evm_payload_signature";
}

Result<Signer> check_payment(const Payment& payment, const PaymentTerms& wanted,
                             std::uint64_t now_s, std::uint64_t margin_s) {
    const auto no = [](std::string_view reason) {
        return fail(ErrorCode::kRejected, std::string(reason));
    };
    if (payment.accepted.chain_id != wanted.chain_id) return no("invalid_network");
    // Name and version too: they are the domain that is signed under.
    if (payment.accepted != wanted) return no("invalid_payment_requirements");
    const bool is_upto = wanted.scheme == PaymentScheme::kUpto;
    MINTMARK_CHECK(is_upto ? check_upto(payment, wanted) : check_exact(payment, wanted));
    if (payment.valid_after > U256(now_s)) {
        return no(is_upto ? "permit2_not_yet_valid"
                          : "invalid_exact_evm_payload_authorization_valid_after");
    }
    if (payment.valid_before < U256(now_s + margin_s)) {
        return no(is_upto ? "permit2_deadline_expired"
                          : "invalid_exact_evm_payload_authorization_valid_before");
    }
    if (payment.signature.empty() || payment.signature.size() > kMaxWalletSignature)
        return no(bad_signature(wanted.scheme));
    const auto signature = chain::Signature::from_bytes(payment.signature);
    const auto signer = signature ? chain::recover(payment.digest(), *signature)
                                  : Result<Address>(fail(ErrorCode::kRejected, ""));
    return signer && *signer == payment.from ? Signer::kPayer : Signer::kUnknown;
}

Result<U256> amount_of(std::uint64_t pico_usd, unsigned decimals) {
    constexpr std::uint64_t kPico = 1'000'000'000'000;
    U256 scaled(std::max<std::uint64_t>(pico_usd, 1));
    for (unsigned i = 0; i < decimals; ++i) {
        const auto next = scaled.checked_mul(10U);
        if (!next) return fail(ErrorCode::kOutOfRange, "the price leaves the range");
        scaled = *next;
    }
    const auto [quotient, remainder] = scaled.divide(kPico);
    return remainder == 0 ? quotient : quotient.checked_add(1U).value_or(quotient);
}

std::string payment_required(const std::vector<PaymentTerms>& terms, std::string_view url,
                             std::string_view error) {
    Json accepts = Json::array();
    for (const PaymentTerms& one : terms) accepts.push_back(one.to_json());
    Json identifier = {
        {"info", {{"required", false}}},
        {"schema",
         {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
          {"type", "object"},
          {"properties",
           {{"required", {{"type", "boolean"}}},
            {"id",
             {{"type", "string"}, {"minLength", kMinIdentifier}, {"maxLength", kMaxIdentifier}}}}},
          {"required", Json::array({"required"})}}}};
    Json value = {{"x402Version", 2},
                  {"error", error},
                  {"resource", {{"url", url}, {"mimeType", "application/json"}}},
                  {"accepts", std::move(accepts)},
                  {"extensions", {{std::string(kIdentifier), std::move(identifier)}}}};
    return to_base64(json::compact(value));
}

Json Settlement::to_json(const Payment& payment) const {
    Json out = {{"success", is_paid}};
    if (!is_paid) out["errorReason"] = reason;
    out["transaction"] = transaction;
    out["network"] = fmt::format("{}{}", kNetworkPrefix, payment.accepted.chain_id);
    out["payer"] = chain::to_checksum(payment.from);
    if (is_paid) out["amount"] = amount.to_string();
    return out;
}

}  // namespace mintmark::gateway
