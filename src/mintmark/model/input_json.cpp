// ezkl's input.json.
#include <fmt/format.h>

#include <cmath>

#include "mintmark/json/json.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::model {
namespace {

using json::Json;

/// Appends all numbers of a (nested) array. Depth is bounded by json::parse.
Status flatten(const Json& value, std::vector<double>& out) {
    if (value.is_array()) {
        for (const Json& item : value) MINTMARK_CHECK(flatten(item, out));
        return {};
    }
    if (value.is_boolean()) {
        out.push_back(value.get<bool>() ? 1 : 0);
        return {};
    }
    if (!value.is_number()) {
        return fail(ErrorCode::kMalformed,
                    fmt::format("input: a number expected, found {}", value.type_name()));
    }
    out.push_back(value.get<double>());
    return {};
}

/// [[…], …]: one array of numbers for each tensor; a plain list of numbers is one tensor.
Result<Sample> read_tensors(const Json& value, std::string_view key) {
    if (!value.is_array()) {
        return fail(ErrorCode::kMalformed,
                    fmt::format("input: '{}' must be an array of arrays of numbers", key));
    }
    Sample sample;
    if (!value.empty() && !value.front().is_array()) {
        sample.emplace_back();
        MINTMARK_CHECK(flatten(value, sample.back()));
        return sample;
    }
    for (const Json& tensor : value) {
        sample.emplace_back();
        MINTMARK_CHECK(flatten(tensor, sample.back()));
    }
    return sample;
}

Result<std::vector<Sample>> read_samples(const Json& file, std::string_view one,
                                         std::string_view many) {
    std::vector<Sample> samples;
    if (const Json* value = json::find(file, one); value != nullptr && !value->is_null()) {
        MINTMARK_TRY(Sample sample, read_tensors(*value, one));
        samples.push_back(std::move(sample));
    }
    if (const Json* value = json::find(file, many); value != nullptr && !value->is_null()) {
        if (!value->is_array())
            return fail(ErrorCode::kMalformed, fmt::format("input: '{}' must be an array", many));
        for (const Json& item : *value) {
            MINTMARK_TRY(Sample sample, read_tensors(item, many));
            samples.push_back(std::move(sample));
        }
    }
    return samples;
}

struct Input {
    std::string name;
    Shape shape;
};

Status wrong_size(const Input& input, std::size_t index, std::size_t given) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("input: array {} has {} numbers, input '{}' [{}] has {}", index, given,
                            input.name, fmt::join(input.shape, ", "), element_count(input.shape)));
}

// One input: every array is one sample, or several in a row.
Status cut_sample(const Input& input, const Sample& sample, std::vector<Sample>& out) {
    const std::size_t size = element_count(input.shape);
    for (std::size_t i = 0; i < sample.size(); ++i) {
        const std::vector<double>& values = sample[i];
        if (values.empty() || values.size() % size != 0) return wrong_size(input, i, values.size());
        for (std::size_t at = 0; at < values.size(); at += size) {
            const auto begin = values.begin() + static_cast<std::ptrdiff_t>(at);
            out.push_back({std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(size))});
        }
    }
    return {};
}

Status bind_sample(std::span<const Input> inputs, const Sample& sample, std::vector<Sample>& out) {
    const std::size_t count = inputs.size();
    if (sample.empty() || sample.size() % count != 0) {
        return fail(
            ErrorCode::kInvalidArgument,
            fmt::format("input: {} arrays given, the model has {} inputs", sample.size(), count));
    }
    if (count == 1) return cut_sample(inputs[0], sample, out);
    for (std::size_t i = 0; i < sample.size(); ++i) {
        if (sample[i].size() != element_count(inputs[i % count].shape))
            return wrong_size(inputs[i % count], i, sample[i].size());
        if (i % count == 0) out.emplace_back();
        out.back().push_back(sample[i]);
    }
    return {};
}

Result<std::vector<Sample>> bind_all(std::span<const Input> inputs,
                                     std::span<const Sample> samples) {
    std::vector<Sample> out;
    for (const Sample& sample : samples) MINTMARK_CHECK(bind_sample(inputs, sample, out));
    return out;
}

}  // namespace

Result<std::vector<Sample>> bind_samples(const Graph& graph, std::span<const Sample> samples) {
    std::vector<Input> inputs;
    for (const auto id : graph.inputs)
        inputs.push_back({graph.values[id].name, graph.values[id].shape});
    return bind_all(inputs, samples);
}

Result<std::vector<Sample>> bind_samples(const QuantGraph& graph, std::span<const Sample> samples) {
    std::vector<Input> inputs;
    for (const QPort& port : graph.input_ports) inputs.push_back({port.name, port.shape});
    return bind_all(inputs, samples);
}

Result<InputFile> read_input_json(std::string_view text) {
    MINTMARK_TRY(const Json file, json::parse(text));
    InputFile out;
    MINTMARK_TRY(out.samples, read_samples(file, "input_data", "samples"));
    MINTMARK_TRY(out.outputs, read_samples(file, "output_data", "outputs"));
    if (out.samples.empty()) {
        return fail(ErrorCode::kMalformed, "input: neither 'input_data' nor 'samples' is there",
                    "the format is {\"input_data\": [[1.0, 2.0, ...]]}");
    }
    return out;
}

}  // namespace mintmark::model
