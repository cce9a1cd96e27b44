#include "mintmark/chain/keystore.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "mintmark/chain/address.hpp"

namespace mintmark::chain {
namespace {

constexpr ScryptCost kCheap{1024, 8, 1};

// The two vectors of the "Web3 Secret Storage Definition".
constexpr const char* kPbkdf2File = R"({"crypto":{"cipher":"aes-128-ctr",
 "cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
 "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46",
 "kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256",
 "salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
 "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
 "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";
constexpr const char* kScryptFile = R"({"crypto":{"cipher":"aes-128-ctr",
 "cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
 "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c",
 "kdf":"scrypt","kdfparams":{"dklen":32,"n":262144,"r":1,"p":8,
 "salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
 "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
 "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3})";
constexpr const char* kSecret =
    "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";

std::string secret_of(const PrivateKey& key) {
    return to_hex(key.secret());
}

TEST(KeystoreFile, OpensThePublicVectors) {
    const json::Json file = json::parse(kPbkdf2File).value();
    EXPECT_EQ(secret_of(decrypt_key(file, "testpassword").value()), kSecret);
    // The definition's own scrypt example breaks RFC 7914 (n = 2^18 with r = 1).
    EXPECT_EQ(decrypt_key(json::parse(kScryptFile).value(), "testpassword").error().code,
              ErrorCode::kUnsupported);
    EXPECT_EQ(decrypt_key(file, "testpassworD").error().code, ErrorCode::kRejected);
}

TEST(KeystoreFile, OpensWhatFoundryMakes) {
    // cast wallet import castkey --private-key <kSecret> --unsafe-password testpassword (1.7.1)
    const json::Json file = json::read(MINTMARK_CHAIN_TESTDATA "/cast_keystore.json").value();
    EXPECT_EQ(secret_of(decrypt_key(file, "testpassword").value()), kSecret);
    EXPECT_EQ(decrypt_key(file, "testpassworD").error().code, ErrorCode::kRejected);
}

TEST(KeystoreFile, RoundTripsWithFreshRandomness) {
    SeededRng rng(1);
    const PrivateKey key = PrivateKey::generate(rng);
    const json::Json a = encrypt_key(key, "päss", kCheap, rng).value();
    const json::Json b = encrypt_key(key, "päss", kCheap, rng).value();
    EXPECT_NE(a, b);
    EXPECT_EQ(secret_of(decrypt_key(a, "päss").value()), secret_of(key));
    EXPECT_EQ(decrypt_key(a, "").error().code, ErrorCode::kRejected);
    EXPECT_EQ(encrypt_key(key, "", {1000, 8, 1}, rng).error().code, ErrorCode::kInvalidArgument);
}

TEST(KeystoreFile, HostileFilesAreErrors) {
    SeededRng rng(2);
    const json::Json good = encrypt_key(PrivateKey::generate(rng), "p", kCheap, rng).value();
    const auto with = [&](const char* pointer, const json::Json& value) {
        json::Json file = good;
        file[json::Json::json_pointer(pointer)] = value;
        return decrypt_key(file, "p");
    };
    ASSERT_TRUE(with("/version", 3));
    EXPECT_EQ(with("/version", 1).error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(with("/crypto/kdf", "argon2").error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(with("/crypto/cipher", "aes-128-cbc").error().code, ErrorCode::kUnsupported);
    EXPECT_EQ(with("/crypto/kdfparams/n", 1ULL << 40U).error().code, ErrorCode::kOutOfRange);
    EXPECT_EQ(with("/crypto/kdfparams/r", 1U << 30U).error().code, ErrorCode::kOutOfRange);
    EXPECT_EQ(with("/crypto/kdfparams/p", 1U << 30U).error().code, ErrorCode::kOutOfRange);
    for (const char* key : {"n", "r", "p", "dklen", "salt"}) {
        EXPECT_FALSE(with((std::string("/crypto/kdfparams/") + key).c_str(), 0)) << key;
        EXPECT_FALSE(with((std::string("/crypto/kdfparams/") + key).c_str(), "")) << key;
    }
    for (const char* key : {"mac", "ciphertext", "cipherparams", "kdfparams", "kdf", "cipher"}) {
        EXPECT_FALSE(with((std::string("/crypto/") + key).c_str(), "00")) << key;
        EXPECT_FALSE(with((std::string("/crypto/") + key).c_str(), nullptr)) << key;
    }
    EXPECT_FALSE(with("/crypto/cipherparams/iv", "00"));
    EXPECT_FALSE(with("/crypto", 1));
    EXPECT_FALSE(decrypt_key(json::Json::array(), "p"));
}

class KeystoreFolder : public testing::Test {
  protected:
    void SetUp() override { std::filesystem::remove_all(folder_); }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::filesystem::path folder_ = std::filesystem::temp_directory_path() /
                                    ("mintmark_keystore_test." + std::to_string(::getpid()));
    SeededRng rng_{3};
};

TEST_F(KeystoreFolder, CreatesListsAndUnlocks) {
    const Keystore store(folder_);
    EXPECT_TRUE(store.list().value().empty());
    EXPECT_EQ(store.find("bob").error().code, ErrorCode::kNotFound);
    const WalletEntry bob = store.create("bob", "pw", rng_, kCheap).value();
    const PrivateKey key = PrivateKey::generate(rng_);
    ASSERT_TRUE(store.import_key("alice", key, "pw2", rng_, kCheap));
    const auto entries = store.list().value();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].name, "alice");
    EXPECT_EQ(secret_of(store.unlock("alice", "pw2").value()), secret_of(key));
    EXPECT_EQ(store.unlock(to_checksum(bob.address), "pw").value().address(), bob.address);
    EXPECT_EQ(store.unlock("bob", "no").error().code, ErrorCode::kRejected);
    struct stat info = {};
    ASSERT_EQ(::stat(bob.path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(folder_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(KeystoreFolder, NeverOverwrites) {
    const Keystore store(folder_);
    ASSERT_TRUE(store.create("bob", "pw", rng_, kCheap));
    EXPECT_EQ(store.create("bob", "pw", rng_, kCheap).error().code, ErrorCode::kAlreadyExists);
    const PrivateKey key = PrivateKey::generate(rng_);
    ASSERT_TRUE(store.import_key("carol", key, "pw", rng_, kCheap));
    EXPECT_EQ(store.import_key("dave", key, "pw", rng_, kCheap).error().code,
              ErrorCode::kAlreadyExists);
    for (const char* bad : {"", "../x", "a/b", "a.b", "ä"}) {
        EXPECT_EQ(store.create(bad, "pw", rng_, kCheap).error().code, ErrorCode::kInvalidArgument);
    }
    ASSERT_TRUE(write_text(folder_ / "notes.json", "{}"));
    ASSERT_TRUE(write_text(folder_ / "broken.json", "{"));
    EXPECT_EQ(store.list().value().size(), 2U);
}

}  // namespace
}  // namespace mintmark::chain
