#include "mintmark/model/onnx_tensor.hpp"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "mintmark/model/tensor_file.hpp"

namespace mintmark::model {
namespace {

using Proto = onnx::TensorProto;

double half_to_double(std::uint16_t bits) noexcept {
    const int exponent = (bits >> 10U) & 31;
    const double mantissa = bits & 1023U;
    const double sign = (bits >> 15U) != 0 ? -1.0 : 1.0;
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    if (exponent == 31) {
        return mantissa == 0 ? sign * std::numeric_limits<double>::infinity()
                             : std::numeric_limits<double>::quiet_NaN();
    }
    return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

double bfloat_to_double(std::uint16_t bits) noexcept {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U));
}

template <class T>
double to_double(T value) noexcept {
    return static_cast<double>(value);
}

template <class T, class Convert>
void append_as(ByteSpan raw, Convert convert, std::vector<double>& out) {
    for (std::size_t at = 0; at + sizeof(T) <= raw.size(); at += sizeof(T)) {
        T value;
        std::memcpy(&value, raw.data() + at, sizeof(T));
        out.push_back(convert(value));
    }
}

/// Elements of `T` (as stored) from raw_data, else from the typed field.
template <class T, class Field, class Convert>
Result<std::vector<double>> read_elements(const Proto& tensor, const Field& field, Convert convert,
                                          std::size_t count) {
    std::vector<double> out;
    if (tensor.has_raw_data()) {
        const std::string& raw = tensor.raw_data();
        if (raw.size() / sizeof(T) != count || raw.size() % sizeof(T) != 0) {
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: tensor '{}' has {} bytes for {} elements of {} bytes",
                                    tensor.name(), raw.size(), count, sizeof(T)));
        }
        out.reserve(count);
        append_as<T>(as_bytes(raw), convert, out);
        return out;
    }
    if (static_cast<std::size_t>(field.size()) != count) {
        return fail(ErrorCode::kMalformed, fmt::format("onnx: tensor '{}' has {} values for {}",
                                                       tensor.name(), field.size(), count));
    }
    out.reserve(count);
    for (const auto value : field) out.push_back(convert(static_cast<T>(value)));
    return out;
}

Result<std::vector<double>> read_by_type(const Proto& t, std::size_t count) {
    static_assert(std::endian::native == std::endian::little);
    switch (t.data_type()) {
        case Proto::FLOAT:
            return read_elements<float>(t, t.float_data(), to_double<float>, count);
        case Proto::DOUBLE:
            return read_elements<double>(t, t.double_data(), to_double<double>, count);
        case Proto::FLOAT16:
            return read_elements<std::uint16_t>(t, t.int32_data(), half_to_double, count);
        case Proto::BFLOAT16:
            return read_elements<std::uint16_t>(t, t.int32_data(), bfloat_to_double, count);
        case Proto::INT64:
            return read_elements<std::int64_t>(t, t.int64_data(), to_double<std::int64_t>, count);
        case Proto::UINT64:
            return read_elements<std::uint64_t>(t, t.uint64_data(), to_double<std::uint64_t>,
                                                count);
        case Proto::UINT32:
            return read_elements<std::uint32_t>(t, t.uint64_data(), to_double<std::uint32_t>,
                                                count);
        case Proto::INT32:
            return read_elements<std::int32_t>(t, t.int32_data(), to_double<std::int32_t>, count);
        case Proto::INT16:
            return read_elements<std::int16_t>(t, t.int32_data(), to_double<std::int16_t>, count);
        case Proto::UINT16:
            return read_elements<std::uint16_t>(t, t.int32_data(), to_double<std::uint16_t>, count);
        case Proto::INT8:
            return read_elements<std::int8_t>(t, t.int32_data(), to_double<std::int8_t>, count);
        case Proto::UINT8:
        case Proto::BOOL:
            return read_elements<std::uint8_t>(t, t.int32_data(), to_double<std::uint8_t>, count);
        default:
            return fail(
                ErrorCode::kUnsupported,
                fmt::format("onnx: tensor '{}' has element type {}", t.name(), t.data_type()));
    }
}

}  // namespace

Result<ElementType> element_type(std::int32_t onnx_type, const std::string& what) {
    switch (onnx_type) {
        case Proto::FLOAT:
        case Proto::DOUBLE:
        case Proto::FLOAT16:
        case Proto::BFLOAT16:
            return ElementType::kReal;
        case Proto::INT64:
        case Proto::UINT64:
        case Proto::INT32:
        case Proto::UINT32:
        case Proto::INT16:
        case Proto::UINT16:
        case Proto::INT8:
        case Proto::UINT8:
            return ElementType::kInteger;
        case Proto::BOOL:
            return ElementType::kBoolean;
        default:
            break;
    }
    return fail(ErrorCode::kUnsupported,
                fmt::format("onnx: '{}' has element type {} (supported: float, double, float16, "
                            "bfloat16, integers, bool)",
                            what, onnx_type));
}

Result<std::size_t> element_bytes(std::int32_t onnx_type, const std::string& tensor) {
    switch (onnx_type) {
        case Proto::DOUBLE:
        case Proto::INT64:
        case Proto::UINT64:
            return 8;
        case Proto::FLOAT:
        case Proto::INT32:
        case Proto::UINT32:
            return 4;
        case Proto::FLOAT16:
        case Proto::BFLOAT16:
        case Proto::INT16:
        case Proto::UINT16:
            return 2;
        case Proto::INT8:
        case Proto::UINT8:
        case Proto::BOOL:
            return 1;
        default:
            return fail(ErrorCode::kUnsupported,
                        fmt::format("onnx: tensor '{}' has element type {}", tensor, onnx_type));
    }
}

void append_elements(std::int32_t onnx_type, ByteSpan raw, std::vector<double>& out) {
    switch (onnx_type) {
        case Proto::FLOAT:
            return append_as<float>(raw, to_double<float>, out);
        case Proto::DOUBLE:
            return append_as<double>(raw, to_double<double>, out);
        case Proto::FLOAT16:
            return append_as<std::uint16_t>(raw, half_to_double, out);
        case Proto::BFLOAT16:
            return append_as<std::uint16_t>(raw, bfloat_to_double, out);
        case Proto::INT64:
            return append_as<std::int64_t>(raw, to_double<std::int64_t>, out);
        case Proto::UINT64:
            return append_as<std::uint64_t>(raw, to_double<std::uint64_t>, out);
        case Proto::INT32:
            return append_as<std::int32_t>(raw, to_double<std::int32_t>, out);
        case Proto::UINT32:
            return append_as<std::uint32_t>(raw, to_double<std::uint32_t>, out);
        case Proto::INT16:
            return append_as<std::int16_t>(raw, to_double<std::int16_t>, out);
        case Proto::UINT16:
            return append_as<std::uint16_t>(raw, to_double<std::uint16_t>, out);
        case Proto::INT8:
            return append_as<std::int8_t>(raw, to_double<std::int8_t>, out);
        default:
            return append_as<std::uint8_t>(raw, to_double<std::uint8_t>, out);
    }
}

Result<Constant> read_tensor(const Proto& tensor, std::size_t max_elements,
                             const ExternalData* external) {
    const bool elsewhere =
        tensor.data_location() == Proto::EXTERNAL || tensor.external_data_size() > 0;
    if (elsewhere && external == nullptr) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("onnx: tensor '{}' keeps its data in another file", tensor.name()),
                    "save the model as a single file");
    }
    Constant out;
    std::size_t count = 1;
    for (const std::int64_t dim : tensor.dims()) {
        const std::int64_t limit = static_cast<std::int64_t>(max_elements);
        if (dim < 0 || tensor.dims_size() > 8) {
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: tensor '{}' has a bad shape", tensor.name()));
        }
        if (dim > limit || count * static_cast<std::size_t>(dim) > max_elements) {
            return fail(ErrorCode::kOutOfRange,
                        fmt::format("onnx: tensor '{}' has more than {} elements", tensor.name(),
                                    max_elements));
        }
        out.shape.push_back(static_cast<std::uint32_t>(dim));
        count *= static_cast<std::size_t>(dim);
    }
    MINTMARK_TRY(out.type, element_type(tensor.data_type(), tensor.name()));
    if (elsewhere) {
        MINTMARK_TRY(const FileRange range, external->find(tensor));
        MINTMARK_CHECK(read_range(range, tensor.data_type(), count, tensor.name(), out.data));
    } else {
        MINTMARK_TRY(out.data, read_by_type(tensor, count));
    }
    for (const double value : out.data) {
        if (std::isnan(value) || value > std::numeric_limits<double>::max()) {
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: tensor '{}' contains NaN or infinity", tensor.name()));
        }
    }
    return out;
}

}  // namespace mintmark::model
