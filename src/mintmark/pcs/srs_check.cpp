// Points of SRS files, and what all formats must satisfy.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

#include "mintmark/base/parallel.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/math/msm.hpp"
#include "mintmark/math/pairing.hpp"
#include "mintmark/pcs/srs_formats.hpp"

namespace mintmark::srs_file {
namespace {

constexpr std::size_t kG1Bytes = 64;
constexpr std::size_t kG2Bytes = 128;
constexpr std::uint64_t kPointsPerRead = 1U << 14U;

std::optional<Fq> load_montgomery(std::span<const std::uint8_t, 32> bytes) noexcept {
    Limbs limbs;
    for (std::size_t i = 0; i < limbs.size(); ++i) limbs[i] = load_le(bytes.subspan(8 * i, 8));
    if (!limbs::less(limbs, Fq::kModulus)) return std::nullopt;
    return Fq::from_montgomery(limbs);
}

/// The point (x, y) if both are there and it is on the curve and finite.
template <class Point, class Coordinate>
std::optional<Point> finite_point(const std::optional<Coordinate>& x,
                                  const std::optional<Coordinate>& y) noexcept {
    if (!x || !y) return std::nullopt;
    const Point point{*x, *y, false};
    if (!point.is_on_curve()) return std::nullopt;  // (0, 0) is not on either curve
    return point;
}

std::optional<G1Affine> parse_g1(std::span<const std::uint8_t, kG1Bytes> bytes, PointForm form) {
    const auto x = bytes.first<32>();
    const auto y = bytes.last<32>();
    if (form == PointForm::kCanonicalBig)
        return finite_point<G1Affine>(Fq::from_bytes(x), Fq::from_bytes(y));
    return finite_point<G1Affine>(load_montgomery(x), load_montgomery(y));
}

std::optional<Fq2> load_montgomery2(std::span<const std::uint8_t, 64> bytes) noexcept {
    const auto re = load_montgomery(bytes.first<32>());
    const auto im = load_montgomery(bytes.last<32>());
    if (!re || !im) return std::nullopt;
    return Fq2(*re, *im);
}

std::optional<G2Affine> parse_g2(std::span<const std::uint8_t, kG2Bytes> bytes, PointForm form) {
    const auto x = bytes.first<64>();
    const auto y = bytes.last<64>();
    if (form == PointForm::kCanonicalBig)
        return finite_point<G2Affine>(G2Params::load(x), G2Params::load(y));
    return finite_point<G2Affine>(load_montgomery2(x), load_montgomery2(y));
}

std::unexpected<Error> bad_point(std::string_view group, std::uint64_t offset) {
    return fail(ErrorCode::kMalformed,
                fmt::format("SRS file: no point of {} at byte {}", group, offset),
                "the file is damaged: copy or download it again");
}

/// Parses a block of points; the index of the first bad one, or out.size().
std::size_t parse_block(ByteSpan bytes, PointForm form, std::span<G1Affine> out) {
    std::atomic<std::size_t> first_bad = out.size();
    parallel_for(out.size(), 1024, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
            const auto point = parse_g1(bytes.subspan(i * kG1Bytes).first<kG1Bytes>(), form);
            if (point) {
                out[i] = *point;
                continue;
            }
            std::size_t seen = first_bad.load();
            while (i < seen && !first_bad.compare_exchange_weak(seen, i)) {
            }
            return;
        }
    });
    return first_bad;
}

std::vector<Fr> random_weights(std::size_t count) {
    std::vector<Fr> weights(count);
    for (Fr& weight : weights) {
        Bytes32 bytes{};
        system_rng().fill(std::span(bytes).last<16>());
        weight = Fr::from_bytes_reduce(bytes);
    }
    return weights;
}

/// One pairing equation for a random combination of all consecutive pairs of powers.
bool powers_are_consistent(const Srs& srs) {
    const std::vector<Fr> weights = random_weights(srs.g1.size() - 1);
    const auto points = std::span(srs.g1);
    const G1 upper = msm(points.subspan(1), weights);
    const G1 lower = msm(points.first(weights.size()), weights);
    return pairing_product_is_one(std::array{
        std::pair{upper.to_affine(), srs.g2},
        std::pair{lower.neg().to_affine(), srs.tau.g2[0]},
    });
}

/// One for a random combination of the powers in G2, against the same ones in G1.
bool tau_powers_are_consistent(const Srs& srs) {
    const std::vector<Fr> weights = random_weights(srs.tau.g2.size());
    G1 left;
    G2 right;
    for (std::size_t k = 0; k < weights.size(); ++k) {
        left += G1(srs.g1[std::size_t{1} << k]).mul(weights[k]);
        right += G2(srs.tau.g2[k]).mul(weights[k]);
    }
    return pairing_product_is_one(std::array{
        std::pair{left.to_affine(), srs.g2},
        std::pair{G1::generator().neg().to_affine(), right.to_affine()},
    });
}

bool is_finite_in_subgroup(const G2Affine& point) {
    return !point.infinity && point.is_on_curve() && in_subgroup(point);
}

std::unexpected<Error> rejected(const char* what) {
    return fail(ErrorCode::kRejected, fmt::format("SRS: {}", what),
                "do not use this file; take the SRS from a source that you trust");
}

}  // namespace

Result<std::vector<G1Affine>> read_g1(Source& source, std::uint64_t offset, std::uint64_t count,
                                      PointForm form) {
    if (offset > source.size() || count > (source.size() - offset) / kG1Bytes) {
        return fail(ErrorCode::kMalformed, "SRS file: too short for its points");
    }
    std::vector<G1Affine> points(count);
    Bytes block;
    for (std::uint64_t done = 0; done < count;) {
        const std::uint64_t now = std::min(kPointsPerRead, count - done);
        const std::uint64_t at = offset + done * kG1Bytes;
        block.resize(now * kG1Bytes);
        MINTMARK_CHECK(source.read(at, block));
        const std::size_t bad = parse_block(block, form, std::span(points).subspan(done, now));
        if (bad != now) return bad_point("G1", at + bad * kG1Bytes);
        done += now;
    }
    return points;
}

Result<G2Affine> read_g2(Source& source, std::uint64_t offset, PointForm form) {
    MINTMARK_TRY(const auto bytes, source.read_array<kG2Bytes>(offset));
    const auto point = parse_g2(bytes, form);
    if (!point) return bad_point("G2", offset);
    return *point;
}

Status check_srs(const Srs& srs, SrsCheck check) {
    if (srs.g1.size() < 2) return fail(ErrorCode::kMalformed, "SRS: fewer than two points");
    if (srs.g1[0] != G1Affine::generator()) return rejected("the first point is not (1, 2)");
    if (srs.g2 != G2Affine::generator()) return rejected("not the standard generator of G2");
    const auto& powers = srs.tau.g2;
    if (powers.empty() || powers.size() > num_tau_powers(srs.g1.size()))
        return fail(ErrorCode::kMalformed, "SRS: its powers in G2 are not those in G1");
    if (powers[0].infinity || srs.g1[1].infinity) return rejected("tau is zero");
    if (!std::ranges::all_of(powers, is_finite_in_subgroup))
        return rejected("a power of tau in G2 is outside of the subgroup of order r");
    if (check == SrsCheck::kFull && !(powers_are_consistent(srs) && tau_powers_are_consistent(srs)))
        return rejected("its points are not the powers of one tau");
    return {};
}

}  // namespace mintmark::srs_file
