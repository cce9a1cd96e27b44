#include "mintmark/hash/sha256.hpp"

#include <openssl/evp.h>

#include "mintmark/base/assert.hpp"

namespace mintmark {

// Only an allocation failure or a broken OpenSSL can make these calls fail.
struct Sha256::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();
    bool is_started = false, is_used = false;

    Context() { MINTMARK_ASSERT(evp != nullptr); }
    ~Context() { EVP_MD_CTX_free(evp); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    void start() {
        // Looking the algorithm up takes OpenSSL longer than hashing a short message.
        static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
        if (is_started) return;
        // Without a name it starts the algorithm that it has anew, in the same memory.
        const EVP_MD* const named = is_used ? nullptr : algorithm;
        MINTMARK_ASSERT(algorithm != nullptr && EVP_DigestInit_ex(evp, named, nullptr) == 1);
        is_started = is_used = true;
    }
    void update(ByteSpan data) {
        start();
        MINTMARK_ASSERT(EVP_DigestUpdate(evp, data.data(), data.size()) == 1);
    }
    Bytes32 finish() {
        start();
        Bytes32 out;
        unsigned size = 0;
        MINTMARK_ASSERT(EVP_DigestFinal_ex(evp, out.data(), &size) == 1);
        MINTMARK_ASSERT(size == out.size());
        is_started = false;
        return out;
    }
};

Sha256::Sha256() = default;
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteSpan data) {
    if (context_ == nullptr) context_ = std::make_unique<Context>();
    context_->update(data);
}

Bytes32 Sha256::finish() {
    return context_ == nullptr ? sha256({}) : context_->finish();
}

Bytes32 sha256(ByteSpan data) {
    thread_local Sha256 hash;
    hash.update(data);
    return hash.finish();
}

}  // namespace mintmark
