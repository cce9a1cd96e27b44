// A creator's node: answers signed requests of pass holders over HTTP.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "mintmark/market/market.hpp"
#include "mintmark/net/http_server.hpp"
#include "mintmark/service/model_folder.hpp"
#include "mintmark/service/request_store.hpp"
#include "mintmark/worker/artifacts.hpp"

namespace mintmark::service {

struct NodeOptions {
    std::filesystem::path home = {};       ///< the creator's
    std::filesystem::path srs = {};        ///< for checking input commitments
    std::vector<std::string> models = {};  ///< names; empty: every published one
    std::function<void(const std::string& line)> log = {};
};

/// Serves published models. Thread-safe.
class Node {
  public:
    /// kNotFound when there is nothing to serve; errors of the model's files.
    [[nodiscard]] static Result<std::unique_ptr<Node>> open(market::Market market,
                                                            NodeOptions options);

    [[nodiscard]] net::ServerResponse handle(const net::ServerRequest& request);

    /// Checks a request against the chain and the stored ones, runs the model, stores, and returns
    /// the stored answer; the very same request again gets the same answer. kRejected: signature,
    /// input commitment, pass; kExpired: deadline, pass; kAlreadyExists: nonce used for another
    /// request, or settled; kOutOfRange: no calls left.
    [[nodiscard]] Result<StoredRequest> infer(const StoredRequest& incoming);

  private:
    struct Served {
        std::string name;
        market::VersionRef version;
        std::string proof_system;
        worker::CompiledModel model;
        VerifyingKey vk;
        Bytes vk_bytes;
        Srs srs;
        json::Json description;
    };

    Node(market::Market market, NodeOptions options)
        : options_(std::move(options)), store_(options_.home), market_(std::move(market)) {}
    Status load(const ModelFolder& folder);
    [[nodiscard]] json::Json describe(const Served& served) const;
    [[nodiscard]] Result<const Served*> served(std::string_view id) const;
    [[nodiscard]] Result<net::ServerResponse> route(const net::ServerRequest& request);
    [[nodiscard]] Result<json::Json> request_state(const std::string& id);
    Status check_time(const market::Request& request, std::uint64_t pass_expires);
    Status check_pass(const StoredRequest& incoming, const Bytes32& digest);
    Status check_others(const market::Request& request, std::uint64_t calls_left);

    NodeOptions options_;
    RequestStore store_;
    std::map<std::uint64_t, Served> models_;  ///< by model id
    std::mutex mutex_;                        ///< guards market_ and the order of requests
    market::Market market_;
};

}  // namespace mintmark::service
