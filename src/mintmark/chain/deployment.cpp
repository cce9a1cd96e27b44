#include "mintmark/chain/deployment.hpp"

#include <fmt/format.h>

#include "mintmark/chain/address.hpp"
#include "mintmark/json/json.hpp"

namespace mintmark::chain {
namespace {

constexpr std::uint64_t kFormat = 1;

Result<Deployment> from_json(const json::Json& value) {
    MINTMARK_TRY(const std::uint64_t format, json::get_u64(value, "format"));
    if (format != kFormat) {
        return fail(ErrorCode::kUnsupported, fmt::format("format {} is not known", format),
                    "use the mintmark that wrote it, or a newer one");
    }
    Deployment out;
    MINTMARK_TRY(out.chain_id, json::get_u64(value, "chainId"));
    MINTMARK_TRY(out.rpc_url, json::get_string(value, "rpcUrl"));
    MINTMARK_TRY(out.start_block, json::get_u64(value, "startBlock"));
    MINTMARK_TRY(out.srs_path, json::get_string(value, "srsPath"));
    MINTMARK_TRY(const json::Json contracts, json::get_object(value, "contracts"));
    for (const auto& [name, address] : contracts.items()) {
        MINTMARK_TRY(const std::string text, json::get_string(contracts, name));
        MINTMARK_TRY(out.contracts[name], parse_address(text));
    }
    if (const json::Json* records = json::find(value, "records");
        records != nullptr && records->is_object()) {
        for (const auto& [name, record] : records->items()) out.records[name] = record;
    }
    return out;
}

}  // namespace

Result<Address> Deployment::contract(std::string_view name) const {
    const auto it = contracts.find(std::string(name));
    if (it == contracts.end()) {
        return fail(ErrorCode::kNotFound, fmt::format("the deployment has no {}", name),
                    "deploy again with `mintmark chain deploy`");
    }
    return it->second;
}

Result<Deployment> Deployment::read(const std::filesystem::path& path) {
    auto value = json::read(path);
    if (!value) {
        Error error = std::move(value).error();
        if (error.code == ErrorCode::kNotFound) {
            error = {error.code, fmt::format("no deployment file at {}", path.string()),
                     "make one with `mintmark chain deploy`, or name one with --deployment"};
        }
        return std::unexpected(std::move(error));
    }
    auto deployment = from_json(*value);
    if (!deployment) {
        return fail(deployment.error().code,
                    fmt::format("{}: {}", path.string(), deployment.error().message),
                    deployment.error().hint);
    }
    return deployment;
}

Status Deployment::write(const std::filesystem::path& path) const {
    json::Json value;
    value["format"] = kFormat;
    value["chainId"] = chain_id;
    value["rpcUrl"] = rpc_url;
    value["startBlock"] = start_block;
    value["srsPath"] = srs_path;
    json::Json& list = value["contracts"] = json::Json::object();
    for (const auto& [name, address] : contracts) list[name] = to_checksum(address);
    if (!records.empty()) {
        json::Json& kept = value["records"] = json::Json::object();
        for (const auto& [name, record] : records) kept[name] = record;
    }
    return json::write(path, value);
}

}  // namespace mintmark::chain
