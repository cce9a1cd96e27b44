// SHA-256 (FIPS 180-4) over OpenSSL's EVP.
#pragma once

#include <memory>

#include "mintmark/base/bytes.hpp"

namespace mintmark {

/// SHA-256 of `data`, any length.
[[nodiscard]] Bytes32 sha256(ByteSpan data);

/// Incremental SHA-256: update any number of times, then finish once.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(ByteSpan data);
    /// The digest of all that was updated; the object starts anew (empty message) afterwards.
    [[nodiscard]] Bytes32 finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace mintmark
