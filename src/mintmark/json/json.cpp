#include "mintmark/json/json.hpp"

#include <fmt/format.h>

#include <limits>

namespace mintmark::json {
namespace {

/// Nesting beyond the limit is found before the parser runs: dump() and others recurse.
bool too_deep(std::string_view text) noexcept {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxDepth) return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

std::unexpected<Error> wrong(std::string_view key, const char* wanted) {
    return fail(ErrorCode::kMalformed, fmt::format("json: \"{}\" must be {}", key, wanted));
}

Result<const Json*> member(const Json& object, std::string_view key) {
    const Json* found = find(object, key);
    if (found == nullptr) {
        return fail(ErrorCode::kMalformed, fmt::format("json: \"{}\" is missing", key));
    }
    return found;
}

std::string dump(const Json& value, int indent) {
    return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Result<Json> parse(std::string_view text) {
    if (too_deep(text)) {
        return fail(ErrorCode::kMalformed,
                    fmt::format("json: nested deeper than {} levels", kMaxDepth));
    }
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& error) {
        return fail(ErrorCode::kMalformed,
                    fmt::format("json: syntax error at byte {}", error.byte));
    } catch (const std::exception& error) {  // e.g. a number beyond a double
        return fail(ErrorCode::kMalformed, fmt::format("json: {}", error.what()));
    }
}

Result<Json> read(const std::filesystem::path& path, std::uint64_t max_bytes) {
    MINTMARK_TRY(const Bytes bytes, read_file(path, max_bytes));
    auto value = parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});  // NOLINT
    if (!value) {
        return fail(value.error().code, fmt::format("{}: {}", path.string(), value.error().message),
                    value.error().hint);
    }
    return value;
}

std::string pretty(const Json& value) {
    return dump(value, 2) + '\n';
}

std::string compact(const Json& value) {
    return dump(value, -1);
}

Status write(const std::filesystem::path& path, const Json& value, FileMode mode) {
    return write_text(path, pretty(value), mode);
}

const Json* find(const Json& object, std::string_view key) {
    if (!object.is_object()) return nullptr;
    const auto it = object.find(std::string(key));
    return it == object.end() ? nullptr : &*it;
}

Result<std::string> get_string(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    if (!value->is_string()) return wrong(key, "a string");
    return value->get_ref<const std::string&>();
}

Result<std::uint64_t> get_u64(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    if (value->is_number_unsigned()) return value->get<std::uint64_t>();
    if (value->is_number_integer() && value->get<std::int64_t>() >= 0) {
        return value->get<std::uint64_t>();
    }
    return wrong(key, "a non-negative integer below 2^64");
}

Result<std::int64_t> get_i64(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const bool fits = value->is_number_unsigned() ? value->get<std::uint64_t>() <= kMax
                                                  : value->is_number_integer();
    if (!fits) return wrong(key, "a 64-bit integer");
    return value->get<std::int64_t>();
}

Result<double> get_double(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    if (!value->is_number()) return wrong(key, "a number");
    return value->get<double>();
}

Result<bool> get_bool(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    if (!value->is_boolean()) return wrong(key, "true or false");
    return value->get<bool>();
}

Result<Json> get_array(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    if (!value->is_array()) return wrong(key, "an array");
    return *value;
}

Result<Json> get_object(const Json& object, std::string_view key) {
    MINTMARK_TRY(const Json* value, member(object, key));
    if (!value->is_object()) return wrong(key, "an object");
    return *value;
}

}  // namespace mintmark::json
