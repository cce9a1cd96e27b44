// Fuzzes the decoders of SRS files: own format, .ptau. Whatever the bytes, an answer.
#include "mintmark/base/assert.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/pcs/srs.hpp"

namespace {

constexpr mintmark::SrsReadOptions kOptions = {.max_points = 64,
                                               .check = mintmark::SrsCheck::kUnchecked};

void decode(mintmark::ByteSpan bytes) {
    const auto srs = mintmark::decode_srs(bytes, kOptions);
    if (!srs) {
        MINTMARK_ASSERT(!srs.error().message.empty());
        return;
    }
    const auto again = mintmark::decode_srs(mintmark::encode_srs(*srs), kOptions);
    MINTMARK_ASSERT(again.has_value() && again->g1 == srs->g1 && again->tau == srs->tau);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    decode({data, size});
    if (size >
        32) {  // the same with a true digest at the end, to pass the own format's first check
        mintmark::Bytes repaired(data, data + size - 32);
        mintmark::append(repaired, mintmark::sha256(repaired));
        decode(repaired);
    }
    return 0;
}
