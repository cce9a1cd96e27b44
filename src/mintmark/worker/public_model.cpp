#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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
        out.push_back({{"name", port.name}, {"shape", port.shape}, {"step", port.step}});
    }
    return out;
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
    return {.inputs = ports_of(graph.input_ports),
            .outputs = ports_of(graph.output_ports),
            .input_lo = input.lo,
            .input_hi = input.hi};
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
        const std::size_t want = model::element_count(inputs[i].shape);
        if (sample[i].size() != want) {
            return fail(ErrorCode::kInvalidArgument,
                        fmt::format("input '{}' has {} values, {} are given", inputs[i].name, want,
                                    sample[i].size()));
        }
        for (const double x : sample[i]) {
            if (!std::isfinite(x)) {
                return fail(
                    ErrorCode::kInvalidArgument,
                    fmt::format("input '{}' has a value that is no number", inputs[i].name));
            }
            const double scaled = std::round(x / inputs[i].step);
            out.push_back(static_cast<std::int64_t>(
                std::clamp(scaled, static_cast<double>(input_lo), static_cast<double>(input_hi))));
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
