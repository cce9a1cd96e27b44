#include "mintmark/service/node.hpp"

#include <fmt/format.h>

#include <charconv>

#include "mintmark/base/file.hpp"
#include "mintmark/chain/address.hpp"
#include "mintmark/chain/signer.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/market/passes.hpp"
#include "mintmark/service/adapter_version.hpp"
#include "mintmark/service/node_api.hpp"
#include "mintmark/service/proving.hpp"

namespace mintmark::service {
namespace {

using json::Json;

net::ServerResponse answer(const Json& value) {
    net::ServerResponse out;
    out.body = json::compact(value) + "\n";
    return out;
}

/// What anybody may see of a stored request.
Json public_json(const std::string& id, const StoredRequest& stored) {
    Json out = {{"id", id}, {"request", stored.request.to_json()}};
    out["output"] = stored.output;
    out["values"] = stored.values;
    out["created_at"] = stored.created_at;
    return out;
}

/// "/v1/models/7/vk" -> {"v1", "models", "7", "vk"}.
std::vector<std::string_view> path_parts(std::string_view path) {
    std::vector<std::string_view> out;
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        if (slash > 0) out.push_back(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    return out;
}

}  // namespace

Result<std::unique_ptr<Node>> Node::open(market::Market market, NodeOptions options) {
    const std::uint64_t chain_id = market.deployment().chain_id;
    auto node = std::unique_ptr<Node>(new Node(std::move(market), std::move(options)));
    const std::vector<std::string>& names = node->options_.models;
    for (const std::string& name : names) {
        MINTMARK_TRY(const ModelFolder folder, ModelFolder::of(node->options_.home, name));
        MINTMARK_CHECK(node->load(folder));
    }
    for (const ModelFolder& folder : ModelFolder::all(node->options_.home)) {
        const auto state = folder.state();
        if (!names.empty() || !state || state->chain_id != chain_id || !state->is_active) continue;
        const auto system = market::find_proof_system(state->commitment.proof_system);
        if (system && system->is_foreign) continue;  // another program answers
        MINTMARK_CHECK(node->load(folder));
    }
    if (!node->models_.empty()) return node;
    return fail(ErrorCode::kNotFound, "there is no published model in this home",
                "publish one with `mintmark model publish`");
}

Status Node::load(const ModelFolder& folder) {
    MINTMARK_TRY(const PublishState state, folder.state());
    if (!state.model_id || !state.version_id || state.chain_id != market_.deployment().chain_id) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("model '{}' is not published on this chain", folder.name()),
                    "publish it with `mintmark model publish`");
    }
    Served served;
    served.name = folder.name();
    served.version = {*state.model_id, *state.version_id};
    MINTMARK_TRY(served.model, worker::CompiledModel::read(folder.compiled()));
    MINTMARK_TRY(served.vk_bytes, read_file(folder.verifying_key()));
    MINTMARK_TRY(served.vk, decode_verifying_key(served.vk_bytes));
    served.proof_system = state.commitment.proof_system;
    const bool is_ours = served.proof_system == market::kProofSystemName;
    if (!is_ours) MINTMARK_CHECK(check_adapter_key(market_, folder, state.commitment));
    if (is_ours && keccak256(served.vk_bytes) != state.commitment.vk_hash) {
        return fail(
            ErrorCode::kRejected,
            fmt::format("the files of '{}' are not those that were published", folder.name()));
    }
    MINTMARK_TRY(served.srs, worker::load_srs(options_.srs, served.vk.circuit.mu));
    served.description = describe(served);
    models_.insert_or_assign(served.version.model, std::move(served));
    return {};
}

Json Node::describe(const Served& served) const {
    Json contracts = Json::object();
    for (const auto& [name, address] : market_.deployment().contracts) {
        contracts[name] = chain::to_checksum(address);
    }
    return {{"model", served.version.model},
            {"version", served.version.version},
            {"name", served.name},
            {"vk_hash", to_hex(keccak256(served.vk_bytes))},
            {"vk_bytes", served.vk_bytes.size()},
            {"chain_id", market_.deployment().chain_id},
            {"contracts", contracts},
            {"proof_system", served.proof_system},
            {"input_committed", is_input_committed(served.proof_system, served.vk.circuit)},
            {"public", worker::PublicModel::of(served.model.graph).to_json()}};
}

Result<const Node::Served*> Node::served(std::string_view id) const {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    const auto found = models_.find(number);
    if (error == std::errc() && end == id.data() + id.size() && found != models_.end()) {
        return &found->second;
    }
    return fail(ErrorCode::kNotFound, fmt::format("this node does not serve model {}", id));
}

net::ServerResponse Node::handle(const net::ServerRequest& request) {
    auto response = route(request);
    if (response) return *std::move(response);
    if (options_.log) {
        options_.log(
            fmt::format("{} {}: {}", request.method, request.path, response.error().message));
    }
    net::ServerResponse out = answer(error_json(response.error()));
    out.status = http_status(response.error().code);
    return out;
}

Result<net::ServerResponse> Node::route(const net::ServerRequest& request) {
    const auto parts = path_parts(request.path);
    const bool is_get = request.method == "GET";
    if (is_get && parts.size() == 1 && parts[0] == "healthz") return answer({{"ok", true}});
    if (parts.size() >= 2 && parts[0] == "v1") {
        if (is_get && parts[1] == "models" && parts.size() == 2) {
            Json list = Json::array();
            for (const auto& [id, served] : models_) list.push_back(served.description);
            return answer({{"models", list}});
        }
        if (is_get && parts[1] == "models" && parts.size() <= 4) {
            MINTMARK_TRY(const Served* model, served(parts[2]));
            if (parts.size() == 3) return answer(model->description);
            if (parts[3] == "vk") {
                net::ServerResponse out;
                out.body.assign(model->vk_bytes.begin(), model->vk_bytes.end());
                out.content_type = "application/octet-stream";
                return out;
            }
        }
        if (is_get && parts[1] == "requests" && parts.size() == 3) {
            MINTMARK_TRY(const Json state, request_state(std::string(parts[2])));
            return answer(state);
        }
        if (request.method == "POST" && parts[1] == "infer" && parts.size() == 2) {
            MINTMARK_TRY(const Json body, json::parse(request.body));
            MINTMARK_TRY(const StoredRequest incoming, StoredRequest::from_json(body));
            MINTMARK_TRY(const StoredRequest stored, infer(incoming));
            MINTMARK_TRY(const Bytes32 id, stored.request.digest(market_.deployment()));
            return answer(public_json(to_hex(id), stored));
        }
    }
    return fail(ErrorCode::kNotFound, fmt::format("no {} {} here", request.method, request.path));
}

Result<Json> Node::request_state(const std::string& id) {
    // Only whole ids: who knows one has the request.
    if (!bytes32_from_hex(id) || store_.resolve(id) != id) {
        return fail(ErrorCode::kNotFound, "there is no such request here");
    }
    MINTMARK_TRY(const StoredRequest stored, store_.get(id));
    Json out = public_json(id, stored);
    const auto proof = json::read(store_.proof_path(id));
    out["proof"] = proof ? *proof : Json(nullptr);
    const std::lock_guard lock(mutex_);
    MINTMARK_TRY(const bool settled, market::is_settled(market_, stored.request));
    out["settled"] = settled;
    return out;
}

Status Node::check_time(const market::Request& request, std::uint64_t pass_expires) {
    MINTMARK_TRY(const std::uint64_t now, market_.now());
    if (request.deadline < now) {
        return fail(ErrorCode::kExpired, "the request's deadline has passed", "sign a new one");
    }
    if (pass_expires < now) {
        return fail(ErrorCode::kExpired, fmt::format("pass {} has expired", request.pass),
                    "buy another one with `mintmark pass buy`");
    }
    return {};
}

Status Node::check_pass(const StoredRequest& incoming, const Bytes32& digest) {
    const market::Request& request = incoming.request;
    MINTMARK_TRY(const chain::Signature signature,
                 chain::Signature::from_bytes(incoming.signature));
    MINTMARK_TRY(const Address signer, chain::recover(digest, signature));
    MINTMARK_TRY(const market::PassInfo pass, market::get_pass(market_, request.pass));
    if (signer != pass.owner && signer != pass.user) {
        return fail(ErrorCode::kRejected,
                    fmt::format("{} does not hold pass {}", chain::to_checksum(signer), pass.id),
                    "sign with the pass's owner: --wallet");
    }
    if (pass.version.model != request.version.model ||
        pass.version.version != request.version.version) {
        return fail(ErrorCode::kRejected, fmt::format("pass {} is for model {} version {}", pass.id,
                                                      pass.version.model, pass.version.version));
    }
    MINTMARK_CHECK(check_time(request, pass.expires));
    MINTMARK_TRY(const market::VersionInfo version, market::get_version(market_, request.version));
    if (version.status != market::VersionStatus::kActive &&
        version.status != market::VersionStatus::kDeprecated) {
        return fail(ErrorCode::kRejected,
                    fmt::format("the version is {}", market::status_name(version.status)));
    }
    return check_others(request, pass.calls_left);
}

/// A nonce is used once per pass, and no more requests are answered than the pass can pay.
Status Node::check_others(const market::Request& request, std::uint64_t calls_left) {
    MINTMARK_TRY(const std::uint64_t now, market_.now());
    std::uint64_t unsettled = 0;
    for (const std::string& id : store_.ids()) {
        MINTMARK_TRY(const StoredRequest other, store_.get(id));
        if (other.request.pass != request.pass) continue;
        if (other.request.nonce == request.nonce) {
            return fail(
                ErrorCode::kAlreadyExists,
                fmt::format("nonce {} of pass {} is used", request.nonce.to_string(), request.pass),
                "sign a request with another nonce");
        }
        if (!other.settled_tx.empty() || other.request.deadline < now) continue;
        MINTMARK_TRY(const bool settled, market::is_settled(market_, other.request));
        if (!settled) ++unsettled;
    }
    if (unsettled < calls_left) return {};
    return fail(ErrorCode::kOutOfRange,
                fmt::format("pass {} has {} calls left and {} answers wait for settlement",
                            request.pass, calls_left, unsettled),
                "buy another one with `mintmark pass buy`");
}

Result<StoredRequest> Node::infer(const StoredRequest& incoming) {
    MINTMARK_TRY(const Bytes32 digest, incoming.request.digest(market_.deployment()));
    const std::string id = to_hex(digest);
    const std::lock_guard lock(mutex_);
    if (auto stored = store_.get(id)) return *std::move(stored);
    MINTMARK_TRY(const Served* model, served(std::to_string(incoming.request.version.model)));
    if (model->version.version != incoming.request.version.version) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("version {} is served here", model->version.version));
    }
    MINTMARK_CHECK(check_pass(incoming, digest));
    MINTMARK_TRY(const auto words, request_words(model->proof_system, model->vk.circuit, model->srs,
                                                 incoming.input, incoming.blinders));
    if (market::input_commitment(words) != incoming.request.input_commitment) {
        return fail(ErrorCode::kRejected, "the input is not the one that was signed");
    }
    MINTMARK_TRY(const worker::WitnessFile run,
                 worker::run_model(model->model, incoming.input, {}));
    StoredRequest stored = incoming;
    stored.output = run.output;
    stored.values = run.output_values;
    MINTMARK_TRY(stored.created_at, market_.now());
    stored.settled_tx.clear();
    MINTMARK_CHECK(store_.put(id, stored));
    if (options_.log) {
        options_.log(fmt::format("answered {} for pass {}", id, incoming.request.pass));
    }
    return stored;
}

}  // namespace mintmark::service
