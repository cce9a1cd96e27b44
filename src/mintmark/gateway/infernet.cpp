#include "mintmark/gateway/infernet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "mintmark/json/json.hpp"
#include "mintmark/serving/sse.hpp"

namespace mintmark::gateway {
namespace {

using json::Json;
using serving::Task;

constexpr std::size_t kMaxIdBytes = 128;
constexpr auto kSlowestPoll = std::chrono::milliseconds(5'000);

/// What the answer's form depends on.
struct Asked {
    bool is_chat = false;
    bool is_text = false;  ///< chat or completion; else the container's output is the answer
    bool is_stream = false;
    std::string model = {};
    std::string id = {};  ///< the job's
};

/// An answer that is there already.
class Ready final : public serving::Incoming {
  public:
    Ready(int status, std::string body) : status_(status), body_(std::move(body)) {}
    int status() const override { return status_; }
    serving::Headers headers() const override { return {{"Content-Type", "application/json"}}; }
    serving::Soon<Result<std::string>> read_some() override {
        return Result<std::string>(std::exchange(body_, {}));
    }

  private:
    int status_;
    std::string body_;
};

std::unique_ptr<serving::Incoming> refusal(int status, std::string_view what) {
    return std::make_unique<Ready>(
        status, json::compact({{"error", {{"message", fmt::format("infernet: {}", what)}}}}));
}

/// The node's own {"error", "params"}; a busy node (429) may be followed by the next upstream.
std::unique_ptr<serving::Incoming> refusal_of_node(int status, std::string_view body) {
    const auto parsed = json::parse(body);
    const Json* error = parsed ? json::find(*parsed, "error") : nullptr;
    return refusal(status == 429 ? 429 : 502, error != nullptr && error->is_string()
                                                  ? error->get_ref<const std::string&>()
                                                  : fmt::format("status {}", status));
}

void add_text(const Json& value, std::string& out) {
    if (value.is_string()) {
        if (!out.empty()) out += '\n';
        out += value.get_ref<const std::string&>();
    }
    if (value.is_array()) {
        for (const Json& item : value) add_text(item, out);
    }
    for (const char* part : {"content", "text"}) {
        if (const Json* inner = json::find(value, part)) add_text(*inner, out);
    }
}

Json job_of(const InfernetConfig& config, const Json& body) {
    Json data = body;
    if (config.is_prompt) {
        std::string prompt;
        for (const char* part : {"instructions", "messages", "prompt", "input"}) {
            if (const Json* value = json::find(body, part)) add_text(*value, prompt);
        }
        data = {{"prompt", prompt}};
        for (const char* kept : {"model", "max_tokens", "temperature"}) {
            if (const Json* value = json::find(body, kept)) data[kept] = *value;
        }
    }
    return {{"containers", Json::array({config.container})}, {"data", std::move(data)}};
}

Json choice_of(const Asked& asked, const char* holder, const Json& text, const Json& reason) {
    Json choice = {{"index", 0}};
    if (asked.is_chat) {
        choice[holder] = Json::object();
        if (!text.is_null()) choice[holder] = {{"role", "assistant"}, {"content", text}};
    } else {
        choice["text"] = text.is_null() ? Json("") : text;
    }
    choice["finish_reason"] = reason;
    return choice;
}

Json envelope(const Asked& asked, Json choice) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const char* object = asked.is_chat ? "chat.completion" : "text_completion";
    Json out = {{"id", asked.id},
                {"object", asked.is_chat && asked.is_stream ? "chat.completion.chunk" : object},
                {"created", std::chrono::duration_cast<std::chrono::seconds>(now).count()},
                {"model", asked.model}};
    out["choices"] = Json::array({std::move(choice)});
    return out;
}

/// The container's output in OpenAI's form.
std::unique_ptr<serving::Incoming> answer_of(const InfernetConfig& config, const Asked& asked,
                                             const Json& result) {
    const Json* output = json::find(result, "output");
    if (output == nullptr) {
        const Json* error = json::find(result, "error");
        return refusal(502, error != nullptr && error->is_string()
                                ? error->get_ref<const std::string&>()
                                : "the job has neither output nor error");
    }
    if (!asked.is_text || json::find(*output, "choices") != nullptr) {
        return std::make_unique<Ready>(200, json::compact(*output));
    }
    const Json* text = output->is_string() ? output : json::find(*output, config.result);
    if (text == nullptr || !text->is_string()) {
        return refusal(502, fmt::format("the container's output has no text \"{}\"; set `result`",
                                        config.result));
    }
    return std::make_unique<Ready>(
        200, json::compact(envelope(asked, choice_of(asked, "message", *text, "stop"))));
}

Task<void> sleep_for(std::chrono::milliseconds time) {
    boost::asio::steady_timer timer(co_await serving::this_loop(), time);
    (void)co_await timer.async_wait(serving::kWait);
}

struct Reply {
    int status = 0;
    std::string body = {};
};

Task<Result<Reply>> fetch(serving::Client& client, serving::ClientRequest request) {
    MINTMARK_CO_TRY(const auto response, co_await client.send(request));
    MINTMARK_CO_TRY(std::string body, co_await response->read_all());
    co_return Reply{response->status(), std::move(body)};
}

/// The finished job ("success" or "failed"), looked for less and less often. A job that the node
/// does not know yet is one that has not begun.
Task<Result<Json>> wait_for(InfernetNode node, std::string id) {
    const auto end = std::chrono::steady_clock::now() + node.most;
    auto pause = std::chrono::milliseconds(node.config.poll_ms);
    serving::ClientRequest look;
    look.method = "GET";
    look.path = "/api/jobs?id=" + id;
    while (true) {
        MINTMARK_CO_TRY(const Reply reply, co_await fetch(node.client, look));
        if (reply.status != 200 && reply.status != 429) {
            co_return fail(ErrorCode::kNetwork,
                           fmt::format("the node answers its job with status {}", reply.status));
        }
        if (reply.status == 200) {
            MINTMARK_CO_TRY(Json jobs, json::parse(reply.body));
            if (!jobs.is_array()) co_return fail(ErrorCode::kMalformed, "the jobs are no list");
            for (Json& job : jobs) {
                const auto status = json::get_string(job, "status");
                if (status && *status != "running") co_return std::move(job);
            }
        }
        if (std::chrono::steady_clock::now() + pause > end) {
            co_return fail(ErrorCode::kExpired, "the node's job takes too long");
        }
        co_await sleep_for(pause);
        pause = std::min(pause * 2, kSlowestPoll);
    }
}

bool is_failed(const Json& job) {
    const auto status = json::get_string(job, "status");
    return !status || *status != "success";
}

std::unique_ptr<serving::Incoming> refusal_of_job(const Json* result) {
    const Json* error = result == nullptr ? nullptr : json::find(*result, "error");
    if (error == nullptr || !error->is_string()) return refusal(502, "the job failed");
    return refusal(502, error->get_ref<const std::string&>());
}

Task<Result<std::unique_ptr<serving::Incoming>>> run_whole(InfernetNode node, Asked asked,
                                                           serving::ClientRequest request) {
    request.path = "/api/jobs";
    MINTMARK_CO_TRY(const Reply made, co_await fetch(node.client, std::move(request)));
    if (made.status != 200) co_return refusal_of_node(made.status, made.body);
    MINTMARK_CO_TRY(const Json body, json::parse(made.body));
    MINTMARK_CO_TRY(asked.id, json::get_string(body, "id"));
    if (asked.id.size() > kMaxIdBytes || asked.id.find_first_of(" &#?/\r\n") != std::string::npos) {
        co_return fail(ErrorCode::kMalformed, "the node's job id is none");
    }
    MINTMARK_CO_TRY(const Json job, co_await wait_for(node, asked.id));
    const Json* result = json::find(job, "result");
    const Json none = Json::object();
    if (is_failed(job)) co_return refusal_of_job(result);
    if (result == nullptr) result = &none;
    co_return answer_of(node.config, asked, *result);
}

/// How many bytes of `text` are whole characters of UTF-8.
std::size_t whole_characters(std::string_view text) {
    std::size_t back = 0;
    while (back < 3 && back < text.size()) {
        const auto byte = static_cast<unsigned char>(text[text.size() - 1 - back]);
        if ((byte & 0xC0U) != 0x80U) {
            const std::size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
            return wanted > back + 1 ? text.size() - back - 1 : text.size();
        }
        ++back;
    }
    return text.size();
}

/// The container's raw text as OpenAI's events.
class Stream final : public serving::Incoming {
  public:
    Stream(InfernetNode node, Asked asked, std::unique_ptr<serving::Incoming> inner,
           std::string text)
        : node_(node),
          asked_(std::move(asked)),
          inner_(std::move(inner)),
          pending_(std::move(text)) {}
    int status() const override { return 200; }
    serving::Headers headers() const override { return {{"Content-Type", "text/event-stream"}}; }

    serving::Soon<Result<std::string>> read_some() override { return next_event(); }

  private:
    Task<Result<std::string>> next_event() {
        while (!is_ended_) {
            const std::size_t whole = whole_characters(pending_);
            if (whole > 0) {
                const std::string text = pending_.substr(0, whole);
                pending_.erase(0, whole);
                co_return event(choice_of(asked_, "delta", text, nullptr));
            }
            MINTMARK_CO_TRY(const std::string piece, co_await inner_->read_some());
            if (piece.empty()) co_return co_await finish();
            pending_ += piece;
        }
        co_return std::string();
    }
    std::string event(Json choice) const {
        return serving::format_event({"", json::compact(envelope(asked_, std::move(choice)))});
    }
    Task<Result<std::string>> finish() {
        is_ended_ = true;
        MINTMARK_CO_TRY(const Json job, co_await wait_for(node_, asked_.id));
        if (is_failed(job)) co_return fail(ErrorCode::kNetwork, "the node's job failed");
        co_return event(choice_of(asked_, "delta", nullptr, "stop")) + "data: [DONE]\n\n";
    }
    InfernetNode node_;
    Asked asked_;
    std::unique_ptr<serving::Incoming> inner_;
    std::string pending_;
    bool is_ended_ = false;
};

Task<Result<std::unique_ptr<serving::Incoming>>> run_stream(InfernetNode node, Asked asked,
                                                            serving::ClientRequest request) {
    request.path = "/api/jobs/stream";
    MINTMARK_CO_TRY(std::unique_ptr<serving::Incoming> inner, co_await node.client.send(request));
    if (inner->status() != 200) {
        const auto body = co_await inner->read_all();
        co_return refusal_of_node(inner->status(), body.value_or(""));
    }
    std::string text;  // the job's id in a line of its own, then what the container writes
    while (text.find('\n') == std::string::npos) {
        MINTMARK_CO_TRY(const std::string piece, co_await inner->read_some());
        if (piece.empty() || text.size() > kMaxIdBytes) {
            co_return fail(ErrorCode::kMalformed, "the node's stream does not begin with its job");
        }
        text += piece;
    }
    const std::size_t line = text.find('\n');
    asked.id = text.substr(0, line);
    if (asked.id.find_first_of(" &#?/\r") != std::string::npos || asked.id.empty()) {
        co_return fail(ErrorCode::kMalformed, "the node's stream does not begin with its job");
    }
    text.erase(0, line + 1);
    co_return std::make_unique<Stream>(node, std::move(asked), std::move(inner), std::move(text));
}

}  // namespace

Task<Result<std::unique_ptr<serving::Incoming>>> run_on_infernet(
    InfernetNode node, const serving::ClientRequest& request) {
    MINTMARK_CO_TRY(const Json body, json::parse(request.body));
    Asked asked;
    asked.is_chat = request.path == "/chat/completions";
    asked.is_text = asked.is_chat || request.path == "/completions";
    asked.model = json::get_string(body, "model").value_or("");
    const Json* stream = json::find(body, "stream");
    asked.is_stream = stream != nullptr && stream->is_boolean() && stream->get<bool>();
    if (asked.is_stream && !asked.is_text) {
        co_return refusal(502, "an Infernet node streams chats and completions only");
    }
    serving::ClientRequest job;
    job.headers = request.headers;
    job.body = json::compact(job_of(node.config, body));
    if (asked.is_stream) co_return co_await run_stream(node, std::move(asked), std::move(job));
    co_return co_await run_whole(node, std::move(asked), std::move(job));
}

Status check_infernet_info(std::string_view info, std::string_view container) {
    MINTMARK_TRY(const Json parsed, json::parse(info));
    MINTMARK_TRY(const Json containers, json::get_array(parsed, "containers"));
    std::string names;
    for (const Json& one : containers) {
        const auto id = json::get_string(one, "id");
        if (!id) continue;
        if (*id == container) return {};
        names += (names.empty() ? "" : ", ") + *id;
    }
    return fail(ErrorCode::kNotFound,
                fmt::format("the node does not run the container {} (it runs: {})", container,
                            names.empty() ? "none" : names));
}

}  // namespace mintmark::gateway
