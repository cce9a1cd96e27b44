// OpenAI's API as data: what a call may cost at most, what it cost, its errors, its streams.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mintmark/gateway/config.hpp"
#include "mintmark/json/document.hpp"
#include "mintmark/json/json.hpp"
#include "mintmark/market/rates.hpp"

namespace mintmark::gateway {

enum class Endpoint : std::uint8_t { kChat, kCompletion, kEmbedding, kImage, kResponse, kTensor };
/// "/v1/chat/completions", …; nullopt for any other path. kTensor is the Open Inference Protocol's
/// (kserve.hpp) and has no path of its own here.
[[nodiscard]] std::optional<Endpoint> endpoint_of(std::string_view path);
[[nodiscard]] std::string_view endpoint_path(Endpoint endpoint);  ///< without "/v1"

/// One call, understood.
struct Call {
    Endpoint endpoint = Endpoint::kChat;
    json::Document body = {};
    std::string model = {};
    bool is_stream = false;
    bool wants_usage_chunk = false;  ///< stream_options.include_usage
    std::uint64_t choices = 1;
    std::uint64_t images = 0;
    std::uint64_t pixels = 0;        ///< of one image
    std::uint64_t prompt_bytes = 0;  ///< no tokenizer makes more tokens of them
    std::uint64_t max_output = 0;    ///< tokens of one choice
};

/// kInvalidArgument with the parameter's name as hint.
[[nodiscard]] Result<Call> read_call(Endpoint endpoint, std::string body,
                                     std::uint64_t max_choices);
/// Fills max_output from the request and the model; kOutOfRange above what the model gives. Of
/// several limits, also those of servers' own making, the greatest counts: which of them the
/// upstream reads is not known.
[[nodiscard]] Status bound_output(Call& call, const ModelConfig& model);
/// The body as the upstream gets it: its name of the model, a bound on output, usage in streams.
[[nodiscard]] std::string upstream_body(const Call& call, const ModelConfig& model);

/// What the call may use at most, and what it used as the upstream says (nullopt: it does not).
[[nodiscard]] market::Usage worst_case(const Call& call);
[[nodiscard]] std::optional<market::Usage> reported_usage(const Call& call,
                                                          const json::View& answer);
/// The text that was produced, for counting it ourselves; appended to `out`.
void collect_text(const json::View& answer, std::string& out);
/// The text of a request's messages or prompt, for the same.
[[nodiscard]] std::string prompt_text(const Call& call);

/// A use in pico-dollars, rounded up once; units that the card does not sell are folded into those
/// that it does: cached input into input, reasoning into output, all into `call` when that is all
/// there is. kRejected: nothing of it is for sale.
[[nodiscard]] Result<std::uint64_t> price_in_pico_usd(const market::RateCard& card,
                                                      const market::Usage& usage);
/// Of a price in 10^-27 dollar; kOutOfRange.
[[nodiscard]] Result<std::uint64_t> in_pico_usd(const chain::U256& exact);
/// The same, in 10^-27 dollar.
[[nodiscard]] Result<chain::U256> price_exact(const market::RateCard& card,
                                              const market::Usage& usage);
/// {"input_token": 12, …} without zeros.
[[nodiscard]] json::Json usage_json(const market::Usage& usage);
[[nodiscard]] std::string usage_text(const market::Usage& usage);  ///< the same, compact
/// The `usage` of an answer whose upstream has none, as OpenAI names it: JSON.
[[nodiscard]] std::string reported_form(Endpoint endpoint, const market::Usage& usage);
/// What an answer has cost, as JSON.
struct CostText {
    std::string cost = {};     ///< dollars
    std::string details = {};  ///< an object
};
/// A `usage` (an object, as JSON) with the cost.
[[nodiscard]] std::string usage_with_cost(std::string usage, const CostText& cost);
[[nodiscard]] std::string usage_with_cost(const json::View& usage, const CostText& cost);
/// "0.000012", dollars.
[[nodiscard]] std::string dollars_text(std::uint64_t pico_usd);

/// {"error": {"message", "type", "param", "code"}}.
[[nodiscard]] std::string error_envelope(int status, std::string_view message,
                                         std::string_view code, std::string_view param = {});

}  // namespace mintmark::gateway
