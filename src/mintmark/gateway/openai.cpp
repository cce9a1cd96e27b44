#include "mintmark/gateway/openai.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mintmark::gateway {
namespace {

using json::Json;
using market::Unit;
using market::Usage;

constexpr std::array<std::string_view, 6> kPaths = {"/chat/completions", "/completions",
                                                    "/embeddings",       "/images/generations",
                                                    "/responses",        "/infer"};
constexpr std::size_t kOpenAiPaths = 5;
constexpr std::uint64_t kTemplateTokens = 32;  ///< of a chat template around one message

std::uint64_t& at(Usage& usage, Unit unit) {
    return usage[static_cast<std::size_t>(unit)];
}
std::uint64_t at(const Usage& usage, Unit unit) {
    return usage[static_cast<std::size_t>(unit)];
}

std::unexpected<Error> bad_parameter(std::string_view name, std::string_view what) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", name, what), std::string(name));
}

/// A whole number of the object that may be absent or null.
Result<std::optional<std::uint64_t>> optional_u64(const Json& object, std::string_view name) {
    const Json* value = json::find(object, name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_number_unsigned()) return bad_parameter(name, "must be a whole number");
    return value->get<std::uint64_t>();
}

/// Bytes of all text in a value: an upper bound of the tokens in it.
std::uint64_t text_bytes(const Json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().size();
    if (value.is_number()) return 1;  // a token id
    std::uint64_t sum = 0;
    if (value.is_structured()) {
        for (const Json& item : value) sum += text_bytes(item) + kTemplateTokens / 4;
    }
    if (value.is_object()) {
        for (const auto& [key, item] : value.items()) sum += key.size();
    }
    return sum;
}

/// "1024x512" in pixels.
std::uint64_t pixels_of(std::string_view size) {
    std::uint64_t width = 0;
    std::uint64_t height = 0;
    const char* end = size.data() + size.size();
    const auto [middle, ec] = std::from_chars(size.data(), end, width);
    if (ec != std::errc() || middle == end || *middle != 'x') return 0;
    const auto [last, ec2] = std::from_chars(middle + 1, end, height);
    if (ec2 != std::errc() || last != end || width > 65'536 || height > 65'536) return 0;
    return width * height;
}

Status read_image(const Json& body, Call& call) {
    call.images = call.choices;
    const Json* size = json::find(body, "size");
    const std::string text =
        size != nullptr && size->is_string() ? size->get<std::string>() : std::string("1024x1024");
    call.pixels = pixels_of(text == "auto" ? "1536x1536" : text);
    if (call.pixels == 0) return bad_parameter("size", "must be WIDTHxHEIGHT");
    return {};
}

std::string_view content_name(Endpoint endpoint) {
    switch (endpoint) {
        case Endpoint::kChat:
            return "messages";
        case Endpoint::kCompletion:
        case Endpoint::kImage:
            return "prompt";
        default:
            return "input";
    }
}

/// All text below a member, roles and identifiers left out.
void add_strings(const Json& object, std::string_view name, std::string& out) {
    constexpr std::array<std::string_view, 5> kNotWritten = {"role", "id", "type", "status",
                                                             "object"};
    const Json* value = json::find(object, name);
    if (value == nullptr || std::ranges::find(kNotWritten, name) != kNotWritten.end()) return;
    if (value->is_string()) out += value->get_ref<const std::string&>();
    if (value->is_object()) {
        for (const auto& [key, item] : value->items()) add_strings(*value, key, out);
    }
    if (value->is_array()) {
        for (const Json& item : *value) {
            if (item.is_string()) out += item.get_ref<const std::string&>();
            if (!item.is_object()) continue;
            for (const auto& [key, inner] : item.items()) add_strings(item, key, out);
        }
    }
}

std::uint64_t number_at(const Json* object, std::string_view name) {
    if (object == nullptr) return 0;
    const Json* value = json::find(*object, name);
    return value != nullptr && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

bool is_sold(const market::RateCard& card, Unit unit) {
    const auto index = static_cast<std::size_t>(unit);
    return card.rates[index] != 0 || (card.free_units >> index & 1U) != 0;
}

void fold(Usage& usage, const market::RateCard& card, Unit from, Unit into) {
    if (is_sold(card, from)) return;
    at(usage, into) += at(usage, from);
    at(usage, from) = 0;
}

}  // namespace

std::optional<Endpoint> endpoint_of(std::string_view path) {
    if (!path.starts_with("/v1")) return std::nullopt;
    for (std::size_t i = 0; i < kOpenAiPaths; ++i) {
        if (path.substr(3) == kPaths[i]) return static_cast<Endpoint>(i);
    }
    return std::nullopt;
}

std::string_view endpoint_path(Endpoint endpoint) {
    return kPaths[static_cast<std::size_t>(endpoint)];
}

Result<Call> read_call(Endpoint endpoint, std::string_view body, std::uint64_t max_choices) {
    auto parsed = json::parse(body);
    if (!parsed) return fail(ErrorCode::kInvalidArgument, parsed.error().message);
    Call call;
    call.endpoint = endpoint;
    call.body = *std::move(parsed);
    if (!call.body.is_object()) {
        return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object");
    }
    const Json* model = json::find(call.body, "model");
    if (model == nullptr || !model->is_string()) return bad_parameter("model", "must be text");
    call.model = model->get<std::string>();
    const Json* content = json::find(call.body, content_name(endpoint));
    if (content == nullptr || content->is_null()) {
        return bad_parameter(content_name(endpoint), "is missing");
    }
    if (endpoint == Endpoint::kChat && (!content->is_array() || content->empty())) {
        return bad_parameter("messages", "must be a list with at least one message");
    }
    MINTMARK_TRY(const auto choices, optional_u64(call.body, "n"));
    call.choices = choices.value_or(1);
    if (call.choices == 0) return bad_parameter("n", "must be at least 1");
    MINTMARK_TRY(const auto best_of, optional_u64(call.body, "best_of"));
    call.choices = std::max(call.choices, best_of.value_or(1));
    if (endpoint == Endpoint::kCompletion && content->is_array() && !content->empty() &&
        !content->front().is_number()) {
        if (content->size() > max_choices) return bad_parameter("prompt", "has too many items");
        call.choices *= content->size();
    }
    if (call.choices == 0 || call.choices > max_choices) {
        return bad_parameter("n", fmt::format("must be from 1 to {}", max_choices));
    }
    const Json* stream = json::find(call.body, "stream");
    if (stream != nullptr && !stream->is_null()) {
        if (!stream->is_boolean()) return bad_parameter("stream", "must be true or false");
        call.is_stream = stream->get<bool>();
    }
    if (const Json* options = json::find(call.body, "stream_options"); options != nullptr) {
        const Json* include = json::find(*options, "include_usage");
        call.wants_usage_chunk =
            include != nullptr && include->is_boolean() && include->get<bool>();
    }
    if (endpoint == Endpoint::kImage) MINTMARK_CHECK(read_image(call.body, call));
    // Tools, schemas and instructions are read by the model too.
    call.prompt_bytes = text_bytes(call.body) + kTemplateTokens;
    return call;
}

Status bound_output(Call& call, const ModelConfig& model) {
    if (call.endpoint == Endpoint::kEmbedding || call.endpoint == Endpoint::kImage ||
        call.endpoint == Endpoint::kTensor) {
        return {};
    }
    call.max_output = model.max_output_tokens;
    for (const char* name : {"max_completion_tokens", "max_tokens", "max_output_tokens"}) {
        MINTMARK_TRY(const auto asked, optional_u64(call.body, name));
        if (!asked) continue;
        if (*asked > model.max_output_tokens) {
            return fail(ErrorCode::kOutOfRange,
                        fmt::format("{}: the model writes at most {} tokens", name,
                                    model.max_output_tokens),
                        name);
        }
        call.max_output = *asked;
        return {};
    }
    return {};
}

std::string upstream_body(const Call& call, const ModelConfig& model) {
    Json body = call.body;
    body["model"] = model.upstream_model;
    const bool is_text = call.endpoint == Endpoint::kChat || call.endpoint == Endpoint::kCompletion;
    if (is_text && call.is_stream) body["stream_options"]["include_usage"] = true;
    const bool is_bounded = body.contains("max_tokens") || body.contains("max_completion_tokens") ||
                            body.contains("max_output_tokens");
    // What was reserved is what the upstream may write.
    if (is_text && !is_bounded) body["max_tokens"] = call.max_output;
    if (call.endpoint == Endpoint::kResponse && !is_bounded) {
        body["max_output_tokens"] = call.max_output;
    }
    return json::compact(body);
}

Usage worst_case(const Call& call) {
    Usage usage = {};
    at(usage, Unit::kCall) = 1;
    if (call.endpoint == Endpoint::kTensor) return usage;
    if (call.endpoint == Endpoint::kImage) {
        at(usage, Unit::kImage) = call.images;
        at(usage, Unit::kPixelStep) = call.images * call.pixels;
        return usage;
    }
    at(usage, Unit::kInputToken) = call.prompt_bytes;
    at(usage, Unit::kOutputToken) = call.max_output * call.choices;
    return usage;
}

std::optional<Usage> reported_usage(const Call& call, const Json& answer) {
    if (call.endpoint == Endpoint::kImage) {
        Usage usage = worst_case(call);
        const Json* data = json::find(answer, "data");
        const std::uint64_t made = data != nullptr && data->is_array() ? data->size() : 0;
        at(usage, Unit::kImage) = std::min<std::uint64_t>(made, call.images);
        at(usage, Unit::kPixelStep) = at(usage, Unit::kImage) * call.pixels;
        return usage;
    }
    const Json* object = json::find(answer, "usage");
    if (object == nullptr || !object->is_object()) return std::nullopt;
    const bool is_response = call.endpoint == Endpoint::kResponse;
    const std::uint64_t input = number_at(object, is_response ? "input_tokens" : "prompt_tokens");
    const std::uint64_t output =
        number_at(object, is_response ? "output_tokens" : "completion_tokens");
    // A count of zero for a prompt is "unknown", not "free".
    if (input == 0) return std::nullopt;
    const Json* in =
        json::find(*object, is_response ? "input_tokens_details" : "prompt_tokens_details");
    const Json* out =
        json::find(*object, is_response ? "output_tokens_details" : "completion_tokens_details");
    const std::uint64_t cached = std::min(number_at(in, "cached_tokens"), input);
    const std::uint64_t reasoning = std::min(number_at(out, "reasoning_tokens"), output);
    Usage usage = {};
    at(usage, Unit::kCall) = 1;
    at(usage, Unit::kInputToken) = input - cached;
    at(usage, Unit::kCachedInputToken) = cached;
    at(usage, Unit::kOutputToken) = output - reasoning;
    at(usage, Unit::kReasoningToken) = reasoning;
    return usage;
}

void collect_text(const Json& answer, std::string& out) {
    if (const Json* choices = json::find(answer, "choices");
        choices != nullptr && choices->is_array()) {
        for (const Json& choice : *choices) {
            for (const char* part : {"text", "delta", "message"}) add_strings(choice, part, out);
        }
    }
    add_strings(answer, "output", out);
}

Result<chain::U256> price_exact(const market::RateCard& card, const Usage& usage) {
    Usage billed = usage;
    fold(billed, card, Unit::kCachedInputToken, Unit::kInputToken);
    fold(billed, card, Unit::kReasoningToken, Unit::kOutputToken);
    const bool sells_calls = is_sold(card, Unit::kCall);
    bool sells_more = false;
    for (std::size_t i = 1; i < market::kUnits; ++i) {
        const auto unit = static_cast<Unit>(i);
        if (billed[i] == 0) continue;
        sells_more = sells_more || is_sold(card, unit);
    }
    if (!sells_calls) at(billed, Unit::kCall) = 0;
    const bool is_image = at(usage, Unit::kImage) != 0;
    for (std::size_t i = 1; i < market::kUnits; ++i) {
        // Priced by the call alone; an image by the image or by its pixels.
        const bool may_skip =
            (sells_calls && !sells_more) || (is_image && (sells_more || sells_calls));
        if (billed[i] != 0 && !is_sold(card, static_cast<Unit>(i)) && may_skip) billed[i] = 0;
    }
    return market::bill(card, billed, 1'000'000, market::Tariff::kPublic);
}

Result<std::uint64_t> price_in_pico_usd(const market::RateCard& card, const Usage& usage) {
    MINTMARK_TRY(const chain::U256 exact, price_exact(card, usage));
    constexpr std::uint64_t kScale = 1'000'000'000'000'000;  // 10^27 / 10^12
    const auto [quotient, remainder] = exact.divide(kScale);
    const auto value = quotient.to_u64();
    if (!value || *value > (std::uint64_t{1} << 62U)) {
        return fail(ErrorCode::kOutOfRange, "the price leaves the range");
    }
    return *value + (remainder == 0 ? 0 : 1);
}

Json usage_json(const Usage& usage) {
    Json out = Json::object();
    for (std::size_t i = 0; i < market::kUnits; ++i) {
        if (usage[i] != 0) out[std::string(market::unit_name(static_cast<Unit>(i)))] = usage[i];
    }
    return out;
}

std::string dollars_text(std::uint64_t pico_usd) {
    return chain::format_units(pico_usd, 12);
}

std::string error_envelope(int status, std::string_view message, std::string_view code,
                           std::string_view param) {
    std::string_view type = "invalid_request_error";
    if (status == 401) type = "authentication_error";
    if (status == 402) type = "insufficient_quota";
    if (status == 403) type = "permission_error";
    if (status == 429) type = "rate_limit_error";
    if (status >= 500) type = "server_error";
    Json error = {{"message", message}, {"type", type}};
    error["param"] = param.empty() ? Json(nullptr) : Json(param);
    error["code"] = code;
    return json::compact(Json{{"error", std::move(error)}});
}

}  // namespace mintmark::gateway
