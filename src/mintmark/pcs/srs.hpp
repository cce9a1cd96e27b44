// Structured reference string of KZG: the powers of a secret tau. Sources: generated (insecure), or
// read from Mintmark's own file, from a snarkjs .ptau file, or from halo2's raw KZG parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/base/rng.hpp"
#include "mintmark/math/curve.hpp"

namespace mintmark {

/// Powers of tau on BN254.
struct Srs {
    std::vector<G1Affine> g1;  ///< [tau^i]_1, i = 0, 1, ...; g1[0] is the generator
    G2Affine g2;               ///< [1]_2
    G2Affine tau_g2;           ///< [tau]_2
    bool insecure = false;     ///< tau was known to somebody: generated here, for tests and demos

    /// keccak256 of [tau]_2 as EIP-197 encodes it: what verifying keys name.
    [[nodiscard]] Bytes32 digest() const;
};

/// Number of points that chunks of m coefficients need: m + 1 for the blinder at tau^m, and 8
/// sqrt(m) more for the masks (docs/spec/protocol.md, section 6). m is a power of two.
[[nodiscard]] std::size_t srs_points_for_chunk(std::size_t m) noexcept;

/// Draws tau from `rng` and forgets it; marked insecure. num_points >= 2.
[[nodiscard]] Srs generate_insecure_srs(std::size_t num_points, Rng& rng);

/// kUnchecked skips the pairing check, for a file that this machine has checked before; everything
/// else is checked always.
enum class SrsCheck : std::uint8_t { kFull, kUnchecked };

struct SrsReadOptions {
    std::size_t max_points = SIZE_MAX;  ///< keep (and read) only the first points
    SrsCheck check = SrsCheck::kFull;
};

/// Reads any of the three formats, told apart by their first bytes. Checks: sizes against the
/// file's before any allocation; coordinates canonical, points on the curve, G2 points in the
/// subgroup; generators as standard, tau not 0; all powers consistent (one pairing equation for a
/// random combination); the digest of Mintmark's own format. Errors: kNotFound, kIo, kMalformed,
/// kUnsupported (another curve or version), kRejected (the pairing check).
[[nodiscard]] Result<Srs> read_srs(const std::filesystem::path& path, SrsReadOptions options = {});

/// The same over bytes in memory (for tests and fuzzing).
[[nodiscard]] Result<Srs> decode_srs(ByteSpan bytes, SrsReadOptions options = {});

/// Writes Mintmark's own format (docs/spec/srs.md), atomically.
[[nodiscard]] Status write_srs(const std::filesystem::path& path, const Srs& srs);

/// The bytes that write_srs writes.
[[nodiscard]] Bytes encode_srs(const Srs& srs);

}  // namespace mintmark
