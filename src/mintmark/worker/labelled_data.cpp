#include "mintmark/worker/labelled_data.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "mintmark/json/json.hpp"

namespace mintmark::worker {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 31U;
constexpr std::uint64_t kMaxValues = std::uint64_t{1} << 28U;

bool is_gzip(ByteSpan bytes) {
    return bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Result<Bytes> gunzip(ByteSpan bytes) {
    z_stream stream = {};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return fail(ErrorCode::kInternal, "zlib");
    Bytes out;
    std::array<std::uint8_t, 1U << 16U> buffer{};
    // zlib's interface is not const.
    Bytes copy(bytes.begin(), bytes.end());
    stream.next_in = copy.data();
    stream.avail_in = static_cast<uInt>(copy.size());
    int status = Z_OK;
    while (status == Z_OK && out.size() <= kMaxFileBytes) {
        stream.next_out = buffer.data();
        stream.avail_out = static_cast<uInt>(buffer.size());
        status = inflate(&stream, Z_NO_FLUSH);
        append(out, ByteSpan(buffer).first(buffer.size() - stream.avail_out));
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END) return fail(ErrorCode::kMalformed, "broken gzip data");
    return out;
}

Result<Bytes> read_unpacked(const fs::path& path) {
    MINTMARK_TRY(Bytes bytes, read_file(path, kMaxFileBytes));
    if (!is_gzip(bytes)) return bytes;
    return gunzip(bytes);
}

bool is_idx(ByteSpan bytes) {
    return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[2] >= 8 && bytes[2] <= 14;
}

std::uint64_t big_endian(ByteSpan bytes) {
    std::uint64_t out = 0;
    for (const std::uint8_t byte : bytes) out = out << 8U | byte;
    return out;
}

std::size_t idx_width(std::uint8_t type) {
    switch (type) {
        case 0x08:
        case 0x09:
            return 1;
        case 0x0B:
            return 2;
        case 0x0C:
        case 0x0D:
            return 4;
        case 0x0E:
            return 8;
        default:
            return 0;
    }
}

double idx_value(std::uint8_t type, ByteSpan bytes) {
    const std::uint64_t raw = big_endian(bytes);
    switch (type) {
        case 0x09:
            return static_cast<std::int8_t>(raw);
        case 0x0B:
            return static_cast<std::int16_t>(raw);
        case 0x0C:
            return static_cast<std::int32_t>(raw);
        case 0x0D:
            return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(raw)));
        case 0x0E:
            return std::bit_cast<double>(raw);
        default:
            return static_cast<double>(raw);
    }
}

std::string_view text_of(ByteSpan bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::unexpected<Error> in_file(const fs::path& path, Error error) {
    error.message = fmt::format("{}: {}", path.string(), error.message);
    return std::unexpected(std::move(error));
}

Result<std::vector<std::uint32_t>> to_labels(const std::vector<double>& values) {
    std::vector<std::uint32_t> out;
    for (const double v : values) {
        if (!(v >= 0 && v < 1'000'000) || v != std::floor(v))
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("label {} is {}, not a class number", out.size(), v));
        out.push_back(static_cast<std::uint32_t>(v));
    }
    return out;
}

Result<std::vector<std::uint32_t>> json_labels(const json::Json& value) {
    const json::Json* list = value.is_array() ? &value : json::find(value, "labels");
    if (list == nullptr || !list->is_array())
        return fail(ErrorCode::kMalformed, "there is no list of labels",
                    "give {\"labels\": [7, 2, …]}, a JSON list, or an IDX file with --labels");
    std::vector<double> values;
    for (const json::Json& entry : *list) {
        if (!entry.is_number()) return fail(ErrorCode::kMalformed, "a label is no number");
        values.push_back(entry.get<double>());
    }
    return to_labels(values);
}

Result<std::vector<std::uint32_t>> read_labels(const LabelledFiles& files, ByteSpan data) {
    if (files.labels.empty()) {
        if (is_idx(data))
            return fail(ErrorCode::kInvalidArgument, "the labels are missing",
                        "pass their IDX file with --labels");
        MINTMARK_TRY(const json::Json value, json::parse(text_of(data)));
        return json_labels(value);
    }
    MINTMARK_TRY(const Bytes bytes, read_unpacked(files.labels));
    if (!is_idx(bytes)) {
        MINTMARK_TRY(const json::Json value, json::parse(text_of(bytes)));
        return json_labels(value);
    }
    MINTMARK_TRY(const IdxTensor tensor, decode_idx(bytes));
    if (tensor.dims.size() != 1)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} is no list of labels", files.labels.string()));
    return to_labels(tensor.values);
}

/// Cuts arrays that hold several samples in a row.
Status cut(const std::vector<double>& values, std::size_t size, std::vector<model::Sample>& out) {
    if (values.empty() || values.size() % size != 0)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("a sample has {} values, the data has {}: not a multiple", size,
                                values.size()));
    for (std::size_t at = 0; at < values.size(); at += size) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(at);
        out.push_back({{begin, begin + static_cast<std::ptrdiff_t>(size)}});
    }
    return {};
}

Result<std::vector<model::Sample>> samples_of(const LabelledFiles& files, ByteSpan data,
                                              const std::vector<model::Shape>& inputs) {
    std::vector<model::Sample> out;
    if (!is_idx(data)) {
        MINTMARK_TRY(model::InputFile file, model::read_input_json(text_of(data)));
        if (inputs.size() != 1) return std::move(file.samples);
        for (const model::Sample& sample : file.samples)
            for (const std::vector<double>& values : sample)
                MINTMARK_CHECK(cut(values, model::element_count(inputs[0]), out));
        return out;
    }
    if (inputs.size() != 1)
        return fail(ErrorCode::kInvalidArgument,
                    "an IDX file has one array a sample, the model has several inputs",
                    "give the samples as JSON");
    MINTMARK_TRY(IdxTensor tensor, decode_idx(data));
    if (tensor.is_bytes)
        for (double& v : tensor.values) v /= files.pixel_scale;
    MINTMARK_CHECK(cut(tensor.values, model::element_count(inputs[0]), out));
    return out;
}

}  // namespace

Result<IdxTensor> decode_idx(ByteSpan bytes) {
    if (!is_idx(bytes)) return fail(ErrorCode::kMalformed, "not an IDX file");
    const std::uint8_t type = bytes[2];
    const std::size_t rank = bytes[3], width = idx_width(type), head = 4 + 4 * rank;
    if (width == 0 || rank == 0 || bytes.size() < head)
        return fail(ErrorCode::kMalformed, "broken IDX header");
    IdxTensor out;
    out.is_bytes = type == 0x08;
    std::uint64_t count = 1;
    for (std::size_t i = 0; i < rank; ++i) {
        const std::uint64_t dim = big_endian(bytes.subspan(4 + 4 * i, 4));
        if (dim == 0) return fail(ErrorCode::kMalformed, "broken IDX header");
        count *= dim;
        if (count > kMaxValues) return fail(ErrorCode::kOutOfRange, "the IDX file is too large");
        out.dims.push_back(static_cast<std::uint32_t>(dim));
    }
    if (bytes.size() != head + count * width)
        return fail(ErrorCode::kMalformed, "the IDX file is truncated or too long");
    out.values.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
        out.values.push_back(idx_value(type, bytes.subspan(head + i * width, width)));
    return out;
}

Result<LabelledData> read_labelled(const LabelledFiles& files,
                                   const std::vector<model::Shape>& inputs) {
    auto data = read_unpacked(files.data);
    if (!data) return in_file(files.data, data.error());
    LabelledData out;
    auto samples = samples_of(files, *data, inputs);
    if (!samples) return in_file(files.data, samples.error());
    auto labels = read_labels(files, *data);
    if (!labels) return in_file(files.labels.empty() ? files.data : files.labels, labels.error());
    out.samples = *std::move(samples);
    out.labels = *std::move(labels);
    const std::size_t wanted = files.max_samples;
    const std::size_t there = std::min(out.samples.size(), out.labels.size());
    if (wanted > there)
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{} samples wanted, {} with labels are there", wanted, there));
    if (wanted == 0 && out.samples.size() != out.labels.size())
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("{} samples, but {} labels", out.samples.size(), out.labels.size()));
    if (wanted != 0) {
        out.samples.resize(wanted);
        out.labels.resize(wanted);
    }
    return out;
}

}  // namespace mintmark::worker
