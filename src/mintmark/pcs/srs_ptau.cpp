// snarkjs "powers of tau" files: "ptau", u32 version, u32 sections, then sections of
// u32 type | u64 size | data, all little-endian (snarkjs, src/powersoftau_utils.js).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "mintmark/pcs/srs_formats.hpp"

namespace mintmark::srs_file {
namespace {

constexpr std::uint64_t kMaxSections = 64;
constexpr std::uint64_t kHeaderBytes = 4 + 32 + 4 + 4;  // n8, q, power, ceremony's power
constexpr std::uint32_t kTypeHeader = 1;
constexpr std::uint32_t kTypeTauG1 = 2;
constexpr std::uint32_t kTypeTauG2 = 3;
constexpr std::array<std::uint8_t, 4> kMagic = {'p', 't', 'a', 'u'};

struct Section {
    std::uint64_t offset;
    std::uint64_t size;
};

/// Sections 1 to 3; the others (alpha, beta, contributions, Lagrange bases) are not needed.
struct Sections {
    std::array<std::optional<Section>, 4> by_type;
};

std::unexpected<Error> malformed(std::string_view what) {
    return fail(ErrorCode::kMalformed, fmt::format(".ptau file: {}", what),
                "check the file with `snarkjs powersoftau verify`");
}

Result<Sections> read_sections(Source& source) {
    MINTMARK_TRY(const auto head, source.read_array<12>(0));
    const std::uint64_t version = load_le(std::span(head).subspan<4, 4>());
    const std::uint64_t count = load_le(std::span(head).subspan<8, 4>());
    if (version != 1)
        return fail(ErrorCode::kUnsupported, fmt::format(".ptau file of version {}", version));
    if (count > kMaxSections) return malformed("too many sections");
    Sections sections;
    std::uint64_t offset = head.size();
    for (std::uint64_t i = 0; i < count; ++i) {
        MINTMARK_TRY(const auto bytes, source.read_array<12>(offset));
        const std::uint64_t type = load_le(std::span(bytes).first<4>());
        const std::uint64_t size = load_le(std::span(bytes).last<8>());
        offset += bytes.size();
        if (size > source.size() - offset) return malformed("a section is cut off");
        if (type < sections.by_type.size()) {
            if (sections.by_type[type]) return malformed("a section occurs twice");
            sections.by_type[type] = Section{offset, size};
        }
        offset += size;
    }
    if (offset != source.size()) return malformed("bytes after the last section");
    for (const std::uint32_t type : {kTypeHeader, kTypeTauG1, kTypeTauG2})
        if (!sections.by_type[type]) return malformed(fmt::format("no section {}", type));
    return sections;
}

/// log2 of the number of G2 powers.
Result<std::uint64_t> read_power(Source& source, const Section& header) {
    if (header.size != kHeaderBytes)
        return fail(ErrorCode::kUnsupported, ".ptau file: not of the curve bn128");
    MINTMARK_TRY(const auto bytes, source.read_array<kHeaderBytes>(header.offset));
    std::array<std::uint8_t, 36> expected = {32, 0, 0, 0};
    for (std::size_t i = 0; i < 32; ++i)
        expected[4 + i] = static_cast<std::uint8_t>(Fq::kModulus[i / 8] >> (8 * (i % 8)));
    if (!std::ranges::equal(std::span(bytes).first<36>(), expected))
        return fail(ErrorCode::kUnsupported, ".ptau file: not of the curve bn128");
    const std::uint64_t power = load_le(std::span(bytes).subspan<36, 4>());
    if (power == 0 || power >= kMaxLogPoints) return malformed("unreasonable power");
    return power;
}

}  // namespace

bool is_ptau(Source& source) {
    const auto magic = source.read_array<kMagic.size()>(0);
    return magic && *magic == kMagic;
}

Result<Srs> decode_ptau(Source& source, std::uint64_t max_points) {
    MINTMARK_TRY(const Sections sections, read_sections(source));
    MINTMARK_TRY(const std::uint64_t power, read_power(source, *sections.by_type[kTypeHeader]));
    const Section& tau_g1 = *sections.by_type[kTypeTauG1];
    const Section& tau_g2 = *sections.by_type[kTypeTauG2];
    const std::uint64_t num_points = (std::uint64_t{2} << power) - 1;
    if (tau_g1.size != num_points * 64) return malformed("wrong size of section 2");
    if (tau_g2.size != (std::uint64_t{1} << power) * 128)
        return malformed("wrong size of section 3");

    constexpr auto kForm = PointForm::kMontgomeryLittle;
    Srs srs;
    MINTMARK_TRY(srs.g1, read_g1(source, tau_g1.offset, std::min(num_points, max_points), kForm));
    MINTMARK_TRY(srs.g2, read_g2(source, tau_g2.offset, kForm));
    for (std::size_t k = 0; k < num_tau_powers(srs.g1.size()) && k < power; ++k) {
        const std::uint64_t offset = tau_g2.offset + (std::uint64_t{128} << k);
        MINTMARK_TRY(const G2Affine point, read_g2(source, offset, kForm));
        srs.tau.g2.push_back(point);
    }
    return srs;
}

}  // namespace mintmark::srs_file
