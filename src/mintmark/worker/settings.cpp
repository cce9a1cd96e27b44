#include "mintmark/worker/settings.hpp"

#include <fmt/format.h>

#include "mintmark/worker/hint.hpp"

namespace mintmark::worker {
namespace {

constexpr std::uint64_t kFormat = 1;

json::Json range_json(const std::optional<std::pair<double, double>>& range) {
    if (!range) return nullptr;
    return json::Json::array({range->first, range->second});
}

json::Json output_errors(const model::QuantReport& report) {
    json::Json rows = json::Json::array();
    for (const model::OutputError& e : report.outputs) {
        rows.push_back({{"output", e.output},
                        {"index", e.index},
                        {"float_lo", e.float_lo},
                        {"float_hi", e.float_hi},
                        {"max_error", e.max_error},
                        {"mean_error", e.mean_error}});
    }
    return rows;
}

Result<std::uint64_t> bounded(const json::Json& object, std::string_view key, std::uint64_t max) {
    MINTMARK_TRY(const std::uint64_t value, json::get_u64(object, key));
    if (value > max) {
        return fail(ErrorCode::kMalformed, fmt::format("settings: {} is above {}", key, max));
    }
    return value;
}

Status read_quant(const json::Json& args, model::QuantOptions& quant) {
    MINTMARK_TRY(const auto activation, bounded(args, "activation_bits", 14));
    MINTMARK_TRY(const auto weight, bounded(args, "weight_bits", 20));
    MINTMARK_TRY(const auto output, bounded(args, "output_bits", 16));
    MINTMARK_TRY(const bool per_channel, json::get_bool(args, "per_channel"));
    quant.activation_bits = static_cast<std::uint8_t>(activation);
    quant.weight_bits = static_cast<std::uint8_t>(weight);
    quant.output_bits = static_cast<std::uint8_t>(output);
    if (json::find(args, "least_output_bits") != nullptr) {
        MINTMARK_TRY(const auto least, bounded(args, "least_output_bits", 16));
        quant.least_output_bits = static_cast<std::uint8_t>(least);
    }
    quant.granularity =
        per_channel ? model::Granularity::kPerChannel : model::Granularity::kPerTensor;
    if (const json::Json* own = json::find(args, "tensor_bits"); own != nullptr) {
        if (!own->is_object()) return fail(ErrorCode::kMalformed, "settings: tensor_bits");
        for (const auto& [name, value] : own->items()) {
            MINTMARK_TRY(const auto bits, bounded(*own, name, 16));
            quant.tensor_bits[name] = static_cast<std::uint8_t>(bits);
        }
    }
    MINTMARK_TRY(quant.input_margin, json::get_double(args, "input_margin"));
    MINTMARK_TRY(quant.activation_margin, json::get_double(args, "activation_margin"));
    const json::Json* range = json::find(args, "input_range");
    if (range != nullptr && range->is_array()) {
        if (range->size() != 2 || !range->at(0).is_number() || !range->at(1).is_number()) {
            return fail(ErrorCode::kMalformed, "settings: input_range must be two numbers");
        }
        quant.input_range = {range->at(0).get<double>(), range->at(1).get<double>()};
    }
    return {};
}

Result<std::vector<model::Sample>> read_samples(const json::Json& list) {
    std::vector<model::Sample> out;
    if (!list.is_array() || list.size() > Settings::kMaxSamples) {
        return fail(ErrorCode::kMalformed, "settings: samples must be a list of at most 256");
    }
    for (const json::Json& entry : list) {
        model::Sample sample;
        if (!entry.is_array()) return fail(ErrorCode::kMalformed, "settings: a sample is no list");
        for (const json::Json& input : entry) {
            std::vector<double> values;
            if (!input.is_array()) {
                return fail(ErrorCode::kMalformed, "settings: a sample's input is no list");
            }
            for (const json::Json& value : input) {
                if (!value.is_number()) {
                    return fail(ErrorCode::kMalformed, "settings: a sample has a non-number");
                }
                values.push_back(value.get<double>());
            }
            sample.push_back(std::move(values));
        }
        out.push_back(std::move(sample));
    }
    return out;
}

Status read_dims(const json::Json& args, Settings& out) {
    const json::Json* dims = json::find(args, "dims");
    if (dims == nullptr || !dims->is_object()) return {};
    for (const auto& [name, value] : dims->items()) {
        if (!value.is_number_unsigned()) {
            return fail(ErrorCode::kMalformed, fmt::format("settings: dims.{} is no number", name));
        }
        out.dims[name] = value.get<std::uint32_t>();
    }
    return {};
}

}  // namespace

json::Json to_json(const model::QuantReport& r) {
    json::Json out = {{"activation_bits", r.activation_bits},
                      {"weight_bits", r.weight_bits},
                      {"samples", r.samples},
                      {"max_relative_error", r.max_relative_error},
                      {"mean_relative_error", r.mean_relative_error},
                      {"top1_agreement", r.top1_agreement},
                      {"row_top1_agreement", r.row_top1_agreement},
                      {"min_cosine", r.min_cosine}};
    if (r.error_at_half > 0) out["error_at_half"] = r.error_at_half;
    if (r.float_perplexity) out["float_perplexity"] = *r.float_perplexity;
    if (r.integer_perplexity) out["integer_perplexity"] = *r.integer_perplexity;
    if (r.float_accuracy) out["float_accuracy"] = *r.float_accuracy;
    if (r.integer_accuracy) out["integer_accuracy"] = *r.integer_accuracy;
    out["outputs"] = output_errors(r);
    out["layers"] = json::Json::array();
    for (const model::LayerError& layer : r.layers) {
        json::Json row = {{"tensor", layer.tensor},     {"node", layer.name},
                          {"operator", layer.op_type},  {"float_lo", layer.float_lo},
                          {"float_hi", layer.float_hi}, {"bits", layer.bits}};
        if (layer.sqnr_db) row["sqnr_db"] = *layer.sqnr_db;
        if (layer.share) row["share"] = *layer.share;
        out["layers"].push_back(std::move(row));
    }
    return out;
}

namespace {

json::Json bits_json(const std::map<std::string, std::uint8_t>& bits) {
    json::Json out = json::Json::object();
    for (const auto& [name, own] : bits) out[name] = own;
    return out;
}

}  // namespace

json::Json Settings::to_json() const {
    json::Json samples_json = json::Json::array();
    for (const model::Sample& sample : samples) samples_json.push_back(sample);
    json::Json out = {
        {"mintmark_settings", kFormat},
        {"model", model_path},
        {"run_args",
         {{"input_visibility", visibility_name(input, exposure.private_input)},
          {"output_visibility", visibility_name(output, exposure.private_output)},
          {"param_visibility", exposure.public_weights ? "public" : "committed"},
          {"optimise", optimise_name(optimise)},
          {"batch_size", batch_size},
          {"dims", dims},
          {"activation_bits", quant.activation_bits},
          {"weight_bits", quant.weight_bits},
          {"tensor_bits", bits_json(quant.tensor_bits)},
          {"output_bits", quant.output_bits},
          {"least_output_bits", quant.least_output_bits},
          {"per_channel", quant.granularity == model::Granularity::kPerChannel},
          {"input_range", range_json(quant.input_range)},
          {"input_margin", quant.input_margin},
          {"activation_margin", quant.activation_margin}}},
    };
    if (!weights_path.empty()) out["weights"] = weights_path;
    if (report) out["report"] = worker::to_json(*report);
    out["samples"] = std::move(samples_json);
    return out;
}

namespace {

Status read_visibilities(const json::Json& args, Settings& out) {
    MINTMARK_TRY(const std::string input_name, json::get_string(args, "input_visibility"));
    MINTMARK_TRY(const std::string output_name, json::get_string(args, "output_visibility"));
    MINTMARK_TRY(const std::string weights_name, json::get_string(args, "param_visibility"));
    MINTMARK_TRY(const ChosenVisibility input, parse_visibility(input_name));
    MINTMARK_TRY(const ChosenVisibility output, parse_visibility(output_name));
    MINTMARK_TRY(const ChosenVisibility weights, parse_weight_visibility(weights_name));
    out.input = input.visibility;
    out.output = output.visibility;
    out.exposure = {.private_input = input.is_private,
                    .private_output = output.is_private,
                    .public_weights = weights.visibility == Visibility::kPublic};
    return {};
}

}  // namespace

Result<Settings> Settings::from_json(const json::Json& value) {
    auto format = json::get_u64(value, "mintmark_settings");
    if (!format) {
        return fail(ErrorCode::kMalformed, "not a Mintmark settings file",
                    "write one with: mintmark zk gen-settings");
    }
    if (*format != kFormat) {
        return fail(ErrorCode::kUnsupported,
                    fmt::format("settings format {} is not known", *format));
    }
    Settings out;
    MINTMARK_TRY(out.model_path, json::get_string(value, "model"));
    if (json::find(value, "weights") != nullptr) {
        MINTMARK_TRY(out.weights_path, json::get_string(value, "weights"));
    }
    MINTMARK_TRY(const json::Json args, json::get_object(value, "run_args"));
    MINTMARK_CHECK(read_visibilities(args, out));
    MINTMARK_TRY(const std::string goal, json::get_string(args, "optimise"));
    MINTMARK_TRY(out.optimise, parse_optimise(goal));
    MINTMARK_TRY(const auto batch, bounded(args, "batch_size", 1U << 20U));
    out.batch_size = static_cast<std::uint32_t>(batch);
    MINTMARK_CHECK(read_dims(args, out));
    MINTMARK_CHECK(read_quant(args, out.quant));
    if (const json::Json* list = json::find(value, "samples")) {
        MINTMARK_TRY(out.samples, read_samples(*list));
    }
    return out;
}

Result<Settings> Settings::read(const std::filesystem::path& path) {
    const Result<json::Json> value = json::read(path);
    if (!value) return made_by(value.error(), "mintmark zk gen-settings");
    return from_json(*value);
}

Status Settings::write(const std::filesystem::path& path) const {
    return write_text(path, json::compact(to_json()) + "\n");
}

Result<ChosenVisibility> parse_visibility(std::string_view text) {
    if (text == "public") return ChosenVisibility{.visibility = Visibility::kPublic};
    if (text == "committed") return ChosenVisibility{};
    if (text == "private") return ChosenVisibility{.is_private = true};
    for (const std::string_view alias :
         {"hashed", "hashed/public", "polycommit", "encrypted", "fixed"}) {
        if (text != alias) continue;
        return ChosenVisibility{
            .notice = fmt::format(
                "visibility '{}' is taken as 'committed': bound to a hiding commitment", text)};
    }
    return fail(ErrorCode::kInvalidArgument, fmt::format("unknown visibility '{}'", text),
                "use public, committed or private");
}

Result<ChosenVisibility> parse_weight_visibility(std::string_view text) {
    MINTMARK_TRY(ChosenVisibility out, parse_visibility(text));
    if (out.is_private) {
        out.is_private = false;
        out.notice =
            "private weights are taken as 'committed', which hides them as well: a proof about "
            "weights that nothing binds would be about no model";
    }
    return out;
}

std::string_view visibility_name(Visibility visibility, bool is_private) noexcept {
    if (is_private) return "private";
    return visibility == Visibility::kPublic ? "public" : "committed";
}

Result<compiler::Optimise> parse_optimise(std::string_view text) {
    if (text == "balanced") return compiler::Optimise::kBalanced;
    if (text == "prove") return compiler::Optimise::kProve;
    if (text == "gas") return compiler::Optimise::kGas;
    return fail(ErrorCode::kInvalidArgument, fmt::format("unknown goal '{}'", text),
                "use prove, gas or balanced");
}

std::string_view optimise_name(compiler::Optimise optimise) noexcept {
    switch (optimise) {
        case compiler::Optimise::kProve:
            return "prove";
        case compiler::Optimise::kGas:
            return "gas";
        case compiler::Optimise::kBalanced:
            break;
    }
    return "balanced";
}

}  // namespace mintmark::worker
