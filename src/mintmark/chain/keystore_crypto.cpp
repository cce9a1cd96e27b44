#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <memory>

#include "mintmark/chain/keystore.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark::chain {
namespace {

using json::Json;

constexpr std::size_t kKeyBytes = 32;  // 16 to encrypt, 16 to authenticate
constexpr std::uint64_t kMaxMemory = std::uint64_t{1} << 30U;
constexpr std::uint64_t kMaxIterations = 10'000'000;

/// Bytes that are wiped.
struct Secret {
    Bytes bytes;
    Secret() = default;
    explicit Secret(std::size_t size) : bytes(size) {}
    Secret(Secret&&) noexcept = default;
    Secret& operator=(Secret&&) noexcept = default;
    Secret(const Secret&) = delete;
    Secret& operator=(const Secret&) = delete;
    ~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, std::string("keystore: ") + what);
}

Result<Secret> derive_scrypt(std::string_view password, ByteSpan salt, const ScryptCost& cost) {
    const bool sound = std::has_single_bit(cost.n) && cost.n > 1 && cost.r > 0 && cost.p > 0;
    if (!sound) return malformed("impossible scrypt parameters");
    // Checked by division: the numbers are from outside. OpenSSL needs a little more than 128 n r.
    const bool small = cost.n <= kMaxMemory / 128 / cost.r && cost.p <= 16 && cost.r <= 1024;
    if (!small) return fail(ErrorCode::kOutOfRange, "keystore: scrypt wants more than 1 GiB");
    // RFC 7914 section 2 wants n < 2^(128 r / 8), and OpenSSL holds to it.
    if (cost.r < 4 && cost.n >= std::uint64_t{1} << (16 * cost.r)) {
        return fail(ErrorCode::kUnsupported, "keystore: scrypt with n too large for its r");
    }
    Secret key(kKeyBytes);
    const std::uint64_t max_memory = kMaxMemory + kMaxMemory / 8;
    if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), cost.n, cost.r,
                       cost.p, max_memory, key.bytes.data(), key.bytes.size()) != 1) {
        return fail(ErrorCode::kInternal, "keystore: scrypt failed (out of memory?)");
    }
    return key;
}

Result<Secret> derive_pbkdf2(std::string_view password, ByteSpan salt, const Json& parameters) {
    MINTMARK_TRY(const std::uint64_t count, json::get_u64(parameters, "c"));
    MINTMARK_TRY(const std::string prf, json::get_string(parameters, "prf"));
    if (prf != "hmac-sha256") return fail(ErrorCode::kUnsupported, "keystore: prf " + prf);
    if (count == 0 || count > kMaxIterations || salt.size() > 1024) {
        return fail(ErrorCode::kOutOfRange, "keystore: pbkdf2 iteration count");
    }
    Secret key(kKeyBytes);
    if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                          static_cast<int>(salt.size()), static_cast<int>(count), EVP_sha256(),
                          kKeyBytes, key.bytes.data()) != 1) {
        return fail(ErrorCode::kInternal, "keystore: pbkdf2 failed");
    }
    return key;
}

Result<Bytes> get_hex(const Json& object, std::string_view key) {
    MINTMARK_TRY(const std::string text, json::get_string(object, key));
    return from_hex(text);
}

Result<Secret> derive(const Json& crypto, std::string_view password) {
    MINTMARK_TRY(const std::string kdf, json::get_string(crypto, "kdf"));
    MINTMARK_TRY(const Json parameters, json::get_object(crypto, "kdfparams"));
    MINTMARK_TRY(const Bytes salt, get_hex(parameters, "salt"));
    MINTMARK_TRY(const std::uint64_t length, json::get_u64(parameters, "dklen"));
    if (length != kKeyBytes) return fail(ErrorCode::kUnsupported, "keystore: dklen is not 32");
    if (kdf == "pbkdf2") return derive_pbkdf2(password, salt, parameters);
    if (kdf != "scrypt") return fail(ErrorCode::kUnsupported, "keystore: kdf " + kdf);
    MINTMARK_TRY(const std::uint64_t n, json::get_u64(parameters, "n"));
    MINTMARK_TRY(const std::uint64_t r, json::get_u64(parameters, "r"));
    MINTMARK_TRY(const std::uint64_t p, json::get_u64(parameters, "p"));
    if (r > UINT32_MAX || p > UINT32_MAX) return malformed("impossible scrypt parameters");
    return derive_scrypt(password, salt,
                         {n, static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(p)});
}

/// AES-128 in counter mode: the same for both directions.
Result<Secret> aes_ctr(ByteSpan key, ByteSpan iv, ByteSpan input) {
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
        EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
    Secret out(input.size());
    int size = 0;
    if (context == nullptr || iv.size() != 16 ||
        EVP_EncryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr, key.data(), iv.data()) != 1 ||
        EVP_EncryptUpdate(context.get(), out.bytes.data(), &size, input.data(),
                          static_cast<int>(input.size())) != 1) {
        return malformed("aes-128-ctr failed (is the IV 16 bytes?)");
    }
    return out;
}

Bytes32 mac(const Secret& key, ByteSpan ciphertext) {
    Secret input;
    input.bytes.assign(key.bytes.begin() + 16, key.bytes.begin() + 32);
    append(input.bytes, ciphertext);
    return keccak256(input.bytes);
}

std::string plain_hex(ByteSpan bytes) {
    return to_hex(bytes).substr(2);
}

/// RFC 4122, version 4.
std::string make_uuid(Rng& rng) {
    Bytes b(16);
    rng.fill(b);
    b[6] = static_cast<std::uint8_t>((b[6] & 0x0fU) | 0x40U);
    b[8] = static_cast<std::uint8_t>((b[8] & 0x3fU) | 0x80U);
    const std::string hex = plain_hex(b);
    return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4),
                       hex.substr(16, 4), hex.substr(20));
}

/// The older files of geth write "Crypto".
const Json* crypto_section(const Json& file) {
    const Json* crypto = json::find(file, "crypto");
    return crypto != nullptr ? crypto : json::find(file, "Crypto");
}

}  // namespace

Result<Json> encrypt_key(const PrivateKey& key, std::string_view password, const ScryptCost& cost,
                         Rng& rng) {
    Bytes salt(32);
    Bytes iv(16);
    rng.fill(salt);
    rng.fill(iv);
    auto derived = derive_scrypt(password, salt, cost);
    if (!derived) return fail(ErrorCode::kInvalidArgument, derived.error().message);
    MINTMARK_TRY(const Secret ciphertext,
                 aes_ctr(ByteSpan(derived->bytes).first(16), iv, key.secret()));
    Json file;
    file["version"] = 3;
    file["id"] = make_uuid(rng);
    file["address"] = plain_hex(key.address());
    Json& crypto = file["crypto"];
    crypto["cipher"] = "aes-128-ctr";
    crypto["cipherparams"]["iv"] = plain_hex(iv);
    crypto["ciphertext"] = plain_hex(ciphertext.bytes);
    crypto["kdf"] = "scrypt";
    crypto["kdfparams"] = {{"dklen", kKeyBytes},
                           {"n", cost.n},
                           {"r", cost.r},
                           {"p", cost.p},
                           {"salt", plain_hex(salt)}};
    crypto["mac"] = plain_hex(mac(*derived, ciphertext.bytes));
    return file;
}

Result<PrivateKey> decrypt_key(const Json& file, std::string_view password) {
    MINTMARK_TRY(const std::uint64_t version, json::get_u64(file, "version"));
    if (version != 3) return fail(ErrorCode::kUnsupported, "keystore: only version 3 is supported");
    const Json* crypto = crypto_section(file);
    if (crypto == nullptr) return malformed("\"crypto\" is missing");
    MINTMARK_TRY(const std::string cipher, json::get_string(*crypto, "cipher"));
    if (cipher != "aes-128-ctr") return fail(ErrorCode::kUnsupported, "keystore: cipher " + cipher);
    MINTMARK_TRY(const Json cipher_parameters, json::get_object(*crypto, "cipherparams"));
    MINTMARK_TRY(const Bytes iv, get_hex(cipher_parameters, "iv"));
    MINTMARK_TRY(const Bytes ciphertext, get_hex(*crypto, "ciphertext"));
    MINTMARK_TRY(const Bytes wanted_mac, get_hex(*crypto, "mac"));
    if (ciphertext.size() != 32 || wanted_mac.size() != 32 || iv.size() != 16) {
        return malformed("ciphertext, mac or iv has a wrong length");
    }
    MINTMARK_TRY(const Secret derived, derive(*crypto, password));
    const Bytes32 found_mac = mac(derived, ciphertext);
    if (CRYPTO_memcmp(found_mac.data(), wanted_mac.data(), found_mac.size()) != 0) {
        return fail(ErrorCode::kRejected, "wrong password");
    }
    MINTMARK_TRY(const Secret secret, aes_ctr(ByteSpan(derived.bytes).first(16), iv, ciphertext));
    auto key = PrivateKey::from_bytes(secret.bytes);
    if (!key) return malformed("it holds no valid key");
    return key;
}

}  // namespace mintmark::chain
