#include "mintmark/gateway/openai.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace mintmark::gateway {
namespace {

using json::Json;
using json::Kind;
using json::View;
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

/// Names of a limit of one choice's output: OpenAI's, then those that servers read beside them.
constexpr std::array<std::string_view, 5> kOutputLimits = {
    "max_completion_tokens", "max_tokens", "max_output_tokens", "n_predict", "max_new_tokens"};

/// A whole number of the object that may be absent or null.
Result<std::optional<std::uint64_t>> optional_u64(const View& object, std::string_view name) {
    const auto value = object.find(name);
    if (!value || value->is(Kind::kNull)) return std::nullopt;
    const auto number = value->number();
    if (!number) return bad_parameter(name, "must be a whole number");
    return number;
}

/// Bytes of all text in a request: an upper bound of the tokens in it.
std::uint64_t text_bytes(const json::Document& body) {
    const json::TextSize size = body.size();  // a number may be a token's
    return size.string_bytes + size.numbers + size.children * (kTemplateTokens / 4);
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

Status read_image(const View& body, Call& call) {
    call.images = call.choices;
    const auto size = body.find("size");
    const std::string text =
        size && size->is(Kind::kString) ? size->text() : std::string("1024x1024");
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
void add_strings(const View& key, const View& value, std::string& out) {
    constexpr std::array<std::string_view, 5> kNotWritten = {"\"role\"", "\"id\"", "\"type\"",
                                                             "\"status\"", "\"object\""};
    if (std::ranges::find(kNotWritten, key.raw()) != kNotWritten.end()) return;
    const auto add_members = [&](const View& object) {
        object.each_member(
            [&](const View& name, const View& inner) { add_strings(name, inner, out); });
    };
    value.append_text(out);
    add_members(value);
    value.each_item([&](const View& item) {
        item.append_text(out);
        add_members(item);
    });
}

void add_member(const View& object, std::string_view name, std::string& out) {
    object.each_member([&](const View& key, const View& value) {
        if (key.raw().substr(1, key.raw().size() - 2) == name) add_strings(key, value, out);
    });
}

void add_prompt(const View& value, std::string& out) {
    value.append_text(out);
    if (value.is(Kind::kString)) out += '\n';
    value.each_item([&](const View& item) { add_prompt(item, out); });
    value.each_member([&](const View&, const View& item) { add_prompt(item, out); });
}

std::uint64_t number_at(const std::optional<View>& object, std::string_view name) {
    if (!object) return 0;
    const auto value = object->find(name);
    return value ? value->number().value_or(0) : 0;
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

/// How many answers are asked for, and that there is something to answer.
Status read_choices(const View& root, std::uint64_t max_choices, Call& call) {
    const std::string_view name = content_name(call.endpoint);
    const auto content = root.find(name);
    if (!content || content->is(Kind::kNull)) return bad_parameter(name, "is missing");
    if (call.endpoint == Endpoint::kChat && (!content->is(Kind::kArray) || content->is_empty())) {
        return bad_parameter("messages", "must be a list with at least one message");
    }
    MINTMARK_TRY(const auto choices, optional_u64(root, "n"));
    call.choices = choices.value_or(1);
    if (call.choices == 0) return bad_parameter("n", "must be at least 1");
    MINTMARK_TRY(const auto best_of, optional_u64(root, "best_of"));
    call.choices = std::max(call.choices, best_of.value_or(1));
    if (call.endpoint == Endpoint::kCompletion) {
        std::uint64_t prompts = 0;
        bool are_tokens = false;  // one prompt, as numbers
        content->each_item([&](const View& item) {
            are_tokens = are_tokens || (prompts == 0 && item.is(Kind::kNumber));
            ++prompts;
        });
        if (!are_tokens && prompts > max_choices) {
            return bad_parameter("prompt", "has too many items");
        }
        if (!are_tokens && prompts > 0) call.choices *= prompts;
    }
    if (call.choices == 0 || call.choices > max_choices) {
        return bad_parameter("n", fmt::format("must be from 1 to {}", max_choices));
    }
    return {};
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

Result<Call> read_call(Endpoint endpoint, std::string body, std::uint64_t max_choices) {
    auto parsed = json::Document::read(std::move(body));
    if (!parsed) return fail(ErrorCode::kInvalidArgument, parsed.error().message);
    Call call;
    call.endpoint = endpoint;
    call.body = *std::move(parsed);
    const View root = call.body.root();
    if (!root.is(Kind::kObject)) {
        return fail(ErrorCode::kInvalidArgument, "the body must be a JSON object");
    }
    const auto model = root.find("model");
    if (!model || !model->is(Kind::kString)) return bad_parameter("model", "must be text");
    call.model = model->text();
    MINTMARK_CHECK(read_choices(root, max_choices, call));
    const auto stream = root.find("stream");
    if (stream && !stream->is(Kind::kNull)) {
        const auto is_stream = stream->boolean();
        if (!is_stream) return bad_parameter("stream", "must be true or false");
        call.is_stream = *is_stream;
    }
    if (const auto options = root.find("stream_options")) {
        const auto include = options->find("include_usage");
        call.wants_usage_chunk = include && include->boolean().value_or(false);
    }
    if (endpoint == Endpoint::kImage) MINTMARK_CHECK(read_image(root, call));
    // Tools, schemas and instructions are read by the model too.
    call.prompt_bytes = text_bytes(call.body) + kTemplateTokens;
    return call;
}

Status bound_output(Call& call, const ModelConfig& model) {
    if (call.endpoint == Endpoint::kEmbedding || call.endpoint == Endpoint::kImage ||
        call.endpoint == Endpoint::kTensor) {
        return {};
    }
    std::optional<std::uint64_t> most;
    for (const std::string_view name : kOutputLimits) {
        MINTMARK_TRY(const auto asked, optional_u64(call.body.root(), name));
        if (!asked) continue;
        if (*asked > model.max_output_tokens) {
            return fail(ErrorCode::kOutOfRange,
                        fmt::format("{}: the model writes at most {} tokens", name,
                                    model.max_output_tokens),
                        std::string(name));
        }
        most = std::max(most.value_or(0), *asked);
    }
    call.max_output = most.value_or(model.max_output_tokens);
    return {};
}

std::string upstream_body(const Call& call, const ModelConfig& model) {
    const View root = call.body.root();
    json::Edits edits(call.body);
    if (call.model != model.upstream_model) {
        edits.set(root, "model", json::quoted(model.upstream_model));
    }
    const bool is_text = call.endpoint == Endpoint::kChat || call.endpoint == Endpoint::kCompletion;
    if (is_text && call.is_stream) {
        const auto options = root.find("stream_options");
        if (options && options->is(Kind::kObject)) {
            edits.set(*options, "include_usage", "true");
        } else {
            edits.set(root, "stream_options", R"({"include_usage":true})");
        }
    }
    if (!is_text && call.endpoint != Endpoint::kResponse) return edits.apply();
    // What was reserved is what the upstream may write: no limit is left out, and none is null.
    const std::string bound = std::to_string(call.max_output);
    bool is_bounded = false;
    for (const std::string_view name : kOutputLimits) {
        const auto limit = root.find(name);
        if (!limit) continue;
        is_bounded = true;
        if (limit->is(Kind::kNull)) edits.replace(*limit, bound);
    }
    if (!is_bounded) edits.set(root, is_text ? "max_tokens" : "max_output_tokens", bound);
    return edits.apply();
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

std::optional<Usage> reported_usage(const Call& call, const View& answer) {
    if (call.endpoint == Endpoint::kImage) {
        Usage usage = worst_case(call);
        std::uint64_t made = 0;
        if (const auto data = answer.find("data")) data->each_item([&](const View&) { ++made; });
        at(usage, Unit::kImage) = std::min(made, call.images);
        at(usage, Unit::kPixelStep) = at(usage, Unit::kImage) * call.pixels;
        return usage;
    }
    const auto object = answer.find("usage");
    if (!object || !object->is(Kind::kObject)) return std::nullopt;
    const bool is_response = call.endpoint == Endpoint::kResponse;
    const std::uint64_t input = number_at(object, is_response ? "input_tokens" : "prompt_tokens");
    const std::uint64_t output =
        number_at(object, is_response ? "output_tokens" : "completion_tokens");
    // A count of zero for a prompt is "unknown", not "free".
    if (input == 0) return std::nullopt;
    const auto in = object->find(is_response ? "input_tokens_details" : "prompt_tokens_details");
    const auto out =
        object->find(is_response ? "output_tokens_details" : "completion_tokens_details");
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

void collect_text(const View& answer, std::string& out) {
    if (const auto choices = answer.find("choices")) {
        choices->each_item([&](const View& choice) {
            for (const char* part : {"text", "delta", "message"}) add_member(choice, part, out);
        });
    }
    add_member(answer, "output", out);
}

std::string prompt_text(const Call& call) {
    std::string out;
    for (const char* name : {"messages", "prompt", "input", "instructions"}) {
        if (const auto part = call.body.root().find(name)) add_prompt(*part, out);
    }
    return out;
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
    return in_pico_usd(exact);
}

Result<std::uint64_t> in_pico_usd(const chain::U256& exact) {
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

std::string usage_text(const Usage& usage) {
    std::string out;
    out.reserve(96);
    out += '{';
    for (std::size_t i = 0; i < market::kUnits; ++i) {
        if (usage[i] == 0) continue;
        out += out.size() == 1 ? "\"" : ",\"";
        out += market::unit_name(static_cast<Unit>(i));
        out += "\":";
        out += std::to_string(usage[i]);
    }
    out += '}';
    return out;
}

std::string reported_form(Endpoint endpoint, const Usage& usage) {
    if (endpoint == Endpoint::kImage) return json::compact(usage_json(usage));
    const std::uint64_t in = at(usage, Unit::kInputToken) + at(usage, Unit::kCachedInputToken);
    const std::uint64_t out = at(usage, Unit::kOutputToken) + at(usage, Unit::kReasoningToken);
    if (endpoint == Endpoint::kEmbedding) {
        return fmt::format(R"({{"prompt_tokens":{},"total_tokens":{}}})", in, in + out);
    }
    const bool is_response = endpoint == Endpoint::kResponse;
    return fmt::format(R"({{"{}":{},"{}":{},"total_tokens":{}}})",
                       is_response ? "input_tokens" : "prompt_tokens", in,
                       is_response ? "output_tokens" : "completion_tokens", out, in + out);
}

std::string usage_with_cost(std::string usage, const CostText& cost) {
    auto document = json::Document::read(std::move(usage));
    if (!document || !document->root().is(Kind::kObject)) return "{}";
    json::Edits edits(*document);
    edits.set(document->root(), "cost", cost.cost);
    edits.set(document->root(), "cost_details", cost.details);
    return edits.apply();
}

std::string usage_with_cost(const View& usage, const CostText& cost) {
    // What an upstream says of cost is replaced, not said twice.
    if (!usage.is(Kind::kObject) || usage.find("cost") || usage.find("cost_details")) {
        return usage_with_cost(std::string(usage.raw()), cost);
    }
    const std::string_view told = usage.raw();
    std::string out;
    out.reserve(told.size() + cost.cost.size() + cost.details.size() + 32);
    out += told.substr(0, told.size() - 1);
    if (!usage.is_empty()) out += ',';
    out += "\"cost\":";
    out += cost.cost;
    out += ",\"cost_details\":";
    out += cost.details;
    out += '}';
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
