// TensorProto -> shape, type and doubles. Internal to the importer.
#pragma once

#include <onnx.pb.h>

#include <cstdint>
#include <string>
#include <vector>

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

/// Reads raw_data (little-endian) or the typed fields. kMalformed when the number of elements does
/// not fit the dims or a real is NaN or infinite; kUnsupported for external data and odd types;
/// kOutOfRange above max_elements.
[[nodiscard]] Result<Constant> read_tensor(const onnx::TensorProto& tensor,
                                           std::size_t max_elements);

}  // namespace mintmark::model
