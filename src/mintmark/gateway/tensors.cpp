// Models that the gateway runs itself: the Open Inference Protocol, metered as every call, and the
// jobs that prove its answers.
#include <fmt/format.h>

#include <charconv>

#include "mintmark/base/file.hpp"
#include "mintmark/gateway/gateway.hpp"
#include "mintmark/gateway/kserve.hpp"
#include "mintmark/gateway/run.hpp"
#include "mintmark/jobs/folder.hpp"
#include "mintmark/jobs/job_data.hpp"
#include "mintmark/jobs/shelf.hpp"

namespace mintmark::gateway {
namespace {

constexpr std::string_view kLengthHeader = "Inference-Header-Content-Length";
constexpr std::string_view kOwnVersion = "1";
constexpr std::size_t kMaxInlineBytes = 65'536;  ///< of a job's input; larger ones by CID
constexpr std::uint64_t kMaxProofBytes = std::uint64_t{64} << 20U;

std::string version_of(const ModelConfig& model) {
    if (model.version.version == 0) return std::string(kOwnVersion);
    return std::to_string(model.version.version);
}

Result<std::optional<std::uint64_t>> json_length(const Request& request) {
    const std::string_view text = request.header(kLengthHeader);
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (ec == std::errc() && end == text.data() + text.size()) return value;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} must be a whole number", kLengthHeader));
}

/// A stranger's call: {"error": text} with this status.
Refusal not_found(std::string what) {
    return Refusal{404, std::move(what), "model_not_found", "", {}};
}

}  // namespace

Task<bool> Gateway::tensor_route(const std::string& id, Request& request, Responder& responder,
                                 int& status) {
    const std::string& path = request.path;
    const auto tensor_path = parse_tensor_path(path);
    if (tensor_path && tensor_path->verb == "infer") {
        if (request.method != "POST") {
            const Refusal no{405, "use POST", "method_not_allowed", "", {}};
            Headers none;
            co_await refuse(no, id, responder, status, none, ErrorShape::kTensor);
            co_return true;
        }
        co_await metered(Endpoint::kTensor, id, request, responder, status);
        co_return true;
    }
    json::Json answer;
    const bool is_ready = !is_draining_ && durability_.is_healthy();
    status = 200;
    if (request.method != "GET") co_return false;
    if (path == "/v2") {
        answer = {{"name", "mintmark"},
                  {"version", "2"},
                  {"extensions", json::Json::array({"binary_tensor_data"})}};
    } else if (path == "/v2/health/live") {
        answer = {{"live", true}};
    } else if (path == "/v2/health/ready") {
        status = is_ready ? 200 : 503;
        answer = {{"ready", is_ready}};
    } else if (tensor_path) {
        const auto found = tensor_models_.find(tensor_path->name);
        const ModelConfig* model = config_.model(tensor_path->name);
        const bool is_there =
            found != tensor_models_.end() && model != nullptr &&
            (tensor_path->version.empty() || tensor_path->version == version_of(*model));
        if (!is_there) {
            const Refusal no = not_found("there is no model " + tensor_path->name +
                                         (tensor_path->version.empty() ? "" : " of this version"));
            Headers none;
            co_await refuse(no, id, responder, status, none, ErrorShape::kTensor);
            co_return true;
        }
        if (tensor_path->verb == "ready") {
            status = is_ready ? 200 : 503;
            answer = {{"name", tensor_path->name}, {"ready", is_ready}};
        } else {
            answer = tensor_metadata(*found->second, tensor_path->name, version_of(*model));
        }
    } else {
        co_return false;
    }
    Headers headers = common_headers(id);
    (void)co_await responder.send(status, std::move(headers), json::compact(answer));
    co_return true;
}

std::optional<Refusal> Gateway::understand_tensors(Request& request, Run& run) {
    const auto path = parse_tensor_path(request.path);
    const auto found = path ? tensor_models_.find(path->name) : tensor_models_.end();
    run.model = path ? config_.model(path->name) : nullptr;
    if (found == tensor_models_.end() || run.model == nullptr) {
        return not_found("there is no such model");
    }
    const std::string version = version_of(*run.model);
    if (!path->version.empty() && path->version != version) {
        return not_found(fmt::format("version {} is served, not {}", version, path->version));
    }
    const auto length = json_length(request);
    if (!length) return refusal_of(length.error());
    auto call = read_tensor_call(*found->second, request.body, *length);
    if (!call) return refusal_of(call.error());
    run.tensors = *std::move(call);
    run.tensors.version = version;
    run.tensor_model = found->second;
    run.call.endpoint = Endpoint::kTensor;
    run.call.model = path->name;
    if (run.tensors.verify == Verify::kZk &&
        (!found->second->can_prove() || config_.jobs.queue.empty())) {
        return Refusal{
            400, "answers of this model are not proven here", "unsupported", "verify", {}};
    }
    if (run.tensors.verify == Verify::kReceipt && signer_ == nullptr) {
        return Refusal{400, "this gateway signs no receipts", "unsupported", "verify", {}};
    }
    return std::nullopt;
}

Result<queue::Queue*> Gateway::reach_queue() {
    if (queue_ == nullptr) {
        queue::QueueOptions options;
        options.name = config_.jobs.name;
        options.lease_ms = config_.jobs.lease_ms;
        MINTMARK_TRY(queue_, queue::open_queue(config_.jobs.queue, options));
    }
    return queue_.get();
}

/// It is paid for: workers that are lost, each an attempt, must not make a dead letter of it.
constexpr std::uint32_t kProofAttempts = 12;

/// The proof's job has the request's id: one request, one proof, whatever is repeated.
Task<Status> Gateway::enqueue_proof(const Run& run) {
    json::Json data = {{"model", run.call.model}};
    const std::string input = json::compact(run.tensors.inputs);
    queue::NewJob job;
    job.kind = "proof";
    job.idempotency_key = run.id;
    job.max_attempts = kProofAttempts;
    const std::filesystem::path store = config_.jobs.store;
    auto put = [this, data = std::move(data), input, inputs = run.tensors.inputs,
                job = std::move(job), store]() mutable -> Status {
        MINTMARK_TRY(queue::Queue* const queue, reach_queue());
        if (input.size() <= kMaxInlineBytes) {
            data["input"] = inputs;
        } else {
            const auto file = json::compact({{"input_data", inputs}});
            MINTMARK_TRY(const wire::Cid cid, jobs::Shelf(store).put(file));
            data["input_cid"] = cid.to_string();
        }
        job.data = json::compact(data);
        MINTMARK_CHECK(queue->enqueue(job));
        return {};
    };
    co_return co_await serving::offload<Status>(jobs_pool_, std::move(put));
}

Task<std::optional<Refusal>> Gateway::answer_tensors(Run& run, Responder& responder) {
    auto work = [model = run.tensor_model, inputs = run.tensors.inputs]() {
        return std::make_shared<Result<Tensors>>(model->run(inputs));
    };
    const auto outputs =
        co_await serving::offload<std::shared_ptr<Result<Tensors>>>(tensor_pool_, std::move(work));
    if (!*outputs) co_return refusal_of(outputs->error());
    // Nothing is kept of binary tensors, so who asks for a repeatable answer gets JSON.
    const bool is_kept = !run.row->idempotency_key.empty();
    if (is_kept) {
        for (WantedOutput& output : run.tensors.outputs) output.is_binary = false;
    }
    price(run, run.worst);
    if (auto no = co_await collect(run)) co_return no;
    json::Json parameters = json::Json::object();
    if (run.tensors.verify != Verify::kNone) parameters["receipt"] = "/v1/receipts/" + run.id;
    if (run.tensors.verify == Verify::kZk) {
        const Status queued = co_await enqueue_proof(run);
        if (!queued) {
            co_return Refusal{503,
                              "the proof's job cannot be queued; nothing was charged",
                              "queue_unavailable",
                              "",
                              {}};
        }
        parameters["job"] = "/v1/jobs/" + run.id;
        parameters["context"] = to_hex(jobs::default_context(run.id));
    }
    TensorAnswer answer =
        write_tensor_answer(*run.tensor_model, run.tensors, run.call.model, **outputs, parameters);
    run.response_hash.update(as_bytes(answer.body));
    const market::Usage usage = run.worst;
    std::string kept = is_kept ? answer.body : std::string();
    const Status closed = co_await close(run, usage, "settled", 200, std::move(kept));
    if (!closed) co_return refusal_of(closed.error());
    run.headers.emplace_back("X-Mintmark-Cost-Usd", dollars_text(run.usd));
    if (answer.json_bytes) {
        run.headers.emplace_back(std::string(kLengthHeader), std::to_string(*answer.json_bytes));
        for (auto& [name, value] : run.headers) {
            if (name == "Content-Type") value = "application/octet-stream";
        }
    }
    (void)co_await responder.send(200, run.headers, std::move(answer.body));
    co_return std::nullopt;
}

/// /v1/jobs/ID and /v1/jobs/ID/proof: of the buyer's own requests.
Task<Result<json::Json>> Gateway::job_route(const Buyer& buyer, const std::string& path) {
    std::string id = path.substr(9);
    const bool wants_proof = id.ends_with("/proof");
    if (wants_proof) id.resize(id.size() - 6);
    MINTMARK_CO_TRY(const auto record, co_await find_record(id));
    const bool is_his = record && (buyer.may_see_account ? record->row.buyer == buyer.address
                                                         : record->row.key_id == buyer.key_id);
    if (!is_his || config_.jobs.queue.empty())
        co_return fail(ErrorCode::kNotFound, "you have no such job");
    const std::filesystem::path store = config_.jobs.store;
    auto look = [this, id, store, wants_proof]() -> Result<json::Json> {
        MINTMARK_TRY(queue::Queue* const queue, reach_queue());
        MINTMARK_TRY(const queue::Job job, queue->find(id));
        json::Json result = json::parse(job.result).value_or(json::Json());
        if (!wants_proof) {
            return json::Json{{"id", job.id},
                              {"object", "job"},
                              {"kind", job.kind},
                              {"state", queue::state_name(job.state)},
                              {"attempts", job.attempts},
                              {"progress", json::parse(job.progress).value_or(json::Json())},
                              {"error", job.error},
                              {"result", std::move(result)},
                              {"created_ms", job.created_ms},
                              {"finished_ms", job.finished_ms}};
        }
        const json::Json* name = json::find(result, "proof_cid");
        if (name == nullptr || !name->is_string()) {
            return fail(ErrorCode::kNotFound, "there is no proof yet");
        }
        MINTMARK_TRY(const wire::Cid cid, wire::Cid::parse(name->get<std::string>()));
        MINTMARK_TRY(const jobs::JobFolder folder, jobs::JobFolder::make({}));
        MINTMARK_CHECK(jobs::Shelf(store).get(cid, folder.path() / "proof", kMaxProofBytes));
        return json::read(folder.path() / "proof");
    };
    auto work = [look] { return std::make_shared<Result<json::Json>>(look()); };
    const auto found =
        co_await serving::offload<std::shared_ptr<Result<json::Json>>>(jobs_pool_, std::move(work));
    co_return std::move(*found);
}

}  // namespace mintmark::gateway
