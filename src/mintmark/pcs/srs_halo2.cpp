// Raw KZG parameters as halo2 and ezkl keep them (SerdeFormat::RawBytes): u32 k little-endian, 2^k
// powers in G1, the same 2^k points in Lagrange form (not needed here), [1]_2, [tau]_2.
#include <algorithm>

#include "mintmark/pcs/srs_formats.hpp"

namespace mintmark::srs_file {

Result<Srs> decode_halo2(Source& source, std::uint64_t max_points) {
    MINTMARK_TRY(const auto head, source.read_array<4>(0));
    const std::uint64_t k = load_le(head);
    const std::uint64_t num_points = std::uint64_t{1} << std::min(k, kMaxLogPoints);
    const std::uint64_t after_points = head.size() + 2 * 64 * num_points;
    if (k > 0 && k < kMaxLogPoints && source.size() == head.size() + 64 * num_points + 128) {
        return fail(ErrorCode::kUnsupported, "halo2 SRS with compressed points",
                    "write it in the raw form (SerdeFormat::RawBytes)");
    }
    if (k == 0 || k >= kMaxLogPoints || source.size() != after_points + 2 * 128) {
        return fail(ErrorCode::kMalformed, "not an SRS file",
                    "Mintmark reads its own files, snarkjs .ptau files and raw halo2/ezkl files");
    }
    constexpr auto kForm = PointForm::kMontgomeryLittle;
    Srs srs;
    MINTMARK_TRY(srs.g1, read_g1(source, head.size(), std::min(num_points, max_points), kForm));
    MINTMARK_TRY(srs.g2, read_g2(source, after_points, kForm));
    MINTMARK_TRY(srs.tau_g2, read_g2(source, after_points + 128, kForm));
    return srs;
}

}  // namespace mintmark::srs_file
