// `mintmark infer list | sign | statement | prove | settle`: requests after they were signed.
#pragma once

#include "app.hpp"
#include "mintmark/service/request_store.hpp"

namespace mintmark::app {

void add_request_commands(CLI::App& group, App& app);

struct KnownRequest {
    std::string id;
    service::StoredRequest stored;
};
/// By id, its first digits or "last", of this home; or a file that `infer sign` wrote.
[[nodiscard]] Result<KnownRequest> find_request(const App& app, const std::string& text);

}  // namespace mintmark::app
