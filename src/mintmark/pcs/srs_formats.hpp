// The file formats of an SRS (docs/spec/srs.md) and the checks that they share.
#pragma once

#include <cstdint>
#include <functional>

#include "mintmark/base/result.hpp"
#include "mintmark/pcs/srs.hpp"
#include "mintmark/pcs/srs_source.hpp"

namespace mintmark::srs_file {

/// log2 of the most points that any format may announce (the largest public ceremony has 2^28).
inline constexpr std::uint64_t kMaxLogPoints = 29;

// Each reads one format and checks what its bytes can show: sizes, canonical coordinates, curve.
// At most max_points points are kept. check_srs must follow.
[[nodiscard]] Result<Srs> decode_native(Source& source, std::uint64_t max_points);
[[nodiscard]] Result<Srs> decode_ptau(Source& source, std::uint64_t max_points);

[[nodiscard]] bool is_native(Source& source);
[[nodiscard]] bool is_ptau(Source& source);
/// KZG parameters as halo2 and ezkl keep them, raw or with compressed points, by their size.
[[nodiscard]] bool is_halo2(Source& source);

/// How coordinates are written: canonical big-endian (ours), or Montgomery form little-endian with
/// R = 2^256 (snarkjs, halo2; the real part of Fq2 first).
enum class PointForm : std::uint8_t { kCanonicalBig, kMontgomeryLittle };

/// Reads `count` finite points on the curve from `offset`, 64 bytes each; `count` is checked
/// against the source's size before memory is taken.
[[nodiscard]] Result<std::vector<G1Affine>> read_g1(Source& source, std::uint64_t offset,
                                                    std::uint64_t count, PointForm form);
/// One finite point on the twist, 128 bytes.
[[nodiscard]] Result<G2Affine> read_g2(Source& source, std::uint64_t offset, PointForm form);

/// Generators, subgroup, tau != 0, and with kFull, for random c_i of 128 bits, the equations
/// e(sum c_i g1[i+1], [1]_2) = e(sum c_i g1[i], [tau]_2) and
/// e(sum c_k g1[2^k], [1]_2) = e([1]_1, sum c_k [tau^(2^k)]_2).
[[nodiscard]] Status check_srs(const Srs& srs, SrsCheck check);

}  // namespace mintmark::srs_file
