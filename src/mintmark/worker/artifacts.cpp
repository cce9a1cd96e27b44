#include "mintmark/worker/artifacts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/sha256.hpp"
#include "mintmark/wire/reader.hpp"
#include "mintmark/worker/hint.hpp"

namespace mintmark::worker {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr std::uint8_t kPrivate = 2;        ///< beside the two values of Visibility
constexpr unsigned kPublicWeights = 0x10U;  ///< beside the goal
constexpr std::string_view kModelMagic = "MMCM";
constexpr std::string_view kKeyMagic = "MMPK";

void append_u32(Bytes& out, std::uint32_t v) {
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(v >> shift));
}

Bytes begin_file(std::string_view magic) {
    Bytes out;
    append(out, as_bytes(magic));
    append_u32(out, kFormat);
    return out;
}

void seal(Bytes& out) {
    const Bytes32 checksum = sha256(out);
    append(out, checksum);
}

/// Checks magic, version and checksum; the reader stands after the version.
Result<wire::ByteReader> open_file(ByteSpan bytes, std::string_view magic, std::string_view what) {
    constexpr std::size_t kOverhead = 4 + 4 + 32;
    const auto broken = [&](std::string_view why) {
        return fail(ErrorCode::kMalformed, fmt::format("not a {} file: {}", what, why));
    };
    if (bytes.size() < kOverhead || !std::ranges::equal(bytes.first(4), as_bytes(magic))) {
        return broken("wrong first bytes");
    }
    const ByteSpan body = bytes.first(bytes.size() - 32);
    if (!std::ranges::equal(sha256(body), bytes.last(32))) {
        return broken("its checksum is wrong (truncated or changed)");
    }
    wire::ByteReader reader(body);
    MINTMARK_TRY(const ByteSpan skipped, reader.take(4));
    MINTMARK_TRY(const std::uint32_t version, reader.u32());
    if (skipped.size() != 4 || version != kFormat) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("{} format {} is not known", what, version));
    }
    return reader;
}

Visibility visibility_of(std::uint8_t byte) noexcept {
    return byte == 0 ? Visibility::kPublic : Visibility::kCommitted;
}

}  // namespace

Bytes CompiledModel::encode() const {
    Bytes out = begin_file(kModelMagic);
    out.push_back(exposure.private_input ? kPrivate : static_cast<std::uint8_t>(options.input));
    out.push_back(exposure.private_output ? kPrivate : static_cast<std::uint8_t>(options.output));
    out.push_back(static_cast<std::uint8_t>(static_cast<std::uint8_t>(options.optimise) |
                                            (exposure.public_weights ? kPublicWeights : 0U)));
    out.push_back(options.max_mu);
    append(out, model::encode(graph));
    seal(out);
    return out;
}

Result<CompiledModel> CompiledModel::decode(ByteSpan bytes) {
    MINTMARK_TRY(wire::ByteReader reader, open_file(bytes, kModelMagic, "compiled model"));
    MINTMARK_TRY(const ByteSpan head, reader.take(4));
    const unsigned goal = head[2] & ~kPublicWeights;
    if (head[0] > kPrivate || head[1] > kPrivate || goal > 2 || head[3] > kMaxMu) {
        return fail(ErrorCode::kMalformed, "compiled model: option out of range");
    }
    CompiledModel out;
    out.options = {.input = visibility_of(head[0]),
                   .output = visibility_of(head[1]),
                   .optimise = static_cast<compiler::Optimise>(goal),
                   .max_mu = head[3]};
    out.exposure = {.private_input = head[0] == kPrivate,
                    .private_output = head[1] == kPrivate,
                    .public_weights = (head[2] & kPublicWeights) != 0};
    MINTMARK_TRY(const ByteSpan rest, reader.take(reader.remaining()));
    MINTMARK_TRY(out.graph, model::decode_quant_graph(rest));
    return out;
}

Result<CompiledModel> CompiledModel::read(const std::filesystem::path& path) {
    const Result<Bytes> bytes = read_file(path);
    if (!bytes) return made_by(bytes.error(), "mintmark zk compile-circuit");
    return decode(*bytes);
}

Status CompiledModel::write(const std::filesystem::path& path) const {
    return write_file(path, encode(), FileMode::kSecret);
}

Bytes KeyFile::encode() const {
    Bytes out = begin_file(kKeyMagic);
    append(out, seed);
    append(out, mintmark::encode(vk));
    seal(out);
    return out;
}

Result<KeyFile> KeyFile::decode(ByteSpan bytes) {
    MINTMARK_TRY(wire::ByteReader reader, open_file(bytes, kKeyMagic, "proving key"));
    KeyFile out;
    MINTMARK_TRY(const ByteSpan seed, reader.take(32));
    std::ranges::copy(seed, out.seed.begin());
    MINTMARK_TRY(const ByteSpan rest, reader.take(reader.remaining()));
    MINTMARK_TRY(out.vk, decode_verifying_key(rest));
    return out;
}

Result<KeyFile> KeyFile::read(const std::filesystem::path& path) {
    const Result<Bytes> bytes = read_file(path);
    if (!bytes) return made_by(bytes.error(), "mintmark zk setup");
    return decode(*bytes);
}

Status KeyFile::write(const std::filesystem::path& path) const {
    return write_file(path, encode(), FileMode::kSecret);
}

Result<prover::ProvingKey> proving_key(const CompiledModel& model, const KeyFile& key) {
    auto weights = compiler::weights_of(model.graph, model.options, key.vk.circuit);
    if (!weights) {
        if (weights.error().code != ErrorCode::kRejected) return std::unexpected(weights.error());
        return fail(ErrorCode::kRejected, "the key and the compiled model are not of one model",
                    "run setup again for this compiled model");
    }
    prover::ProvingKey out{.vk = key.vk,
                           .weights = *std::move(weights),
                           .weight_blinders = {},
                           .blinder_degree = std::size_t{1} << key.vk.circuit.mu};
    for (std::uint32_t c = 0; c < key.vk.circuit.n_w; ++c) {
        out.weight_blinders.push_back(prover::weight_blinder(key.seed, c));
    }
    return out;
}

Result<VerifyingKey> read_verifying_key(const std::filesystem::path& path) {
    const Result<Bytes> bytes = read_file(path, std::uint64_t{1} << 24U);
    if (!bytes) return made_by(bytes.error(), "mintmark zk setup");
    return decode_verifying_key(*bytes);
}

namespace {

/// Whether the stamp is of this file and of chunks at least as large: what smaller ones do not need
/// has not been checked.
bool is_checked_for(const Result<std::string>& stamp, const std::string& hash, std::uint8_t mu) {
    if (!stamp || !stamp->starts_with(hash + " ")) return false;
    unsigned most = 0;
    const char* end = stamp->data() + stamp->size();
    const auto read = std::from_chars(stamp->data() + hash.size() + 1, end, most);
    return read.ec == std::errc() && read.ptr == end && most >= mu;
}

}  // namespace

Result<Srs> load_srs(const std::filesystem::path& path, std::uint8_t mu) {
    const std::size_t m = std::size_t{1} << mu;
    const std::filesystem::path stamp = path.string() + ".checked";
    const Result<Bytes> file = read_file(path);
    if (!file) return made_by(file.error(), "mintmark zk gen-srs (or import one: get-srs)");
    const Bytes& bytes = *file;
    const std::string hash = to_hex(sha256(bytes));
    const bool is_checked = is_checked_for(read_text(stamp), hash, mu);
    SrsReadOptions options{.max_points = srs_points_for_chunk(m),
                           .check = is_checked ? SrsCheck::kUnchecked : SrsCheck::kFull};
    MINTMARK_TRY(Srs srs, decode_srs(bytes, options));
    if (srs.g1.size() < m + 1) {
        return fail(ErrorCode::kOutOfRange,
                    fmt::format("{} has {} points, this circuit needs {}", path.string(),
                                srs.g1.size(), m + 1),
                    fmt::format("make a larger one: mintmark zk gen-srs --logrows {}", mu));
    }
    // A read-only folder is no error: the check then runs each time.
    if (!is_checked) (void)write_text(stamp, fmt::format("{} {}", hash, mu));
    return srs;
}

Result<Srs> load_verifier_srs(const std::filesystem::path& path, const Bytes32& digest) {
    MINTMARK_TRY(Srs srs,
                 read_srs(path, {.max_points = kVerifierPoints, .check = SrsCheck::kFull}));
    if (srs.digest() != digest) {
        return fail(ErrorCode::kRejected,
                    fmt::format("{} is not the SRS that the verifying key names", path.string()),
                    "pass the SRS of the setup with --srs-path");
    }
    return srs;
}

}  // namespace mintmark::worker
