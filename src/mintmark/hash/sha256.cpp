#include "mintmark/hash/sha256.hpp"

#include <openssl/evp.h>

#include "mintmark/base/assert.hpp"

namespace mintmark {

struct Sha256::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();
    Context() { start(); }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    // Only an allocation failure or a broken OpenSSL can make these calls fail.
    void start() const {
        MINTMARK_ASSERT(evp != nullptr && EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) == 1);
    }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteSpan data) {
    MINTMARK_ASSERT(EVP_DigestUpdate(context_->evp, data.data(), data.size()) == 1);
}

Bytes32 Sha256::finish() {
    Bytes32 out;
    unsigned size = 0;
    MINTMARK_ASSERT(EVP_DigestFinal_ex(context_->evp, out.data(), &size) == 1);
    MINTMARK_ASSERT(size == out.size());
    context_->start();
    return out;
}

Bytes32 sha256(ByteSpan data) {
    Sha256 hash;
    hash.update(data);
    return hash.finish();
}

}  // namespace mintmark
