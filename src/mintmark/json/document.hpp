// JSON that is read in one pass and passed on almost as it came: nodes are positions in the text,
// a few members are looked at, and an edit replaces a few bytes. For hot paths; json.hpp has
// values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mintmark/base/result.hpp"

namespace mintmark::json {

enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };

class Document;

/// A value in a Document; valid as long as that is neither moved nor destroyed.
class View {
  public:
    [[nodiscard]] Kind kind() const;
    [[nodiscard]] bool is(Kind wanted) const { return kind() == wanted; }
    /// As written, with quotes and brackets; at() is where it begins in the text.
    [[nodiscard]] std::string_view raw() const;
    [[nodiscard]] std::size_t at() const;
    /// A string's characters; "" for other kinds.
    [[nodiscard]] std::string text() const;
    void append_text(std::string& out) const;
    /// A whole number below 2^64, written without sign, point or exponent.
    [[nodiscard]] std::optional<std::uint64_t> number() const;
    [[nodiscard]] std::optional<bool> boolean() const;
    /// Members of an object, or items of an array.
    [[nodiscard]] bool is_empty() const;
    [[nodiscard]] std::optional<View> find(std::string_view key) const;
    /// Calls f(key, value) for the members of an object; nothing for other kinds.
    template <class F>
    void each_member(F f) const;
    /// Calls f(item) for the items of an array; nothing for other kinds.
    template <class F>
    void each_item(F f) const;

  private:
    friend class Document;
    View(const Document& document, std::uint32_t node) : document_(&document), node_(node) {}
    const Document* document_;
    std::uint32_t node_;
};

/// What is in a text, in numbers.
struct TextSize {
    std::uint64_t string_bytes = 0;  ///< of strings, decoded, keys included
    std::uint64_t numbers = 0;
    std::uint64_t children = 0;  ///< members of objects and items of arrays, at any depth
};

class Document {
  public:
    Document() = default;
    /// Reads what json::parse() reads. A text with repeated keys, escapes in keys, numbers with an
    /// exponent or of more than 17 digits, or anything else that two readers could take differently
    /// is replaced by what json::parse() and compact() make of it, so that the text that is passed
    /// on means to everybody what it means here. kMalformed; kOutOfRange from 2^32 bytes.
    [[nodiscard]] static Result<Document> read(std::string text);
    [[nodiscard]] View root() const { return {*this, 0}; }
    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] TextSize size() const;

  private:
    friend class View;
    friend class Scanner;
    struct Node {
        std::uint32_t begin = 0, end = 0;
        std::uint32_t next = 0;  ///< node behind this one and all that is in it
        Kind kind = Kind::kNull;
        bool has_escape = false;
        bool is_key = false;  ///< its value is the next node
    };
    enum class Origin : std::uint8_t { kStranger, kOurs };
    [[nodiscard]] bool scan(Origin origin);

    std::string text_ = {};
    std::vector<Node> nodes_ = {};
};

/// Replaces parts of a document's text.
class Edits {
  public:
    explicit Edits(const Document& document) : text_(document.text()) { edits_.reserve(4); }
    void replace(const View& value, std::string with);
    /// Replaces the member, or adds it at the object's end. `key` needs no escape.
    void set(const View& object, std::string_view key, std::string_view value);
    /// The text with all edits; they must not overlap.
    [[nodiscard]] std::string apply();

  private:
    struct Edit {
        std::size_t begin, end;
        std::string with;
    };
    const std::string& text_;
    std::vector<Edit> edits_ = {};
};

/// A string as JSON, quotes included; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string quoted(std::string_view text);

template <class F>
void View::each_member(F f) const {
    const auto& nodes = document_->nodes_;
    if (nodes[node_].kind != Kind::kObject) return;
    for (std::uint32_t i = node_ + 1; i < nodes[node_].next; i = nodes[i + 1].next) {
        f(View(*document_, i), View(*document_, i + 1));
    }
}

template <class F>
void View::each_item(F f) const {
    const auto& nodes = document_->nodes_;
    if (nodes[node_].kind != Kind::kArray) return;
    for (std::uint32_t i = node_ + 1; i < nodes[node_].next; i = nodes[i].next) {
        f(View(*document_, i));
    }
}

}  // namespace mintmark::json
