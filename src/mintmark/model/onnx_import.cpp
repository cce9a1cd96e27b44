#include <fmt/format.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx.pb.h>

#include <algorithm>
#include <optional>
#include <set>

#include "mintmark/base/file.hpp"
#include "mintmark/model/model.hpp"
#include "mintmark/model/onnx_builder.hpp"
#include "mintmark/model/onnx_classical.hpp"
#include "mintmark/model/onnx_inline.hpp"
#include "mintmark/model/onnx_logic.hpp"
#include "mintmark/model/onnx_loop.hpp"

namespace mintmark::model {
namespace {

constexpr int kOldestOpset = 1, kNewestOpset = 24;

Result<ValueId> import_if(const NodeView& node);
Result<ValueId> import_loop(const NodeView& node);
Result<ValueId> import_scan(const NodeView& node);

const ImporterMap& importers() {
    static const ImporterMap map = [] {
        ImporterMap all;
        add_arithmetic_importers(all);
        add_function_importers(all);
        add_layout_importers(all);
        add_logic_importers(all);
        add_constant_importers(all);
        add_movement_importers(all);
        add_convolution_importers(all);
        add_einsum_importer(all);
        add_recurrent_importers(all);
        add_reduction_importers(all);
        add_softmax_importers(all);
        add_quantise_importers(all);
        add_quantised_importers(all);
        add_index_importers(all);
        add_integer_importers(all);
        add_normalisation_importers(all);
        add_loss_importers(all);
        add_attention_importers(all);
        add_sampling_importers(all);
        all["If"] = import_if;
        all["Loop"] = import_loop;
        all["Scan"] = import_scan;
        return all;
    }();
    return map;
}

const ImporterMap& classical_importers() {
    static const ImporterMap map = [] {
        ImporterMap all;
        add_classical_importers(all);
        add_kernel_importers(all);
        return all;
    }();
    return map;
}

std::string supported_operators(const ImporterMap& known) {
    std::string list;
    for (const auto& [name, importer] : known) list.append(list.empty() ? "" : " ").append(name);
    return list;
}

Result<int> find_opset(const onnx::ModelProto& model) {
    for (const onnx::OperatorSetIdProto& set : model.opset_import()) {
        if (!is_default_domain(set.domain())) continue;
        if (set.version() < kOldestOpset || set.version() > kNewestOpset) {
            return fail(ErrorCode::kUnsupported,
                        fmt::format("onnx: opset {} (supported: {} to {})", set.version(),
                                    kOldestOpset, kNewestOpset),
                        "export the model again with an opset in that range");
        }
        return static_cast<int>(set.version());
    }
    return fail(ErrorCode::kMalformed, "onnx: the model names no opset (not a whole ONNX file?)");
}

Result<std::uint32_t> bind_dim(const onnx::TensorShapeProto::Dimension& dim,
                               const std::string& input, int axis, const ImportOptions& options) {
    if (dim.has_dim_value() && dim.dim_value() > 0) {
        if (dim.dim_value() > static_cast<std::int64_t>(options.max_elements)) {
            return fail(ErrorCode::kOutOfRange, fmt::format("onnx: input '{}' axis {} has dim {}",
                                                            input, axis, dim.dim_value()));
        }
        return static_cast<std::uint32_t>(dim.dim_value());
    }
    if (const auto it = options.dims.find(dim.dim_param()); it != options.dims.end())
        if (it->second > 0) return it->second;
    if (axis == 0 && options.batch > 0) return options.batch;
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("onnx: input '{}' axis {} is dynamic ('{}')", input, axis, dim.dim_param()),
        "give its size by name");
}

/// What the element type allows, where that is few values; {0, 0} otherwise.
std::pair<double, double> declared_range(std::int32_t onnx_type) {
    switch (onnx_type) {
        case onnx::TensorProto::BOOL:
            return {0, 1};
        case onnx::TensorProto::UINT8:
            return {0, 255};
        case onnx::TensorProto::INT8:
            return {-128, 127};
        default:
            return {0, 0};
    }
}

Status import_input(const onnx::ValueInfoProto& input, GraphBuilder& builder) {
    if (!input.type().has_tensor_type() || !input.type().tensor_type().has_shape()) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("onnx: input '{}' is not a tensor with a shape", input.name()));
    }
    const auto& tensor = input.type().tensor_type();
    MINTMARK_TRY(const ElementType type, element_type(tensor.elem_type(), input.name()));
    Shape shape;
    for (const auto& dim : tensor.shape().dim()) {
        MINTMARK_TRY(
            const std::uint32_t size,
            bind_dim(dim, input.name(), static_cast<int>(shape.size()), builder.options()));
        shape.push_back(size);
    }
    MINTMARK_TRY(const ValueId id, builder.add_value(input.name(), shape, type));
    const auto [least, most] = declared_range(tensor.elem_type());
    builder.graph().values[id].least = least;
    builder.graph().values[id].most = most;
    builder.set_onnx_type(id, tensor.elem_type());
    builder.graph().inputs.push_back(id);
    return builder.bind(input.name(), id);
}

/// The weights file's tensor of an initialiser's name, which must have its shape and kind.
Result<Constant> replaced(const onnx::TensorProto& tensor, const Safetensors& weights,
                          std::size_t max_elements) {
    MINTMARK_TRY(Constant constant, weights.read(tensor.name(), max_elements));
    MINTMARK_TRY(const ElementType type, element_type(tensor.data_type(), tensor.name()));
    const bool same = constant.type == type &&
                      std::ranges::equal(constant.shape, tensor.dims(), {},
                                         [](std::uint32_t d) { return std::int64_t{d}; });
    if (same) return constant;
    return fail(ErrorCode::kMalformed,
                fmt::format("safetensors: tensor '{}' has not the shape or type that the ONNX file "
                            "gives it",
                            tensor.name()));
}

/// Names that nodes read or inputs have and the weights file defines.
Status import_weights(const onnx::GraphProto& graph, const Safetensors& weights,
                      std::set<std::string>& initialised, GraphBuilder& builder) {
    std::set<std::string> computed;
    for (const onnx::NodeProto& node : graph.node())
        computed.insert(node.output().begin(), node.output().end());
    bool used = std::ranges::any_of(
        initialised, [&](const std::string& name) { return weights.find(name) != nullptr; });
    for (const onnx::NodeProto& node : graph.node()) {
        for (const std::string& name : node.input()) {
            if (weights.find(name) == nullptr || computed.contains(name)) continue;
            if (!initialised.insert(name).second) continue;
            MINTMARK_TRY(Constant constant, weights.read(name, builder.options().max_elements));
            MINTMARK_CHECK(builder.bind(name, builder.add_constant(name, std::move(constant))));
            used = true;
        }
    }
    if (used) return {};
    return fail(ErrorCode::kInvalidArgument,
                "safetensors: the model has no tensor of any name in the weights file",
                "its names must be those of the ONNX initialisers");
}

Status import_initialisers(const onnx::GraphProto& graph, GraphBuilder& builder,
                           const Safetensors* weights = nullptr) {
    if (graph.sparse_initializer_size() > 0)
        return fail(ErrorCode::kUnsupported, "onnx: sparse initialisers");
    for (const onnx::TensorProto& tensor : graph.initializer()) {
        const std::size_t most = builder.options().max_elements;
        const bool is_replaced = weights != nullptr && weights->find(tensor.name()) != nullptr;
        MINTMARK_TRY(Constant constant, is_replaced
                                            ? replaced(tensor, *weights, most)
                                            : read_tensor(tensor, most, &builder.external()));
        const ValueId id = builder.add_constant(tensor.name(), std::move(constant));
        builder.set_onnx_type(id, tensor.data_type());
        MINTMARK_CHECK(builder.bind(tensor.name(), id));
    }
    return {};
}

/// Forms that opsets below 7 had: broadcasting along a named axis, shapes as attributes.
Status check_old_form(const NodeView& node) {
    if (node.opset() >= 7) return {};
    const std::string_view op = node.op_type();
    const bool training = op == "Dropout" || op == "BatchNormalization";
    MINTMARK_TRY(const std::int64_t is_test, node.int_attribute("is_test", training ? 0 : 1));
    if (is_test == 0) return node.unsupported("is_test is off (opset below 7)");
    for (const std::string_view old : {"broadcast", "paddings", "shape", "to", "tiles"}) {
        const bool number = op == "Cast" && node.opset() == 6;
        if (node.has_attribute(old) && !number)
            return node.unsupported(fmt::format("attribute '{}' of opsets below 7", old));
    }
    return {};
}

Status import_node(const onnx::NodeProto& proto, int opset, GraphBuilder& builder) {
    NodeView node(proto, opset, builder);
    const bool is_classical = proto.domain() == "ai.onnx.ml";
    const ImporterMap& known = is_classical ? classical_importers() : importers();
    const auto it = known.find(proto.op_type());
    if (!(is_default_domain(proto.domain()) || is_classical) || it == known.end()) {
        const std::string domain = is_default_domain(proto.domain()) ? "" : proto.domain() + ".";
        return fail(ErrorCode::kUnsupported,
                    fmt::format("onnx: node '{}': operator '{}{}' is not supported", node.name(),
                                domain, proto.op_type()),
                    "supported: " + supported_operators(known));
    }
    if (proto.output_size() == 0) return node.malformed("has no output");
    MINTMARK_CHECK(node.resolve_inputs());
    MINTMARK_CHECK(check_old_form(node));
    MINTMARK_TRY(const ValueId id, it->second(node));
    for (const std::uint32_t dim : builder.value(id).shape) {
        if (dim == 0 && !builder.value(id).is_constant)
            return node.malformed("the result has no elements");
    }
    return node.bind_output(0, id);
}

/// Imports a branch in a scope of its own; returns its outputs.
Result<std::vector<ValueId>> import_branch(const NodeView& node, const onnx::GraphProto& branch) {
    GraphBuilder& builder = node.builder();
    if (branch.input_size() > 0) return node.malformed("a branch has inputs");
    MINTMARK_CHECK(import_initialisers(branch, builder));
    for (const onnx::NodeProto& inner : branch.node())
        MINTMARK_CHECK(import_node(inner, node.opset(), builder));
    std::vector<ValueId> out;
    for (const onnx::ValueInfoProto& output : branch.output()) {
        const std::optional<ValueId> id = builder.find(output.name());
        if (!id) return node.malformed(fmt::format("nothing computes '{}'", output.name()));
        out.push_back(*id);
    }
    return out;
}

/// The branch that a constant condition takes.
Result<ValueId> import_if(const NodeView& node) {
    MINTMARK_TRY(const ValueId id, node.input(0));
    const Value& condition = node.builder().value(id);
    if (!condition.is_constant || condition.data.size() != 1)
        return node.unsupported("the condition must be one constant");
    const onnx::AttributeProto* branch =
        node.attribute(condition.data[0] != 0 ? "then_branch" : "else_branch");
    if (branch == nullptr || !branch->has_g()) return node.malformed("a branch is missing");
    node.builder().open_scope();
    const auto outputs = import_branch(node, branch->g());
    node.builder().close_scope();
    if (!outputs) return std::unexpected(outputs.error());
    if (outputs->empty()) return node.malformed("a branch has no output");
    for (std::size_t i = 1; i < outputs->size(); ++i)
        MINTMARK_CHECK(node.bind_output(static_cast<int>(i), (*outputs)[i]));
    return outputs->front();
}

constexpr BodyImport kBodyImport = {import_node,
                                    [](const onnx::GraphProto& graph, GraphBuilder& builder) {
                                        return import_initialisers(graph, builder);
                                    }};

Result<ValueId> import_loop(const NodeView& node) {
    return model::import_loop(node, kBodyImport);
}

Result<ValueId> import_scan(const NodeView& node) {
    return model::import_scan(node, kBodyImport);
}

/// A constant as an output beside computed ones (the mask of a Dropout, a shape): it, and nothing
/// times an input.
Result<ValueId> constant_output(const std::string& name, ValueId id, GraphBuilder& builder) {
    const Shape shape = builder.value(id).shape;
    const Shape wide = shape.empty() ? Shape{1} : shape;
    const ElementType type = builder.type(id);
    const auto emit = [&](Op op, std::vector<ValueId> inputs, const Shape& out) -> Result<ValueId> {
        MINTMARK_TRY(const ValueId y,
                     builder.emit({name, "Constant", std::move(inputs), 0, std::move(op)}, out));
        builder.set_type(y, type);
        return y;
    };
    const ValueId input = builder.graph().inputs.front();
    const auto count = static_cast<std::uint32_t>(element_count(builder.value(input).shape));
    const std::vector<double> zeros(element_count(wide), 0);
    const ValueId none = builder.add_constant(name + "/zeros", {wide, type, zeros});
    const ValueId self =
        builder.add_constant(name + "/constant", {wide, type, builder.value(id).data});
    MINTMARK_TRY(const ValueId flat, emit(ReshapeOp{}, {input}, {count}));
    MINTMARK_TRY(const ValueId first, emit(SliceOp{{0}, {1}}, {flat}, {1}));
    MINTMARK_TRY(const ValueId nothing, emit(BinaryOp{Binary::kMul}, {first, none}, wide));
    MINTMARK_TRY(const ValueId sum, emit(BinaryOp{Binary::kAdd}, {nothing, self}, wide));
    return shape.empty() ? emit(ReshapeOp{}, {sum}, shape) : sum;
}

Status collect_outputs(const onnx::GraphProto& proto, GraphBuilder& builder) {
    std::vector<ValueId>& outputs = builder.graph().outputs;
    for (const onnx::ValueInfoProto& output : proto.output()) {
        const std::optional<ValueId> id = builder.find(output.name());
        if (!id) {
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: nothing computes output '{}'", output.name()));
        }
        outputs.push_back(*id);
    }
    if (outputs.empty()) return fail(ErrorCode::kMalformed, "onnx: the graph has no output");
    const auto is_constant = [&](ValueId id) { return builder.value(id).is_constant; };
    const bool computes = !std::ranges::all_of(outputs, is_constant);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        const std::string& name = proto.output(static_cast<int>(i)).name();
        if (!is_constant(outputs[i])) continue;
        if (!computes || builder.value(outputs[i]).data.empty())
            return fail(ErrorCode::kUnsupported,
                        fmt::format("onnx: output '{}' does not depend on an input", name));
        MINTMARK_TRY(outputs[i], constant_output(name, outputs[i], builder));
    }
    return {};
}

/// Keeps the nodes and values that the outputs need (and all inputs), renumbered.
Graph prune(const Graph& all) {
    std::vector<bool> needed(all.values.size());
    for (const ValueId id : all.outputs) needed[id] = true;
    std::vector<bool> keep(all.nodes.size());
    for (std::size_t i = all.nodes.size(); i-- > 0;) {
        if (!needed[all.nodes[i].output]) continue;
        keep[i] = true;
        for (const ValueId id : all.nodes[i].inputs) needed[id] = true;
    }
    for (const ValueId id : all.inputs) needed[id] = true;
    Graph graph;
    std::vector<ValueId> renumbered(all.values.size());
    for (ValueId id = 0; id < all.values.size(); ++id) {
        if (!needed[id]) continue;
        renumbered[id] = static_cast<ValueId>(graph.values.size());
        graph.values.push_back(all.values[id]);
    }
    for (std::size_t i = 0; i < all.nodes.size(); ++i) {
        if (!keep[i]) continue;
        Node node = all.nodes[i];
        for (ValueId& id : node.inputs) id = renumbered[id];
        node.output = renumbered[node.output];
        graph.nodes.push_back(std::move(node));
    }
    for (const ValueId id : all.inputs) graph.inputs.push_back(renumbered[id]);
    for (const ValueId id : all.outputs) graph.outputs.push_back(renumbered[id]);
    return graph;
}

Result<Graph> import_graph(const onnx::GraphProto& proto, int opset, const ImportOptions& options) {
    GraphBuilder builder(options);
    std::set<std::string> initialised;
    for (const onnx::TensorProto& tensor : proto.initializer()) initialised.insert(tensor.name());
    std::optional<Safetensors> weights;
    if (!options.weights.empty()) {
        auto opened = Safetensors::open(options.weights);
        if (!opened) {
            const Error& error = opened.error();
            return fail(error.code, options.weights.filename().string() + ": " + error.message,
                        error.hint);
        }
        weights = *std::move(opened);
    }
    MINTMARK_CHECK(import_initialisers(proto, builder, weights ? &*weights : nullptr));
    if (weights) MINTMARK_CHECK(import_weights(proto, *weights, initialised, builder));
    for (const onnx::ValueInfoProto& input : proto.input()) {
        // Before IR version 4 initialisers are inputs too.
        if (!initialised.contains(input.name())) MINTMARK_CHECK(import_input(input, builder));
    }
    if (builder.graph().inputs.empty())
        return fail(ErrorCode::kUnsupported, "onnx: the model has no input");
    builder.keep_reals(real_products(proto));
    for (const onnx::NodeProto& node : proto.node())
        MINTMARK_CHECK(import_node(node, opset, builder));
    MINTMARK_CHECK(collect_outputs(proto, builder));
    fuse_functions(builder.graph());
    Graph graph = prune(builder.graph());
    std::vector<std::string> outputs;
    for (const onnx::ValueInfoProto& output : proto.output()) outputs.push_back(output.name());
    rename_apart(graph, outputs);
    return graph;
}

}  // namespace

Result<Graph> load_onnx(ByteSpan bytes, const ImportOptions& options) {
    // Parse errors are returned, not written to stderr.
    const google::protobuf::LogSilencer silence;
    onnx::ModelProto model;
    if (bytes.size() > options.max_file_bytes || bytes.size() > 0x7fffffffU) {
        return fail(ErrorCode::kOutOfRange, fmt::format("onnx: {} bytes, at most {}", bytes.size(),
                                                        options.max_file_bytes));
    }
    if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !model.has_graph())
        return fail(ErrorCode::kMalformed, "onnx: not an ONNX model, or truncated");
    MINTMARK_TRY(const int opset, find_opset(model));
    MINTMARK_CHECK(inline_functions(model));
    fuse_softmaxes(*model.mutable_graph());
    return import_graph(model.graph(), opset, options);
}

Result<Graph> load_onnx(const std::filesystem::path& path, const ImportOptions& options) {
    MINTMARK_TRY(const Bytes bytes, read_file(path, options.max_file_bytes));
    ImportOptions beside = options;
    if (beside.data_folder.empty())
        beside.data_folder = path.has_parent_path() ? path.parent_path() : ".";
    auto graph = load_onnx(ByteSpan(bytes), beside);
    if (!graph) {
        Error error = std::move(graph).error();
        error.message = path.filename().string() + ": " + error.message;
        return std::unexpected(std::move(error));
    }
    return graph;
}

}  // namespace mintmark::model
