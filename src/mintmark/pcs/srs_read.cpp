#include "mintmark/pcs/srs_formats.hpp"

namespace mintmark {
namespace {

Result<Srs> decode_any(srs_file::Source& source, std::uint64_t max_points) {
    if (srs_file::is_native(source)) return srs_file::decode_native(source, max_points);
    if (srs_file::is_ptau(source)) return srs_file::decode_ptau(source, max_points);
    if (srs_file::is_halo2(source)) {
        return fail(ErrorCode::kUnsupported,
                    "halo2's KZG parameters hold [tau]_2 alone: openings need [tau^b]_2 too",
                    "take a ceremony's .ptau file, which holds all powers");
    }
    return fail(ErrorCode::kMalformed, "not an SRS file",
                "Mintmark reads its own files and snarkjs .ptau files");
}

Result<Srs> read_from(srs_file::Source& source, SrsReadOptions options) {
    MINTMARK_TRY(Srs srs, decode_any(source, options.max_points));
    MINTMARK_CHECK(srs_file::check_srs(srs, options.check));
    return srs;
}

}  // namespace

Result<Srs> read_srs(const std::filesystem::path& path, SrsReadOptions options) {
    MINTMARK_TRY(auto source, srs_file::FileSource::open(path));
    return read_from(source, options);
}

Result<Srs> decode_srs(ByteSpan bytes, SrsReadOptions options) {
    srs_file::MemorySource source(bytes);
    return read_from(source, options);
}

}  // namespace mintmark
