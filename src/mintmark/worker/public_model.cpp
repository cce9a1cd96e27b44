#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/model/steps.hpp"
#include "mintmark/worker/artifacts.hpp"

namespace mintmark::worker {
namespace {

std::vector<PublicPort> ports_of(const std::vector<model::QPort>& ports) {
    std::vector<PublicPort> out;
    for (const model::QPort& port : ports) out.push_back({port.name, port.shape, port.step});
    return out;
}

json::Json ports_json(const std::vector<PublicPort>& ports) {
    json::Json out = json::Json::array();
    for (const PublicPort& port : ports) {
        json::Json entry = {{"name", port.name}, {"shape", port.shape}, {"step", port.step}};
        if (!port.channel_steps.empty()) {
            entry["channel_axis"] = port.channel_axis;
            entry["channel_steps"] = port.channel_steps;
        }
        out.push_back(std::move(entry));
    }
    return out;
}

/// The optional steps of single channels.
Status read_channels(const json::Json& entry, PublicPort& port) {
    if (json::find(entry, "channel_steps") == nullptr) return {};
    MINTMARK_TRY(const json::Json steps, json::get_array(entry, "channel_steps"));
    MINTMARK_TRY(const std::uint64_t axis, json::get_u64(entry, "channel_axis"));
    if (axis >= port.shape.size() || steps.size() != port.shape[axis])
        return fail(ErrorCode::kMalformed, "channel_steps do not fit the shape");
    port.channel_axis = static_cast<std::uint32_t>(axis);
    for (const json::Json& step : steps) {
        if (!step.is_number() || !(step.get<double>() > 0))
            return fail(ErrorCode::kMalformed, "step must be positive");
        port.channel_steps.push_back(step.get<double>());
    }
    return {};
}

Result<std::vector<PublicPort>> read_ports(const json::Json& value, std::string_view key) {
    MINTMARK_TRY(const json::Json list, json::get_array(value, key));
    std::vector<PublicPort> out;
    for (const json::Json& entry : list) {
        PublicPort port;
        MINTMARK_TRY(port.name, json::get_string(entry, "name"));
        MINTMARK_TRY(port.step, json::get_double(entry, "step"));
        MINTMARK_TRY(const json::Json shape, json::get_array(entry, "shape"));
        std::uint64_t size = 1;
        for (const json::Json& dim : shape) {
            if (!dim.is_number_unsigned() || dim.get<std::uint64_t>() == 0 ||
                dim.get<std::uint64_t>() > (1U << 24U)) {
                return fail(ErrorCode::kMalformed, fmt::format("{}: bad shape", key));
            }
            size *= dim.get<std::uint64_t>();
            if (size > (1U << 28U)) return fail(ErrorCode::kMalformed, "shape is too large");
            port.shape.push_back(dim.get<std::uint32_t>());
        }
        if (!(port.step > 0)) return fail(ErrorCode::kMalformed, "step must be positive");
        MINTMARK_CHECK(read_channels(entry, port));
        out.push_back(std::move(port));
    }
    return out;
}

std::size_t total(const std::vector<PublicPort>& ports) {
    std::size_t out = 0;
    for (const PublicPort& port : ports) out += model::element_count(port.shape);
    return out;
}

}  // namespace

PublicModel PublicModel::of(const model::QuantGraph& graph) {
    const model::QTensor& input = graph.tensors[graph.input];
    PublicModel out{.inputs = ports_of(graph.input_ports),
                    .outputs = ports_of(graph.output_ports),
                    .input_lo = input.lo,
                    .input_hi = input.hi};
    // Of several inputs each has one step, its port's.
    if (out.inputs.size() == 1) {
        out.inputs[0].channel_steps = input.channel_steps;
        out.inputs[0].channel_axis = input.channel_axis;
    }
    return out;
}

json::Json PublicModel::to_json() const {
    return {{"inputs", ports_json(inputs)},
            {"outputs", ports_json(outputs)},
            {"input_lo", input_lo},
            {"input_hi", input_hi}};
}

Result<PublicModel> PublicModel::from_json(const json::Json& value) {
    PublicModel out;
    MINTMARK_TRY(out.inputs, read_ports(value, "inputs"));
    MINTMARK_TRY(out.outputs, read_ports(value, "outputs"));
    MINTMARK_TRY(out.input_lo, json::get_i64(value, "input_lo"));
    MINTMARK_TRY(out.input_hi, json::get_i64(value, "input_hi"));
    if (out.input_lo > out.input_hi) return fail(ErrorCode::kMalformed, "input range is empty");
    return out;
}

Result<std::vector<std::int64_t>> PublicModel::quantise(const model::Sample& sample) const {
    if (sample.size() != inputs.size()) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("the model has {} inputs, {} are given", inputs.size(), sample.size()));
    }
    std::vector<std::int64_t> out;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const PublicPort& port = inputs[i];
        const std::vector<double> steps =
            model::element_steps(port.shape, port.step, port.channel_steps, port.channel_axis);
        if (sample[i].size() != steps.size()) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("input '{}' has {} values, {} are given", port.name,
                                    steps.size(), sample[i].size()));
        }
        for (std::size_t e = 0; e < steps.size(); ++e) {
            const double x = sample[i][e];
            if (!std::isfinite(x)) {
                return fail(ErrorCode::kInvalidArgument,
                            fmt::format("input '{}' has a value that is no number", port.name));
            }
            out.push_back(model::to_step(x, steps[e], input_lo, input_hi));
        }
    }
    return out;
}

Result<model::Sample> PublicModel::dequantise(std::span<const std::int64_t> output) const {
    if (output.size() != total(outputs)) {
        return fail(ErrorCode::kMalformed, fmt::format("{} output values expected, {} are there",
                                                       total(outputs), output.size()));
    }
    model::Sample out;
    std::size_t at = 0;
    for (const PublicPort& port : outputs) {
        std::vector<double> values;
        for (std::size_t i = model::element_count(port.shape); i > 0; --i) {
            values.push_back(port.step * static_cast<double>(output[at++]));
        }
        out.push_back(std::move(values));
    }
    return out;
}

}  // namespace mintmark::worker
