// Mintmark's own format (docs/spec/srs.md).
#include <algorithm>
#include <array>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/pcs/srs_formats.hpp"

namespace mintmark {
namespace srs_file {
namespace {

constexpr std::array<std::uint8_t, 8> kMagic = {'m', 'm', 'k', '-', 's', 'r', 's', '\n'};
constexpr std::uint64_t kVersion = 2;
constexpr std::uint64_t kFlagInsecure = 1;
// magic, version, flags, number of points in G1, number of powers in G2
constexpr std::uint64_t kHeaderBytes = 8 + 4 + 4 + 8 + 8;
constexpr std::uint64_t kG2Bytes = 128;
constexpr std::uint64_t kDigestBytes = 32;

void append_be(Bytes& out, std::uint64_t value, unsigned size) {
    for (unsigned i = size; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// SHA-256 of all but the digest against the digest.
Status check_digest(Source& source) {
    Sha256 hash;
    Bytes block;
    const std::uint64_t end = source.size() - kDigestBytes;
    for (std::uint64_t offset = 0; offset < end; offset += block.size()) {
        block.resize(std::min<std::uint64_t>(end - offset, 1U << 20U));
        MINTMARK_CHECK(source.read(offset, block));
        hash.update(block);
    }
    MINTMARK_TRY(const Bytes32 digest, source.read_array<kDigestBytes>(end));
    if (hash.finish() == digest) return {};
    return fail(ErrorCode::kMalformed, "SRS file: its digest does not match",
                "the file is damaged: copy it again");
}

}  // namespace

bool is_native(Source& source) {
    const auto magic = source.read_array<kMagic.size()>(0);
    return magic && *magic == kMagic;
}

Result<Srs> decode_native(Source& source, std::uint64_t max_points) {
    MINTMARK_TRY(const auto head, source.read_array<kHeaderBytes>(0));
    const std::uint64_t version = load_be(std::span(head).subspan<8, 4>());
    const std::uint64_t flags = load_be(std::span(head).subspan<12, 4>());
    const std::uint64_t num_points = load_be(std::span(head).subspan<16, 8>());
    const std::uint64_t num_powers = load_be(std::span(head).subspan<24, 8>());
    if (version < kVersion)
        return fail(ErrorCode::kUnsupported, "SRS file of an older mintmark, without [tau^b]_2",
                    "import the ceremony's .ptau again (get-srs), or gen-srs for development");
    if (version != kVersion || (flags & ~kFlagInsecure) != 0)
        return fail(ErrorCode::kUnsupported, "SRS file of a later version", "update mintmark");
    const std::uint64_t points_offset = kHeaderBytes + (1 + num_powers) * kG2Bytes;
    if (num_points > std::uint64_t{1} << kMaxLogPoints || num_powers > num_tau_powers(num_points) ||
        source.size() != points_offset + num_points * 64 + kDigestBytes) {
        return fail(ErrorCode::kMalformed, "SRS file: its size does not match its header",
                    "the file is cut off: copy it again");
    }
    MINTMARK_CHECK(check_digest(source));
    constexpr auto kForm = PointForm::kCanonicalBig;
    Srs srs;
    srs.insecure = (flags & kFlagInsecure) != 0;
    MINTMARK_TRY(srs.g2, read_g2(source, kHeaderBytes, kForm));
    MINTMARK_TRY(srs.g1, read_g1(source, points_offset, std::min(num_points, max_points), kForm));
    for (std::size_t k = 0; k < std::min(num_powers, num_tau_powers(srs.g1.size())); ++k) {
        const std::uint64_t offset = kHeaderBytes + (1 + k) * kG2Bytes;
        MINTMARK_TRY(const G2Affine power, read_g2(source, offset, kForm));
        srs.tau.g2.push_back(power);
    }
    return srs;
}

}  // namespace srs_file

Bytes encode_srs(const Srs& srs) {
    using namespace srs_file;
    Bytes out(kMagic.begin(), kMagic.end());
    const std::size_t in_g2 = (1 + srs.tau.g2.size()) * kG2Bytes;
    out.reserve(kHeaderBytes + in_g2 + srs.g1.size() * 64 + kDigestBytes);
    append_be(out, kVersion, 4);
    append_be(out, srs.insecure ? kFlagInsecure : 0, 4);
    append_be(out, srs.g1.size(), 8);
    append_be(out, srs.tau.g2.size(), 8);
    append(out, srs.g2.to_bytes());
    for (const G2Affine& power : srs.tau.g2) append(out, power.to_bytes());
    for (const G1Affine& point : srs.g1) append(out, point.to_bytes());
    append(out, sha256(out));
    return out;
}

Status write_srs(const std::filesystem::path& path, const Srs& srs) {
    return write_file(path, encode_srs(srs));
}

}  // namespace mintmark
