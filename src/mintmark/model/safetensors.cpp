#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "mintmark/json/json.hpp"
#include "mintmark/model/tensor_file.hpp"

namespace mintmark::model {
namespace {

constexpr std::uint64_t kLongestHeader = 100'000'000;  // the format's own limit

std::unexpected<Error> bad(std::string_view what) {
    return fail(ErrorCode::kMalformed, fmt::format("safetensors: {}", what));
}

/// The ONNX element type of a dtype's name; 0 for others.
std::int32_t onnx_type_of(std::string_view dtype) {
    using Proto = onnx::TensorProto;
    static constexpr std::pair<std::string_view, std::int32_t> kTypes[] = {
        {"F64", Proto::DOUBLE},    {"F32", Proto::FLOAT},  {"F16", Proto::FLOAT16},
        {"BF16", Proto::BFLOAT16}, {"I64", Proto::INT64},  {"U64", Proto::UINT64},
        {"I32", Proto::INT32},     {"U32", Proto::UINT32}, {"I16", Proto::INT16},
        {"U16", Proto::UINT16},    {"I8", Proto::INT8},    {"U8", Proto::UINT8},
        {"BOOL", Proto::BOOL}};
    for (const auto& [name, type] : kTypes)
        if (name == dtype) return type;
    return 0;
}

Result<std::vector<std::uint64_t>> numbers(const json::Json& object, std::string_view key,
                                           const std::string& name) {
    const json::Json* list = json::find(object, key);
    if (list == nullptr || !list->is_array())
        return bad(fmt::format("tensor '{}' has no {}", name, key));
    std::vector<std::uint64_t> out;
    for (const json::Json& value : *list) {
        if (!value.is_number_unsigned())
            return bad(fmt::format("tensor '{}': {} is no list of sizes", name, key));
        out.push_back(value.get<std::uint64_t>());
    }
    return out;
}

Result<Safetensors::Entry> read_entry(const json::Json& value, const std::string& name,
                                      const std::shared_ptr<const DataFile>& file,
                                      std::uint64_t data_at) {
    Safetensors::Entry entry;
    if (!value.is_object()) return bad(fmt::format("tensor '{}' is no object", name));
    MINTMARK_TRY(const std::string dtype, json::get_string(value, "dtype"));
    entry.onnx_type = onnx_type_of(dtype);
    MINTMARK_TRY(const auto shape, numbers(value, "shape", name));
    MINTMARK_TRY(const auto offsets, numbers(value, "data_offsets", name));
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > file->size() - data_at)
        return bad(fmt::format("tensor '{}' lies beyond the end of the file", name));
    for (const std::uint64_t dim : shape) {
        if (dim > 0xffffffffU || shape.size() > 8)
            return bad(fmt::format("tensor '{}' has a bad shape", name));
        entry.shape.push_back(static_cast<std::uint32_t>(dim));
    }
    entry.range = {file, data_at + offsets[0], offsets[1] - offsets[0]};
    return entry;
}

}  // namespace

Result<Safetensors> Safetensors::open(const std::filesystem::path& path) {
    MINTMARK_TRY(const auto file, DataFile::open(path));
    std::uint8_t prefix[8] = {};
    if (file->size() < sizeof(prefix)) return bad("the file is too short");
    MINTMARK_CHECK(file->read_at(0, prefix));
    std::uint64_t length = 0;
    std::memcpy(&length, prefix, sizeof(length));
    if (length > kLongestHeader || length > file->size() - sizeof(prefix))
        return bad("the header's length is wrong (no safetensors file?)");
    Bytes header(length);
    MINTMARK_CHECK(file->read_at(sizeof(prefix), header));
    MINTMARK_TRY(const json::Json root,
                 json::parse({reinterpret_cast<const char*>(header.data()), header.size()}));
    if (!root.is_object()) return bad("the header is no object");
    Safetensors out;
    for (const auto& [name, value] : root.items()) {
        if (name == "__metadata__") continue;
        MINTMARK_TRY(Entry entry, read_entry(value, name, file, sizeof(prefix) + length));
        out.entries_[name] = std::move(entry);
    }
    return out;
}

const Safetensors::Entry* Safetensors::find(const std::string& name) const {
    const auto it = entries_.find(name);
    return it == entries_.end() ? nullptr : &it->second;
}

Result<Constant> Safetensors::read(const std::string& name, std::size_t max_elements) const {
    const Entry& entry = entries_.at(name);
    double count = 1;
    for (const std::uint32_t dim : entry.shape) count *= dim;
    if (count > static_cast<double>(max_elements)) {
        return fail(
            ErrorCode::kOutOfRange,
            fmt::format("safetensors: tensor '{}' has more than {} elements", name, max_elements));
    }
    Constant out{entry.shape, ElementType::kReal, {}};
    MINTMARK_TRY(out.type, element_type(entry.onnx_type, name));
    MINTMARK_CHECK(
        read_range(entry.range, entry.onnx_type, static_cast<std::size_t>(count), name, out.data));
    for (const double value : out.data)
        if (!std::isfinite(value)) return bad(fmt::format("tensor '{}' contains NaN", name));
    return out;
}

}  // namespace mintmark::model
