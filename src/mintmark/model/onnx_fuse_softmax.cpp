// Softmax and its logarithm written out: e / Σ e and z - ln Σ e with e = exp(z) are those of z
// whatever z is, and those of x where z = x - max x. As one operator they keep the differences,
// which is what counts, instead of a quotient (a difference) of numbers of any size.
#include <algorithm>
#include <map>
#include <optional>

#include "mintmark/model/onnx_builder.hpp"
#include "mintmark/model/onnx_inline.hpp"
#include "mintmark/model/onnx_tensor.hpp"

namespace mintmark::model {
namespace {

class SoftmaxFuser {
  public:
    explicit SoftmaxFuser(onnx::GraphProto& graph) : graph_(graph) {
        for (const onnx::TensorProto& tensor : graph.initializer())
            constants_[tensor.name()] = &tensor;
        for (const onnx::NodeProto& node : graph.node()) {
            for (const std::string& name : node.output()) makers_[name] = &node;
            if (node.op_type() != "Constant" || node.output_size() != 1) continue;
            for (const onnx::AttributeProto& a : node.attribute())
                if (a.name() == "value" && a.has_t()) constants_[node.output(0)] = &a.t();
        }
    }

    void run() {
        for (onnx::NodeProto& node : *graph_.mutable_node()) {
            if (!is(&node, "Div") && !is(&node, "Sub")) continue;
            if (node.input_size() != 2 || node.output_size() != 1) continue;
            const bool is_log = node.op_type() == "Sub";
            if (const auto found = is_log ? log_share(node) : share(node))
                become(node, is_log ? "LogSoftmax" : "Softmax", *found);
        }
    }

  private:
    static bool is(const onnx::NodeProto* node, std::string_view op) {
        return node != nullptr && node->op_type() == op && is_default_domain(node->domain());
    }
    const onnx::NodeProto* maker(const std::string& name, std::string_view op) const {
        const auto it = makers_.find(name);
        const bool found =
            it != makers_.end() && is(it->second, op) && it->second->input_size() > 0;
        return found ? it->second : nullptr;
    }

    /// Whether the node reduces the last axis alone, given as -1, and keeps it.
    bool reduces_last(const onnx::NodeProto& node) const {
        std::vector<double> axes;
        for (const onnx::AttributeProto& a : node.attribute()) {
            if (a.name() == "keepdims" && a.i() == 0) return false;
            if (a.name() != "axes") continue;
            axes.assign(1, a.ints_size() == 1 && a.ints(0) == -1 ? -1 : 0);
        }
        if (node.input_size() > 1 && !node.input(1).empty()) {
            const auto it = constants_.find(node.input(1));
            if (it == constants_.end()) return false;
            const auto read = read_tensor(*it->second, 8);
            if (!read) return false;
            axes = read->data;
        }
        return axes == std::vector<double>{-1};
    }

    /// Of the sum of e^z over the last axis: z.
    std::optional<std::string> summed(const std::string& name, const std::string& power) const {
        const onnx::NodeProto* sum = maker(name, "ReduceSum");
        if (sum == nullptr || !reduces_last(*sum)) return std::nullopt;
        const onnx::NodeProto* exp = maker(sum->input(0), "Exp");
        if (exp == nullptr || (!power.empty() && sum->input(0) != power)) return std::nullopt;
        return exp->input(0);
    }

    std::optional<std::string> share(const onnx::NodeProto& node) const {
        const auto z = summed(node.input(1), node.input(0));
        return z ? std::optional(without_maximum(*z)) : std::nullopt;
    }

    std::optional<std::string> log_share(const onnx::NodeProto& node) const {
        const onnx::NodeProto* log = maker(node.input(1), "Log");
        const auto z = log == nullptr ? std::nullopt : summed(log->input(0), "");
        if (!z || *z != node.input(0)) return std::nullopt;
        return without_maximum(*z);
    }

    /// x of x - max x, else z itself.
    std::string without_maximum(const std::string& z) const {
        const onnx::NodeProto* sub = maker(z, "Sub");
        if (sub == nullptr || sub->input_size() != 2) return z;
        const onnx::NodeProto* most = maker(sub->input(1), "ReduceMax");
        const bool is_own =
            most != nullptr && reduces_last(*most) && most->input(0) == sub->input(0);
        return is_own ? sub->input(0) : z;
    }

    static void become(onnx::NodeProto& node, const char* op, const std::string& argument) {
        node.set_op_type(op);
        node.clear_input();
        node.add_input(argument);
        node.clear_attribute();
        onnx::AttributeProto& axis = *node.add_attribute();
        axis.set_name("axis");
        axis.set_type(onnx::AttributeProto::INT);
        axis.set_i(-1);
    }

    onnx::GraphProto& graph_;
    std::map<std::string, const onnx::TensorProto*> constants_;
    std::map<std::string, const onnx::NodeProto*> makers_;
};

}  // namespace

void fuse_softmaxes(onnx::GraphProto& graph) {
    SoftmaxFuser(graph).run();
}

}  // namespace mintmark::model
