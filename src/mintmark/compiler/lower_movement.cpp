// Operations that move data: transpositions and reshapes are free, the others copy once.
#include <algorithm>

#include "mintmark/compiler/lowering.hpp"

namespace mintmark::compiler {
namespace {

/// Out axes of a copy: per logical dim either the input's own axes or, where `out` names a dim,
/// one axis of that size (none when it is 1).
struct CopyBox {
    Dims dims;
    std::vector<std::uint8_t> first;  ///< env axis, kNoAxis when the dim has none
};

void add_axes(CopyBox& box, const Dims& axes) {
    box.first.push_back(axes.empty() ? kNoAxis : static_cast<std::uint8_t>(box.dims.size()));
    box.dims.insert(box.dims.end(), axes.begin(), axes.end());
}

AxisMap shifted_copy(std::uint8_t p, std::uint32_t stride, std::int64_t offset) {
    const auto step = static_cast<std::uint16_t>(p == kNoAxis ? 0 : stride);
    return AxisMap::sum_win(p, 1, step, 1, static_cast<std::int32_t>(offset));
}

}  // namespace

Result<View> Lowering::lower_op(const model::QTranspose& op, const model::QNode& node) {
    MINTMARK_TRY(const Input x, input(node, 0));
    View view = x.view;
    view.order.clear();
    for (const std::uint32_t dim : op.perm) {
        view.order.insert(view.order.end(), x.groups[dim].begin(), x.groups[dim].end());
    }
    return view;
}

Result<View> Lowering::lower_op(const model::QReshape& /*op*/, const model::QNode& node) {
    return views_.at(node.inputs[0]);
}

namespace {

bool is_cut_along(const model::QSlice& op, const model::Shape& in, const model::Shape& out,
                  std::size_t d) {
    return in[d] != 1 && (op.starts[d] != 0 || op.steps[d] != 1 || in[d] != out[d]);
}

}  // namespace

std::optional<View> Lowering::entry_of(const Input& x, const model::QSlice& op,
                                       const model::Shape& in, const model::Shape& out) {
    View view = x.view;
    for (std::size_t d = 0; d < in.size(); ++d) {
        if (!is_cut_along(op, in, out, d)) continue;
        if (x.groups[d].empty() || (op.steps[d] != 1 && out[d] != 1)) return std::nullopt;
        const std::uint8_t axis = x.groups[d].front();
        const std::uint32_t rest = in[d] / view.stored[axis];
        if (out[d] != rest || op.starts[d] % rest != 0) return std::nullopt;
        view.fixed.emplace_back(axis, op.starts[d] / rest);
        std::erase(view.order, axis);
    }
    return view;
}

Result<View> Lowering::lower_op(const model::QSlice& op, const model::QNode& node) {
    const model::Shape& in = graph_.tensors[node.inputs[0]].shape;
    const model::QTensor& out_tensor = graph_.tensors[node.output];
    if (slices_are_free_) {
        MINTMARK_TRY(const Input as_it_is, input(node, 0));
        if (auto entry = entry_of(as_it_is, op, in, out_tensor.shape)) return *std::move(entry);
    }
    const auto is_cut = [&](std::size_t d) { return is_cut_along(op, in, out_tensor.shape, d); };
    std::vector<std::size_t> whole;
    for (std::size_t d = 0; d < in.size(); ++d) {
        if (is_cut(d)) whole.push_back(d);
    }
    MINTMARK_TRY(const Input x, input(node, 0, whole));
    CopyBox box;
    for (std::size_t d = 0; d < in.size(); ++d) {
        add_axes(box,
                 is_cut(d) ? without_ones({out_tensor.shape[d]}) : group_dims(x.view, x.groups[d]));
    }
    builder_.begin_step(box.dims);
    OperandMaps maps(x.view);
    for (std::size_t d = 0; d < in.size(); ++d) {
        if (is_cut(d)) {
            maps.set(x.groups[d][0], shifted_copy(box.first[d], op.steps[d], op.starts[d]));
        } else {
            maps.eq(x.groups[d], box.first[d]);
        }
    }
    builder_.step().lins.push_back({.coef = 1, .operand = maps.build()});
    return copy_limb(out_tensor);
}

Result<View> Lowering::lower_op(const model::QPad& op, const model::QNode& node) {
    const model::Shape& in = graph_.tensors[node.inputs[0]].shape;
    const model::QTensor& out_tensor = graph_.tensors[node.output];
    const auto is_padded = [&](std::size_t d) { return in[d] != out_tensor.shape[d]; };
    std::vector<std::size_t> whole;
    for (std::size_t d = 0; d < in.size(); ++d) {
        if (is_padded(d)) whole.push_back(d);
    }
    MINTMARK_TRY(const Input x, input(node, 0, whole));
    CopyBox box;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> inner;
    for (std::size_t d = 0; d < in.size(); ++d) {
        const Dims axes =
            is_padded(d) ? Dims{out_tensor.shape[d]} : group_dims(x.view, x.groups[d]);
        add_axes(box, axes);
        for (const std::uint32_t dim : axes) {
            inner.emplace_back(is_padded(d) ? op.begin[d] : 0,
                               is_padded(d) ? op.begin[d] + in[d] : dim);
        }
    }
    builder_.begin_step(box.dims);
    OperandMaps maps(x.view);
    for (std::size_t d = 0; d < in.size(); ++d) {
        if (is_padded(d)) {
            maps.set(x.groups[d][0],
                     shifted_copy(box.first[d], 1, -static_cast<std::int64_t>(op.begin[d])));
        } else {
            maps.eq(x.groups[d], box.first[d]);
        }
    }
    builder_.step().lins.push_back({.coef = 1, .operand = maps.build()});
    builder_.add_const(op.value);
    if (op.value != 0) builder_.step().consts.push_back({.coef = -op.value, .ranges = inner});
    return copy_limb(out_tensor);
}

Result<View> Lowering::lower_op(const model::QConcat& op, const model::QNode& node) {
    const model::QTensor& out_tensor = graph_.tensors[node.output];
    const std::size_t rank = out_tensor.shape.size();
    const auto gather = [&](const std::vector<std::size_t>& whole) -> Result<std::vector<Input>> {
        std::vector<Input> inputs;
        for (std::size_t i = 0; i < node.inputs.size(); ++i) {
            MINTMARK_TRY(Input x, input(node, i, whole));
            inputs.push_back(std::move(x));
        }
        return inputs;
    };
    MINTMARK_TRY(std::vector<Input> inputs, gather({op.axis}));
    const auto split = [&](const Input& x, std::size_t d) {
        return group_dims(x.view, x.groups[d]);
    };
    bool agree = true;
    for (const Input& x : inputs) {
        for (std::size_t d = 0; d < rank; ++d) {
            agree = agree && (d == op.axis || split(x, d) == split(inputs[0], d));
        }
    }
    if (!agree) {
        std::vector<std::size_t> whole;
        for (std::size_t d = 0; d < rank; ++d) {
            if (d == op.axis || out_tensor.shape[d] != 1) whole.push_back(d);
        }
        MINTMARK_TRY(inputs, gather(whole));
    }
    CopyBox box;
    for (std::size_t d = 0; d < rank; ++d) {
        add_axes(box, d == op.axis ? Dims{out_tensor.shape[d]} : split(inputs[0], d));
    }
    builder_.begin_step(box.dims);
    std::int64_t start = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Input& x = inputs[i];
        OperandMaps maps(x.view);
        for (std::size_t d = 0; d < rank; ++d) {
            if (d == op.axis) {
                maps.set(x.groups[d][0], shifted_copy(box.first[d], 1, -start));
            } else {
                maps.eq(x.groups[d], box.first[d]);
            }
        }
        builder_.step().lins.push_back({.coef = 1, .operand = maps.build()});
        start += graph_.tensors[node.inputs[i]].shape[op.axis];
    }
    return copy_limb(out_tensor);
}

}  // namespace mintmark::compiler
