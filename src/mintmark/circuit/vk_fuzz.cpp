// Fuzzes the decoder of verifying keys: whatever the bytes, an answer; and only canonical bytes are
// a key.
#include "mintmark/base/assert.hpp"
#include "mintmark/circuit/vk.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const mintmark::ByteSpan bytes(data, size);
    const auto vk = mintmark::decode_verifying_key(bytes);
    if (!vk) {
        MINTMARK_ASSERT(!vk.error().message.empty());
        return 0;
    }
    MINTMARK_ASSERT(mintmark::check_circuit(vk->circuit).has_value());
    const mintmark::Bytes again = mintmark::encode(*vk);
    MINTMARK_ASSERT(again == mintmark::Bytes(bytes.begin(), bytes.end()));
    return 0;
}
