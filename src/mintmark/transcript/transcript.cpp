#include "mintmark/transcript/transcript.hpp"

#include <algorithm>

#include "mintmark/base/assert.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark {
namespace {
constexpr std::size_t kWordBytes = 32;
constexpr std::string_view kProtocolName = "mintmark-flat-v5";
}  // namespace

Transcript::Transcript() noexcept : state_(keccak256(as_bytes(kProtocolName))) {}

void Transcript::absorb(std::string_view label, ByteSpan data) {
    MINTMARK_ASSERT(label.size() <= kWordBytes);
    Bytes message(3 * kWordBytes);
    message.reserve(message.size() + data.size());
    std::ranges::copy(state_, message.begin());
    std::ranges::copy(as_bytes(label), message.begin() + kWordBytes);
    for (std::size_t i = 0; i < sizeof(std::uint64_t); ++i)
        message[3 * kWordBytes - 1 - i] = static_cast<std::uint8_t>(data.size() >> (8 * i));
    append(message, data);
    state_ = keccak256(message);
}

void Transcript::absorb_fr(std::string_view label, std::span<const Fr> scalars) {
    Bytes data;
    data.reserve(scalars.size() * kWordBytes);
    for (const Fr& scalar : scalars) append(data, scalar.to_bytes());
    absorb(label, data);
}

void Transcript::absorb_points(std::string_view label, std::span<const G1Affine> points) {
    Bytes data;
    data.reserve(points.size() * 2 * kWordBytes);
    for (const G1Affine& point : points) append(data, point.to_bytes());
    absorb(label, data);
}

Fr Transcript::challenge(std::string_view label) {
    absorb(label, {});
    return Fr::from_bytes_reduce(state_);
}

std::vector<Fr> Transcript::challenges(std::string_view label, std::size_t n) {
    std::vector<Fr> out;
    out.reserve(n);
    for (std::size_t i = 0; i < n; ++i) out.push_back(challenge(label));
    return out;
}

}  // namespace mintmark
