#include "mutation.hpp"

#include <algorithm>
#include <string_view>

#include "mintmark/hash/keccak.hpp"
#include "mintmark/math/field.hpp"

namespace mintmark::testing {
namespace {

Bytes32 numbered(std::uint64_t index) {
    constexpr std::string_view kName = "mintmark mutation";
    Bytes text(kName.begin(), kName.end());
    text.resize(text.size() + 32);
    for (std::size_t i = 0; i < 8; ++i)
        text[text.size() - 1 - i] = static_cast<std::uint8_t>(index >> (8 * i));
    return keccak256(text);
}

std::uint32_t number_at(const Bytes32& random, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | random[at + i];
    return value;
}

// A 256-bit word modulo the field's order.
template <class Field>
Field reduced(std::span<const std::uint8_t> word) {
    Field value = Field::zero();
    for (const std::uint8_t byte : word)
        value = value * Field::from_u64(256) + Field::from_u64(byte);
    return value;
}

// order - value as an integer: the order for 0, which is not canonical.
template <class Field>
Bytes32 negated(std::span<const std::uint8_t> word) {
    const Field value = reduced<Field>(word);
    if (!value.is_zero()) return (-value).to_bytes();
    Bytes32 order = (-Field::one()).to_bytes();
    order[31] = static_cast<std::uint8_t>(order[31] + 1);  // the orders are odd
    return order;
}

void increment(std::span<std::uint8_t> word) {
    for (std::size_t i = word.size(); i-- > 0;)
        if (++word[i] != 0) return;
}

struct Mutator {
    Bytes32 random;
    std::uint32_t a, b;
    std::uint8_t bit;

    explicit Mutator(std::uint64_t index)
        : random(numbered(index)),
          a(number_at(random, 1)),
          b(number_at(random, 5)),
          bit(static_cast<std::uint8_t>(1U << (random[9] % 8))) {}

    void change_word(std::span<std::uint8_t> word, unsigned kind) const {
        const auto put = [&](const Bytes32& value) { std::ranges::copy(value, word.begin()); };
        if (kind == 2) put(reduced<Fr>(keccak256(random)).to_bytes());
        if (kind == 3) increment(word);
        if (kind == 6) put(negated<Fr>(word));
        if (kind == 7) put(negated<Fq>(word));
        if (kind == 12) put({});
    }

    void change_proof(Bytes& proof, unsigned kind) const {
        const std::size_t words = proof.size() / 32;
        const auto slot = [&](std::size_t at, std::size_t count) {
            return std::span(proof).subspan(32 * at, 32 * count);
        };
        if (kind == 0) proof[a % proof.size()] ^= bit;
        if (kind == 1) proof[a % proof.size()] = random[9];
        if (kind == 4 && a % words != b % words)
            std::ranges::swap_ranges(slot(a % words, 1), slot(b % words, 1));
        if (kind == 5) {
            const auto from = slot(b % (words - 1), 2);
            const Bytes copy(from.begin(), from.end());
            std::ranges::copy(copy, slot(a % (words - 1), 2).begin());
        }
        if (kind == 8) proof.resize(proof.size() - 1 - a % 64);
        if (kind == 9) proof.resize(proof.size() + 1 + a % 64);
        if (kind == 13) std::ranges::fill(slot(a % (words - 1), 2), std::uint8_t{0});
        if (kind == 2 || kind == 3 || kind == 6 || kind == 7 || kind == 12)
            change_word(slot(a % words, 1), kind);
    }
};

}  // namespace

Shown mutated(const Shown& honest, std::uint64_t index) {
    const Mutator mutator(index);
    Shown out = honest;
    const unsigned kind = mutator.random[0] % 14;
    if (kind == 10) {
        Bytes32& word = out.instances[mutator.b % out.instances.size()];
        word = (reduced<Fr>(word) + Fr::one()).to_bytes();
    } else if (kind == 11) {
        out.context[mutator.a % 32] ^= mutator.bit;
    } else {
        mutator.change_proof(out.proof, kind);
    }
    return out;
}

}  // namespace mintmark::testing
