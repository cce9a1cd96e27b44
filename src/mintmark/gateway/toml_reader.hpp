// Tables of a TOML file, read member by member; the first thing that is wrong is kept with file,
// line and key.
#pragma once

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#include <fmt/format.h>
#include <toml++/toml.h>

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"
#include "mintmark/chain/u256.hpp"

namespace mintmark::gateway {

/// Reads a table's members by name, remembers which ones, and keeps the first error.
class Reader {
  public:
    Reader(const toml::table& table, std::string file, std::string where)
        : table_(table), file_(std::move(file)), where_(std::move(where)) {}

    void text(std::string_view key, std::string& out) {
        const toml::node* node = find(key);
        if (node == nullptr) return;
        const auto value = node->value_exact<std::string>();
        if (!value) return bad(*node, key, "must be text");
        out = *value;
    }
    void path(std::string_view key, std::filesystem::path& out) {
        std::string value = out.string();
        text(key, value);
        out = value;
        if (!value.empty() && out.is_relative()) {
            out = std::filesystem::path(file_).parent_path() / out;
        }
    }
    void flag(std::string_view key, bool& out) {
        const toml::node* node = find(key);
        if (node == nullptr) return;
        const auto value = node->value_exact<bool>();
        if (!value) return bad(*node, key, "must be true or false");
        out = *value;
    }
    template <class Int>
    void number(std::string_view key, Int& out, std::int64_t least, std::int64_t most) {
        const toml::node* node = find(key);
        if (node == nullptr) return;
        const auto value = node->value_exact<std::int64_t>();
        if (!value) return bad(*node, key, "must be a whole number");
        if (*value < least || *value > most) {
            return bad(*node, key, fmt::format("must be from {} to {}", least, most));
        }
        out = static_cast<Int>(*value);
    }
    void texts(std::string_view key, std::vector<std::string>& out) {
        const toml::node* node = find(key);
        if (node == nullptr) return;
        const toml::array* array = node->as_array();
        if (array == nullptr) return bad(*node, key, "must be a list of texts");
        out.clear();
        for (const toml::node& item : *array) {
            const auto value = item.value_exact<std::string>();
            if (!value) return bad(item, key, "must be a list of texts");
            out.push_back(*value);
        }
    }
    /// "0.05" dollars, in pico-dollars.
    void dollars(std::string_view key, std::uint64_t& out) {
        std::string value;
        text(key, value);
        if (value.empty()) return;
        const auto amount = chain::parse_units(value, 12);
        const auto small = amount ? amount->to_u64() : std::nullopt;
        if (!small || *small > (std::uint64_t{1} << 62U)) {
            return bad_key(key, fmt::format("\"{}\" is no amount of dollars", value));
        }
        out = *small;
    }
    void required(std::string_view key) {
        if (find(key) == nullptr) fail_at(table_.source(), key, "is missing");
    }
    [[nodiscard]] const toml::node* find(std::string_view key) {
        known_.insert(std::string(key));
        return table_.get(key);
    }
    void bad_key(std::string_view key, const std::string& what) {
        const toml::node* node = table_.get(key);
        fail_at(node == nullptr ? table_.source() : node->source(), key, what);
    }
    void bad(const toml::node& node, std::string_view key, const std::string& what) {
        fail_at(node.source(), key, what);
    }
    [[nodiscard]] Status finish() {
        for (const auto& [key, node] : table_) {
            if (!known_.contains(std::string(key.str()))) {
                fail_at(key.source(), key.str(), "is no setting");
            }
        }
        if (!error_.empty()) return fail(ErrorCode::kInvalidArgument, error_);
        return {};
    }

  private:
    void fail_at(const toml::source_region& source, std::string_view key, std::string_view what) {
        if (!error_.empty()) return;
        error_ = fmt::format("{}:{}: {}{}: {}", file_, source.begin.line, where_, key, what);
    }
    const toml::table& table_;
    std::string file_;
    std::string where_;
    std::set<std::string> known_;
    std::string error_;
};

/// Every [[name]] table.
template <class T, class Read>
Status read_list(Reader& root, const std::string& file, std::string_view name, std::vector<T>& out,
                 Read read) {
    const toml::node* node = root.find(name);
    if (node == nullptr) return {};
    const toml::array* array = node->as_array();
    std::size_t index = 0;
    if (array != nullptr) {
        for (const toml::node& item : *array) {
            const toml::table* table = item.as_table();
            if (table == nullptr) break;
            T entry;
            MINTMARK_CHECK(
                read(Reader(*table, file, fmt::format("{}[{}].", name, index++)), entry));
            out.push_back(std::move(entry));
        }
    }
    if (array == nullptr || index != array->size()) {
        root.bad(*node, name, fmt::format("must be written as [[{}]] tables", name));
    }
    return {};
}

template <class T, class Read>
Status read_table(Reader& root, const std::string& file, std::string_view name, T& out, Read read) {
    const toml::node* node = root.find(name);
    if (node == nullptr) return {};
    const toml::table* table = node->as_table();
    if (table == nullptr) {
        root.bad(*node, name, fmt::format("must be a [{}] table", name));
        return {};
    }
    return read(Reader(*table, file, fmt::format("{}.", name)), out);
}

}  // namespace mintmark::gateway
