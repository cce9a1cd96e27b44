// Encrypted keys on disk: Web3 Secret Storage, version 3.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/chain/signer.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::chain {

/// Cost of scrypt: memory is 128 * n * r bytes.
struct ScryptCost {
    std::uint64_t n = std::uint64_t{1} << 17U;
    std::uint32_t r = 8;
    std::uint32_t p = 1;
};

/// Encrypts a key: scrypt, aes-128-ctr, Keccak-256 MAC, fresh salt, IV and id from rng.
/// kInvalidArgument for an impossible cost.
[[nodiscard]] Result<json::Json> encrypt_key(const PrivateKey& key, std::string_view password,
                                             const ScryptCost& cost, Rng& rng);
/// Decrypts a v3 file (scrypt or pbkdf2): kRejected for a wrong password, kMalformed, kUnsupported,
/// kOutOfRange when it asks for more than 1 GiB of memory or absurd work.
[[nodiscard]] Result<PrivateKey> decrypt_key(const json::Json& file, std::string_view password);

struct WalletEntry {
    std::string name;  ///< file name without ".json"
    Address address;
    std::filesystem::path path;
};

/// A folder of named wallets, one 0600 file each.
class Keystore {
  public:
    explicit Keystore(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// kAlreadyExists when the name or the address is taken; kInvalidArgument when the name is not
    /// 1 to 64 of [A-Za-z0-9_-].
    [[nodiscard]] Result<WalletEntry> create(std::string_view name, std::string_view password,
                                             Rng& rng, const ScryptCost& cost = {}) const;
    [[nodiscard]] Result<WalletEntry> import_key(std::string_view name, const PrivateKey& key,
                                                 std::string_view password, Rng& rng,
                                                 const ScryptCost& cost = {}) const;
    /// Sorted by name; files that are no keystore are left out.
    [[nodiscard]] Result<std::vector<WalletEntry>> list() const;
    /// By name or by address; kNotFound naming the folder.
    [[nodiscard]] Result<WalletEntry> find(std::string_view name_or_address) const;
    [[nodiscard]] Result<PrivateKey> unlock(std::string_view name_or_address,
                                            std::string_view password) const;

  private:
    std::filesystem::path folder_;
};

}  // namespace mintmark::chain
