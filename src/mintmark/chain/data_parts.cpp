#include "mintmark/chain/data_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/chain/address.hpp"

namespace mintmark::chain {
namespace {

constexpr std::string_view kInParts = "key in parts";
constexpr std::size_t kHeadBytes = kInParts.size() + 4;

std::size_t num_parts(std::size_t size) {
    return (size + kMaxPartBytes - 1) / kMaxPartBytes;
}

/// Code behind its STOP byte.
Result<Bytes> stopped_code(RpcClient& client, const Address& address) {
    MINTMARK_TRY(const Bytes code, client.code(address));
    if (code.size() < 2 || code[0] != 0) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("{} holds no data as code", to_checksum(address)));
    }
    return Bytes(code.begin() + 1, code.end());
}

bool is_head(ByteSpan data) {
    return data.size() > kHeadBytes && std::ranges::equal(data.first(kInParts.size()), kInParts);
}

std::size_t length_in(ByteSpan head) {
    std::size_t length = 0;
    for (std::size_t i = kInParts.size(); i < kHeadBytes; ++i) length = length << 8U | head[i];
    return length;
}

}  // namespace

Result<DataPlan> plan_data(ByteSpan data) {
    if (data.size() <= kMaxPartBytes) return DataPlan{Bytes(data.begin(), data.end()), {}};
    if (num_parts(data.size()) > kMaxParts) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("{} bytes are too many for contract code, at most {} fit",
                                data.size(), kMaxParts * kMaxPartBytes));
    }
    DataPlan out{Bytes(kInParts.begin(), kInParts.end()), {}};
    for (unsigned shift = 32; shift > 0; shift -= 8)
        out.head.push_back(static_cast<std::uint8_t>(data.size() >> (shift - 8)));
    for (std::size_t at = 0; at < data.size(); at += kMaxPartBytes) {
        const std::size_t size = std::min(kMaxPartBytes, data.size() - at);
        MINTMARK_TRY(Bytes code, data_creation_code(data.subspan(at, size)));
        append(out.head, create2_address({}, code));
        out.creation_code.push_back(std::move(code));
    }
    return out;
}

Result<std::vector<Receipt>> place_parts(Sender& sender, const DataPlan& plan) {
    std::vector<Receipt> out;
    if (plan.creation_code.empty()) return out;
    MINTMARK_CHECK(ensure_create2_proxy(sender));
    for (const Bytes& code : plan.creation_code) {
        MINTMARK_TRY(Placed placed, place(sender, {}, code));
        if (placed.receipt) out.push_back(std::move(*placed.receipt));
    }
    return out;
}

Result<Bytes> read_data(RpcClient& client, const Address& address) {
    MINTMARK_TRY(Bytes data, stopped_code(client, address));
    if (!is_head(data)) return data;
    const std::size_t length = length_in(data), count = num_parts(length);
    const auto broken =
        fail(ErrorCode::kNotFound,
             fmt::format("the parts that {} names are not what it says", to_checksum(address)));
    Address part;
    if (count < 2 || count > kMaxParts || data.size() != kHeadBytes + count * part.size())
        return broken;
    Bytes out;
    for (std::size_t i = 0; i < count; ++i) {
        const ByteSpan name = ByteSpan(data).subspan(kHeadBytes + i * part.size(), part.size());
        std::ranges::copy(name, part.begin());
        MINTMARK_TRY(const Bytes bytes, stopped_code(client, part));
        if (bytes.size() != std::min(kMaxPartBytes, length - i * kMaxPartBytes)) return broken;
        append(out, bytes);
    }
    return out;
}

}  // namespace mintmark::chain
