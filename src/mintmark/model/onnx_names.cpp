// Names of an imported graph's values. One ONNX node may become many values, all of which are made
// under its name; reports and settings (tensor_bits) tell values apart by their names.
#include <algorithm>
#include <map>
#include <set>

#include "mintmark/model/onnx_builder.hpp"

namespace mintmark::model {
namespace {

class Renamer {
  public:
    Renamer(Graph& graph, std::span<const std::string> outputs) : graph_(graph) {
        for (const ValueId id : graph.inputs) ports_[id] = graph.values[id].name;
        for (std::size_t i = 0; i < graph.outputs.size(); ++i)
            if (std::ranges::find(graph.inputs, graph.outputs[i]) == graph.inputs.end())
                ports_[graph.outputs[i]] = outputs[i];
        for (const auto& [id, name] : ports_) taken_.insert(name);
        fixed_ = taken_;
        for (const Value& value : graph.values) taken_.insert(value.name);
    }

    void run() {
        std::map<std::string, std::vector<ValueId>> groups;
        for (const Node& node : graph_.nodes)
            groups[graph_.values[node.output].name].push_back(node.output);
        for (const auto& [id, name] : ports_) graph_.values[id].name = name;
        for (const auto& [name, members] : groups) separate(name, members);
    }

  private:
    /// `members` in the order of execution.
    void separate(const std::string& name, std::vector<ValueId> members) {
        const ValueId last = members.back();
        // An input or another node's output may have the name; then it is none of these values'.
        const bool last_keeps =
            ports_.contains(last) ? ports_[last] == name : !fixed_.contains(name);
        std::erase_if(
            members, [&](ValueId id) { return ports_.contains(id) || (id == last && last_keeps); });
        if (members.empty()) return;
        const std::string stem = free_stem(name, members.size() + 1);
        std::size_t number = 0;
        for (const ValueId id : members) {
            graph_.values[id].name = stem + std::to_string(++number);
            graph_.values[id].node_key = name;
        }
        if (last_keeps) graph_.values[last].own_key = stem + std::to_string(++number);
    }

    /// "name/", or with more strokes where the graph itself has one of the numbered names.
    std::string free_stem(const std::string& name, std::size_t count) {
        const auto is_taken = [&](const std::string& stem) {
            for (std::size_t i = 1; i <= count; ++i)
                if (taken_.contains(stem + std::to_string(i))) return true;
            return false;
        };
        std::string stem = name + "/";
        while (is_taken(stem)) stem += "/";
        for (std::size_t i = 1; i <= count; ++i) taken_.insert(stem + std::to_string(i));
        return stem;
    }

    Graph& graph_;
    std::map<ValueId, std::string> ports_;  ///< inputs and outputs, with their names
    std::set<std::string> fixed_, taken_;
};

}  // namespace

void rename_apart(Graph& graph, std::span<const std::string> outputs) {
    Renamer(graph, outputs).run();
}

}  // namespace mintmark::model
