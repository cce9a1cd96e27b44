// A buyer's client: quantise, commit, sign, send, keep the answer. Never holds weights.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mintmark/service/request_store.hpp"
#include "mintmark/worker/artifacts.hpp"

namespace mintmark::service {

struct InferOptions {
    std::string node_url;
    std::filesystem::path home = {};  ///< the buyer's
    std::filesystem::path srs = {};   ///< for committing the input
    market::VersionRef version = {};
    std::uint64_t pass = 0;
    std::uint64_t valid_s = 86'400;  ///< how long the request may settle
};

struct Answer {
    std::string id;
    StoredRequest stored;
    std::vector<worker::PublicPort> outputs;
    Bytes32 vk_hash = {};
    std::filesystem::path vk_path = {};  ///< the key, for checking the proof: <home>/keys
};

/// What a node says of a model, checked against the chain: the key is the registered one.
struct NodeModel {
    worker::PublicModel model;
    VerifyingKey vk;
    Bytes32 vk_hash = {};
    std::string proof_system;  ///< of the version on-chain
};
[[nodiscard]] Result<NodeModel> fetch_model(market::Market& market, const InferOptions& options);

/// Makes the sample once the model's input shapes are known.
using SampleMaker =
    std::function<Result<model::Sample>(const std::vector<worker::PublicPort>& inputs)>;

/// Signs a request whose input words are made elsewhere (ezkl, RISC Zero) and stores it; its id.
[[nodiscard]] Result<std::string> sign_words(market::Market& market, const chain::PrivateKey& key,
                                             const InferOptions& options,
                                             const std::vector<Bytes32>& words);

/// The request is stored before it is sent and again with its answer.
[[nodiscard]] Result<Answer> infer(market::Market& market, const chain::PrivateKey& key,
                                   const InferOptions& options, const SampleMaker& sample);

/// exp(x) / sum exp(x), without overflow; sums to 1.
[[nodiscard]] std::vector<double> softmax(std::span<const double> logits);

}  // namespace mintmark::service
