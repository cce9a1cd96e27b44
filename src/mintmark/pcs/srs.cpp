#include "mintmark/pcs/srs.hpp"

#include <algorithm>
#include <array>

#include "mintmark/base/assert.hpp"
#include "mintmark/base/parallel.hpp"
#include "mintmark/hash/keccak.hpp"

namespace mintmark {
namespace {

constexpr std::size_t kWindows = 32;  // 8 bits each
constexpr std::size_t kDigits = 256;

/// digit * 2^(8 window) * generator at [window * 256 + digit].
std::vector<G1Affine> generator_multiples() {
    std::vector<G1> table(kWindows * kDigits);
    G1 base = G1::generator();
    for (std::size_t window = 0; window < kWindows; ++window) {
        G1* row = &table[window * kDigits];
        for (std::size_t digit = 1; digit < kDigits; ++digit) row[digit] = row[digit - 1].add(base);
        base = row[kDigits - 1].add(base);
    }
    return batch_to_affine(table);
}

G1 times_generator(std::span<const G1Affine> table, const Fr& scalar) {
    const Bytes32 digits = scalar.to_bytes();  // big-endian: window 0 is the last byte
    G1 sum;
    for (std::size_t window = 0; window < kWindows; ++window)
        sum += table[window * kDigits + digits[kWindows - 1 - window]];
    return sum;
}

Fr random_nonzero(Rng& rng) {
    while (true) {
        const Fr value = Fr::random(rng);
        if (!value.is_zero()) return value;
    }
}

}  // namespace

Bytes32 TauPowers::digest() const {
    return keccak256(g2.front().to_bytes());
}

std::size_t num_tau_powers(std::size_t num_points) noexcept {
    std::size_t count = 0;
    while (count < kMaxTauPowers && std::size_t{1} << count < num_points) ++count;
    return count;
}

Bytes encode_tau_powers(const Srs& srs) {
    Bytes out;
    for (std::size_t k = 0; k < srs.tau.g2.size(); ++k) {
        append(out, srs.g1.at(std::size_t{1} << k).to_bytes());
        append(out, srs.tau.g2[k].to_bytes());
    }
    return out;
}

std::size_t srs_points_for_chunk(std::size_t m) noexcept {
    std::size_t root = 1;  // rounded up to a power of two
    while (root * root < m) root *= 2;
    return m + 1 + 8 * root;
}

Srs generate_insecure_srs(std::size_t num_points, Rng& rng) {
    MINTMARK_ASSERT(num_points >= 2);
    const Fr tau = random_nonzero(rng);
    std::vector<Fr> powers(num_points, Fr::one());
    for (std::size_t i = 1; i < num_points; ++i) powers[i] = powers[i - 1] * tau;

    const std::vector<G1Affine> table = generator_multiples();
    Srs srs;
    srs.g1.resize(num_points);
    parallel_for(num_points, 64, [&](std::size_t begin, std::size_t end) {
        std::vector<G1> points;
        points.reserve(end - begin);
        for (std::size_t i = begin; i < end; ++i)
            points.push_back(times_generator(table, powers[i]));
        std::ranges::copy(batch_to_affine(points), srs.g1.begin() + static_cast<long>(begin));
    });
    srs.g2 = G2Affine::generator();
    for (std::size_t k = 0; k < num_tau_powers(num_points); ++k)
        srs.tau.g2.push_back(G2::generator().mul(powers[std::size_t{1} << k]).to_affine());
    srs.insecure = true;
    return srs;
}

}  // namespace mintmark
