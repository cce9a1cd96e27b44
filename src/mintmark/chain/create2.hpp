// Contracts at addresses that depend on their code and arguments alone (EIP-1014), through the
// deterministic deployment proxy that most chains have at one address.
#pragma once

#include <optional>

#include "mintmark/chain/artifact.hpp"

namespace mintmark::chain {

/// The proxy: calldata is salt ‖ creation code; it creates, and reverts without a reason otherwise.
/// Its own creation is one transaction that nobody signed (Nick's method), the same on all chains;
/// source: github.com/Arachnid/deterministic-deployment-proxy.
[[nodiscard]] Address create2_proxy() noexcept;

/// Keccak-256(0xff ‖ proxy ‖ salt ‖ Keccak-256(creation code)), last 20 bytes.
[[nodiscard]] Address create2_address(const Bytes32& salt, ByteSpan creation_code);

/// Puts the proxy on a chain that lacks it: pays its fixed sender and sends the fixed transaction.
/// kUnsupported where the chain refuses transactions without a chain id (EIP-155).
[[nodiscard]] Status ensure_create2_proxy(Sender& sender);

struct Placed {
    Address address;
    std::optional<Receipt> receipt;  ///< none: it was there already
};

/// Creates the contract unless its address has code. The proxy must be there. A constructor's
/// reason is found by a simulated creation; custom errors are named once they are learned.
[[nodiscard]] Result<Placed> place(Sender& sender, const Bytes32& salt, ByteSpan creation_code);

}  // namespace mintmark::chain
