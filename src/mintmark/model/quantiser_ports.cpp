// The model's inputs and outputs: each one tensor, of which ports are slices.
#include <algorithm>
#include <cmath>

#include "mintmark/model/quantiser.hpp"

namespace mintmark::model {
namespace {

constexpr double kLookUpRows = 65536;
constexpr int kPreciseInputBits = 12;

double as_float(double x) {
    return static_cast<double>(static_cast<float>(x));
}
double round_half_up(double x) {
    return std::floor(x + 0.5);
}
double min_of(std::span<const double> v) {
    return *std::ranges::min_element(v);
}
double max_of(std::span<const double> v) {
    return *std::ranges::max_element(v);
}

}  // namespace

void Quantiser::add_inputs() {
    Ints all;
    const bool single = plan_.inputs.size() == 1;
    for (std::size_t i = 0; i < plan_.inputs.size(); ++i) {
        const ValueId id = plan_.inputs[i];
        const auto [lo, hi] = calibration_.input_range[i];
        const auto own = options_.tensor_bits.find(plan_.names[id]);
        const int wanted =
            own == options_.tensor_bits.end() ? options_.activation_bits : own->second;
        const int bits = sensitivity_.precise[id] ? std::max(kPreciseInputBits, wanted) : wanted;
        const double levels = std::ldexp(1, bits) - (lo < 0 && hi > 0 ? 2 : 1);
        const bool counts = plan_.integral[id] && hi - lo < kLookUpRows - 1;
        const double step = counts ? 1 : as_float((hi - lo) / levels);
        const std::size_t count = element_count(plan_.shapes[id]);
        graph_.input_ports.push_back({plan_.names[id], plan_.shapes[id], all.step.size(), step});
        all.step.insert(all.step.end(), count, step);
        all.range.lo.insert(all.range.lo.end(), count, round_half_up(lo / step));
        all.range.hi.insert(all.range.hi.end(), count, round_half_up(hi / step));
    }
    // The circuit checks one range for the whole input.
    std::ranges::fill(all.range.lo, min_of(all.range.lo));
    std::ranges::fill(all.range.hi, max_of(all.range.hi));
    const Shape flat = {static_cast<std::uint32_t>(all.step.size())};
    const QPort& first = graph_.input_ports.front();
    all.id = add_tensor(single ? first.name : "inputs", single ? first.shape : flat, all);
    graph_.input = all.id;
    if (single) {
        values_[plan_.inputs[0]] = std::move(all);
        return;
    }
    for (std::size_t i = 0; i < plan_.inputs.size(); ++i) {
        const QPort port = graph_.input_ports[i];
        const std::size_t count = element_count(port.shape);
        Ints part{0,
                  {std::vector<double>(count, all.range.lo[0]),
                   std::vector<double>(count, all.range.hi[0])},
                  std::vector<double>(count, port.step)};
        const TensorId slice =
            add_tensor(port.name + "/flat", {static_cast<std::uint32_t>(count)}, part);
        graph_.nodes.push_back({port.name,
                                {graph_.input},
                                slice,
                                QSlice{{static_cast<std::uint32_t>(port.offset)}, {1}}});
        part.id = add_tensor(port.name, port.shape, part);
        graph_.nodes.push_back({port.name, {slice}, part.id, QReshape{}});
        values_[plan_.inputs[i]] = std::move(part);
    }
}

void Quantiser::add_outputs() {
    Ints all;
    std::vector<TensorId> parts;
    const bool single = plan_.outputs.size() == 1;
    for (const ValueId id : plan_.outputs) {
        Ints value = values_.at(id);
        graph_.output_ports.push_back(
            {plan_.names[id], plan_.shapes[id], all.step.size(), value.step[0]});
        all.step.insert(all.step.end(), value.step.begin(), value.step.end());
        all.range.lo.insert(all.range.lo.end(), value.range.lo.begin(), value.range.lo.end());
        all.range.hi.insert(all.range.hi.end(), value.range.hi.begin(), value.range.hi.end());
        const bool is_input = std::ranges::find(plan_.inputs, id) != plan_.inputs.end();
        if (single && !is_input) {
            graph_.output = value.id;
            return;
        }
        const Shape shape =
            single ? plan_.shapes[id] : Shape{static_cast<std::uint32_t>(value.step.size())};
        const TensorId source = value.id;
        value.id = add_tensor(plan_.names[id] + "/out", shape, value);
        cover(value.id, {&source, 1});
        graph_.nodes.push_back({plan_.names[id], {source}, value.id, QReshape{}});
        parts.push_back(value.id);
    }
    if (single) {
        graph_.output = parts[0];
        return;
    }
    graph_.output = add_tensor("outputs", {static_cast<std::uint32_t>(all.step.size())}, all);
    cover(graph_.output, parts);
    graph_.nodes.push_back({"outputs", parts, graph_.output, QConcat{0}});
}

}  // namespace mintmark::model
