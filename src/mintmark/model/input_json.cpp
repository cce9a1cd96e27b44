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

}  // namespace

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
