#include "mintmark/service/buyer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mintmark/base/file.hpp"
#include "mintmark/hash/keccak.hpp"
#include "mintmark/net/http_client.hpp"
#include "mintmark/service/adapter_version.hpp"
#include "mintmark/service/node_api.hpp"
#include "mintmark/service/proving.hpp"

namespace mintmark::service {
namespace {

using json::Json;

/// Both GETs and POST /v1/infer may be repeated: the same request gets the same answer.
Result<std::string> ask(const InferOptions& options, const std::string& path,
                        const std::string& body = {}) {
    net::HttpRequest request;
    request.method = body.empty() ? net::Method::kGet : net::Method::kPost;
    request.url = options.node_url;
    while (request.url.ends_with('/')) request.url.pop_back();
    request.url += path;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
    request.repeat = net::Repeat::kIdempotent;
    net::HttpClient client;
    auto response = client.send(request);
    if (!response) {
        Error error = std::move(response).error();
        if (error.code == ErrorCode::kNetwork) error.hint = "is the node up, and --node right?";
        return std::unexpected(std::move(error));
    }
    if (response->status == 200) return std::move(response->body);
    return std::unexpected(error_from_response(response->status, response->body));
}

market::Request make_request(const InferOptions& options, const Bytes32& commitment,
                             std::uint64_t now) {
    market::Request out;
    out.version = options.version;
    out.pass = options.pass;
    out.input_commitment = commitment;
    Bytes32 nonce = {};
    system_rng().fill(nonce);
    out.nonce = chain::U256::from_bytes(nonce);
    out.deadline = now + options.valid_s;
    return out;
}

/// Makes the request over these input words, signs it, keeps it; its id.
Result<std::string> sign_and_store(market::Market& market, const chain::PrivateKey& key,
                                   const InferOptions& options, const std::vector<Bytes32>& words,
                                   StoredRequest& stored) {
    MINTMARK_TRY(const std::uint64_t now, market.now());
    stored.request = make_request(options, market::input_commitment(words), now);
    stored.created_at = now;
    MINTMARK_TRY(const Bytes32 digest, stored.request.digest(market.deployment()));
    stored.signature = key.sign(digest).to_bytes();
    const std::string id = to_hex(digest);
    MINTMARK_CHECK(RequestStore(options.home).put(id, stored));
    return id;
}

Result<std::vector<std::int64_t>> read_output(const Json& reply) {
    MINTMARK_TRY(const Json list, json::get_array(reply, "output"));
    std::vector<std::int64_t> out;
    for (const Json& entry : list) {
        if (!entry.is_number_integer()) return fail(ErrorCode::kMalformed, "the node's output");
        out.push_back(entry.get<std::int64_t>());
    }
    return out;
}

}  // namespace

Result<NodeModel> fetch_model(market::Market& market, const InferOptions& options) {
    MINTMARK_TRY(const market::VersionInfo version, market::get_version(market, options.version));
    const std::string path = fmt::format("/v1/models/{}", options.version.model);
    MINTMARK_TRY(const std::string text, ask(options, path));
    MINTMARK_TRY(const Json description, json::parse(text));
    MINTMARK_TRY(const Json ports, json::get_object(description, "public"));
    NodeModel out;
    MINTMARK_TRY(out.model, worker::PublicModel::from_json(ports));
    MINTMARK_TRY(const std::string vk, ask(options, path + "/vk"));
    out.vk_hash = keccak256(as_bytes(vk));
    out.proof_system = version.commitment.proof_system;
    MINTMARK_TRY(out.vk, decode_verifying_key(as_bytes(vk)));
    MINTMARK_CHECK(check_served_key(market, version.commitment, out.vk, as_bytes(vk)));
    return out;
}

Result<std::string> sign_words(market::Market& market, const chain::PrivateKey& key,
                               const InferOptions& options, const std::vector<Bytes32>& words) {
    StoredRequest stored;
    return sign_and_store(market, key, options, words, stored);
}

Result<Answer> infer(market::Market& market, const chain::PrivateKey& key,
                     const InferOptions& options, const SampleMaker& make_sample) {
    MINTMARK_TRY(const NodeModel model, fetch_model(market, options));
    MINTMARK_TRY(const model::Sample sample, make_sample(model.model.inputs));
    Answer out;
    out.outputs = model.model.outputs;
    out.vk_hash = model.vk_hash;
    out.vk_path = options.home / "keys" / (to_hex(model.vk_hash) + ".key");
    MINTMARK_CHECK(write_file(out.vk_path, encode(model.vk)));
    MINTMARK_TRY(out.stored.input, model.model.quantise(sample));
    const Circuit& circuit = model.vk.circuit;
    Srs srs;
    if (is_input_committed(model.proof_system, circuit)) {
        MINTMARK_TRY(srs, worker::load_srs(options.srs, circuit.mu));
        out.stored.blinders = prover::random_openings(circuit, system_rng()).input;
    }
    MINTMARK_TRY(const auto words, request_words(model.proof_system, circuit, srs, out.stored.input,
                                                 out.stored.blinders));
    const RequestStore store(options.home);
    MINTMARK_TRY(out.id, sign_and_store(market, key, options, words, out.stored));
    const Json body = out.stored.to_json();
    MINTMARK_TRY(const std::string text, ask(options, "/v1/infer",
                                             json::compact({{"request", body["request"]},
                                                            {"signature", body["signature"]},
                                                            {"input", body["input"]},
                                                            {"blinders", body["blinders"]}})));
    MINTMARK_TRY(const Json reply, json::parse(text));
    MINTMARK_TRY(out.stored.output, read_output(reply));
    MINTMARK_TRY(out.stored.values, model.model.dequantise(out.stored.output));
    MINTMARK_CHECK(store.put(out.id, out.stored));
    return out;
}

std::vector<double> softmax(std::span<const double> logits) {
    if (logits.empty()) return {};
    const double top = std::ranges::max(logits);
    std::vector<double> out;
    double sum = 0;
    for (const double x : logits) sum += out.emplace_back(std::exp(x - top));
    for (double& x : out) x /= sum;
    return out;
}

}  // namespace mintmark::service
