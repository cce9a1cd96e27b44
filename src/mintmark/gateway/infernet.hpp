// Ritual's Infernet node as an upstream, through its own REST (openapi.yaml of infernet-node 1.4):
// POST /api/jobs and GET /api/jobs?id= for whole answers, POST /api/jobs/stream for streamed ones.
// What its container writes is put into OpenAI's form, so that one metering path serves all.
#pragma once

#include <memory>
#include <string_view>

#include "mintmark/gateway/config.hpp"
#include "mintmark/serving/http_client.hpp"

namespace mintmark::gateway {

struct InfernetNode {
    serving::Client& client;
    const InfernetConfig& config;
    serving::Milliseconds most;  ///< a job that is not done by then is given up
};

/// One OpenAI request (its path below /v1 and its body) as a job of the node's container.
/// A job that the node refuses or fails is an answer with status 502 (429 when it is busy);
/// kNetwork, kExpired. A stream that the node ends although its job failed is kNetwork at its end,
/// not a whole answer: the node itself would end it like a good one.
[[nodiscard]] serving::Task<Result<std::unique_ptr<serving::Incoming>>> run_on_infernet(
    InfernetNode node, const serving::ClientRequest& request);

/// GET /info: does the container run? kNotFound naming those that do; kMalformed.
[[nodiscard]] Status check_infernet_info(std::string_view info, std::string_view container);

}  // namespace mintmark::gateway
