// Structured reference string of KZG: the powers of a secret tau. Sources: generated (insecure), or
// read from Mintmark's own file or from a snarkjs .ptau file.
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

/// What a verifier needs of an SRS: [tau^(2^k)]_2 for k = 0, 1, ..., at least the first. An opening
/// of a polynomial with m = 2^mu coefficients needs k = ceil(mu / 2) (docs/spec/protocol.md, 6).
struct TauPowers {
    std::vector<G2Affine> g2;

    /// keccak256 of [tau]_2 as EIP-197 encodes it: what verifying keys name.
    [[nodiscard]] Bytes32 digest() const;

    friend bool operator==(const TauPowers&, const TauPowers&) = default;
};

/// Powers of tau on BN254.
struct Srs {
    std::vector<G1Affine> g1;  ///< [tau^i]_1, i = 0, 1, ...; g1[0] is the generator
    G2Affine g2;               ///< [1]_2
    TauPowers tau;             ///< as many as num_tau_powers(g1.size()), or fewer
    bool insecure = false;     ///< tau was known to somebody: generated here, for tests and demos

    [[nodiscard]] Bytes32 digest() const { return tau.digest(); }
};

/// Enough for chunks of 2^24 coefficients, the largest.
inline constexpr std::size_t kMaxTauPowers = 13;

/// Points in G1 that show what all of TauPowers are: [tau^i]_1 for i up to 2^12.
inline constexpr std::size_t kVerifierPoints = (std::size_t{1} << (kMaxTauPowers - 1)) + 1;

/// How many of [tau^(2^k)]_2 have their [tau^(2^k)]_1 among so many points, kMaxTauPowers at most.
[[nodiscard]] std::size_t num_tau_powers(std::size_t num_points) noexcept;

/// What the verifying contract's constructor takes: [tau^(2^k)]_1 (64 bytes, EIP-196) and
/// [tau^(2^k)]_2 (128 bytes, EIP-197) for every k. The contract checks that they are what they say.
[[nodiscard]] Bytes encode_tau_powers(const Srs& srs);

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

/// Reads either format, told apart by their first bytes. Checks: sizes against the file's before
/// any allocation; coordinates canonical, points on the curve, G2 points in the subgroup;
/// generators as standard, tau not 0; all powers consistent (a pairing equation for a random
/// combination in each group); the digest of Mintmark's own format. Errors: kNotFound, kIo,
/// kMalformed, kUnsupported (another curve or version, halo2's parameters), kRejected (pairings).
[[nodiscard]] Result<Srs> read_srs(const std::filesystem::path& path, SrsReadOptions options = {});

/// The same over bytes in memory (for tests and fuzzing).
[[nodiscard]] Result<Srs> decode_srs(ByteSpan bytes, SrsReadOptions options = {});

/// Writes Mintmark's own format (docs/spec/srs.md), atomically.
[[nodiscard]] Status write_srs(const std::filesystem::path& path, const Srs& srs);

/// The bytes that write_srs writes.
[[nodiscard]] Bytes encode_srs(const Srs& srs);

}  // namespace mintmark
