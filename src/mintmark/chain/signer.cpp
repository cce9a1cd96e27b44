#include "mintmark/chain/signer.hpp"

#include <openssl/crypto.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

constexpr std::size_t kSignatureBytes = 65;

secp256k1_context* make_context() {
    auto* context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    Bytes32 seed;
    system_rng().fill(seed);  // blinds the scalar multiplications against side channels
    MINTMARK_ASSERT(secp256k1_context_randomize(context, seed.data()) == 1);
    return context;
}

const secp256k1_context* context() {
    static const secp256k1_context* const shared = make_context();  // lives as long as we do
    return shared;
}

Address address_of(const secp256k1_pubkey& key) {
    std::array<std::uint8_t, kSignatureBytes> encoded = {};
    std::size_t size = encoded.size();
    secp256k1_ec_pubkey_serialize(context(), encoded.data(), &size, &key,
                                  SECP256K1_EC_UNCOMPRESSED);
    const Bytes32 hash = keccak256(std::span(encoded).subspan(1));
    Address out;
    std::copy(hash.begin() + 12, hash.end(), out.begin());
    return out;
}

/// libsecp256k1's form of r ‖ s, or nothing when r or s is not below the group's order.
bool parse(const Signature& signature, secp256k1_ecdsa_recoverable_signature& out) {
    std::array<std::uint8_t, 64> compact;
    std::ranges::copy(signature.r, compact.begin());
    std::ranges::copy(signature.s, compact.begin() + 32);
    return secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &out, compact.data(),
                                                               signature.recovery_id & 1) == 1;
}

}  // namespace

Bytes Signature::to_bytes() const {
    Bytes out(r.begin(), r.end());
    append(out, s);
    out.push_back(static_cast<std::uint8_t>(27 + recovery_id));
    return out;
}

Result<Signature> Signature::from_bytes(ByteSpan bytes) {
    if (bytes.size() != kSignatureBytes) {
        return fail(ErrorCode::kMalformed, "signature: 65 bytes expected");
    }
    Signature out;
    std::ranges::copy(bytes.first(32), out.r.begin());
    std::ranges::copy(bytes.subspan(32, 32), out.s.begin());
    const std::uint8_t v = bytes[64];
    out.recovery_id = v >= 27 ? static_cast<std::uint8_t>(v - 27) : v;
    secp256k1_ecdsa_recoverable_signature parsed;
    if (out.recovery_id > 1 || !parse(out, parsed)) {
        return fail(ErrorCode::kMalformed, "signature: r, s or v out of range");
    }
    secp256k1_ecdsa_signature plain;
    secp256k1_ecdsa_recoverable_signature_convert(context(), &plain, &parsed);
    if (secp256k1_ecdsa_signature_normalize(context(), nullptr, &plain) == 1) {
        return fail(ErrorCode::kMalformed, "signature: s is in the upper half (EIP-2)");
    }
    return out;
}

Result<PrivateKey> PrivateKey::from_bytes(ByteSpan secret) {
    PrivateKey key;
    secp256k1_pubkey pubkey;
    if (secret.size() != key.secret_.size() ||
        secp256k1_ec_pubkey_create(context(), &pubkey, secret.data()) != 1) {
        return fail(ErrorCode::kInvalidArgument,
                    "private key: 32 bytes between 1 and the group's order expected");
    }
    std::ranges::copy(secret, key.secret_.begin());
    key.address_ = address_of(pubkey);
    return key;
}

PrivateKey PrivateKey::generate(Rng& rng) {
    std::array<std::uint8_t, 32> secret;
    for (;;) {
        rng.fill(secret);
        auto key = from_bytes(secret);
        OPENSSL_cleanse(secret.data(), secret.size());
        if (key) return *std::move(key);
    }
}

PrivateKey::PrivateKey(PrivateKey&& other) noexcept
    : secret_(other.secret_), address_(other.address_) {
    OPENSSL_cleanse(other.secret_.data(), other.secret_.size());
}

PrivateKey& PrivateKey::operator=(PrivateKey&& other) noexcept {
    if (this == &other) return *this;
    secret_ = other.secret_;
    address_ = other.address_;
    OPENSSL_cleanse(other.secret_.data(), other.secret_.size());
    return *this;
}

PrivateKey::~PrivateKey() {
    OPENSSL_cleanse(secret_.data(), secret_.size());
}

Signature PrivateKey::sign(const Bytes32& hash) const {
    secp256k1_ecdsa_recoverable_signature signature;
    // Fails only for a zero key: one that was moved from.
    MINTMARK_ASSERT(secp256k1_ecdsa_sign_recoverable(context(), &signature, hash.data(),
                                                     secret_.data(), nullptr, nullptr) == 1);
    std::array<std::uint8_t, 64> compact;
    int recovery_id = 0;
    secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), compact.data(), &recovery_id,
                                                            &signature);
    // r >= order (recovery id 2 or 3) needs a nonce with odds of 2^-128.
    MINTMARK_ASSERT(recovery_id == 0 || recovery_id == 1);
    Signature out;
    std::copy(compact.begin(), compact.begin() + 32, out.r.begin());
    std::copy(compact.begin() + 32, compact.end(), out.s.begin());
    out.recovery_id = static_cast<std::uint8_t>(recovery_id);
    return out;
}

Result<Address> recover(const Bytes32& hash, const Signature& signature) {
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey pubkey;
    if (signature.recovery_id > 1 || !parse(signature, parsed) ||
        secp256k1_ecdsa_recover(context(), &pubkey, &parsed, hash.data()) != 1) {
        return fail(ErrorCode::kRejected, "signature: no key fits it");
    }
    return address_of(pubkey);
}

}  // namespace mintmark::chain
