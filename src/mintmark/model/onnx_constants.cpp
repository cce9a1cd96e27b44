// Importers of operators that exist only as constants: they compute shapes and indices.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

}  // namespace

void add_constant_importers(ImporterMap& map) {
    map["Constant"] = import_constant;
    map["ConstantOfShape"] = import_constant_of_shape;
    map["Shape"] = import_shape;
}

}  // namespace mintmark::model
