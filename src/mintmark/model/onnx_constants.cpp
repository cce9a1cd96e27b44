// Importers of operators that exist only as constants: they compute shapes and indices.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {
namespace {

using Attribute = onnx::AttributeProto;

/// The payload of a Constant node.
Result<Constant> constant_payload(const NodeView& node) {
    if (const Attribute* a = node.attribute("value")) {
        if (!a->has_t()) return node.malformed("attribute 'value' must be a tensor");
        return read_tensor(a->t(), node.builder().options().max_elements,
                           &node.builder().external());
    }
    if (const Attribute* a = node.attribute("value_int"))
        return Constant{{}, ElementType::kInteger, {static_cast<double>(a->i())}};
    if (const Attribute* a = node.attribute("value_float"))
        return Constant{{}, ElementType::kReal, {static_cast<double>(a->f())}};
    if (const Attribute* a = node.attribute("value_ints")) {
        return Constant{{static_cast<std::uint32_t>(a->ints_size())},
                        ElementType::kInteger,
                        {a->ints().begin(), a->ints().end()}};
    }
    if (const Attribute* a = node.attribute("value_floats")) {
        return Constant{{static_cast<std::uint32_t>(a->floats_size())},
                        ElementType::kReal,
                        {a->floats().begin(), a->floats().end()}};
    }
    return node.unsupported("has no numeric dense value");
}

Result<ValueId> import_constant(const NodeView& node) {
    MINTMARK_TRY(Constant constant, constant_payload(node));
    for (const double x : constant.data)
        if (std::isnan(x) || x > std::numeric_limits<double>::max())
            return node.malformed("contains NaN or infinity");
    return node.builder().add_constant(node.name(), std::move(constant));
}

Result<ValueId> import_shape(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    const Shape shape = node.shape(x);
    const auto rank = static_cast<std::int64_t>(shape.size());
    MINTMARK_TRY(std::int64_t start, node.int_attribute("start", 0));
    MINTMARK_TRY(std::int64_t end, node.int_attribute("end", rank));
    start = std::clamp<std::int64_t>(start < 0 ? start + rank : start, 0, rank);
    end = std::clamp<std::int64_t>(end < 0 ? end + rank : end, start, rank);
    Constant out{{static_cast<std::uint32_t>(end - start)}, ElementType::kInteger, {}};
    for (std::int64_t i = start; i < end; ++i)
        out.data.push_back(shape[static_cast<std::size_t>(i)]);
    return node.builder().add_constant(node.name(), std::move(out));
}

Result<ValueId> import_constant_of_shape(const NodeView& node) {
    MINTMARK_TRY(const Ints dims, node.ints_input(0));
    Constant fill{{}, ElementType::kReal, {0.0}};
    if (const Attribute* a = node.attribute("value")) {
        MINTMARK_TRY(fill, read_tensor(a->t(), 1));
        if (fill.data.size() != 1) return node.malformed("the value is not a scalar");
    }
    fill.shape.clear();
    double count = 1;
    for (const std::int64_t dim : dims) {
        if (dim < 0) return node.malformed("a dim is negative");
        count *= static_cast<double>(dim);
        fill.shape.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(dim, 1 << 30)));
    }
    if (count > static_cast<double>(node.builder().options().max_elements) || dims.size() > 8)
        return node.unsupported("the result is too large");
    fill.data.assign(element_count(fill.shape), fill.data[0]);
    return node.builder().add_constant(node.name(), std::move(fill));
}

/// Ones on the k-th diagonal, in the input's shape.
Result<ValueId> import_eye_like(const NodeView& node) {
    MINTMARK_TRY(const ValueId x, node.input(0));
    MINTMARK_TRY(const std::int64_t k, node.int_attribute("k", 0));
    const Shape shape = node.shape(x);
    if (shape.size() != 2) return node.malformed("input 0 is no matrix");
    std::int32_t type = node.builder().onnx_type(x);
    if (node.has_attribute("dtype")) {
        MINTMARK_TRY(const std::int64_t given, node.int_attribute("dtype", 1));
        type = static_cast<std::int32_t>(given);
    }
    MINTMARK_TRY(const ElementType element, element_type(type, node.name()));
    Constant eye{shape, element, std::vector<double>(element_count(shape), 0)};
    for (std::int64_t i = 0; i < shape[0]; ++i)
        if (i + k >= 0 && i + k < shape[1])
            eye.data[static_cast<std::size_t>(i * shape[1] + i + k)] = 1;
    const ValueId id = node.builder().add_constant(node.name(), std::move(eye));
    node.builder().set_onnx_type(id, type);
    return id;
}

/// a0 - a1 cos(2πi / N) + a2 cos(4πi / N), N the size, or one less for a symmetric window.
template <int A0, int A1, int A2>
Result<ValueId> import_window(const NodeView& node) {
    MINTMARK_TRY(const Ints sizes, node.ints_input(0));
    MINTMARK_TRY(const std::int64_t periodic, node.int_attribute("periodic", 1));
    constexpr double kUnits = 1e6;
    const bool sane = sizes.size() == 1 && sizes[0] > 0 &&
                      sizes[0] <= static_cast<std::int64_t>(node.builder().options().max_elements);
    if (!sane) return node.malformed("the size is no positive number");
    const auto size = static_cast<std::uint32_t>(sizes[0]);
    const double turn = 2 * std::numbers::pi / std::max(periodic != 0 ? size : size - 1, 1U);
    Constant window{{size}, ElementType::kReal, {}};
    for (std::uint32_t i = 0; i < size; ++i)
        window.data.push_back((A0 - A1 * std::cos(turn * i) + A2 * std::cos(2 * turn * i)) /
                              kUnits);
    return node.builder().add_constant(node.name(), std::move(window));
}

}  // namespace

void add_constant_importers(ImporterMap& map) {
    map["Constant"] = import_constant;
    map["ConstantOfShape"] = import_constant_of_shape;
    map["BlackmanWindow"] = import_window<420'000, 500'000, 80'000>;
    map["EyeLike"] = import_eye_like;
    map["HammingWindow"] = import_window<543'478, 456'522, 0>;
    map["HannWindow"] = import_window<500'000, 500'000, 0>;
    map["Shape"] = import_shape;
}

}  // namespace mintmark::model
