// Fuzzes the decoders of proofs and instances. Input: the length of a verifying key (two bytes, big
// endian), the key, the proof. Every other word of the proof is also read as an instance.
#include "mintmark/base/assert.hpp"
#include "mintmark/proof/instances.hpp"
#include "mintmark/proof/proof.hpp"

namespace {

using namespace mintmark;  // NOLINT(google-build-using-namespace)

void decode(const VerifyingKey& vk, ByteSpan bytes) {
    const auto proof = decode_proof(vk, bytes);
    if (!proof) {
        MINTMARK_ASSERT(proof.error().code == ErrorCode::kMalformed);
        return;
    }
    MINTMARK_ASSERT(encode(*proof) == Bytes(bytes.begin(), bytes.end()));
}

void decode_instances(const Circuit& circuit, ByteSpan bytes) {
    std::vector<Bytes32> words;
    for (std::size_t at = 0; at + 32 <= bytes.size(); at += 64) {
        words.emplace_back();
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 32, words.back().begin());
    }
    const auto fitting = std::min(words.size(), num_instance_words(circuit));
    for (const std::size_t count : {words.size(), fitting}) {
        const auto instances = instances_from_words(circuit, std::span(words).first(count));
        if (!instances) continue;
        MINTMARK_ASSERT(check_instances(circuit, *instances).has_value());
        MINTMARK_ASSERT(std::ranges::equal(to_words(*instances), std::span(words).first(count)));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteSpan bytes(data, size);
    if (size < 2) return 0;
    const std::size_t key_size = std::size_t{bytes[0]} << 8U | bytes[1];
    const ByteSpan rest = bytes.subspan(2);
    if (key_size > rest.size()) return 0;
    const auto vk = decode_verifying_key(rest.first(key_size));
    if (!vk || proof_size(vk->circuit) > (std::size_t{1} << 20U)) return 0;
    const ByteSpan proof = rest.subspan(key_size);
    decode(*vk, proof);
    Bytes resized(proof.begin(), proof.end());  // the same of the right length
    resized.resize(proof_size(vk->circuit));
    decode(*vk, resized);
    decode_instances(vk->circuit, proof);
    return 0;
}
