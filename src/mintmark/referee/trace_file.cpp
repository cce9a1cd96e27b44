#include "mintmark/referee/trace_file.hpp"

#include <fmt/format.h>

#include "mintmark/base/file.hpp"

namespace mintmark::referee {
namespace {

Result<std::vector<std::int64_t>> integers(const json::Json& list, std::size_t count) {
    if (!list.is_array() || list.size() != count)
        return fail(ErrorCode::kMalformed,
                    fmt::format("a list of the trace has not {} numbers", count),
                    "is it a trace of this model?");
    std::vector<std::int64_t> out;
    out.reserve(count);
    for (const json::Json& item : list) {
        if (!item.is_number_integer())
            return fail(ErrorCode::kMalformed, "the trace holds something that is no integer");
        out.push_back(item.get<std::int64_t>());
    }
    return out;
}

}  // namespace

json::Json to_json(const Program& program, const Trace& trace) {
    json::Json limbs = json::Json::array();
    for (const ProgramStep& step : program.steps) limbs.push_back(step.limbs.size());
    return {{"input", trace.input},
            {"output", trace.output},
            {"limbs", std::move(limbs)},
            {"steps", trace.words}};
}

Result<Trace> trace_from_json(const Program& program, const json::Json& value) {
    MINTMARK_TRY(const json::Json input, json::get_array(value, "input"));
    MINTMARK_TRY(const json::Json output, json::get_array(value, "output"));
    const json::Json* steps = json::find(value, "steps");
    if (steps == nullptr || !steps->is_array() || steps->size() != program.steps.size())
        return fail(ErrorCode::kMalformed, "the trace is not of this model");
    Trace out;
    MINTMARK_TRY(out.input, integers(input, program.inputs));
    MINTMARK_TRY(out.output, integers(output, program.outputs));
    for (std::size_t k = 0; k < program.steps.size(); ++k) {
        const ProgramStep& step = program.steps[k];
        MINTMARK_TRY(out.words.emplace_back(),
                     integers((*steps)[k], 2 * step.limbs.size() * step.num_elements()));
    }
    out.defined = program.elements;
    return out;
}

Result<Trace> read_trace(const Program& program, const std::filesystem::path& path) {
    MINTMARK_TRY(const json::Json value, json::read(path));
    return trace_from_json(program, value);
}

Status write_trace(const Program& program, const Trace& trace, const std::filesystem::path& path) {
    const std::string text = json::compact(to_json(program, trace)) + "\n";
    return write_file(path, as_bytes(text), FileMode::kSecret);
}

}  // namespace mintmark::referee
