// Proving a stored request: `mintmark infer prove` and `mintmark zk prove --request`.
#pragma once

#include <string>

#include "app.hpp"

namespace mintmark::app {

struct ProveRequestArgs {
    std::string request;
    std::string proof;  ///< where to write; empty: beside the request
    std::string srs;    ///< empty: the deployment's
};

[[nodiscard]] Status prove_request(const App& app, const ProveRequestArgs& args);

}  // namespace mintmark::app
