#include "mintmark/chain/keystore.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "mintmark/chain/address.hpp"

namespace mintmark::chain {
namespace {

constexpr std::uint64_t kMaxFileBytes = 64 * 1024;

Status check_name(std::string_view name) {
    const auto allowed = [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-';
    };
    if (!name.empty() && name.size() <= 64 && std::ranges::all_of(name, allowed)) return {};
    return fail(ErrorCode::kInvalidArgument,
                "wallet name: 1 to 64 letters, digits, '_' or '-' expected");
}

/// The address that the file states; other files in the folder have none.
Result<WalletEntry> read_entry(const std::filesystem::path& path) {
    MINTMARK_TRY(const json::Json file, json::read(path, kMaxFileBytes));
    MINTMARK_TRY(const std::string stated, json::get_string(file, "address"));
    const bool prefixed = stated.size() > 40;
    MINTMARK_TRY(const Address parsed, parse_address(prefixed ? stated : "0x" + stated));
    return WalletEntry{path.stem().string(), parsed, path};
}

}  // namespace

Result<WalletEntry> Keystore::create(std::string_view name, std::string_view password, Rng& rng,
                                     const ScryptCost& cost) const {
    return import_key(name, PrivateKey::generate(rng), password, rng, cost);
}

Result<WalletEntry> Keystore::import_key(std::string_view name, const PrivateKey& key,
                                         std::string_view password, Rng& rng,
                                         const ScryptCost& cost) const {
    MINTMARK_CHECK(check_name(name));
    const std::filesystem::path path = folder_ / (std::string(name) + ".json");
    MINTMARK_TRY(const auto entries, list());
    for (const WalletEntry& entry : entries) {
        if (entry.address == key.address()) {
            return fail(ErrorCode::kAlreadyExists,
                        fmt::format("wallet \"{}\" already holds {}", entry.name,
                                    to_checksum(entry.address)));
        }
    }
    std::error_code ec;
    if (std::filesystem::exists(path, ec)) {
        return fail(ErrorCode::kAlreadyExists, fmt::format("wallet \"{}\" exists already", name),
                    "choose another name");
    }
    MINTMARK_TRY(const json::Json file, encrypt_key(key, password, cost, rng));
    std::filesystem::create_directories(folder_, ec);
    if (!ec) ::chmod(folder_.c_str(), 0700);
    MINTMARK_CHECK(json::write(path, file, FileMode::kSecret));
    return WalletEntry{std::string(name), key.address(), path};
}

Result<std::vector<WalletEntry>> Keystore::list() const {
    std::vector<WalletEntry> out;
    std::error_code ec;
    for (std::filesystem::directory_iterator it(folder_, ec), end; !ec && it != end;
         it.increment(ec)) {
        if (it->path().extension() != ".json") continue;
        if (auto entry = read_entry(it->path())) out.push_back(*std::move(entry));
    }
    if (ec && ec != std::errc::no_such_file_or_directory) {
        return fail(ErrorCode::kIo, fmt::format("{}: {}", folder_.string(), ec.message()));
    }
    std::ranges::sort(out, {}, &WalletEntry::name);
    return out;
}

Result<WalletEntry> Keystore::find(std::string_view name_or_address) const {
    MINTMARK_TRY(const auto entries, list());
    const auto address = parse_address(name_or_address);
    for (const WalletEntry& entry : entries) {
        if (entry.name == name_or_address || (address && entry.address == *address)) return entry;
    }
    return fail(ErrorCode::kNotFound,
                fmt::format("no wallet \"{}\" in {}", name_or_address, folder_.string()),
                "`mintmark wallet list` shows what is there");
}

Result<PrivateKey> Keystore::unlock(std::string_view name_or_address,
                                    std::string_view password) const {
    MINTMARK_TRY(const WalletEntry entry, find(name_or_address));
    MINTMARK_TRY(const json::Json file, json::read(entry.path, kMaxFileBytes));
    auto key = decrypt_key(file, password);
    if (!key) {
        return fail(key.error().code, fmt::format("wallet {}: {}", entry.name, key.error().message),
                    key.error().hint);
    }
    if (key->address() != entry.address) {
        return fail(ErrorCode::kMalformed,
                    fmt::format("wallet {}: the key is not the one of its address", entry.name));
    }
    return key;
}

}  // namespace mintmark::chain
