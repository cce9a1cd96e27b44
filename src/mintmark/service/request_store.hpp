// Requests on disk: written before they are answered, kept for proving and settling.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "mintmark/market/request.hpp"
#include "mintmark/math/field.hpp"
#include "mintmark/model/model.hpp"

namespace mintmark::service {

/// A signed request with what belongs to it. Secret: input and blinders.
struct StoredRequest {
    market::Request request;
    Bytes signature;
    std::vector<std::int64_t> input;   ///< quantised, flat
    std::vector<Fr> blinders;          ///< of the input commitment; empty for a public input
    std::vector<std::int64_t> output;  ///< empty: not answered yet
    model::Sample values;              ///< the output in real numbers, per port
    std::uint64_t created_at = 0;      ///< seconds since 1970
    std::string settled_tx;            ///< empty: not known to be settled

    [[nodiscard]] json::Json to_json() const;
    /// kMalformed.
    [[nodiscard]] static Result<StoredRequest> from_json(const json::Json& value);
};

/// <home>/requests: one 0600 file per request, named by its id (the EIP-712 digest in hex).
class RequestStore {
  public:
    explicit RequestStore(const std::filesystem::path& home) : folder_(home / "requests") {}

    [[nodiscard]] Status put(const std::string& id, const StoredRequest& request) const;
    /// kNotFound.
    [[nodiscard]] Result<StoredRequest> get(const std::string& id) const;
    /// The id that begins with these digits, or with "last" the newest; kNotFound,
    /// kInvalidArgument when several begin so.
    [[nodiscard]] Result<std::string> resolve(const std::string& text) const;
    /// Ids, sorted.
    [[nodiscard]] std::vector<std::string> ids() const;
    [[nodiscard]] std::filesystem::path path(const std::string& id) const;
    /// Where the proof of a request is kept.
    [[nodiscard]] std::filesystem::path proof_path(const std::string& id) const;

  private:
    std::filesystem::path folder_;
};

}  // namespace mintmark::service
