// Raw KZG parameters as halo2 and ezkl keep them (SerdeFormat::RawBytes): u32 k little-endian, 2^k
// powers in G1, the same 2^k points in Lagrange form, [1]_2, [tau]_2; or with compressed points.
// They are recognised to be refused by name: an opening is checked with [tau^b]_2, which they lack.
#include "mintmark/pcs/srs_formats.hpp"

namespace mintmark::srs_file {

bool is_halo2(Source& source) {
    const auto head = source.read_array<4>(0);
    if (!head) return false;
    const std::uint64_t k = load_le(*head);
    if (k == 0 || k >= kMaxLogPoints) return false;
    const std::uint64_t body = source.size() - head->size();
    const std::uint64_t in_g1 = std::uint64_t{128} << k;  // two lists of 2^k points
    return body == in_g1 + 2 * 128 || body == in_g1 / 2 + 2 * 64;
}

}  // namespace mintmark::srs_file
