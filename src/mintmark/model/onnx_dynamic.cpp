// Which dynamically quantised tensors may stay real: a look at the nodes before they are imported.
#include <algorithm>
#include <map>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {
namespace {

class Uses {
  public:
    explicit Uses(const onnx::GraphProto& graph) {
        for (const onnx::TensorProto& t : graph.initializer()) constants_.insert(t.name());
        for (const onnx::NodeProto& node : graph.node()) {
            if (node.op_type() == "Constant" && node.output_size() == 1)
                constants_.insert(node.output(0));
            for (const std::string& name : node.input()) readers_[name].push_back(&node);
            for (const onnx::AttributeProto& a : node.attribute())
                has_subgraphs_ = has_subgraphs_ || a.has_g() || a.graphs_size() > 0;
        }
        for (const onnx::ValueInfoProto& output : graph.output()) outputs_.insert(output.name());
    }

    bool stays_real(const onnx::NodeProto& quantiser) const {
        if (quantiser.output_size() < 3 || has_subgraphs_) return false;
        const std::string &y = quantiser.output(0), &scale = quantiser.output(1);
        const std::string& zero = quantiser.output(2);
        if (outputs_.contains(y) || outputs_.contains(scale) || outputs_.contains(zero))
            return false;
        const auto& products = of(y);
        if (products.empty() || of(scale).empty()) return false;
        for (const onnx::NodeProto* product : of(zero))
            if (product->input(0) != y || product->input(2) != zero) return false;
        return std::ranges::all_of(products, [&](const onnx::NodeProto* product) {
            return is_product(*product, y, zero) && is_scaled(product->output(0), scale);
        });
    }

  private:
    using Readers = std::vector<const onnx::NodeProto*>;
    const Readers& of(const std::string& name) const {
        static const Readers none;
        const auto it = readers_.find(name);
        return it == readers_.end() ? none : it->second;
    }
    bool is_product(const onnx::NodeProto& node, const std::string& y,
                    const std::string& zero) const {
        const bool multiplies =
            node.op_type() == "MatMulInteger" || node.op_type() == "ConvInteger";
        return multiplies && node.domain().empty() && node.input_size() >= 3 &&
               node.input(0) == y && node.input(2) == zero && constants_.contains(node.input(1));
    }
    /// Cast to reals, then multiplied by the scale, or by the scale times constants.
    bool is_scaled(const std::string& sum, const std::string& scale) const {
        if (outputs_.contains(sum)) return false;
        for (const onnx::NodeProto* cast : of(sum)) {
            if (cast->op_type() != "Cast" || outputs_.contains(cast->output(0))) return false;
            for (const onnx::NodeProto* product : of(cast->output(0)))
                if (!multiplies(*product, cast->output(0), scale)) return false;
            if (of(cast->output(0)).empty()) return false;
        }
        return !of(sum).empty();
    }
    bool multiplies(const onnx::NodeProto& node, const std::string& by,
                    const std::string& scale) const {
        if (node.op_type() != "Mul" || node.input_size() != 2) return false;
        const std::string& other = node.input(node.input(0) == by ? 1 : 0);
        if (other == scale) return true;
        return std::ranges::any_of(of(scale), [&](const onnx::NodeProto* factor) {
            if (factor->op_type() != "Mul" || factor->output(0) != other) return false;
            return constants_.contains(factor->input(factor->input(0) == scale ? 1 : 0));
        });
    }

    std::map<std::string, Readers> readers_;
    std::set<std::string> constants_, outputs_;
    bool has_subgraphs_ = false;
};

}  // namespace

std::set<std::string> real_products(const onnx::GraphProto& graph) {
    const Uses uses(graph);
    std::set<std::string> names;
    for (const onnx::NodeProto& node : graph.node())
        if (node.op_type() == "DynamicQuantizeLinear" && uses.stays_real(node))
            names.insert(node.output(0));
    return names;
}

}  // namespace mintmark::model
