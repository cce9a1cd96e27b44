// TensorProto -> shape, type and doubles. Internal to the importer.
#pragma once

#include <onnx.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/base/bytes.hpp"
#include "mintmark/base/result.hpp"
#include "mintmark/model/graph.hpp"

namespace mintmark::model {

/// What the importer distinguishes: reals take part in the model, integers and booleans only in
/// constant folding (shapes, axes, indices).
enum class ElementType : std::uint8_t { kReal, kInteger, kBoolean };

/// A constant of the ONNX file.
struct Constant {
    Shape shape;
    ElementType type = ElementType::kReal;
    std::vector<double> data;
};

/// ElementType of TensorProto::DataType; kUnsupported for strings, complex and sub-byte types.
/// `what` names the value in the message.
[[nodiscard]] Result<ElementType> element_type(std::int32_t onnx_type, const std::string& what);

/// Bytes of one element of an ONNX element type; kUnsupported naming `tensor` for other types.
[[nodiscard]] Result<std::size_t> element_bytes(std::int32_t onnx_type, const std::string& tensor);
/// Appends little-endian elements as doubles; `raw` holds a whole number of a known type.
void append_elements(std::int32_t onnx_type, ByteSpan raw, std::vector<double>& out);

class ExternalData;

/// Reads raw_data (little-endian), the typed fields or, where `external` is given, external data.
/// kMalformed when the number of elements does not fit the dims or a real is NaN or infinite;
/// kUnsupported for external data without `external` and odd types; kOutOfRange above max_elements.
[[nodiscard]] Result<Constant> read_tensor(const onnx::TensorProto& tensor,
                                           std::size_t max_elements,
                                           const ExternalData* external = nullptr);

}  // namespace mintmark::model
