// Data as contract code when one contract's code is too short for it (docs/spec/contracts.md §3):
// parts, and a head that names them. Verifying keys lie on the chain like this.
#pragma once

#include "mintmark/chain/artifact.hpp"
#include "mintmark/chain/create2.hpp"

namespace mintmark::chain {

/// Bytes that fit behind the STOP byte of one contract (EIP-170).
inline constexpr std::size_t kMaxPartBytes = 24'575;
inline constexpr std::size_t kMaxParts = 16;

/// What has to be created for data of some length. Parts lie at addresses that follow from their
/// bytes (create2_address with salt 0), so a deployment that was cut short goes on.
struct DataPlan {
    Bytes head;                        ///< for deploy_data: the data if it fits, else the names
    std::vector<Bytes> creation_code;  ///< of the parts, in order; none if the data fits
};

/// kOutOfRange for more than kMaxParts parts.
[[nodiscard]] Result<DataPlan> plan_data(ByteSpan data);

/// Puts the parts on the chain that are not there yet; receipts of those that were sent.
[[nodiscard]] Result<std::vector<Receipt>> place_parts(Sender& sender, const DataPlan& plan);

/// The data whose head (or whole) is at `address`. kNotFound if there is none: no code, a first
/// byte other than STOP, parts that are not what the head says. What it is worth, a hash must tell.
[[nodiscard]] Result<Bytes> read_data(RpcClient& client, const Address& address);

}  // namespace mintmark::chain
