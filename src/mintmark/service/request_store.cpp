#include "mintmark/service/request_store.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "mintmark/base/file.hpp"

namespace mintmark::service {
namespace {

using json::Json;

constexpr std::string_view kSuffix = ".json";
constexpr std::string_view kProofSuffix = ".proof.json";
constexpr std::size_t kIdLength = 66;

Result<std::vector<std::int64_t>> get_ints(const Json& value, std::string_view key) {
    MINTMARK_TRY(const Json list, json::get_array(value, key));
    std::vector<std::int64_t> out;
    for (const Json& entry : list) {
        if (!entry.is_number_integer()) {
            return fail(ErrorCode::kMalformed, fmt::format("{}: not an integer", key));
        }
        out.push_back(entry.get<std::int64_t>());
    }
    return out;
}

Result<std::vector<Fr>> get_field_elements(const Json& value, std::string_view key) {
    MINTMARK_TRY(const Json list, json::get_array(value, key));
    std::vector<Fr> out;
    for (const Json& entry : list) {
        if (!entry.is_string()) return fail(ErrorCode::kMalformed, fmt::format("{}: no hex", key));
        MINTMARK_TRY(const Bytes32 bytes, bytes32_from_hex(entry.get<std::string>()));
        const auto element = Fr::from_bytes(bytes);
        if (!element) return fail(ErrorCode::kMalformed, fmt::format("{}: not below r", key));
        out.push_back(*element);
    }
    return out;
}

Result<model::Sample> get_values(const Json& value, std::string_view key) {
    MINTMARK_TRY(const Json ports, json::get_array(value, key));
    model::Sample out;
    for (const Json& port : ports) {
        std::vector<double> numbers;
        for (const Json& number : port) {
            if (!number.is_number()) return fail(ErrorCode::kMalformed, "values: not a number");
            numbers.push_back(number.get<double>());
        }
        out.push_back(std::move(numbers));
    }
    return out;
}

}  // namespace

Json StoredRequest::to_json() const {
    Json hidden = Json::array();
    for (const Fr& blinder : blinders) hidden.push_back(to_hex(blinder.to_bytes()));
    Json out = {{"mintmark_request", 1}, {"request", request.to_json()}};
    out["signature"] = to_hex(signature);
    out["input"] = input;
    out["blinders"] = std::move(hidden);
    out["output"] = output;
    out["values"] = values;
    out["created_at"] = created_at;
    out["settled_tx"] = settled_tx;
    return out;
}

Result<StoredRequest> StoredRequest::from_json(const Json& value) {
    StoredRequest out;
    MINTMARK_TRY(const Json request, json::get_object(value, "request"));
    MINTMARK_TRY(out.request, market::Request::from_json(request));
    MINTMARK_TRY(const std::string signature, json::get_string(value, "signature"));
    MINTMARK_TRY(out.signature, from_hex(signature));
    MINTMARK_TRY(out.input, get_ints(value, "input"));
    MINTMARK_TRY(out.blinders, get_field_elements(value, "blinders"));
    if (json::find(value, "output") == nullptr) return out;  // a request on its way to a node
    MINTMARK_TRY(out.output, get_ints(value, "output"));
    MINTMARK_TRY(out.values, get_values(value, "values"));
    MINTMARK_TRY(out.created_at, json::get_u64(value, "created_at"));
    MINTMARK_TRY(out.settled_tx, json::get_string(value, "settled_tx"));
    return out;
}

std::filesystem::path RequestStore::path(const std::string& id) const {
    return folder_ / (id + std::string(kSuffix));
}

std::filesystem::path RequestStore::proof_path(const std::string& id) const {
    return folder_ / (id + std::string(kProofSuffix));
}

Status RequestStore::put(const std::string& id, const StoredRequest& request) const {
    return json::write(path(id), request.to_json(), FileMode::kSecret);
}

Result<StoredRequest> RequestStore::get(const std::string& id) const {
    auto value = json::read(path(id));
    if (value) return StoredRequest::from_json(*value);
    if (value.error().code != ErrorCode::kNotFound) return std::unexpected(value.error());
    return fail(ErrorCode::kNotFound, fmt::format("there is no request {} here", id));
}

std::vector<std::string> RequestStore::ids() const {
    std::vector<std::string> out;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.size() == kIdLength + kSuffix.size() && name.starts_with("0x") &&
            name.ends_with(kSuffix)) {
            out.push_back(name.substr(0, kIdLength));
        }
    }
    std::ranges::sort(out);
    return out;
}

Result<std::string> RequestStore::resolve(const std::string& text) const {
    std::vector<std::string> found = ids();
    if (text == "last" && !found.empty()) {
        std::error_code ignored;
        return *std::ranges::max_element(found, {}, [&](const std::string& id) {
            return std::filesystem::last_write_time(path(id), ignored);
        });
    }
    std::erase_if(found, [&](const std::string& id) { return !id.starts_with(text); });
    if (found.size() == 1) return found.front();
    if (found.empty()) {
        return fail(ErrorCode::kNotFound,
                    fmt::format("there is no request '{}' in {}", text, folder_.string()),
                    "`mintmark infer list` shows what there is");
    }
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} requests begin with '{}'", found.size(), text), "give more digits");
}

}  // namespace mintmark::service
