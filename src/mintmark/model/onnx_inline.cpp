#include "mintmark/model/onnx_inline.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>

namespace mintmark::model {

bool is_default_domain(std::string_view domain) {
    return domain.empty() || domain == "ai.onnx";
}

namespace {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;
using Attributes = google::protobuf::RepeatedPtrField<onnx::AttributeProto>;

constexpr int kMaxDepth = 32;
constexpr int kMaxNodes = 200'000;  // functions of functions grow without bound

std::string key_of(const std::string& domain, const std::string& name,
                   const std::string& overload) {
    return fmt::format("{}\n{}\n{}", domain, name, overload);
}

const onnx::AttributeProto* find_attribute(const Attributes& all, const std::string& name) {
    for (const onnx::AttributeProto& attribute : all)
        if (attribute.name() == name) return &attribute;
    return nullptr;
}

/// One call: what the names of the function's values are where it is called.
class Call {
  public:
    Call(const onnx::FunctionProto& function, const onnx::NodeProto& caller, int number)
        : function_(function),
          caller_(caller),
          prefix_(fmt::format("{}/{}/", caller.name().empty() ? function.name() : caller.name(),
                              number)) {
        for (int i = 0; i < function.input_size(); ++i)
            names_[function.input(i)] = i < caller.input_size() ? caller.input(i) : "";
        for (int i = 0; i < function.output_size() && i < caller.output_size(); ++i)
            if (!caller.output(i).empty() && !names_.contains(function.output(i)))
                names_[function.output(i)] = caller.output(i);
    }

    /// The function's nodes with the caller's names; then what it only passes on.
    void expand_into(Nodes& out) {
        for (const onnx::NodeProto& inner : function_.node()) rewrite(*out.Add() = inner);
        for (int i = 0; i < function_.output_size() && i < caller_.output_size(); ++i) {
            const std::string& from = renamed(function_.output(i));
            if (caller_.output(i).empty() || from == caller_.output(i)) continue;
            onnx::NodeProto& copy = *out.Add();
            copy.set_op_type("Identity");
            copy.set_name(prefix_ + "Identity");
            copy.add_input(from);
            copy.add_output(caller_.output(i));
        }
    }

  private:
    const std::string& renamed(const std::string& name) {
        static const std::string none;
        if (name.empty()) return none;
        return names_.try_emplace(name, prefix_ + name).first->second;
    }
    void rewrite(onnx::NodeProto& node) {
        node.set_name(prefix_ + node.name());
        for (std::string& name : *node.mutable_input()) name = renamed(name);
        for (std::string& name : *node.mutable_output()) name = renamed(name);
        fill_attributes(*node.mutable_attribute());
        for (onnx::AttributeProto& attribute : *node.mutable_attribute())
            if (attribute.has_g()) rewrite(*attribute.mutable_g());
    }
    /// Names of a subgraph and of what is around it are never the same (ONNX IR).
    void rewrite(onnx::GraphProto& graph) {
        for (auto& input : *graph.mutable_input()) input.set_name(renamed(input.name()));
        for (auto& tensor : *graph.mutable_initializer()) tensor.set_name(renamed(tensor.name()));
        for (onnx::NodeProto& node : *graph.mutable_node()) rewrite(node);
        for (auto& output : *graph.mutable_output()) output.set_name(renamed(output.name()));
    }
    /// Attributes that refer to the caller's; those that neither he nor the function gives go.
    void fill_attributes(Attributes& attributes) const {
        Attributes filled;
        for (const onnx::AttributeProto& attribute : attributes) {
            const onnx::AttributeProto* from = &attribute;
            if (!attribute.ref_attr_name().empty()) {
                from = find_attribute(caller_.attribute(), attribute.ref_attr_name());
                if (from == nullptr)
                    from = find_attribute(function_.attribute_proto(), attribute.ref_attr_name());
                if (from == nullptr) continue;
            }
            onnx::AttributeProto& copy = *filled.Add() = *from;
            copy.set_name(attribute.name());
        }
        attributes = std::move(filled);
    }

    const onnx::FunctionProto& function_;
    const onnx::NodeProto& caller_;
    std::string prefix_;
    std::map<std::string, std::string> names_;
};

class Inliner {
  public:
    explicit Inliner(const onnx::ModelProto& model) {
        for (const auto& set : model.opset_import())
            if (is_default_domain(set.domain())) opset_ = set.version();
        for (const onnx::FunctionProto& function : model.functions())
            functions_.emplace(key_of(function.domain(), function.name(), function.overload()),
                               &function);
    }

    Status run(Nodes& nodes, int depth = 0) {
        Nodes out;
        for (onnx::NodeProto& node : nodes) {
            for (onnx::AttributeProto& attribute : *node.mutable_attribute())
                if (attribute.has_g())
                    MINTMARK_CHECK(run(*attribute.mutable_g()->mutable_node(), depth));
            const onnx::FunctionProto* function = find(node);
            if (function == nullptr) {
                *out.Add() = std::move(node);
                continue;
            }
            MINTMARK_CHECK(check(*function, node, depth));
            Nodes body;
            Call(*function, node, ++calls_).expand_into(body);
            nodes_ += body.size();
            if (nodes_ > kMaxNodes)
                return fail(ErrorCode::kOutOfRange,
                            fmt::format("onnx: functions come to more than {} nodes", kMaxNodes));
            MINTMARK_CHECK(run(body, depth + 1));
            for (onnx::NodeProto& inner : body) *out.Add() = std::move(inner);
        }
        nodes = std::move(out);
        return {};
    }

  private:
    /// Operators of ONNX itself are never looked up here.
    [[nodiscard]] const onnx::FunctionProto* find(const onnx::NodeProto& node) const {
        if (is_default_domain(node.domain())) return nullptr;
        const auto found = functions_.find(key_of(node.domain(), node.op_type(), node.overload()));
        return found == functions_.end() ? nullptr : found->second;
    }
    [[nodiscard]] Status check(const onnx::FunctionProto& function, const onnx::NodeProto& node,
                               int depth) const {
        if (depth >= kMaxDepth)
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: function '{}' calls itself, or calls go {} deep",
                                    function.name(), kMaxDepth));
        if (node.input_size() > function.input_size() ||
            node.output_size() > function.output_size())
            return fail(ErrorCode::kMalformed,
                        fmt::format("onnx: node '{}' has more inputs or outputs than function '{}'",
                                    node.name(), function.name()));
        for (const auto& set : function.opset_import())
            if (is_default_domain(set.domain()) && set.version() != opset_)
                return fail(ErrorCode::kUnsupported,
                            fmt::format("onnx: function '{}' is of opset {}, the model of {}",
                                        function.name(), set.version(), opset_),
                            "inline the functions before: onnx.inliner.inline_local_functions");
        return {};
    }

    std::map<std::string, const onnx::FunctionProto*> functions_;
    std::int64_t opset_ = 0;
    int calls_ = 0, nodes_ = 0;
};

}  // namespace

Status inline_functions(onnx::ModelProto& model) {
    if (model.functions_size() == 0) return {};
    return Inliner(model).run(*model.mutable_graph()->mutable_node());
}

}  // namespace mintmark::model
