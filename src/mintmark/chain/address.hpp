// Account addresses as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "mintmark/base/bytes.hpp"

namespace mintmark::chain {

/// "0x" and 40 digits with the EIP-55 checksum in their case.
[[nodiscard]] std::string to_checksum(const Address& address);
/// 40 hex digits after "0x". Mixed case must carry the right EIP-55 checksum; all-lower and
/// all-upper are accepted. kMalformed.
[[nodiscard]] Result<Address> parse_address(std::string_view text);
/// Address of the contract that `sender` creates with its transaction number `nonce` (CREATE).
[[nodiscard]] Address contract_address(const Address& sender, std::uint64_t nonce);

}  // namespace mintmark::chain
