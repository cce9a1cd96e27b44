// ECDSA on secp256k1 as Ethereum uses it, through libsecp256k1.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/rng.hpp"

namespace mintmark::chain {

/// Recoverable signature; s is in the lower half (EIP-2).
struct Signature {
    Bytes32 r = {};
    Bytes32 s = {};
    std::uint8_t recovery_id = 0;  ///< 0 or 1

    /// r, s, v with v = 27 + recovery_id: 65 bytes, what Solidity's ecrecover libraries read.
    [[nodiscard]] Bytes to_bytes() const;
    /// 65 bytes; v 0, 1, 27 or 28; kMalformed otherwise, or when s is in the upper half.
    [[nodiscard]] static Result<Signature> from_bytes(ByteSpan bytes);
    friend bool operator==(const Signature&, const Signature&) = default;
};

/// A secret key. Moves only; wiped when destroyed.
class PrivateKey {
  public:
    /// 32 bytes big-endian in [1, order-1]; kInvalidArgument otherwise.
    [[nodiscard]] static Result<PrivateKey> from_bytes(ByteSpan secret);
    [[nodiscard]] static PrivateKey generate(Rng& rng);
    PrivateKey(PrivateKey&& other) noexcept;
    PrivateKey& operator=(PrivateKey&& other) noexcept;
    PrivateKey(const PrivateKey&) = delete;
    PrivateKey& operator=(const PrivateKey&) = delete;
    ~PrivateKey();

    [[nodiscard]] const Address& address() const noexcept { return address_; }
    /// Signs a 32-byte hash (RFC 6979 nonce).
    [[nodiscard]] Signature sign(const Bytes32& hash) const;
    /// The secret itself, for encryption only.
    [[nodiscard]] std::span<const std::uint8_t, 32> secret() const noexcept { return secret_; }

  private:
    PrivateKey() = default;

    std::array<std::uint8_t, 32> secret_ = {};
    Address address_ = {};
};

/// The account that signed `hash`; kRejected when the signature fits no key.
[[nodiscard]] Result<Address> recover(const Bytes32& hash, const Signature& signature);

}  // namespace mintmark::chain
