#include "mintmark/model/steps.hpp"

#include <algorithm>
#include <cmath>

namespace mintmark::model {

std::vector<double> element_steps(const Shape& shape, double step, std::span<const double> channels,
                                  std::uint32_t axis) {
    std::vector<double> out(element_count(shape), step);
    if (channels.empty()) return out;
    const std::size_t stride = element_count(Shape(shape.begin() + axis + 1, shape.end()));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = channels[i / stride % channels.size()];
    return out;
}

std::vector<double> element_steps(const QTensor& tensor) {
    return element_steps(tensor.shape, tensor.step, tensor.channel_steps, tensor.channel_axis);
}

std::int64_t to_step(double x, double step, std::int64_t lo, std::int64_t hi) noexcept {
    const double u = std::floor(x / step + 0.5);
    return static_cast<std::int64_t>(
        std::clamp(u, static_cast<double>(lo), static_cast<double>(hi)));
}

}  // namespace mintmark::model
