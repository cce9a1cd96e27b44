#include "mintmark/storage/dag_pb.hpp"

#include <fmt/format.h>

#include "mintmark/wire/protobuf.hpp"

namespace mintmark::storage {
namespace {

using wire::ProtobufField;

// PBNode and PBLink.
constexpr std::uint32_t kNodeData = 1;
constexpr std::uint32_t kNodeLinks = 2;
constexpr std::uint32_t kLinkHash = 1;
constexpr std::uint32_t kLinkName = 2;
constexpr std::uint32_t kLinkSize = 3;
// UnixFS Data.
constexpr std::uint32_t kDataType = 1;
constexpr std::uint32_t kDataData = 2;
constexpr std::uint32_t kDataFileSize = 3;
constexpr std::uint32_t kDataBlockSizes = 4;

std::unexpected<Error> malformed(const char* what) {
    return fail(ErrorCode::kMalformed, std::string("dag-pb: ") + what);
}

Bytes encode_link(const DagLink& link) {
    Bytes out;
    wire::put_bytes_field(out, kLinkHash, link.cid.to_bytes());
    wire::put_bytes_field(out, kLinkName, as_bytes(link.name));
    wire::put_varint_field(out, kLinkSize, link.dag_bytes);
    return out;
}

Bytes encode_data(const UnixfsNode& node) {
    Bytes out;
    wire::put_varint_field(out, kDataType, static_cast<std::uint64_t>(node.kind));
    if (!node.data.empty()) wire::put_bytes_field(out, kDataData, node.data);
    if (node.file_bytes) wire::put_varint_field(out, kDataFileSize, *node.file_bytes);
    for (const std::uint64_t size : node.child_bytes) {
        wire::put_varint_field(out, kDataBlockSizes, size);
    }
    return out;
}

Result<DagLink> decode_link(ByteSpan message) {
    wire::ProtobufReader reader(message);
    DagLink out;
    bool has_hash = false;
    for (;;) {
        MINTMARK_TRY(const auto field, reader.next());
        if (!field) break;
        const bool is_bytes = field->kind == ProtobufField::Kind::kBytes;
        if (field->number == kLinkHash && is_bytes && !has_hash) {
            MINTMARK_TRY(out.cid, wire::Cid::from_bytes(field->bytes));
            has_hash = true;
        } else if (field->number == kLinkName && is_bytes) {
            out.name.assign(field->bytes.begin(), field->bytes.end());
        } else if (field->number == kLinkSize && !is_bytes) {
            out.dag_bytes = field->value;
        } else {
            return malformed("unexpected field in a link");
        }
    }
    if (!has_hash) return malformed("link without a hash");
    return out;
}

Status take_data_field(const ProtobufField& field, UnixfsNode& out) {
    const bool is_bytes = field.kind == ProtobufField::Kind::kBytes;
    if (field.number == kDataType && !is_bytes) {
        if (field.value > static_cast<std::uint64_t>(UnixfsKind::kFile)) {
            return fail(ErrorCode::kUnsupported, fmt::format("UnixFS: kind {}", field.value));
        }
        out.kind = static_cast<UnixfsKind>(field.value);
    } else if (field.number == kDataData && is_bytes) {
        out.data.assign(field.bytes.begin(), field.bytes.end());
    } else if (field.number == kDataFileSize && !is_bytes) {
        out.file_bytes = field.value;
    } else if (field.number == kDataBlockSizes && !is_bytes) {
        out.child_bytes.push_back(field.value);
    } else {
        return fail(ErrorCode::kUnsupported, fmt::format("UnixFS: field {}", field.number));
    }
    return {};
}

Status decode_data(ByteSpan message, UnixfsNode& out) {
    wire::ProtobufReader reader(message);
    bool has_kind = false;
    for (;;) {
        MINTMARK_TRY(const auto field, reader.next());
        if (!field) break;
        has_kind = has_kind || field->number == kDataType;
        MINTMARK_CHECK(take_data_field(*field, out));
    }
    if (!has_kind) return malformed("UnixFS message without a kind");
    return {};
}

}  // namespace

Bytes encode(const UnixfsNode& node) {
    Bytes out;
    for (const DagLink& link : node.links) {
        wire::put_bytes_field(out, kNodeLinks, encode_link(link));
    }
    wire::put_bytes_field(out, kNodeData, encode_data(node));
    return out;
}

Result<UnixfsNode> decode_unixfs(ByteSpan block) {
    wire::ProtobufReader reader(block);
    UnixfsNode out;
    bool has_data = false;
    for (;;) {
        MINTMARK_TRY(const auto field, reader.next());
        if (!field) break;
        if (field->kind != ProtobufField::Kind::kBytes) return malformed("unexpected number");
        if (field->number == kNodeLinks) {
            MINTMARK_TRY(DagLink link, decode_link(field->bytes));
            out.links.push_back(std::move(link));
        } else if (field->number == kNodeData && !has_data) {
            MINTMARK_CHECK(decode_data(field->bytes, out));
            has_data = true;
        } else {
            return malformed("unexpected field");
        }
    }
    if (!has_data) return malformed("node without UnixFS data");
    return out;
}

}  // namespace mintmark::storage
