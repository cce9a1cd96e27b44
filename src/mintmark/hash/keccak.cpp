#include "mintmark/hash/keccak.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mintmark {
namespace {

constexpr std::size_t kRateBytes = 136;
constexpr std::size_t kRounds = 24;
using State = std::array<std::uint64_t, 25>;  // lane (x, y) at x + 5 y
using Block = std::span<const std::uint8_t, kRateBytes>;

constexpr std::array<std::uint64_t, kRounds> kRoundConstants = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

// rho and pi as one walk over the lanes that starts at lane 1.
constexpr std::array<int, 24> kRotations = {1,  3,  6,  10, 15, 21, 28, 36, 45, 55, 2,  14,
                                            27, 41, 56, 8,  25, 43, 62, 18, 39, 61, 20, 44};
constexpr std::array<std::size_t, 24> kLanes = {10, 7,  11, 17, 18, 3, 5,  16, 8,  21, 24, 4,
                                                15, 23, 19, 13, 12, 2, 20, 14, 22, 9,  6,  1};

void theta(State& a) noexcept {
    std::array<std::uint64_t, 5> c;
    for (std::size_t x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (std::size_t x = 0; x < 5; ++x) {
        const std::uint64_t d = c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
        for (std::size_t y = 0; y < 25; y += 5) a[x + y] ^= d;
    }
}

void rho_pi(State& a) noexcept {
    std::uint64_t carried = a[1];
    for (std::size_t i = 0; i < kLanes.size(); ++i) {
        const std::uint64_t next = a[kLanes[i]];
        a[kLanes[i]] = std::rotl(carried, kRotations[i]);
        carried = next;
    }
}

void chi(State& a) noexcept {
    for (std::size_t y = 0; y < 25; y += 5) {
        const std::array<std::uint64_t, 5> row = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
        for (std::size_t x = 0; x < 5; ++x)
            a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
}

void keccak_f1600(State& a) noexcept {
    for (const std::uint64_t constant : kRoundConstants) {
        theta(a);
        rho_pi(a);
        chi(a);
        a[0] ^= constant;
    }
}

std::uint64_t load_le(const std::uint8_t* bytes) noexcept {
    std::uint64_t word = 0;
    for (unsigned i = 0; i < 8; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
    return word;
}

void absorb_block(State& state, Block block) noexcept {
    for (std::size_t i = 0; i < kRateBytes / 8; ++i) state[i] ^= load_le(block.data() + 8 * i);
    keccak_f1600(state);
}

}  // namespace

Bytes32 keccak256(ByteSpan data) noexcept {
    State state{};
    while (data.size() >= kRateBytes) {
        absorb_block(state, data.first<kRateBytes>());
        data = data.subspan(kRateBytes);
    }
    std::array<std::uint8_t, kRateBytes> last{};
    std::ranges::copy(data, last.begin());
    last[data.size()] = 0x01;
    last[kRateBytes - 1] |= 0x80;
    absorb_block(state, last);

    Bytes32 out;
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = static_cast<std::uint8_t>(state[i / 8] >> (8 * (i % 8)));
    return out;
}

}  // namespace mintmark
